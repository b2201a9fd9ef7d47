import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import type { DefinitionKind } from '../../../src/site/definition.ts';
import { editorSchemas } from '../../../src/site/editor-schema.ts';

const ajv = new Ajv({ strict: true, allowUnionTypes: true, strictTypes: false, strictRequired: false });
const schemas = editorSchemas();

function fits(kind: DefinitionKind, text: string): boolean {
  const validate = ajv.getSchema(kind) ?? ajv.addSchema(schemas[kind], kind).getSchema(kind);
  assert.ok(validate !== undefined);
  return validate(parse(text)) === true;
}

/** Sites whose definitions pilotlight takes. */
const SITES = ['examples/site', ...goldenSites()];

function goldenSites(): readonly string[] {
  return readdirSync('test/golden', { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join('test/golden', name))
    .filter((folder) => existsSync(join(folder, 'expected.json')))
    .filter((folder) => JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8')).code === 'ok')
    .map((folder) => join(folder, 'site'));
}

function definitionsOf(site: string): readonly (readonly [DefinitionKind, string])[] {
  const files = readdirSync(site, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'));
  return files.flatMap((name): readonly (readonly [DefinitionKind, string])[] => {
    if (name === 'site.yaml') return [['site', join(site, name)]];
    if (name.startsWith('profiles/')) return [['profile', join(site, name)]];
    return name.startsWith('groups/') ? [['group', join(site, name)]] : [];
  });
}

test('editors take every definition that pilotlight takes', () => {
  const definitions = SITES.flatMap(definitionsOf);
  assert.ok(definitions.length > 10);
  const refused = definitions.filter(([kind, file]) => !fits(kind, readFileSync(file, 'utf8')));
  assert.deepEqual(refused, []);
});

test('editors take what adopt prints', () => {
  const profiles = readdirSync('test/golden/adopt').map((name) => join('test/golden/adopt', name, 'profile.yaml'));
  assert.deepEqual(
    profiles.filter((file) => !fits('profile', readFileSync(file, 'utf8'))),
    [],
  );
});

describe('to an editor, a block of a profile', () => {
  const profile = (block: string) => fits('profile', `features: { ${block} }`);

  test('may be there without a value', () => {
    assert.ok(profile('overlaybd: null, sysext: , update: {}'));
  });

  test('has the keys of its feature', () => {
    assert.ok(profile('update: { reboot: off, window: { start: Thu 04:00, length: 1h } }'));
    assert.ok(!profile('update: { rebot: off }'));
    assert.ok(!profile('update: { reboot: never }'));
    assert.ok(!profile('update: { window: { start: "04:00" } }'));
    assert.ok(!profile('sysext: { bakery: [{ name: a }] }'));
    assert.ok(!profile('updates: {}'));
  });

  test('may have a template wherever it has a value', () => {
    assert.ok(profile('update: { reboot: "{{ parameters.reboot }}", window: "{{ parameters.window }}" }'));
    assert.ok(profile('sysext: { enable: ["{{ parameters.extensions }}"], disable: "{{ parameters.disable }}" }'));
    assert.ok(
      profile('sysext: { bakery: [{ name: a, version: "{{ parameters.v }}", update: "{{ parameters.u }}" }] }'),
    );
    assert.ok(profile('update: { group: "{% if parameters.beta %}beta{% else %}stable{% endif %}" }'));
    assert.ok(profile('overlaybd: { backstore: { ioEngine: "{{ parameters.engine }}" } }'));
    assert.ok(!profile('overlaybd: { backstore: { ioEngine: three } }'));
  });
});

test('to an editor, a label may look like a number', () => {
  assert.ok(fits('group', 'match: { rack: 07, on: true, mac: [52:54:00:a1:9c:ae, 7] }'));
  assert.ok(!fits('group', 'match: { rack: {} }'));
});
