import type { AST } from 'toml-eslint-parser';
import { ParseError, parseTOML } from 'toml-eslint-parser';
import type { DiagnosticCode, Origin, Parsed } from '../diagnostic.ts';
import type { MapNode, Node } from './node.ts';
import { createPlaces } from './places.ts';

interface Table {
  readonly kind: 'map';
  readonly entries: Map<string, { keyOrigin: Origin; value: Built }>;
  readonly origin: Origin;
}
interface TableList {
  readonly kind: 'list';
  readonly items: Built[];
  readonly origin: Origin;
}
type Built = Table | TableList | Node;

/** Tables and lists within each other; the same bound as for YAML. */
const MAX_DEPTH = 100;

class TooDeep extends Error {
  readonly origin: Origin;
  constructor(origin: Origin) {
    super('the document is nested too deeply');
    this.origin = origin;
  }
}

/**
 * Parses one TOML 1.0 document into the same nodes as YAML gives: strings become quoted scalars, numbers and booleans
 * plain ones (numbers in decimal, since YAML knows fewer notations), dates texts. A fault comes back as a diagnostic.
 */
export function parseToml(text: string, file: string): Parsed<MapNode> {
  const place = createPlaces(text, file).in;
  const fault = (code: DiagnosticCode, message: string, origin: Origin): Parsed<MapNode> => ({
    diagnostics: [{ severity: 'error', code, message, origin }],
  });
  try {
    const root = build(parseTOML(text, { tomlVersion: '1.0' }), place);
    const faulty = findControlKey(root);
    if (faulty === undefined) return { value: root, diagnostics: [] };
    return fault('complex-key', 'a key must not contain control characters or line breaks', faulty);
  } catch (error) {
    if (error instanceof ParseError) return fault('toml-syntax', error.message, place(error.lineNumber, error.column));
    if (error instanceof TooDeep) return fault('too-large', error.message, error.origin);
    // The parser recurses, so a few thousand nested brackets exhaust the stack.
    if (error instanceof RangeError) return fault('too-large', 'the document is nested too deeply', place(1, 0));
    throw error;
  }
}

function build(program: AST.TOMLProgram, place: (line: number, column: number) => Origin): Table {
  const originOf = (node: { loc: { start: { line: number; column: number } } }): Origin =>
    place(node.loc.start.line, node.loc.start.column);
  const root: Table = { kind: 'map', entries: new Map(), origin: place(1, 0) };

  function keyName(key: AST.TOMLBare | AST.TOMLQuoted): string {
    return key.type === 'TOMLBare' ? key.name : key.value;
  }

  /** Walks to the table that a dotted key stands in; the parser has already refused keys that contradict each other. */
  function descend(from: Table, keys: readonly (AST.TOMLBare | AST.TOMLQuoted)[], above = 0): Table {
    let table = from;
    for (const [depth, key] of keys.entries()) {
      if (above + depth > MAX_DEPTH) throw new TooDeep(originOf(key));
      const found = table.entries.get(keyName(key))?.value;
      let next: Built | undefined = found?.kind === 'list' ? found.items[found.items.length - 1] : found;
      if (next === undefined) {
        next = { kind: 'map', entries: new Map(), origin: originOf(key) };
        table.entries.set(keyName(key), { keyOrigin: originOf(key), value: next });
      }
      if (!isTable(next)) return table;
      table = next;
    }
    return table;
  }

  function assign(table: Table, pair: AST.TOMLKeyValue, depth = 0): void {
    const last = pair.key.keys[pair.key.keys.length - 1];
    if (last === undefined) return;
    const parent = descend(table, pair.key.keys.slice(0, -1), depth);
    parent.entries.set(keyName(last), {
      keyOrigin: originOf(last),
      value: content(pair.value, depth + pair.key.keys.length),
    });
  }

  function content(node: AST.TOMLContentNode, depth: number): Built {
    const origin = originOf(node);
    if (depth > MAX_DEPTH) throw new TooDeep(origin);
    switch (node.type) {
      case 'TOMLArray':
        return { kind: 'list', items: node.elements.map((element) => content(element, depth + 1)), origin };
      case 'TOMLInlineTable': {
        const table: Table = { kind: 'map', entries: new Map(), origin };
        for (const pair of node.body) assign(table, pair, depth);
        return table;
      }
      case 'TOMLValue':
        switch (node.kind) {
          case 'string':
            return { kind: 'scalar', text: node.value, plain: false, origin };
          case 'integer':
            return { kind: 'scalar', text: node.bigint.toString(), plain: true, origin };
          case 'float':
            return { kind: 'scalar', text: floatText(node.value), plain: true, origin };
          case 'boolean':
            return { kind: 'scalar', text: String(node.value), plain: true, origin };
          default:
            return { kind: 'scalar', text: node.datetime, plain: false, origin };
        }
    }
  }

  for (const item of program.body[0].body) {
    if (item.type === 'TOMLKeyValue') {
      assign(root, item);
      continue;
    }
    const keys = item.key.keys;
    const last = keys[keys.length - 1];
    if (last === undefined) continue;
    let table = descend(root, item.kind === 'array' ? keys.slice(0, -1) : keys);
    if (item.kind === 'array') {
      const existing = table.entries.get(keyName(last))?.value;
      const element: Table = { kind: 'map', entries: new Map(), origin: originOf(item.key) };
      if (existing !== undefined && isTableList(existing)) existing.items.push(element);
      else {
        const list: TableList = { kind: 'list', items: [element], origin: originOf(item.key) };
        table.entries.set(keyName(last), { keyOrigin: originOf(last), value: list });
      }
      table = element;
    }
    for (const pair of item.body) assign(table, pair);
  }
  return root;
}

function isTable(node: Built): node is Table {
  return node.kind === 'map' && node.entries instanceof Map;
}

function isTableList(node: Built): node is TableList {
  return node.kind === 'list' && Array.isArray(node.items);
}

function floatText(value: number): string {
  if (Number.isNaN(value)) return '.nan';
  if (!Number.isFinite(value)) return value < 0 ? '-.inf' : '.inf';
  return Number.isInteger(value) ? value.toFixed(1) : String(value);
}

function findControlKey(node: Node): Origin | undefined {
  if (node.kind === 'list') {
    for (const item of node.items) {
      const found = findControlKey(item);
      if (found !== undefined) return found;
    }
  }
  if (node.kind === 'map') {
    for (const [key, entry] of node.entries) {
      if (/[\p{Cc}\u2028\u2029\ufffe\uffff]/u.test(key)) return entry.keyOrigin;
      const found = findControlKey(entry.value);
      if (found !== undefined) return found;
    }
  }
  return undefined;
}
