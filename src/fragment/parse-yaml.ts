import type { Alias, CST, Document, Pair, Node as YamlNode } from 'yaml';
import { Composer, isAlias, isMap, isScalar, isSeq, Lexer, Parser, visit, YAMLParseError } from 'yaml';
import type { Diagnostic, DiagnosticCode, Origin, Parsed } from '../diagnostic.ts';
import type { ListNode, MapEntry, MapNode, Node, PathSegment, ScalarNode } from './node.ts';
import { formatPath, isNull } from './node.ts';
import { createPlaces } from './places.ts';
import { describeYamlFault } from './yaml-faults.ts';

/** Bounds on what one document may become. `nodes` and `textLength` count after aliases are expanded. */
export interface ParseLimits {
  readonly nodes: number;
  readonly textLength: number;
  readonly depth: number;
}

/**
 * butane spends seconds of CPU on a few kilobytes of well-placed aliases, so the expanded size is bounded before it sees
 * a document; the figures leave room for thousands of files and several megabytes of text.
 */
export const DEFAULT_PARSE_LIMITS: ParseLimits = { nodes: 100_000, textLength: 4 * 1024 * 1024, depth: 100 };

/**
 * Parses one YAML document into nodes that know their place. Scalars keep the text their author wrote and are never
 * typed here. Aliases and merge keys (`<<`) are expanded within `limits`; keys that are no plain text, and keys with
 * control characters, are refused, because butane panics on the former and garbles its reports on the latter.
 * All faults come back as diagnostics; `value` is absent when one of them is an error.
 */
export function parseYaml(text: string, file: string, limits: ParseLimits = DEFAULT_PARSE_LIMITS): Parsed<Node> {
  const places = createPlaces(text, file).at;
  const fault = (offset: number, code: DiagnosticCode, message: string, hint?: string): Parsed<Node> => ({
    diagnostics: [{ severity: 'error', code, message, origin: places(offset), ...(hint ? { hint } : {}) }],
  });
  const unprintable = UNPRINTABLE.exec(text);
  if (unprintable !== null) {
    const escaped = `\\u${unprintable[0].charCodeAt(0).toString(16).padStart(4, '0')}`;
    const hint = `write it as \`${escaped}\` in double quotes`;
    return fault(unprintable.index, 'yaml-syntax', 'control characters are not allowed', hint);
  }
  let documents: readonly Document.Parsed[];
  try {
    documents = [...new Composer(YAML_OPTIONS).compose(tokensOf(text))];
  } catch (error) {
    if (error instanceof TooDeep) return fault(error.offset, 'too-large', 'the document is nested too deeply');
    throw error;
  }
  const document = documents[0];
  if (document === undefined) return fault(0, 'yaml-syntax', 'the document is empty', 'write at least one key');
  const errors = documents.flatMap((each) => each.errors);
  const duplicates = documents.flatMap(duplicateKeys);
  const faults = [...errors, ...duplicates];
  const first = firstOf(errors[0], duplicates[0]);
  if (first !== undefined) {
    const others = duplicates.filter((each) => each !== first);
    return {
      diagnostics: [first, ...others].map((each) => {
        const described = describeYamlFault(each, { text, nodes: findNodes(document), faults });
        return {
          severity: 'error',
          code: 'yaml-syntax',
          message: described.message,
          origin: places(described.offset),
          ...(described.hint ? { hint: described.hint } : {}),
        };
      }),
    };
  }
  const second = documents[1];
  if (second !== undefined) {
    return fault(
      second.range[0],
      'yaml-syntax',
      'the file holds more than one document, and only the first would be used',
      'remove the `---` line or split the file',
    );
  }
  if (document.contents === null) {
    return fault(0, 'yaml-syntax', 'the document is empty', 'write at least one key');
  }
  return convert(document, document.contents as YamlNode, places, limits);
}

/** The library looks for duplicate keys in time that grows with the square of a mapping; see {@link duplicateKeys}. */
const YAML_OPTIONS = { schema: 'failsafe', logLevel: 'silent', strict: true, uniqueKeys: false } as const;

/** Collections within collections, at most, in any place of a text; far more than a document may have. */
const OPEN_COLLECTIONS = 1000;

class TooDeep extends Error {
  readonly offset: number;
  constructor(offset: number) {
    super('the document is nested too deeply');
    this.offset = offset;
  }
}

/**
 * The parser's tokens. It stops at the first place that is nested too deeply, since half a megabyte of brackets would
 * take half a gigabyte of memory, and the composer's recursion would exhaust the stack.
 */
