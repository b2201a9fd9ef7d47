import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Contribution } from '../../../../src/feature/feature.ts';
import { renderDocuments } from '../../../../src/feature/shared/documents.ts';
import { findExtensionList, renderExtensionList } from '../../../../src/feature/shared/extension-list.ts';
import { renderKernelModules } from '../../../../src/feature/shared/kernel-modules.ts';
import { expandBlocks, partsOf } from '../../../support/features.ts';
import { parseLayer } from '../../../support/nodes.ts';

/** Where the contribution of the nth feature stands. */
function at(line: number) {
  return { file: 'profiles/a.yaml', line, column: 3 };
}

function named(kind: 'extension' | 'kernel-module', ...names: readonly string[]): readonly Contribution[] {
  return names.map((name, index) => ({ kind, name, origin: at(index + 1) }));
}

function document(line: number, value: Readonly<Record<string, unknown>>, path = '/etc/a.json'): Contribution {
  return { kind: 'document', path, format: path.endsWith('.toml') ? 'toml' : 'json', value, origin: at(line) };
}

/** Files by their paths, with their text and the line of their origin. */
function filesOf(parts: ReturnType<typeof renderExtensionList>): Readonly<Record<string, readonly [string, number]>> {
  return Object.fromEntries(
    parts.map(({ value, origin }) => {
      const { path, contents } = Object(value);
      return [path, [contents.inline, origin.line]];
    }),
  );
}

describe('the list of extensions', () => {
  test('has each name once, in order', () => {
    assert.deepEqual(filesOf(renderExtensionList(named('extension', 'zfs', 'overlaybd', 'zfs', 'podman'))), {
      '/etc/flatcar/enabled-sysext.conf': ['overlaybd\npodman\nzfs\n', 1],
    });
  });

  test('is not written when nobody wants an extension', () => {
    assert.deepEqual(renderExtensionList(named('kernel-module', 'zfs')), []);
  });

  test('is read without comments and empty lines', () => {
    const list = (contents: string) =>
      findExtensionList(
        parseLayer(`storage: { files: [{ path: /etc/flatcar/enabled-sysext.conf, contents: ${contents} }] }`),
      )?.names;
    assert.deepEqual(list('{ inline: "# all\\n\\nzfs # data\\n -docker-flatcar\\n" }'), ['zfs', '-docker-flatcar']);
    assert.equal(list('{ local: list }'), undefined);
    assert.equal(findExtensionList(parseLayer('storage: { files: [{ path: /a }] }')), undefined);
  });
});

describe('kernel modules', () => {
  test('are loaded by one file, each once', () => {
    assert.deepEqual(filesOf(renderKernelModules(named('kernel-module', 'uio', 'tcm_loop', 'uio'))), {
      '/etc/modules-load.d/pilotlight.conf': ['tcm_loop\nuio\n', 1],
    });
    assert.deepEqual(renderKernelModules(named('extension', 'zfs')), []);
  });

  test('come from features', () => {
    const { files } = partsOf(expandBlocks('overlaybd: {}\nsysext: { enable: [zfs] }'));
    assert.equal(files['/etc/modules-load.d/pilotlight.conf'], 'target_core_user\ntcm_loop\n');
  });
});

describe('documents of several features', () => {
  test('are united key by key', () => {
    const { fragment, diagnostics } = renderDocuments([
      document(1, { a: { x: 1 }, list: [1, 2] }),
      document(2, { a: { y: 2 }, list: [1, 2], b: true }),
    ]);
    assert.deepEqual(diagnostics, []);
    const [[text = '', line] = []] = Object.values(filesOf(fragment));
    assert.deepEqual(JSON.parse(text), { a: { x: 1, y: 2 }, list: [1, 2], b: true });
    assert.equal(line, 1);
  });

  test('are written in their format', () => {
    const { fragment } = renderDocuments([document(1, { a: { x: 1 } }, '/etc/b.toml'), document(2, { c: 1 })]);
    const files = filesOf(fragment);
    assert.match(files['/etc/b.toml']?.[0] ?? '', /^\[a\]\nx = 1$/m);
    assert.equal(files['/etc/a.json']?.[0], '{\n  "c": 1\n}\n');
  });

  test('conflict where two want different values, and the second is told', () => {
    const cases: readonly (readonly [Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>, string])[] =
      [
        [{ a: 1 }, { a: 2 }, 'a'],
        [{ a: { b: { c: 1 } } }, { a: { b: { c: '1' } } }, 'a.b.c'],
        [{ a: [1] }, { a: [1, 2] }, 'a'],
        [{ a: {} }, { a: 1 }, 'a'],
      ];
    for (const [first, second, key] of cases) {
      assert.deepEqual(renderDocuments([document(1, first), document(2, second)]).diagnostics, [
        {
          severity: 'error',
          code: 'feature',
          message: `two features want different values of \`${key}\` in /etc/a.json`,
          origin: at(2),
          hint: 'change one of the two blocks',
        },
      ]);
    }
  });

  test('may have keys that objects have by themselves', () => {
    const { fragment, diagnostics } = renderDocuments([document(1, {}), document(2, { constructor: 1, toString: 2 })]);
    assert.deepEqual(diagnostics, []);
    assert.match(Object.values(filesOf(fragment))[0]?.[0] ?? '', /"constructor": 1/);
  });
});
