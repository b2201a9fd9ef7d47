import { Document, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml';
import type { MapNode, Node, ScalarNode } from './node.ts';

/**
 * Plain scalars that YAML reads as something other than text (numbers, booleans, null, dates) are made of these
 * characters only. They go to butane without quotes, as their author wrote them, so that butane alone types them.
 */
const TYPED_PLAIN = /^(?:[-+.\w][-+.:\w]*|~|)$/;

/** Characters that YAML refuses raw, or changes without a word (U+0085 becomes a space in Go's parser). */
const ESCAPED = /(?![\n\t])[\p{Cc}\u2028\u2029\ufeff\ufffe\uffff]/u;
const ESCAPED_ALL = /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g;

/**
 * Writes a document as YAML that butane reads back as exactly these nodes: mappings and lists in block style, texts
 * quoted or as literal blocks, typed plain scalars as they were written. The result is what `pilotlight render --butane`
 * shows and what goes to butane's standard input; equal trees give equal bytes.
 */
export function emitButane(root: MapNode): string {
  const document = new Document(undefined, { schema: 'failsafe' });
  document.contents = yamlNode(root) as never;
  const text = document.toString({ lineWidth: 0, blockQuote: 'literal', defaultKeyType: 'PLAIN', nullStr: '' });
  // Such characters only ever stand inside double quotes (see `yamlScalar`), where the escape means the same.
  return text.replace(ESCAPED_ALL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function yamlNode(node: Node): YAMLMap | YAMLSeq | Scalar {
  switch (node.kind) {
    case 'map': {
      const map = new YAMLMap();
      for (const [key, entry] of node.entries) {
        map.items.push(new Pair(yamlKey(key), yamlNode(entry.value)));
      }
      if (map.items.length === 0) map.flow = true;
      return map;
    }
    case 'list': {
      const list = new YAMLSeq();
      for (const item of node.items) list.items.push(yamlNode(item));
      if (list.items.length === 0) list.flow = true;
      return list;
    }
    case 'scalar':
      return yamlScalar(node);
  }
}

/** Words that are no text to a reader of YAML 1.1 when they stand without quotes. */
const RESERVED_KEY = /^(?:null|true|false|yes|no|on|off|y|n)$/i;

function yamlKey(key: string): Scalar {
  const scalar = new Scalar(key);
  const plain = /^[A-Za-z_][\w.-]*$/.test(key) && !RESERVED_KEY.test(key);
  scalar.type = plain ? Scalar.PLAIN : Scalar.QUOTE_DOUBLE;
  return scalar;
}

function yamlScalar(node: ScalarNode): Scalar {
  const scalar = new Scalar(node.text);
  if (node.tag !== undefined) scalar.tag = node.tag;
  if (node.plain && TYPED_PLAIN.test(node.text)) scalar.type = Scalar.PLAIN;
  else if (isLiteral(node.text)) scalar.type = Scalar.BLOCK_LITERAL;
  else scalar.type = Scalar.QUOTE_DOUBLE;
  return scalar;
}

/** Texts of several lines read best as literal blocks; those a block cannot carry unchanged are quoted. */
function isLiteral(text: string): boolean {
  return text.includes('\n') && /^[^\s]/.test(text) && !ESCAPED.test(text) && !/[ \t]\n|\r/.test(text);
}