function* tokensOf(text: string): Generator<CST.Token, void> {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > OPEN_COLLECTIONS) throw new TooDeep(parser.offset);
  }
  yield* parser.end();
}

/** A fault for each key that its mapping has already. */
function duplicateKeys(document: Document): readonly YAMLParseError[] {
  const faults: YAMLParseError[] = [];
  visit(document, {
    Map: (_key, map) => {
      const known = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        const at = key.range?.[0] ?? 0;
        if (known.has(key.value)) faults.push(new YAMLParseError([at, at + 1], 'DUPLICATE_KEY', 'a key stands twice'));
        known.add(key.value);
      }
    },
  });
  return faults;
}

function firstOf(error: YAMLParseError | undefined, duplicate: YAMLParseError | undefined): YAMLParseError | undefined {
  if (error === undefined || duplicate === undefined) return error ?? duplicate;
  return duplicate.pos[0] < error.pos[0] ? duplicate : error;
}

/** What Go's YAML parser refuses without saying where; YAML 1.2 does not count it as printable either (section 5.1). */
const UNPRINTABLE = /(?![\t\n\r\u0085])\p{Cc}|[\ufffe\uffff]/u;

function findNodes(document: Document): readonly YamlNode[] {
  const nodes: YamlNode[] = [];
  visit(document, {
    Node: (_key, node) => {
      nodes.push(node);
    },
  });
  return nodes;
}

const HALF_CHARACTER = 'the text holds half of a surrogate pair';

class Refusal extends Error {
  readonly diagnostic: Diagnostic;
  constructor(diagnostic: Diagnostic) {
    super(diagnostic.message);
    this.diagnostic = diagnostic;
  }
}

