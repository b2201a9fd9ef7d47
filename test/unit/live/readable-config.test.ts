import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../src/ignition/json.ts';
import { readableConfig } from '../../../src/live/readable-config.ts';
import { anyText } from '../any-text.ts';

function base64(bytes: Buffer | string): string {
  return `data:;base64,${Buffer.from(bytes).toString('base64')}`;
}

describe('a text in a data URL stands there line by line', () => {
  const cases: readonly (readonly [resource: JsonObject, shown: JsonObject])[] = [
    [{ source: 'data:,one%0Atwo%0A' }, { 'source (text)': ['one', 'two', ''] }],
    [{ source: 'data:,one%0Atwo' }, { 'source (text)': ['one', 'two'] }],
    [{ source: 'data:,' }, { 'source (text)': [''] }],
    [{ source: base64('gr\u00fc\u00df\n') }, { 'source (text)': ['gr\u00fc\u00df', ''] }],
    [{ source: base64('\ufeffa\r\nb') }, { 'source (text)': ['\ufeffa\r', 'b'] }],
    [{ source: base64('\u001b[31m') }, { 'source (text)': ['\u001b[31m'] }],
    [
      { compression: 'gzip', source: base64(gzipSync('a\nb')) },
      { compression: 'gzip', 'source (text)': ['a', 'b'] },
    ],
    [
      { source: 'data:,a', verification: { hash: 'sha512-0' } },
      { 'source (text)': ['a'], verification: { hash: 'sha512-0' } },
    ],
    [{ contents: '[Unit]\nDescription=x\n' }, { 'contents (text)': ['[Unit]', 'Description=x', ''] }],
  ];
  for (const [resource, shown] of cases) {
    test(JSON.stringify(resource), () => {
      assert.deepEqual(readableConfig(resource), shown);
      assert.deepEqual(readableConfig({ storage: { files: [{ contents: resource }] } }), {
        storage: { files: [{ contents: shown }] },
      });
    });
  }

  test('at the place where it stood', () => {
    const shown = readableConfig({ a: 1, source: 'data:,x', z: 2 });
    assert.deepEqual(Object.keys(Object(shown)), ['a', 'source (text)', 'z']);
  });
});

describe('everything else stays as it is:', () => {
  const cases: readonly JsonValue[] = [
    null,
    7,
    'text',
    [],
    {},
    { source: null },
    { source: ['data:,x'] },
    { source: 'https://example.invalid/x' },
    { source: 'data:,%' },
    { source: base64(Buffer.from([0xff, 0xfe])) },
    { source: base64('a\u0000b') },
    { source: base64(Buffer.from([0xed, 0xa0, 0x80])) },
    { compression: 'gzip', source: base64('no gzip') },
    { compression: 'xz', source: 'data:,x' },
    { source: base64('x'.repeat(1024 * 1024 + 1)) },
    { compression: 'gzip', source: base64(gzipSync(Buffer.alloc(100 * 1024 * 1024))) },
    { contents: 'one line' },
    { contents: `\n${'x'.repeat(1024 * 1024)}` },
    { source: 'data:,x', 'source (text)': 'taken' },
    { other: 'data:,x' },
  ];
  for (const value of cases) {
    test(JSON.stringify(value).slice(0, 80), () => assert.deepEqual(readableConfig(value), value));
  }

  test('a key that objects have by themselves', () => {
    const value: JsonValue = JSON.parse('{"__proto__": {"source": "data:,x"}, "constructor": "a\\nb"}');
    assert.equal(
      JSON.stringify(readableConfig(value)),
      '{"__proto__":{"source (text)":["x"]},"constructor (text)":["a","b"]}',
    );
  });
});

test('whatever text it was can be told from what is shown, and no two texts look the same', () => {
  fc.assert(
    fc.property(anyText(20), fc.boolean(), (text, gzip) => {
      fc.pre(!text.includes('\u0000'));
      const resource = gzip ? { compression: 'gzip', source: base64(gzipSync(text)) } : { source: base64(text) };
      const shown = Object(readableConfig(resource))['source (text)'];
      assert.equal(shown.join('\n'), text);
    }),
  );
});
