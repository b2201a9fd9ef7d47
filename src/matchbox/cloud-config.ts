import type { Diagnostic } from '../diagnostic.ts';
import { hasErrors } from '../diagnostic.ts';
import { decodeText } from '../fragment/decode.ts';
import { parseYaml } from '../fragment/parse-yaml.ts';

/**
 * What is wrong with a document that is to be a cloud-config or a script, which its first line says: `#cloud-config`, and
 * then it is YAML, or `#!` and the interpreter.
 */
export function checkCloud(content: Buffer, file: string): readonly Diagnostic[] {
  const decoded = decodeText(content, file);
  if (decoded.value === undefined) return decoded.diagnostics;
  const [header = ''] = decoded.value.split('\n', 1);
  if (header.startsWith('#!')) return [];
  if (header.trimEnd() !== '#cloud-config') {
    const message = 'the first line is neither `#cloud-config` nor `#!` with an interpreter';
    return [{ severity: 'error', code: 'schema', message, origin: { file, line: 1, column: 1 } }];
  }
  // A cloud-config may say nothing.
  if (decoded.value.split('\n').every((line) => /^\s*(?:#|$)/.test(line))) return [];
  const { diagnostics } = parseYaml(decoded.value, file);
  return diagnostics.filter((diagnostic) => hasErrors([diagnostic]));
}
