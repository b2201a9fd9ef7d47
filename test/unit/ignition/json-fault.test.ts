import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { faultInJson } from '../../../src/ignition/json-fault.ts';
import { anyText } from '../any-text.ts';

describe('the first fault of a text that is no JSON is told with its place:', () => {
  const cases: Readonly<Record<string, readonly [string, string]>> = {
    'a missing comma': ['{\n  "a": "x" "b": 1\n}\n\n', '2:12 a comma is expected'],
    'a missing value': ['{\n  "é😀": }\n\n\n', '2:9 a value is expected'],
    'a missing colon': ['{ "a" 1 }', '1:7 a colon is expected after a key'],
    'a last comma': ['{\n"a": 1,\n}\n', '2:7 no comma may stand before what closes'],
    'a last comma of a list': ['[1,\n2, \n]', '2:2 no comma may stand before what closes'],
    'a comma after an open brace': ['{,}', '1:2 a value is expected'],
    'a key without quotes': ['{ a: 1 }', '1:3 texts and keys stand in double quotes'],
    'single quotes': ["{ 'a': 1 }", '1:3 texts and keys stand in double quotes'],
    'a comment': ['{}\n// x\n', '2:1 comments are not allowed'],
    'text after the config': ['{}\n{}', '2:1 nothing may follow the config'],
    'an open quote': ['{\n "a": "x\n}', '2:7 the text that opens here is never closed'],
    'an open brace': ['{\n"a": 1', '2:7 a closing } is expected'],
    'an open bracket': ['[1', '1:3 a closing ] is expected'],
    'an escape that is none': ['["\\x"]', '1:2 this is no escape'],
    'a control character': ['["a\tb"]', '1:2 a control character stands in this text; write it as an escape'],
    'nothing at all': ['', '1:1 there is nothing in it'],
    'blanks alone': [' \n\t', '1:1 there is nothing in it'],
    'a byte order mark': ['\ufeff{}', '1:1 it begins with a byte order mark; save it without one'],
    'a byte order mark alone': ['\ufeff', '1:1 there is nothing in it'],
    'a word that is none': ['[nul]', '1:2 texts and keys stand in double quotes'],
  };
  for (const [title, [text, expected]] of Object.entries(cases)) {
    test(title, () => {
      const fault = faultInJson(text);
      assert.ok(fault);
      assert.equal(`${fault.line}:${fault.column} ${fault.message}`, expected);
    });
  }
});

test('what is JSON has no fault', () => {
  for (const text of ['{}', 'null', ' [1, 2.5e3, "\\u00e9\\/\\ud83d", true]\r\n\t', '{"a": 1, "a": 2}', '"\u2028😀"']) {
    assert.equal(faultInJson(text), undefined, text);
  }
});

test('a text has a fault exactly when it is no JSON, and the fault quotes nothing of it', () => {
  const piece = fc.constantFrom(
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"a"',
    '1',
    'true',
    ' ',
    '\n',
    '//x',
    '"',
    '\\',
    's3cr3t',
  );
  const text = fc.array(fc.oneof(piece, anyText(2)), { maxLength: 12 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (written) => {
      let isJson = true;
      try {
        JSON.parse(written);
      } catch {
        isJson = false;
      }
      const fault = faultInJson(written);
      assert.equal(fault === undefined, isJson);
      if (fault === undefined) return;
      const lines = written.split('\n');
      assert.ok(fault.line >= 1 && fault.line <= lines.length);
      assert.ok(fault.column >= 1 && fault.column <= [...(lines[fault.line - 1] ?? '')].length + 1);
      assert.ok(!fault.message.includes('s3cr3t'));
    }),
    { numRuns: 1000 },
  );
});

test('a text that nests without end is told from one that is JSON', () => {
  assert.equal(faultInJson('['.repeat(500_000))?.message, 'the config is nested too deeply');
  assert.equal(faultInJson(`${'['.repeat(500_000)}${']'.repeat(500_000)}`), undefined);
});
