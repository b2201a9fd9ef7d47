import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { compose } from '../../../src/fragment/compose.ts';
import { child } from '../../../src/fragment/node.ts';
import { fileTree, parseLayer, toPlain } from '../../support/nodes.ts';

const FILES = fileTree({ one: 'key-a\r\n\r\nkey-b\n', tree: null, 'tree/x': 'x' });

function composed(...texts: readonly string[]) {
  return compose(
    texts.map((text, index) => parseLayer(text, `${index}.bu`)),
    { files: FILES },
  );
}

function plain(...texts: readonly string[]): unknown {
  const { value, diagnostics } = composed(...texts);
  assert.deepEqual(diagnostics, []);
  assert.ok(value);
  return toPlain(value);
}

describe('one layer', () => {
  test('comes back as it is', () => {
    const layer = parseLayer('version: 1.5.0\nvariant: fcos\nstorage: { trees: [{ local: tree }] }\nx: ~\n');
    assert.equal(compose([layer], { files: FILES }).value, layer);
  });

  test('keeps a version that butane alone can judge', () => {
    assert.deepEqual(plain('variant: fcos\nversion: 1.5'), { variant: 'fcos', version: '1.5' });
  });

  test('must name its variant and version', () => {
    const { value, diagnostics } = composed('storage: {}');
    assert.equal(value, undefined);
    assert.deepEqual(
      diagnostics.map(({ code, message, origin }) => [code, message, origin?.line]),
      [
        ['variant', 'the document names no variant', 1],
        ['variant', 'the document names no version', 1],
      ],
    );
  });

  test('must not define a resource twice', () => {
    const { value, diagnostics } = composed(
      'variant: fcos\nversion: 1.5.0\nstorage:\n  links:\n    - path: /a\n  files:\n    - path: /a\n',
    );
    assert.equal(value, undefined);
    assert.deepEqual(
      diagnostics.map(({ message, origin }) => [message, origin?.line]),
      [['the path `/a` is defined twice in one layer, first in line 5', 7]],
    );
  });
});

test('no layers compose to nothing, with the reason', () => {
  const { value, diagnostics } = compose([], { files: FILES });
  assert.equal(value, undefined);
  assert.equal(diagnostics[0]?.code, 'variant');
});

describe('variant and version', () => {
  const versions: Readonly<Record<string, { readonly layers: readonly string[]; readonly version: string }>> = {
    'layers without them take those of the others': {
      layers: ['a: 1', 'variant: fcos\nversion: 1.5.0'],
      version: '1.5.0',
    },
    'one layer may name the variant and another the version': {
      layers: ['variant: fcos', 'version: 1.4.0'],
      version: '1.4.0',
    },
    'the newest version wins, first': {
      layers: ['variant: fcos\nversion: 1.10.0', 'variant: fcos\nversion: 1.9.0'],
      version: '1.10.0',
    },
    'the newest version wins, last': {
      layers: ['variant: fcos\nversion: 1.5.0', 'version: "1.7.0"', 'version: 1.6.0'],
      version: '1.7.0',
    },
    'an experimental version is older than its release': {
      layers: ['variant: fcos\nversion: 1.8.0', 'version: 1.8.0-experimental'],
      version: '1.8.0',
    },
    'an experimental version is newer than the release before it': {
      layers: ['variant: fcos\nversion: 1.8.0-experimental', 'version: 1.7.0'],
      version: '1.8.0-experimental',
    },
    'a version that is null is none': {
      layers: ['variant: fcos\nversion: 1.5.0', 'variant: ~\nversion:'],
      version: '1.5.0',
    },
  };
  for (const [title, { layers, version }] of Object.entries(versions)) {
    test(title, () => {
      const { value, diagnostics } = composed(...layers);
      assert.deepEqual(diagnostics, []);
      assert.ok(value);
      assert.deepEqual(Object(toPlain(value)).variant, 'fcos');
      assert.deepEqual(Object(toPlain(value)).version, version);
    });
  }

  test('the version points at the layer that wrote it', () => {
    const { value } = composed('variant: fcos\nversion: 1.7.0', 'version: 1.5.0');
    assert.equal(child(value, 'version')?.origin.file, '0.bu');
  });

  test('two variants are an error at the second', () => {
    const { value, diagnostics } = composed(
      'variant: fcos\nversion: 1.5.0',
      'a: 1',
      'version: 1.1.0\nvariant: flatcar',
    );
    assert.equal(value, undefined);
    assert.deepEqual(diagnostics, [
      {
        severity: 'error',
        code: 'variant',
        message: 'variant `flatcar` cannot be composed with `fcos` of 0.bu, line 1',
        origin: { file: '2.bu', line: 2, column: 10 },
        hint: 'layers of one profile must be of one variant; a layer without variant takes that of the others',
      },
    ]);
  });

  test('a version that cannot be compared is an error where it stands', () => {
    const { diagnostics } = composed('variant: fcos\nversion: 1.5.0', 'version: latest');
    assert.deepEqual(
      diagnostics.map(({ message, origin }) => [message, origin?.file]),
      [['`latest` is no version', '1.bu']],
    );
  });

  test('a variant that is no text is an error', () => {
    const { diagnostics } = composed('variant: [fcos]\nversion: 1.5.0', 'variant: fcos');
    assert.deepEqual(
      diagnostics.map(({ message }) => message),
      ['`variant` must be a text'],
    );
  });

  test('that no layer names one is said once, with what to write', () => {
    const { diagnostics } = composed('variant: fcos', 'a: 1');
    assert.deepEqual(diagnostics, [
      {
        severity: 'error',
        code: 'variant',
        message: 'no layer names its version',
        origin: { file: '0.bu', line: 1, column: 1 },
        hint: 'write `version:` with a version of the variant',
      },
    ]);
  });
});

describe('key files', () => {
  const user = (rest: string) => `variant: fcos\nversion: 1.5.0\npasswd: { users: [{ name: core, ${rest} }] }`;
  const passwd = (...texts: readonly string[]) => Object(plain(...texts)).passwd.users[0];

  test('a key that two layers give is written once', () => {
    assert.deepEqual(
      passwd(user('ssh_authorized_keys: [key-c, key-b]'), user('ssh_authorized_keys_local: [one, missing]')),
      { name: 'core', ssh_authorized_keys: ['key-c', 'key-b', 'key-a'], ssh_authorized_keys_local: ['missing'] },
    );
  });

  test('key files that share nothing with another layer stay', () => {
    assert.deepEqual(passwd(user('ssh_authorized_keys: [key-c]'), user('ssh_authorized_keys_local: [one]')), {
      name: 'core',
      ssh_authorized_keys: ['key-c'],
      ssh_authorized_keys_local: ['one'],
    });
  });
});
