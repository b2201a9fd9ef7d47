import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { MATCHBOX_FLAGS, type MatchboxFlagName, readMatchboxFlags } from '../../../src/cli/matchbox-flags.ts';

type Values = Partial<Readonly<Record<MatchboxFlagName, string>>>;

const DEFAULTS = Object.fromEntries(MATCHBOX_FLAGS.map(({ name, fallback }) => [name, fallback]));

test('the defaults are those of matchbox', () => {
  assert.deepEqual(readMatchboxFlags([], {}), {
    ok: true,
    values: {
      address: '127.0.0.1:8080',
      'rpc-address': '',
      'data-path': '/var/lib/matchbox',
      'assets-path': '/var/lib/matchbox/assets',
      'log-level': 'info',
      'cert-file': '/etc/matchbox/server.crt',
      'key-file': '/etc/matchbox/server.key',
      'ca-file': '/etc/matchbox/ca.crt',
      'web-ssl': 'false',
      'web-cert-file': '/etc/matchbox/ssl/server.crt',
      'web-key-file': '/etc/matchbox/ssl/server.key',
      'key-ring-path': '',
      version: 'false',
      help: 'false',
    },
  });
});

describe('flags and variables that are read:', () => {
  const cases: readonly (readonly [
    title: string,
    argv: readonly string[],
    environment: Readonly<Record<string, string>>,
    values: Values,
  ])[] = [
    ['one dash and an equals sign', ['-address=:8080'], {}, { address: ':8080' }],
    ['two dashes and an equals sign', ['--address=:8080'], {}, { address: ':8080' }],
    ['one dash and another argument', ['-address', ':8080'], {}, { address: ':8080' }],
    [
      'two dashes and another argument',
      ['--data-path', '/d', '--assets-path', '/a'],
      {},
      { 'data-path': '/d', 'assets-path': '/a' },
    ],
    ['a value that looks like a flag', ['-data-path', '-x'], {}, { 'data-path': '-x' }],
    ['a value with an equals sign', ['-data-path=/a=b'], {}, { 'data-path': '/a=b' }],
    ['an empty value', ['-assets-path='], {}, { 'assets-path': '' }],
    ['an empty value as an argument', ['-assets-path', ''], {}, { 'assets-path': '' }],
    ['the last of repeated ones', ['-address=a:1', '-address=b:2'], {}, { address: 'b:2' }],
    ['a boolean by its name', ['-web-ssl', '-address=:1'], {}, { 'web-ssl': 'true', address: ':1' }],
    ...['1', 't', 'T', 'TRUE', 'true', 'True'].map(
      (text) => [`${text} is true`, [`-web-ssl=${text}`], {}, { 'web-ssl': 'true' }] as const,
    ),
    ...['0', 'f', 'F', 'FALSE', 'false', 'False'].map(
      (text) => [`${text} is false`, [`--web-ssl=${text}`], {}, { 'web-ssl': 'false' }] as const,
    ),
    ['-h is help', ['-h'], {}, { help: 'true' }],
    [
      'a variable',
      [],
      { MATCHBOX_DATA_PATH: '/d', MATCHBOX_WEB_SSL: 'true' },
      { 'data-path': '/d', 'web-ssl': 'true' },
    ],
    ['a flag goes before its variable', ['-data-path=/f'], { MATCHBOX_DATA_PATH: '/d' }, { 'data-path': '/f' }],
    ['also an empty one', ['-assets-path='], { MATCHBOX_ASSETS_PATH: '/a' }, { 'assets-path': '' }],
    ['an empty variable is none', [], { MATCHBOX_ASSETS_PATH: '', MATCHBOX_ADDRESS: '' }, {}],
    ['a variable that nobody knows is ignored', [], { MATCHBOX_FOO: 'x', MATCHBOX_PASSPHRASE: 'p' }, {}],
    ['variables in small letters are others', [], { matchbox_address: ':1' }, {}],
  ];
  for (const [title, argv, environment, values] of cases) {
    test(title, () =>
      assert.deepEqual(readMatchboxFlags(argv, environment), { ok: true, values: { ...DEFAULTS, ...values } }),
    );
  }
  for (const { name } of MATCHBOX_FLAGS) {
    if (name === 'help' || name === 'version') continue;
    test(`MATCHBOX_${name.toUpperCase().replaceAll('-', '_')}`, () => {
      const variable = `MATCHBOX_${name.toUpperCase().replaceAll('-', '_')}`;
      const read = readMatchboxFlags([], { [variable]: 'true' });
      assert.equal(read.ok && read.values[name], 'true');
    });
  }
});

describe('wrong usage:', () => {
  const cases: readonly (readonly [
    argv: readonly string[],
    fault: string,
    environment?: Readonly<Record<string, string>>,
  ])[] = [
    [['-nope'], 'flag provided but not defined: -nope'],
    [['--nope=1'], 'flag provided but not defined: -nope'],
    [['-Address=:1'], 'flag provided but not defined: -Address; did you mean -address?'],
    [['-config', '/etc'], 'flag provided but not defined: -config'],
    [['-address'], 'flag needs an argument: -address'],
    [['-adress=:1'], 'flag provided but not defined: -adress; did you mean -address?'],
    [['-web-ssl=yes'], '-web-ssl: yes is neither true nor false'],
    [['-web-ssl', 'false'], 'false: matchbox takes flags only'],
    [['serve'], 'serve: matchbox takes flags only'],
    [['-'], '-: matchbox takes flags only'],
    [['--'], '--: matchbox takes flags only'],
    [['---address=:1'], '---address=:1: matchbox takes flags only'],
    [['-=x'], '-=x: matchbox takes flags only'],
    [[''], ': matchbox takes flags only'],
    [[], 'MATCHBOX_WEB_SSL: maybe is neither true nor false', { MATCHBOX_WEB_SSL: 'maybe' }],
  ];
  for (const [argv, fault, environment = {}] of cases) {
    test(`${JSON.stringify(argv)} ${JSON.stringify(environment)}`, () => {
      assert.deepEqual(readMatchboxFlags(argv, environment), { ok: false, fault });
    });
  }
});
