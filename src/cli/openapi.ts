import { describeApis, writeDocuments } from '../service/openapi-file.ts';
import type { Terminal } from './terminal.ts';

/** Prints one OpenAPI document, or writes both into a directory. They come from the schemas of the routes. */
export async function openapiCommand(
  flags: { readonly api: 'machine' | 'operator'; readonly write?: string },
  terminal: Terminal,
): Promise<number> {
  const { machine, operator } = await describeApis();
  if (flags.write !== undefined)
    await writeDocuments(flags.write, { 'machine.yaml': machine, 'operator.yaml': operator });
  else await terminal.out(flags.api === 'operator' ? operator : machine);
  return 0;
}
