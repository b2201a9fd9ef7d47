import { describeApis, writeDocuments } from '../service/openapi-file.ts';
import type { Terminal } from './terminal.ts';

/** Which document to print, or where to write all of them. */
export interface OpenapiFlags {
  readonly api: 'machine' | 'matchbox' | 'operator';
  readonly write?: string;
}

/** Prints one OpenAPI document, or writes all into a directory. They come from the schemas of the routes. */
export async function openapiCommand(flags: OpenapiFlags, terminal: Terminal): Promise<number> {
  const documents = await describeApis();
  if (flags.write === undefined) await terminal.out(documents[flags.api]);
  else {
    const files = Object.entries(documents).map(([name, text]) => [`${name}.yaml`, text] as const);
    await writeDocuments(flags.write, Object.fromEntries(files));
  }
  return 0;
}
