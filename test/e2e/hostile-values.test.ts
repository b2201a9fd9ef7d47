import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import toml from '@iarna/toml';
import { parse as parseYaml } from 'yaml';
import { embeddedContent } from '../../src/ignition/embedded-content.ts';
import type { JsonValue } from '../../src/ignition/json.ts';
import { isList, isObject } from '../../src/ignition/json.ts';
import { itemsAt } from '../support/applied-root.ts';
import { type Answer, ask, startTestService } from '../support/service.ts';
import { addToSite, writeSite } from '../support/site.ts';

/** Values that mean something to one of the languages on the way: Liquid, YAML, JSON, TOML, INI, shell, systemd, URLs. */
const HOSTILE: readonly string[] = [
  '{{ parameters }}',
  '{% raw %}',
  '{{',
  '}}',
  "'",
  '"',
  '`id`',
  '$(touch /tmp/never)',
  '$PATH',
  '%H %%',
  '; rm -rf /',
  "'; DROP TABLE machines; --",
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'yes',
  'null',
  '~',
  '0644',
  '1e3',
  '2026-01-01',
  '- item',
  'key: value',
  '# comment',
  '[section]',
  '&anchor *alias',
  '!!binary aGk=',
  '<<',
  '---',
  '...',
  '../../etc/passwd',
  '/etc/shadow',
  '<script>alert(1)</script>',
  '\\',
  '\\n\\x41\\u0041',
  ' leading and trailing ',
  'ü 🔥 \u200b \ufeff',
  '\u0085\u2028',
  'line\nbreak',
  'line\r\nbreak\ttab',
  'end\n[Service]\nExecStart=/bin/evil\n',
  'x\n- path: /etc/evil\n  contents: { inline: evil }\n',
  '"}, {"path": "/etc/evil"}',
  '\u0001\u007f',
  'a'.repeat(250),
];

/** What the filter `toml` refuses, since the library behind it would write what no parser takes. */
const TOML_REFUSES = /(?![\n\t])\p{Cc}/u;

const PROFILE = `
layers: [fragments/echo.bu.liquid, { use: fragments/each.bu.liquid, each: parameters.list }]
butane: { variant: fcos, version: 1.5.0 }
parameters:
  type: object
  properties:
    text: { type: string }
    map: { type: object }
    toml: { type: object }
    list: { type: array, items: { type: string } }
  additionalProperties: true
`;

const FRAGMENT = `
storage:
  files:
    - { path: /as/text, contents: { inline: "{{ parameters.text }}" } }
    - { path: /as/part, contents: { inline: "before {{ parameters.text }} after" } }
    - path: /as/block
      contents:
        inline: |
          first {{ parameters.text }}
          last
    - { path: /as/json, contents: { inline: "{{ parameters.map | json }}" } }
    - { path: /as/yaml, contents: { inline: "{{ parameters.map | yaml }}" } }
    - { path: /as/toml, contents: { inline: "{{ parameters.toml | toml }}" } }
    - { path: /as/base64, contents: { inline: "{{ parameters.text | base64_encode }}" } }
    - { path: /as/script, contents: { inline: "printf %s {{ parameters.text | shell_quote }}" } }
    - { path: "/as/{{ parameters.text | percent_encode }}", mode: 0600 }
    - { path: /as/label, contents: { inline: "{{ labels.say }}" } }
systemd:
  units:
    - name: "echo-{{ parameters.text | systemd_escape | slice: 0, 200 }}.service"
      contents: |
        [Service]
        ExecStart=/bin/echo {{ parameters.text | systemd_quote }}
        Restart=no
passwd:
  users:
    - name: core
      ssh_authorized_keys: ["{{ parameters.list }}"]
`;

const EACH = `storage: { files: [{ path: "/each/{{ index }}", contents: { inline: "{{ item }}" } }] }\n`;

