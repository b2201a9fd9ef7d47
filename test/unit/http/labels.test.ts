import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LabelsSchema } from '../../../src/http/routes/labels.ts';
import { normaliseLabel } from '../../../src/machine/label.ts';

const digits = fc.stringMatching(/^[0-9a-fA-F]{1,5}$/);

/** Texts around what a MAC address or a UUID may look like. */
const nearly = fc.oneof(
  fc
    .tuple(fc.array(digits, { maxLength: 21 }), fc.constantFrom(':', '-', '.', ''))
    .map(([parts, by]) => parts.join(by)),
  fc
    .tuple(fc.constantFrom(6, 8, 10, 20), fc.constantFrom(':', '-', ''), fc.stringMatching(/^[0-9a-f]{2}$/))
    .map(([count, by, octet]) => Array.from({ length: count }, () => octet).join(by)),
  fc.constantFrom(3, 4, 5, 10, 11).map((count) => Array.from({ length: count }, () => '00a1').join('.')),
  fc.uuid(),
  fc.uuid().map((text) => `{${text.toUpperCase()}}`),
  fc.uuid().map((text) => text.replaceAll('-', '')),
  fc.uuid().map((text) => text.slice(1)),
  fc.string({ unit: 'binary' }),
);

for (const key of ['mac', 'uuid', 'serial', 'hostname', 'arch'] as const) {
  test(`the document says of ${key} what the service takes`, () => {
    const schema: object = LabelsSchema.properties[key];
    assert.ok('pattern' in schema);
    const described = new RegExp(String(schema.pattern), 'u');
    fc.assert(
      fc.property(nearly, (text) => {
        // An empty value is an absent label, and half a character never arrives.
        if (text.trim() === '' || text !== Buffer.from(text).toString()) return;
        assert.equal(described.test(text), normaliseLabel(key, text).ok);
      }),
      { numRuns: 2000 },
    );
  });
}
