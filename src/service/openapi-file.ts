import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { createMachineApp } from '../http/machine-app.ts';
import { NOTHING_SERVED } from '../http/nothing-served.ts';
import { openApiYaml } from '../http/openapi.ts';
import { createOperatorApp } from '../http/operator-app.ts';
import { readVersion } from './package-file.ts';

/** The OpenAPI documents of all APIs, as YAML. They need no site: the apps they are read from serve nothing. */
export async function describeApis(): Promise<Readonly<Record<'machine' | 'matchbox' | 'operator', string>>> {
  const common = { ...NOTHING_SERVED, version: await readVersion(), logger: pino({ level: 'silent' }) };
  const apps = {
    machine: await createMachineApp(common),
    matchbox: await createMachineApp({ ...common, format: 'matchbox' }),
    operator: await createOperatorApp(common),
  };
  await Promise.all(Object.values(apps).map((app) => app.ready()));
  const { machine, matchbox, operator } = apps;
  const documents = {
    machine: openApiYaml(machine),
    matchbox: openApiYaml(matchbox),
    operator: openApiYaml(operator),
  };
  await Promise.all(Object.values(apps).map((app) => app.close()));
  return documents;
}

/** Writes texts into a directory, which is made when it does not exist. */
export async function writeDocuments(directory: string, documents: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, text] of Object.entries(documents)) await writeFile(join(directory, name), text);
}
