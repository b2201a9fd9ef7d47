import type { AST } from 'toml-eslint-parser';
import { ParseError, parseTOML } from 'toml-eslint-parser';
import type { Origin, Parsed } from '../diagnostic.ts';
import type { MapNode, Node } from './node.ts';

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

/**
 * Parses one TOML 1.0 document into the same nodes as YAML gives: strings become quoted scalars, numbers and booleans
 * plain ones (numbers in decimal, since YAML knows fewer notations), dates texts. A fault comes back as a diagnostic.
 */
export function parseToml(text: string, file: string): Parsed<MapNode> {
  const lines = text.split('\n');
  const place = (line: number, column: number): Origin => ({
    file,
    line,
    column: [...(lines[line - 1] ?? '').slice(0, column)].length + 1,
  });
  const originOf = (node: { loc: { start: { line: number; column: number } } }): Origin =>
    place(node.loc.start.line, node.loc.start.column);
  let program: AST.TOMLProgram;
  try {
    program = parseTOML(text, { tomlVersion: '1.0' });
  } catch (error) {
    if (error instanceof ParseError) {
      const origin = place(error.lineNumber, error.column);
      return { diagnostics: [{ severity: 'error', code: 'toml-syntax', message: error.message, origin }] };
    }
    if (error instanceof RangeError) {
      const origin = place(1, 0);
      return {
        diagnostics: [{ severity: 'error', code: 'too-large', message: 'the document is nested too deeply', origin }],
      };
    }
    throw error;
  }

  const root: Table = { kind: 'map', entries: new Map(), origin: place(1, 0) };

  function keyName(key: AST.TOMLBare | AST.TOMLQuoted): string {
    return key.type === 'TOMLBare' ? key.name : key.value;
  }

  /** Walks to the table that a dotted key stands in; the parser has already refused keys that contradict each other. */
  function descend(from: Table, keys: readonly (AST.TOMLBare | AST.TOMLQuoted)[]): Table {
    let table = from;
    for (const key of keys) {
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

  function assign(table: Table, pair: AST.TOMLKeyValue): void {
    const last = pair.key.keys[pair.key.keys.length - 1];
    if (last === undefined) return;
    const parent = descend(table, pair.key.keys.slice(0, -1));
    parent.entries.set(keyName(last), { keyOrigin: originOf(last), value: content(pair.value) });
  }

  function content(node: AST.TOMLContentNode): Built {
    const origin = originOf(node);
    switch (node.type) {
      case 'TOMLArray':
        return { kind: 'list', items: node.elements.map(content), origin };
      case 'TOMLInlineTable': {
        const table: Table = { kind: 'map', entries: new Map(), origin };
        for (const pair of node.body) assign(table, pair);
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
  const faulty = findControlKey(root);
  if (faulty !== undefined) {
    const message = 'a key must not contain control characters or line breaks';
    return { diagnostics: [{ severity: 'error', code: 'complex-key', message, origin: faulty }] };
  }
  return { value: root, diagnostics: [] };
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