function convert(
  document: Document,
  root: YamlNode,
  places: (offset: number) => Origin,
  limits: ParseLimits,
): Parsed<Node> {
  const open = new Set<YamlNode>();
  /** The alias in the text that is being expanded, whichever others its node holds. */
  let expanding: Alias | undefined;
  let nodes = 0;
  let textLength = 0;

  const originOf = (node: YamlNode): Origin => places(node.range?.[0] ?? 0);

  function refuse(node: YamlNode, code: DiagnosticCode, message: string, path: readonly PathSegment[], hint?: string) {
    return new Refusal({
      severity: 'error',
      code,
      message,
      path: formatPath(path),
      origin: originOf(node),
      ...(hint ? { hint } : {}),
    });
  }

  function spend(node: YamlNode, length: number, path: readonly PathSegment[]): void {
    nodes += 1;
    textLength += length;
    if (nodes > limits.nodes || textLength > limits.textLength) {
      throw refuse(
        expanding ?? node,
        'anchor-expansion',
        `the document is larger than ${limits.nodes} nodes or ${limits.textLength} characters once its aliases are expanded`,
        path,
        'use fewer aliases, or put large contents into files/',
      );
    }
    if (path.length > limits.depth) {
      throw refuse(node, 'too-large', `the document is nested deeper than ${limits.depth} levels`, path);
    }
  }

  function target(alias: Alias, path: readonly PathSegment[]): YamlNode {
    const resolved = alias.resolve(document);
    if (resolved === undefined) {
      throw refuse(alias, 'yaml-syntax', `the alias *${alias.source} has no anchor before it`, path);
    }
    return resolved;
  }

  function node(from: YamlNode | null, path: readonly PathSegment[], fallback: Origin): Node {
    if (from === null) {
      nodes += 1;
      return { kind: 'scalar', text: '', plain: true, origin: fallback };
    }
    if (open.has(from)) {
      throw refuse(expanding ?? from, 'anchor-expansion', 'an alias refers to a node that contains it', path);
    }
    open.add(from);
    try {
      if (isAlias(from)) return expand(from, path, fallback);
      if (isMap(from)) return map(from, path);
      if (isSeq(from)) return list(from, path);
      if (isScalar(from)) return scalar(from, path);
      throw refuse(from, 'yaml-syntax', 'this kind of node is not supported', path);
    } finally {
      open.delete(from);
    }
  }

  /** The node that an alias stands for, in the alias's own place. */
  function expand(alias: Alias, path: readonly PathSegment[], fallback: Origin): Node {
    const outermost = expanding === undefined;
    expanding ??= alias;
    const expanded = node(target(alias, path), path, fallback);
    if (outermost) expanding = undefined;
    return { ...expanded, origin: originOf(alias) };
  }

  function scalar(from: YamlNode, path: readonly PathSegment[]): ScalarNode {
    if (!isScalar(from)) throw refuse(from, 'yaml-syntax', 'a scalar was expected', path);
    const text = from.source ?? (typeof from.value === 'string' ? from.value : '');
    spend(from, text.length, path);
    if (/\p{Cs}/u.test(text)) throw refuse(from, 'encoding', HALF_CHARACTER, path, 'write the whole character');
    const tag = from.tag !== undefined && from.tag !== 'tag:yaml.org,2002:str' ? shortTag(from.tag) : undefined;
    const plain = from.type === 'PLAIN' || from.type === undefined;
    return {
      kind: 'scalar',
      text,
      plain: plain && from.tag === undefined,
      ...(tag === undefined ? {} : { tag }),
      origin: originOf(from),
    };
  }

  function list(from: YamlNode, path: readonly PathSegment[]): ListNode {
    if (!isSeq<YamlNode>(from)) throw refuse(from, 'yaml-syntax', 'a list was expected', path);
    spend(from, 0, path);
    const origin = originOf(from);
    return { kind: 'list', items: from.items.map((item, index) => node(item, [...path, index], origin)), origin };
  }

  function map(from: YamlNode, path: readonly PathSegment[]): MapNode {
    if (!isMap<YamlNode, YamlNode>(from)) throw refuse(from, 'yaml-syntax', 'a mapping was expected', path);
    spend(from, 0, path);
    const own = new Map<string, MapEntry>();
    const merged: MapNode[] = [];
    for (const pair of from.items) {
      const key = keyText(pair, from, path);
      const keyOrigin = originOf(pair.key);
      spend(pair.key, key.length, [...path, key]);
      if (key === '<<' && isScalar(pair.key) && pair.key.type === 'PLAIN') {
        merged.push(...mergeSources(pair.value, pair.key, path));
        continue;
      }
      if (own.has(key))
        throw refuse(pair.key, 'yaml-syntax', 'this key is written twice in one mapping', [...path, key]);
      own.set(key, { keyOrigin, value: node(pair.value, [...path, key], keyOrigin) });
    }
    // YAML's merge key: what is written here wins, then the first of several sources.
    for (const source of merged) {
      for (const [key, entry] of source.entries) if (!own.has(key)) own.set(key, entry);
    }
    return { kind: 'map', entries: own, origin: originOf(from) };
  }

  function mergeSources(value: YamlNode | null, key: YamlNode, path: readonly PathSegment[]): readonly MapNode[] {
    const source = value === null ? undefined : node(value, path, originOf(key));
    if (source?.kind === 'map') return [source];
    if (source?.kind === 'list') {
      const maps = source.items.filter((item): item is MapNode => item.kind === 'map');
      if (maps.length === source.items.length) return maps;
    }
    throw refuse(key, 'yaml-syntax', 'a merge key (<<) needs a mapping or a list of mappings', path);
  }

  function keyText(pair: Pair<YamlNode, YamlNode>, parent: YamlNode, path: readonly PathSegment[]): string {
    let key: YamlNode | null = pair.key;
    if (key !== null && isAlias(key)) key = target(key, path);
    if (key === null || !isScalar(key) || typeof key.value !== 'string') {
      const braces = key !== null && isMap(key);
      throw refuse(
        key ?? parent,
        'complex-key',
        braces ? 'a mapping stands where a key is expected' : 'a key must be a plain text',
        path,
        braces ? 'quote templates: "{{ parameters.name }}"' : undefined,
      );
    }
    if (/[\p{Cc}\u2028\u2029\ufffe\uffff]/u.test(key.value)) {
      throw refuse(key, 'complex-key', 'a key must not contain control characters or line breaks', path);
    }
    if (/\p{Cs}/u.test(key.value)) throw refuse(key, 'encoding', HALF_CHARACTER, path, 'write the whole character');
    return key.value;
  }

  try {
    const value = node(root, [], places(0));
    if (isNull(value)) {
      const origin = value.origin;
      return {
        diagnostics: [{ severity: 'error', code: 'yaml-syntax', message: 'the document is empty', origin }],
      };
    }
    return { value, diagnostics: [] };
  } catch (error) {
    if (error instanceof Refusal) return { diagnostics: [error.diagnostic] };
    if (error instanceof RangeError) {
      const origin = places(0);
      return {
        diagnostics: [{ severity: 'error', code: 'too-large', message: 'the document is nested too deeply', origin }],
      };
    }
    throw error;
  }
}

function shortTag(tag: string): string {
  return tag.startsWith('tag:yaml.org,2002:') ? `!!${tag.slice('tag:yaml.org,2002:'.length)}` : tag;
}
