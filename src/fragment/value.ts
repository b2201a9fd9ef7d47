import type { Diagnostic, Origin, Parsed } from '../diagnostic.ts';
import type { Node, PathSegment, ScalarNode } from './node.ts';
import { formatPath, plainNode, textNode } from './node.ts';

/** A value as JSON has it. Objects have no prototype, so a key such as `__proto__` is data like any other. */
export type Value = null | boolean | number | string | readonly Value[] | ValueObject;

/** An object of values, without a prototype. */
export interface ValueObject {
  readonly [key: string]: Value;
}

/**
 * Types a parsed document by YAML 1.2's core rules, for the files that pilotlight itself reads (Butane documents stay
 * untyped). `0644` is refused: YAML 1.2 reads it as 644, YAML 1.1 and butane as octal, and the author meant one of them.
 */
export function toValue(node: Node): Parsed<Value> {
  const diagnostics: Diagnostic[] = [];
  const value = convert(node, [], diagnostics);
  return diagnostics.length > 0 ? { diagnostics } : { value, diagnostics };
}

function convert(node: Node, path: readonly PathSegment[], diagnostics: Diagnostic[]): Value {
  switch (node.kind) {
    case 'list':
      return node.items.map((item, index) => convert(item, [...path, index], diagnostics));
    case 'map': {
      const object: Record<string, Value> = Object.create(null);
      for (const [key, entry] of node.entries) object[key] = convert(entry.value, [...path, key], diagnostics);
      return object;
    }
    case 'scalar':
      return scalar(node, path, diagnostics);
  }
}

function scalar(node: ScalarNode, path: readonly PathSegment[], diagnostics: Diagnostic[]): Value {
  const { text } = node;
  if (!node.plain) return text;
  if (/^(?:|~|null|Null|NULL)$/.test(text)) return null;
  if (/^(?:true|True|TRUE)$/.test(text)) return true;
  if (/^(?:false|False|FALSE)$/.test(text)) return false;
  if (/^[-+]?0\d+$/.test(text)) {
    diagnostics.push({
      severity: 'error',
      code: 'schema',
      message: 'a number that starts with 0 is octal to some readers and decimal to others',
      path: formatPath(path),
      origin: node.origin,
      hint: 'write 0o before its digits for octal, or quote it for text',
    });
    return text;
  }
  const number = readNumber(text);
  if (number === undefined) return text;
  if (!Number.isFinite(number) || (Number.isInteger(number) && !Number.isSafeInteger(number))) {
    diagnostics.push({
      severity: 'error',
      code: 'schema',
      message: 'this number is too large to be kept exactly',
      path: formatPath(path),
      origin: node.origin,
      hint: 'quote it',
    });
  }
  return number;
}

function readNumber(text: string): number | undefined {
  if (/^[-+]?\d+$/.test(text)) return Number(text);
  if (/^0o[0-7]+$/.test(text) || /^0x[0-9a-fA-F]+$/.test(text)) return Number(text);
  if (/^[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?$/.test(text)) return Number(text);
  return undefined;
}

/** Turns a value into nodes that all carry one origin; texts stay texts for butane whatever they look like. */
export function fromValue(value: unknown, origin: Origin): Node {
  if (value === null || value === undefined) return plainNode('null', origin);
  if (typeof value === 'string') return textNode(value, origin);
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') {
    return plainNode(String(value), origin);
  }
  if (Array.isArray(value)) {
    return { kind: 'list', items: value.map((item) => fromValue(item, origin)), origin };
  }
  if (typeof value === 'object') {
    const entries = Object.entries(value).map(
      ([key, item]) => [key, { keyOrigin: origin, value: fromValue(item, origin) }] as const,
    );
    return { kind: 'map', entries: new Map(entries), origin };
  }
  return textNode(String(value), origin);
}