test('Values change no structure, whatever they hold', async (t) => {
  const site = await writeSite(t, {
    'profiles/echo.yaml': PROFILE,
    'fragments/echo.bu.liquid': FRAGMENT,
    'fragments/each.bu.liquid': EACH,
  });
  const values = ['harmless', ...HOSTILE];
  await addToSite(
    site,
    Object.fromEntries(
      values.map((value, index) => {
        const map = Object.fromEntries([
          ['value', value],
          [`key ${value}`.replace(/\p{Cc}|\u2028/gu, ' '), 'k'],
        ]);
        const parameters = { text: value, map, toml: TOML_REFUSES.test(value) ? { value: '' } : map, list: [value] };
        const group = { profile: 'echo', match: { value: String(index) }, parameters };
        return [`groups/g${index}.yaml`, asYaml(group)];
      }),
    ),
  );
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  const config = async (index: number, say: string): Promise<JsonValue> =>
    configOf(await ask(service.machine, `/ignition/echo?value=${index}&say=${encodeURIComponent(say)}`));
  const harmless = structureOf(await config(0, 'harmless'));

  for (const [index, value] of values.entries()) {
    // A request carries no control characters; groups may.
    const say = /[\p{Cc}\u2028]/u.test(value) ? 'harmless' : value;
    await t.test(JSON.stringify(value), async () => {
      const got = await config(index, say);
      assert.deepEqual(structureOf(got), harmless);
      const contents = contentsOf(got);
      assert.equal(contents.get('/as/text'), value);
      assert.equal(contents.get('/as/part'), `before ${value} after`);
      assert.equal(contents.get('/as/block'), `first ${value}\nlast\n`);
      assert.equal(contents.get('/as/label'), say);
      assert.equal(contents.get('/each/0'), value);
      assert.equal(Buffer.from(contents.get('/as/base64') ?? '', 'base64').toString(), value);
      const map = JSON.parse(contents.get('/as/json') ?? '');
      assert.equal(map.value, value);
      assert.deepEqual(parseYaml(contents.get('/as/yaml') ?? ''), map);
      const table = { ...toml.parse(contents.get('/as/toml') ?? '') };
      assert.deepEqual(table, TOML_REFUSES.test(value) ? { value: '' } : map);
      assert.equal(execFileSync('/bin/sh', ['-c', contents.get('/as/script') ?? '']).toString(), value);
      assert.ok(contents.has(`/as/${percentEncode(value)}`));
      assertUnit(got, value);
    });
  }
});

const KEYS = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'length'];

test('Names that every object has are names like any other', async (t) => {
  const parameters = Object.fromEntries(KEYS.map((key) => [key, { polluted: key }]));
  const site = await writeSite(t, {
    'profiles/plain.bu': 'variant: fcos\nversion: 1.5.0\nstorage: { files: [{ path: /a }] }\n',
    'profiles/constructor.yaml':
      'layers: [fragments/keys.bu.liquid]\nparameters: { type: object, additionalProperties: { type: object } }\n',
    'fragments/keys.bu.liquid': `variant: fcos\nversion: 1.5.0\nstorage: { files: [{ path: /keys, contents: { inline: "{{ parameters | json }}" } }] }\n`,
    'groups/constructor.yaml': asYaml({ profile: 'constructor', match: { constructor: 'yes' }, parameters }),
    'profiles/keys.bu': `variant: fcos\nversion: 1.5.0\n__proto__: { polluted: true }\nconstructor: 1\n`,
  });
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  const get = (path: string, headers: Readonly<Record<string, string>> = {}) => ask(service.machine, path, { headers });
  const plain = await get('/ignition/plain');

  await t.test('as keys and values of labels', async () => {
    for (const key of KEYS) {
      for (const query of [`${key}=x`, `a=${key}`, `${key}[polluted]=x`, `${key}.polluted=x`, `a[${key}]=x`]) {
        const answer = await get(`/ignition/plain?${query}`);
        if (answer.status === 200) assert.deepEqual(answer.body, plain.body, query);
        else assert.equal(answer.status, 400, query);
      }
    }
  });

  await t.test('as parameters, in groups and in the ids of both', async () => {
    const config = configOf(await get('/ignition?constructor=yes'));
    assert.deepEqual(JSON.parse(contentsOf(config).get('/keys') ?? ''), parameters);
  });

  await t.test('as ids that do not exist', async () => {
    for (const key of KEYS.filter((each) => each !== 'constructor')) {
      assert.equal((await get(`/ignition/${key}`)).status, 404, key);
      assert.equal((await ask(service.operator, `/v1/profiles/${key}`)).status, 404, key);
      assert.equal((await ask(service.operator, `/v1/groups/${key}`)).status, 404, key);
    }
  });

  await t.test('as keys of a document, which butane does not know', async () => {
    assert.equal((await get('/ignition/keys')).status, 503);
    const { body } = await ask(service.operator, '/v1/profiles/keys/render');
    const messages = JSON.parse(body.toString()).reports.map((report: { message: string }) => report.message);
    assert.deepEqual(messages, ['unused key __proto__', 'unused key constructor']);
  });

  assert.equal(Reflect.get({}, 'polluted'), undefined);
});

