import { type Node as JsonNode, parseTree } from 'jsonc-parser';
import type { Diagnostic, Origin, Parsed } from '../../diagnostic.ts';
import { decodeText } from '../../fragment/decode.ts';
import { suggest } from '../../fragment/nearest.ts';
import type { MapEntry, Node } from '../../fragment/node.ts';
import { listNode, mapNode, plainNode, textNode } from '../../fragment/node.ts';
import { faultInJson } from '../../ignition/json-fault.ts';

/** Values inside of each other; Go stops at 10,000, and nobody writes a tenth of this. */
const MAX_DEPTH = 100;

/**
 * Parses a JSON document into nodes that know their places. Of equal keys the last counts, as in Go, with a warning; it
 * also stands where the last one does.
 */
export function parseJsonDocument(content: Buffer, file: string): Parsed<Node> {
  const decoded = decodeText(content, file);
  const text = decoded.value;
  if (text === undefined) return { diagnostics: decoded.diagnostics };
  const fault = (message: string, at: Omit<Origin, 'file'>): Parsed<Node> => ({
    diagnostics: [{ severity: 'error', code: 'json-syntax', message, origin: { file, ...at } }],
  });
  const broken = faultInJson(text);
  if (broken !== undefined) return fault(`this is no JSON: ${broken.message}`, broken);
  try {
    const root = parseTree(text);
    // What JSON.parse takes has a tree.
    if (root === undefined) return fault('this is no JSON: a value is expected', { line: 1, column: 1 });
    const diagnostics: Diagnostic[] = [];
    return { value: convert(root, { text, originOf: originsIn(text, file), diagnostics }, 0), diagnostics };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return fault('the values are nested too deeply', { line: 1, column: 1 });
  }
}

/** Tells places from offsets; each costs no more than the way from the one before, where they come in their order. */
function originsIn(text: string, file: string): (offset: number) => Origin {
  const starts = [0];
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  let before = { offset: 0, column: 1 };
  return (offset) => {
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    const start = starts[low] ?? 0;
    const from = before.offset >= start && before.offset <= offset ? before : { offset: start, column: 1 };
    before = { offset, column: from.column + [...text.slice(from.offset, offset)].length };
    return { file, line: low + 1, column: before.column };
  };
}

interface JsonSource {
  readonly text: string;
  readonly originOf: (offset: number) => Origin;
  readonly diagnostics: Diagnostic[];
}

function convert(node: JsonNode, source: JsonSource, depth: number): Node {
  const { text, originOf } = source;
  if (depth > MAX_DEPTH) throw new RangeError('too deep');
  const origin = originOf(node.offset);
  const children = node.children ?? [];
  switch (node.type) {
    case 'object': {
      const entries = new Map<string, MapEntry>();
      for (const { children: [key, value] = [] } of children) {
        if (key === undefined || value === undefined) continue;
        const entry = { keyOrigin: originOf(key.offset), value: convert(value, source, depth + 1) };
        const name = textOf(key);
        if (entries.delete(name)) {
          const message = 'this key stood here before, and only the last one counts';
          source.diagnostics.push({ severity: 'warning', code: 'duplicate', message, origin: entry.keyOrigin });
        }
        entries.set(name, entry);
      }
      return mapNode(entries, origin);
    }
    case 'array':
      return listNode(
        children.map((item) => convert(item, source, depth + 1)),
        origin,
      );
    case 'string':
      return textNode(textOf(node), origin);
    default:
      return plainNode(text.slice(node.offset, node.offset + node.length), origin);
  }
}

/** Half of a pair of surrogates is no character; Go puts U+FFFD in its place too. */
function textOf({ value }: JsonNode): string {
  return String(value).replace(LONE_SURROGATES, '\ufffd');
}

const LONE_SURROGATES = /\p{Surrogate}/gu;

/** One field of a Go struct as JSON has it: the last of all keys that are its name in any case. */
export function goField(node: Node, name: string): MapEntry | undefined {
  if (node.kind !== 'map') return undefined;
  let found: MapEntry | undefined;
  for (const [key, entry] of node.entries) if (foldCase(key) === name) found = entry;
  return found;
}

/** As Go's encoding/json folds keys: what Unicode takes for another case of a letter, a long s included. */
function foldCase(key: string): string {
  return key.toLowerCase().replaceAll('\u017f', 's');
}

/** Reads the fields of Go structs; what has another type than Go wants is a diagnostic. */
export class GoReader {
  readonly diagnostics: Diagnostic[] = [];

  /** A text; empty where there is none. */
  text(entry: MapEntry | undefined, path: string): string {
    if (entry === undefined || isNull(entry.value)) return '';
    const { value } = entry;
    if (value.kind === 'scalar' && !value.plain) return value.text;
    this.#mistyped(value, path, 'a text');
    return '';
  }

  /** A list of texts. */
  texts(entry: MapEntry | undefined, path: string): readonly string[] {
    if (entry === undefined || isNull(entry.value)) return [];
    const { value } = entry;
    if (value.kind !== 'list') {
      this.#mistyped(value, path, 'a list of texts');
      return [];
    }
    return value.items.map((item, index) => this.text({ keyOrigin: item.origin, value: item }, `${path}.${index}`));
  }

  /** A mapping, or undefined. */
  map(entry: MapEntry | undefined, path: string): Extract<Node, { readonly kind: 'map' }> | undefined {
    if (entry === undefined || isNull(entry.value)) return undefined;
    if (entry.value.kind === 'map') return entry.value;
    this.#mistyped(entry.value, path, 'a mapping');
    return undefined;
  }

  /** Warns of keys that mean no field: Go ignores them, and a misspelt one is a field that is not set. */
  known(node: Node, path: string, names: readonly string[]): void {
    if (node.kind !== 'map') return;
    for (const [key, { keyOrigin }] of node.entries) {
      if (names.includes(foldCase(key))) continue;
      const hint = suggest(key.toLowerCase(), names);
      this.diagnostics.push({
        severity: 'warning',
        code: 'schema',
        message: `unknown key \`${key}\`, which is ignored`,
        path: `${path}.${key}`,
        origin: keyOrigin,
        ...(hint === undefined ? {} : { hint }),
      });
    }
  }

  #mistyped({ origin }: Node, path: string, wanted: string): void {
    this.diagnostics.push({ severity: 'error', code: 'schema', message: `this must be ${wanted}`, path, origin });
  }
}

function isNull(node: Node): boolean {
  return node.kind === 'scalar' && node.plain && node.text === 'null';
}
