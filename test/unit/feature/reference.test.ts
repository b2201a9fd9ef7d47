import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FEATURES } from '../../../src/feature/features.ts';
import { referenceMarkdown, referenceRows } from '../../../src/feature/reference.ts';

function rows(schema: object): readonly string[] {
  return referenceRows({ schema }).map(({ path, value, meaning }) => `${path}: ${value}${meaning && ` - ${meaning}`}`);
}

test('the reference has every key with its path, what it takes, and what it is for', () => {
  assert.deepEqual(
    rows({
      type: 'object',
      required: ['a'],
      properties: {
        a: { type: 'string', description: 'The first' },
        b: { enum: [true, 'patch'] },
        c: { type: 'object', required: ['d'], properties: { d: { type: 'integer', minimum: 1, maximum: 9 } } },
        e: { type: 'array', items: { type: 'object', properties: { f: { type: 'boolean' } } } },
        g: { type: 'array', items: { type: 'string' } },
        h: { type: ['array', 'object'], items: { type: 'string' }, properties: { i: { type: 'number', maximum: 2 } } },
        j: { type: 'integer', minimum: 0, maximum: 4_294_967_295 },
        k: {},
      },
    }),
    [
      'a: text, required - The first',
      'b: `true`, `patch`',
      'c: mapping',
      'c.d: whole number from 1 to 9, required',
      'e: list of mappings',
      'e[].f: `true`, `false`',
      'g: list of texts',
      'h: list of texts or mapping',
      'h.i: number up to 2',
      'j: whole number from 0',
      'k: any value',
    ],
  );
});

test('a cell of the reference cannot end its row', () => {
  const feature = FEATURES.find(({ name }) => name === 'update');
  assert.ok(feature !== undefined);
  const schema = { type: 'object', properties: { a: { type: 'string', description: 'this | that' } } };
  assert.match(referenceMarkdown([{ ...feature, schema }]), /^\| `a` \| text \| this \\\| that \|$/m);
});

test('every key of these features says what it is for', () => {
  for (const feature of FEATURES) {
    const silent = referenceRows(feature).filter(({ meaning }) => meaning === '');
    assert.deepEqual(silent, [], feature.name);
  }
});
