import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { createMachineApp } from '../http/machine-app.ts';
import { NOTHING_SERVED } from '../http/nothing-served.ts';
import { openApiYaml } from '../http/openapi.ts';
import { createOperatorApp } from '../http/operator-app.ts';
import { readVersion } from './package-file.ts';

/** The OpenAPI documents of both APIs, as YAML. They need no site: the apps they are read from serve nothing. */
export async function describeApis(): Promise<{ readonly machine: string; readonly operator: string }> {
  const common = { ...NOTHING_SERVED, version: await readVersion(), logger: pino({ level: 'silent' }) };
  const apps = { machine: await createMachineApp(common), operator: await createOperatorApp(common) };
  await Promise.all([apps.machine.ready(), apps.operator.ready()]);
  const documents = { machine: openApiYaml(apps.machine), operator: openApiYaml(apps.operator) };
  await Promise.all([apps.machine.close(), apps.operator.close()]);
  return documents;
}

/** Writes texts into a directory, which is made when it does not exist. */
export async function writeDocuments(directory: string, documents: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const [name, text] of Object.entries(documents)) await writeFile(join(directory, name), text);
}
