import { isScalar, parseDocument, Scalar, visit } from 'yaml';
import type { PlainPiece } from '../go-template/plain-template.ts';
import type { Group } from '../site/revision.ts';
import type { ImportedValue } from './values.ts';
import { importValue } from './values.ts';

/** A Liquid layer that stands for a Go template, and the parameters that it takes. */
export interface LiquidLayer {
  readonly text: string;
  readonly parameters: ReadonlySet<string>;
}

/**
 * A Go template that only fills in values as a layer whose scalars are Liquid templates, with the comments and the layout
 * that it has; undefined where a value stands in a key, or does not come from the same place for all groups. Whether the
 * two give the same has to be tried: a Go template makes text, and Liquid makes scalars.
 */
export function toLiquidLayer(pieces: readonly PlainPiece[], groups: readonly Group[]): LiquidLayer | undefined {
  const whole = pieces.filter((piece) => typeof piece === 'string').join('');
  if (/\{\{|\{%/.test(whole)) return undefined;
  const mark = unusedMark(whole);
  const values: ImportedValue[] = [];
  let source = '';
  for (const piece of pieces) {
    if (typeof piece === 'string') {
      source += piece;
      continue;
    }
    const value = importValue(piece.fields, groups);
    if (value === undefined) return undefined;
    source += `${mark}${values.length}${END}`;
    values.push(value);
  }
  const fill = (text: string) =>
    text.replace(new RegExp(`${mark}(\\d+)${END}`, 'g'), (_match, index: string) =>
      expressionOf(values[Number(index)]),
    );
  // Every scalar stays the text that it is written as, such as the mode 0644.
  const document = parseDocument(source, { schema: 'failsafe' });
  if (document.errors.length > 0) return undefined;
  let isWhole = true;
  visit(document, {
    Pair(_key, { key }) {
      if (isScalar(key) && String(key.value).includes(mark)) isWhole = false;
    },
    Scalar(key, node) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes(mark)) return;
      node.value = fill(node.value);
      // A plain scalar cannot begin with a brace.
      if (node.type === Scalar.PLAIN) node.type = Scalar.QUOTE_DOUBLE;
    },
  });
  if (!isWhole) return undefined;
  // What is left stands in comments.
  const text = fill(document.toString({ lineWidth: 0 }));
  return { text, parameters: new Set(values.flatMap(({ parameter }) => parameter ?? [])) };
}

/** Ends a mark, so that the number in it does. */
const END = 'x';

function unusedMark(text: string): string {
  for (let index = 0; ; index += 1) {
    const mark = `importedValue${index}x`;
    if (!text.includes(mark)) return mark;
  }
}

function expressionOf(value: ImportedValue | undefined): string {
  return value === undefined ? '' : `{{ ${value.expression} }}`;
}
