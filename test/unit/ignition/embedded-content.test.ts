import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { embeddedContent } from '../../../src/ignition/embedded-content.ts';
import type { JsonObject } from '../../../src/ignition/json.ts';
import { anyText } from '../any-text.ts';

function contentOf(resource: JsonObject): string | undefined {
  return embeddedContent(resource)?.toString('latin1');
}

function base64(bytes: Buffer): string {
  return `data:;base64,${bytes.toString('base64')}`;
}

describe('a data URL is decoded:', () => {
  const cases: Readonly<Record<string, string>> = {
    'data:,': '',
    'data:,hello': 'hello',
    'data:,a%20b%2Cc,d': 'a b,c,d',
    'data:,a+b': 'a+b',
    'data:,%ff%00%C3%A9': '\u00ff\u0000\u00c3\u00a9',
    'data:,a%0Ab': 'a\nb',
    'data:,a\nb': 'a\nb',
    'data:text/plain,x': 'x',
    'data:text/plain;charset=utf-8,x': 'x',
    'data:;base64,': '',
    'data:;base64,aGk=': 'hi',
    'data:;base64,aGk': 'hi',
    'data:;base64,aGk%3D': 'hi',
    'data:text/plain;charset=utf-8;base64,aGk=': 'hi',
    'data:;base64;x=y,aGk=': 'aGk=',
    'data:,base64,aGk=': 'base64,aGk=',
  };
  for (const [source, content] of Object.entries(cases)) {
    test(JSON.stringify(source), () => assert.equal(contentOf({ source }), content));
  }

  test('any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        const percent = [...buffer].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
        assert.deepEqual(embeddedContent({ source: `data:,${percent}` }), buffer);
        assert.deepEqual(embeddedContent({ source: base64(buffer) }), buffer);
        assert.deepEqual(embeddedContent({ source: base64(gzipSync(buffer)), compression: 'gzip' }), buffer);
      }),
    );
  });

  test('any text', () => {
    fc.assert(
      fc.property(anyText(20), (text) => {
        assert.equal(embeddedContent({ source: `data:,${encodeURIComponent(text)}` })?.toString('utf8'), text);
      }),
    );
  });
});

describe('a resource has no content of its own', () => {
  const cases: Readonly<Record<string, JsonObject>> = {
    'when it points elsewhere': { source: 'https://example.com/x' },
    'when its source is null': { source: null },
    'when it has no source': {},
    'when its source is no text': { source: ['data:,x'] },
    'in a data URL without a comma': { source: 'data:text/plain' },
    'in a broken escape': { source: 'data:,100%' },
    'in an escape that is none': { source: 'data:,%zz' },
    'in base64 that is none': { source: 'data:;base64,a*b=' },
    'in base64 with a line break': { source: 'data:;base64,aG\nk=' },
    'in gzip that is none': { source: 'data:,x', compression: 'gzip' },
    'in gzip that ends early': { source: base64(gzipSync('hello').subarray(0, 15)), compression: 'gzip' },
    'in another compression': { source: base64(deflateSync('x')), compression: 'deflate' },
  };
  for (const [title, resource] of Object.entries(cases))
    test(title, () => assert.equal(contentOf(resource), undefined));
});

test('no compression is none, whether it is said or not', () => {
  for (const compression of [undefined, null, '']) {
    assert.equal(contentOf({ source: 'data:,x', ...(compression === undefined ? {} : { compression }) }), 'x');
  }
});

test('gzip is only unpacked where it is said', () => {
  const packed = gzipSync('hello');
  assert.equal(contentOf({ source: base64(packed), compression: 'gzip' }), 'hello');
  assert.deepEqual(embeddedContent({ source: base64(packed) }), packed);
});

test('a few kilobytes that unpack to gigabytes are not unpacked', () => {
  const packed = gzipSync(Buffer.alloc(70 * 1024 * 1024));
  assert.ok(packed.length < 100_000);
  assert.equal(embeddedContent({ source: base64(packed), compression: 'gzip' }), undefined);
});
