import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { inlineChildren, MAX_CHILD_DEPTH, newerChildren } from '../../../src/ignition/inline-children.ts';
import type { JsonObject, JsonValue } from '../../../src/ignition/json.ts';
import { formatSpecVersion } from '../../../src/ignition/spec-version.ts';

const ACCEPTS = { major: 3, minor: 3, patch: 0 };

function resource(config: JsonValue): JsonObject {
  return { source: `data:,${encodeURIComponent(JSON.stringify(config))}` };
}

function config(version: string, references: JsonObject = {}): JsonObject {
  return { ignition: { version, config: references } };
}

/** What is too new, by the place that names it. */
function newer(outer: JsonValue): Readonly<Record<string, string>> {
  const found = newerChildren(outer, ACCEPTS).map(({ path, version }) => [path, formatSpecVersion(version)] as const);
  return Object.fromEntries(found);
}

describe('a config that another one carries is found', () => {
  const child = config('3.4.0');

  test('as one to merge, and as one to replace', () => {
    const outer = config('3.0.0', {
      merge: [{ source: 'https://example.com' }, resource(child), {}, resource(config('3.3.0'))],
      replace: resource(config('3.6.0')),
    });
    assert.deepEqual(
      inlineChildren(outer).map(({ path, content }) => `${path} ${content}`),
      [
        `$.ignition.config.merge.1 ${JSON.stringify(child)}`,
        `$.ignition.config.merge.3 ${JSON.stringify(config('3.3.0'))}`,
        `$.ignition.config.replace ${JSON.stringify(config('3.6.0'))}`,
      ],
    );
    assert.deepEqual(newer(outer), { '$.ignition.config.merge.1': '3.4.0', '$.ignition.config.replace': '3.6.0' });
  });

  test('compressed', () => {
    const source = `data:;base64,${gzipSync(JSON.stringify(child)).toString('base64')}`;
    assert.deepEqual(newer(config('3.0.0', { merge: [{ source, compression: 'gzip' }] })), {
      '$.ignition.config.merge.0': '3.4.0',
    });
  });

  test('in another one that it carries', () => {
    const middle = config('3.1.0', { replace: resource(child) });
    assert.deepEqual(newer(config('3.0.0', { merge: [resource(middle)] })), {
      '$.ignition.config.merge.0.ignition.config.replace': '3.4.0',
    });
  });

  test('to a bounded depth', () => {
    const nested = (levels: number): JsonObject => {
      if (levels === 0) return config('3.4.0');
      const source = `data:;base64,${Buffer.from(JSON.stringify(nested(levels - 1))).toString('base64')}`;
      return config('3.0.0', { replace: { source } });
    };
    assert.equal(MAX_CHILD_DEPTH, 8);
    assert.equal(Object.keys(newer(nested(MAX_CHILD_DEPTH + 1))).length, 1);
    assert.deepEqual(newer(nested(MAX_CHILD_DEPTH + 2)), {});
  });
});

test('a config is too new only for a client that reads less', () => {
  for (const [version, isNewer] of [
    ['3.3.0', false],
    ['3.2.0', false],
    ['3.4.0-experimental', true],
    ['3.4.0', true],
    ['3.10.0', true],
    ['4.0.0', true],
    ['2.3.0', false],
    ['not a version', false],
  ] as const) {
    assert.equal(
      Object.keys(newer(config('3.0.0', { merge: [resource(config(version))] }))).length,
      isNewer ? 1 : 0,
      version,
    );
  }
});

test('what is no config carries none', () => {
  const strange: readonly JsonValue[] = [
    null,
    [],
    'x',
    {},
    { ignition: null },
    { ignition: { config: [] } },
    { ignition: { config: { merge: {}, replace: 'data:,x' } } },
    { ignition: { config: { merge: [null, 'x', 5], replace: null } } },
    config('3.0.0', { merge: [{ source: 'data:,{' }, { source: 'data:,%ff' }, resource([]), resource(null)] }),
    config('3.0.0', { merge: [resource({ ignition: { version: 5 } })] }),
  ];
  for (const each of strange) assert.deepEqual(newer(each), {}, JSON.stringify(each));
});
