import { pino } from 'pino';
import { openApiYaml } from '../http/openapi.ts';
import { createBareApps, writeDocuments } from '../service.ts';
import type { Terminal } from './terminal.ts';

/** Prints one OpenAPI document, or writes both into a directory. They come from the schemas of the routes. */
export async function openapiCommand(
  flags: { readonly api: string; readonly write?: string },
  terminal: Terminal,
): Promise<number> {
  const { machine, operator } = await createBareApps(pino({ level: 'silent' }));
  const documents = { 'machine.yaml': openApiYaml(machine), 'operator.yaml': openApiYaml(operator) };
  await Promise.all([machine.close(), operator.close()]);
  if (flags.write !== undefined) await writeDocuments(flags.write, documents);
  else await terminal.out(flags.api === 'operator' ? documents['operator.yaml'] : documents['machine.yaml']);
  return 0;
}
