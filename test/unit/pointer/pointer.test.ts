import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ProvisioningError } from '../../../src/errors.ts';
import { compareSpecVersions, parseSpecVersion } from '../../../src/ignition/spec-version.ts';
import { readHttpTotal } from '../../../src/pointer/http-total.ts';
import type { PointerParts } from '../../../src/pointer/pointer.ts';
import { makePointer, specVersionOf } from '../../../src/pointer/pointer.ts';
import { remarksOn } from '../../../src/pointer/target.ts';
import { anyParts, BARE, FULL } from './parts.ts';

const spec = (text: string) => {
  const version = parseSpecVersion(text);
  assert.ok(version !== undefined);
  return version;
};

/** Each option of a pointer, and the pointer without it. */
const WITHOUT: Readonly<Record<string, (parts: PointerParts) => PointerParts>> = {
  pin: ({ pin: _, ...rest }) => rest,
  authorities: (parts) => ({ ...parts, authorities: [] }),
  headers: (parts) => ({ ...parts, headers: [] }),
  'one header': (parts) => ({ ...parts, headers: parts.headers.slice(1) }),
  merge: (parts) => ({ ...parts, following: 'replace' }),
};

describe('a pointer', () => {
  test('of nothing but a URL reads the oldest spec', () => {
    assert.deepEqual(makePointer(BARE).config, {
      ignition: {
        version: '3.0.0',
        config: { replace: { source: BARE.url } },
        timeouts: { httpTotal: 600 },
      },
    });
  });

  test('needs 3.1.0 for headers and for nothing else', () => {
    const { headers: _, ...rest } = FULL;
    assert.equal(makePointer(FULL).config.ignition && specVersionOf(FULL).minor, 1);
    assert.equal(specVersionOf({ ...rest, headers: [], following: 'merge' }).minor, 0);
  });

  test('never needs a newer spec when something is left out', () => {
    fc.assert(
      fc.property(anyParts, fc.constantFrom(...Object.keys(WITHOUT)), (parts, option) => {
        const less = WITHOUT[option]?.(parts) ?? parts;
        assert.ok(compareSpecVersions(specVersionOf(less), specVersionOf(parts)) <= 0);
      }),
    );
  });

  test('says the version that it needs, and is refused to whoever reads none that new', () => {
    fc.assert(
      fc.property(anyParts, fc.constantFrom('3.0.0', '3.1.0', '3.6.0'), (parts, text) => {
        const needed = specVersionOf(parts);
        if (compareSpecVersions(needed, spec(text)) <= 0) {
          assert.deepEqual(makePointer(parts, spec(text)), makePointer(parts));
          return;
        }
        assert.throws(
          () => makePointer(parts, spec(text)),
          (error) =>
            error instanceof ProvisioningError &&
            error.code === 'spec-not-acceptable' &&
            /up to 3\.0\.0, and the pointer needs 3\.1\.0 for ignition\.config\.\*\.httpHeaders$/.test(error.message),
        );
      }),
    );
  });

  test('merges where that is asked for', () => {
    const { ignition } = makePointer({ ...BARE, following: 'merge' }).config;
    assert.deepEqual(ignition, {
      version: '3.0.0',
      config: { merge: [{ source: BARE.url }] },
      timeouts: { httpTotal: 600 },
    });
  });

  test('for ever says so, instead of leaving the time out', () => {
    assert.deepEqual(
      JSON.parse(JSON.stringify(makePointer({ ...BARE, httpTotalSeconds: 0 }).config)).ignition.timeouts,
      {
        httpTotal: 0,
      },
    );
  });
});

describe('the time for which a machine tries', () => {
  test('is ten minutes unless told otherwise, and 0 is for ever', () => {
    assert.deepEqual(
      [undefined, '0', '1', '86400'].map((text) => readHttpTotal(text, '--http-total')),
      [600, 0, 1, 86_400],
    );
  });

  for (const text of ['', '-1', '1.5', '86401', '1e3', 'forever', ' 1']) {
    test(`is not ${JSON.stringify(text)}`, () => {
      assert.throws(() => readHttpTotal(text, '--http-total'), /--http-total must be whole seconds from 1 to 86400/);
    });
  }
});

describe('remarks', () => {
  const plain = { ...BARE, url: 'http://boot.example/ignition/worker' };
  const cases: readonly (readonly [title: string, parts: PointerParts, remarks: readonly RegExp[]])[] = [
    ['a pointer over https needs none', BARE, []],
    ['a config over http can be exchanged', plain, [/exchange the config/]],
    ['unless it is pinned', { ...plain, pin: { sha512: 'a', specVersion: '3.4.0' } }, [/pinned .* at spec 3\.4\.0/]],
    ['headers over http can be read', { ...plain, headers: FULL.headers }, [/can read them/, /exchange/]],
    ['authorities over http are of no use', { ...plain, authorities: FULL.authorities }, [/exchange/, /of no use/]],
    ['headers stay after a merge', { ...BARE, headers: FULL.headers, following: 'merge' }, [/\/run\/ignition\.json/]],
    ['for ever is long', { ...BARE, httpTotalSeconds: 0 }, [/for ever/]],
    ['loopback leads nowhere', { ...BARE, url: 'https://127.0.0.1:8080/ignition/x' }, [/is the machine itself/]],
  ];
  for (const [title, parts, expected] of cases) {
    test(title, () => {
      const remarks = remarksOn(parts);
      assert.equal(remarks.length, expected.length, remarks.join('\n'));
      for (const [index, pattern] of expected.entries()) assert.match(remarks[index] ?? '', pattern);
      assert.ok(!remarks.join().includes('correct-horse'));
    });
  }
});
