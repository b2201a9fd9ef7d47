import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inOneLine } from '../parsed-site.ts';
import { parsedGroup, parsedProfile, remarks } from './matchbox-site.ts';

describe('A key that means nothing is ignored, with a warning:', () => {
  const groups: readonly (readonly [text: string, warning: string])[] = [
    [
      '{"profile":"p","selectors":{"a":"1"}}',
      'groups/g.json:1:16 warning schema $.selectors: unknown key `selectors`, which is ignored',
    ],
    ['{"profile":"p","note":"x"}', 'groups/g.json:1:16 warning schema $.note: unknown key `note`, which is ignored'],
  ];
  for (const [text, warning] of groups) {
    test(text, () => {
      const { value, diagnostics } = parsedGroup(text);
      assert.equal(value?.profile?.id, 'p');
      assert.deepEqual(diagnostics.map(inOneLine), [warning]);
    });
  }

  const profiles: readonly (readonly [text: string, warning: string])[] = [
    [
      '{"id":"p","igniton_id":"x"}',
      'profiles/p.json:1:11 warning schema $.igniton_id: unknown key `igniton_id`, which is ignored',
    ],
    [
      '{"id":"p","boot":{"kernal":"/k"}}',
      'profiles/p.json:1:19 warning schema $.boot.kernal: unknown key `kernal`, which is ignored',
    ],
  ];
  for (const [text, warning] of profiles) {
    test(text, () => {
      const { value, diagnostics } = parsedProfile(text);
      assert.equal(value?.id, 'p');
      assert.deepEqual(diagnostics.map(inOneLine), [warning]);
    });
  }
});

test('The warning names the key that was meant', () => {
  const { diagnostics } = parsedProfile('{"id":"p","Igniton_ID":"x"}');
  assert.deepEqual(
    diagnostics.map(({ hint }) => hint),
    ['did you mean `ignition_id`?'],
  );
});

test('Keys in any case, and any key of the metadata and the selector, are no reason to warn', () => {
  assert.deepEqual(
    parsedGroup('{"ID":"g","Profile":"p","selector":{"x":"1"},"metadata":{"y":{"z":1}}}').diagnostics,
    [],
  );
  assert.deepEqual(parsedProfile('{"ID":"p","Boot":{"KERNEL":"/k","initrd":[],"Args":[]}}').diagnostics, []);
});

test('Settings that a data directory of matchbox has no use for are told', () => {
  const settings = 'strict: false\nexperimental: true\nmetadata:\n  dialects: [aws]\nboot: { unknown: exit }\n';
  assert.deepEqual(remarks({ 'site.yaml': settings }), [
    'site.yaml:3:1 warning schema $.metadata: `metadata` means nothing for a data directory of matchbox',
    'site.yaml:5:1 warning schema $.boot: `boot` means nothing for a data directory of matchbox',
  ]);
});
