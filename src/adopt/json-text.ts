import { findNodeAtLocation, getNodeValue, type ParseError, parseTree } from 'jsonc-parser';
import type { Diagnostic, Origin } from '../diagnostic.ts';
import type { Keys } from '../feature/keys.ts';
import { isKeys } from '../feature/keys.ts';
import type { Original, PlacedText } from './original.ts';

/** A JSON text that was read as its author meant it. */
export interface JsonText {
  /** Absent where nothing can be made of it. */
  readonly value?: Keys;
  /** The place of a key, or of its nearest parent. */
  at(path: readonly (string | number)[]): Origin;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads JSON, also with comments and commas that JSON has not; the program that it is for would refuse it, which is said. */
export function readJson(content: PlacedText, file: string, original: Original): JsonText {
  const errors: ParseError[] = [];
  const tree = parseTree(content.text, errors, { disallowComments: false, allowTrailingComma: true });
  const at = (path: readonly (string | number)[]): Origin => {
    const node = tree === undefined ? undefined : findNodeAtLocation(tree, [...path]);
    if (node === undefined) return path.length === 0 ? content.at(0) : at(path.slice(0, -1));
    return content.at(node.parent?.type === 'property' ? node.parent.offset : node.offset);
  };
  const value: unknown = tree === undefined ? undefined : getNodeValue(tree);
  const [first] = errors;
  if (first !== undefined || !isKeys(value)) {
    const message = `${file} is no JSON object, so that its program ends when it starts`;
    const hint = 'nothing of it is taken over: mend it, and adopt the file again';
    return { at, diagnostics: [original.report('warning', content.at(first?.offset ?? 0), message, hint)] };
  }
  if (isJson(content.text)) return { value, at, diagnostics: [] };
  const message = `${file} holds comments or commas that JSON has not, so that its program ends when it starts`;
  const hint = 'what it says is taken over without them';
  return { value, at, diagnostics: [original.report('warning', content.at(faultOffset(content.text)), message, hint)] };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function faultOffset(text: string): number {
  const errors: ParseError[] = [];
  parseTree(text, errors, { disallowComments: true, allowTrailingComma: false });
  return errors[0]?.offset ?? 0;
}