test('Headers change nothing but the spec version', async (t) => {
  const site = await writeSite(t, {
    'profiles/plain.yaml': `butane: { variant: fcos, version: 1.5.0, storage: { files: [{ path: /url, contents: { inline: "{{ service.url }} {{ machine.ip }}" } }] } }\n`,
  });
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  const plain = await ask(service.machine, '/ignition/plain');
  assert.equal(contentsOf(configOf(plain)).get('/url'), 'http://boot.example:8080 127.0.0.1');
  for (const value of HOSTILE.filter((each) => /^[\x20-\x7e]+$/.test(each))) {
    for (const name of ['User-Agent', 'Accept', 'Host', 'X-Forwarded-For', 'X-Forwarded-Host', 'Cookie', 'Referer']) {
      const answer = await ask(service.machine, '/ignition/plain', { headers: { [name]: value } });
      // Node.js itself refuses a Host that could be none.
      if (name === 'Host' && answer.status === 400) continue;
      assert.deepEqual(answer.body, plain.body, `${name}: ${value}`);
    }
  }
});

/** JSON, with what YAML wants escaped. */
function asYaml(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

function percentEncode(value: string): string {
  const every = [...Buffer.from(value)].map((byte) =>
    /[A-Za-z0-9_.~-]/.test(String.fromCharCode(byte))
      ? String.fromCharCode(byte)
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
  );
  return every.join('');
}

function configOf(answer: Answer): JsonValue {
  assert.equal(answer.status, 200, answer.body.toString());
  return JSON.parse(answer.body.toString());
}

/** Everything but the values: keys, lengths of lists and kinds. */
function structureOf(value: JsonValue): unknown {
  if (isList(value)) return value.map(structureOf);
  if (!isObject(value)) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, structureOf(inner)]));
}

function contentsOf(config: JsonValue): ReadonlyMap<string, string> {
  return new Map(
    itemsAt(config, 'storage', 'files').map((file) => [
      String(file.path),
      (isObject(file.contents) ? embeddedContent(file.contents) : undefined)?.toString() ?? '',
    ]),
  );
}

/** The unit has its three lines, and the second starts one program with one argument. */
function assertUnit(config: JsonValue, value: string): void {
  const [unit] = itemsAt(config, 'systemd', 'units');
  const lines = String(unit?.contents).split('\n');
  assert.deepEqual([lines[0], lines[2], lines.length], ['[Service]', 'Restart=no', 4]);
  const quoted = /^ExecStart=\/bin\/echo "((?:[^"\\]|\\.)*)"$/.exec(lines[1] ?? '')?.[1];
  assert.ok(quoted !== undefined, lines[1]);
  const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
  const read = quoted
    .replace(/\\(.)/g, (_all, escaped: string) => escapes[escaped] ?? escaped)
    .replaceAll('%%', '%')
    .replaceAll('$$', '$');
  assert.equal(read, value);
}
