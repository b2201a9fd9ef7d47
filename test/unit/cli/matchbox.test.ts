import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { MATCHBOX_FLAGS } from '../../../src/cli/matchbox-flags.ts';
import { runCommand } from '../../support/command.ts';
import { requireProgram } from '../../support/programs.ts';
import { scratchDirectory, writeSite } from '../../support/site.ts';

/** Runs `pilotlight matchbox` without a process; only where it ends by itself. */
function run(argv: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  return runCommand(['matchbox', ...argv], { environment });
}

describe('pilotlight matchbox', () => {
  for (const argv of [['-help'], ['--help'], ['-h']]) {
    test(`${argv.join()} tells every flag with its default`, async () => {
      const { code, out, err } = await run(argv);
      assert.deepEqual([code, err], [0, '']);
      for (const { name, fallback } of MATCHBOX_FLAGS) {
        const line = out.split('\n').find((each) => each.startsWith(`  -${name} `)) ?? '';
        assert.ok(line.includes(['', 'false'].includes(fallback) ? `-${name} ` : `(default ${fallback})`), name);
      }
    });
  }

  test('-version prints it', async () => {
    assert.deepEqual(await run(['-version']), { code: 0, out: '1.2.3\n', err: '' });
  });

  test('ends with 2 for a flag that it does not know, and shows those that it does', async () => {
    const { code, out, err } = await run(['-nope']);
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, /^error: flag provided but not defined: -nope\nUsage: pilotlight matchbox \[flags\]/);
  });

  const faults: readonly (readonly [title: string, flags: readonly string[], fault: RegExp, environment?: object])[] = [
    ['no data directory', ['-data-path=/nonexistent'], /^error: -data-path: \/nonexistent is no directory\n$/],
    [
      'no folder of assets',
      ['-assets-path=/nonexistent'],
      /^error: -assets-path: \/nonexistent is no directory; .*\n$/,
    ],
    ['gRPC', ['-rpc-address=0.0.0.0:8081'], /^error: -rpc-address: the gRPC API is not served; .*\n$/],
    ['signatures', ['-key-ring-path=/k'], /^error: -key-ring-path: signatures are not made; .*\n$/],
    ['gRPC by a variable', [], /^error: MATCHBOX_RPC_ADDRESS: .*\n$/, { MATCHBOX_RPC_ADDRESS: ':8081' }],
    ['an address of a variable', [], /^error: MATCHBOX_ADDRESS: must be HOST:PORT, .*\n$/, { MATCHBOX_ADDRESS: '1' }],
    ['a flag that goes before its variable', ['-address=1'], /^error: -address: .*\n$/, { MATCHBOX_ADDRESS: ':80' }],
    ['an address that is none', ['-address=8080'], /^error: -address: must be HOST:PORT, .*\n$/],
    ['a level that is none', ['-log-level=loud'], /^error: -log-level: must be one of panic, .*, warning, .*\n$/],
    [
      'a setting of our own that is wrong',
      [],
      /^error: PILOTLIGHT_OPERATOR_LISTEN: .*\n$/,
      { PILOTLIGHT_OPERATOR_LISTEN: '1' },
    ],
    [
      'several',
      ['-address=1', '-rpc-address=:1', '-key-ring-path=/k'],
      /^(?:error: -(?:rpc-address|key-ring-path|address): .*\n){3}$/,
    ],
  ];
  for (const [title, flags, fault, environment = {}] of faults) {
    test(`ends with 1 and one clear line for ${title}`, async (t) => {
      const site = await writeSite(t, {});
      const { code, out, err } = await run([`-data-path=${site}`, `-assets-path=`, ...flags], { ...environment });
      assert.deepEqual([code, out], [1, '']);
      assert.match(err, fault);
    });
  }

  test('takes nothing about TLS from variables of our own, since matchbox has flags for it', async (t) => {
    const flags = [`-data-path=${await writeSite(t, {})}`, '-assets-path=', '-address=192.0.2.1:8080'];
    const { code, err } = await run(flags, {
      PILOTLIGHT_TLS_CERT: '/nonexistent/c',
      PILOTLIGHT_LOG_FORMAT: 'pretty',
      PILOTLIGHT_OPERATOR_LISTEN: '127.0.0.1:0',
      PILOTLIGHT_STATE_DIR: await scratchDirectory(t),
    });
    assert.equal(code, 1);
    assert.match(err, /^error: cannot listen on 192\.0\.2\.1:8080: /);
  });

  test('ends with 1 for certificates that are missing, or are none', async (t) => {
    const site = await writeSite(t, { 'c.crt': 'no certificate', 'c.key': 'no key' });
    const flags = [`-data-path=${site}`, '-assets-path=', '-web-ssl', '-address=127.0.0.1:0'];
    const environment = { PILOTLIGHT_LOG_FORMAT: 'pretty', PILOTLIGHT_STATE_DIR: await scratchDirectory(t) };
    const missing = await run([...flags, '-web-cert-file=/nonexistent/c', '-web-key-file=/nonexistent/k'], environment);
    assert.equal(missing.code, 1);
    assert.match(missing.err, /^error: the file \/nonexistent\/[ck] cannot be read: .*\n$/);
    const named = [`-web-cert-file=${join(site, 'c.crt')}`, `-web-key-file=${join(site, 'c.key')}`];
    const bad = await run([...flags, ...named], environment);
    assert.equal(bad.code, 1);
    assert.match(
      bad.err,
      /^error: .*c\.crt holds no certificate in PEM; it begins with -----BEGIN CERTIFICATE-----\n$/,
    );
  });
});

describe('of a data directory of matchbox', () => {
  const files = {
    'groups/all.json': '{"profile":"p"}',
    'groups/node1.json': '{"profile":"p",\n"selector":{"mac":"52:54:00:a1:9c:ae",}}',
    'profiles/p.json': '{"id":"p","boot":{"kernel":"/k","initrd":["/i"],"args":["a=b"]}}',
    'profiles/none.json': '{"id":"none"}',
  };

  test('explain tells which groups are left out, since the machine may be meant by one', async (t) => {
    const site = await writeSite(t, files);
    const { code, out, err } = await runCommand(['explain', '--site', site, '--mac', '52:54:00:a1:9c:ae']);
    assert.equal(code, 0);
    assert.match(out, /^profile: p \(group all\)$/m);
    assert.match(
      err,
      /^error: this is no JSON: no comma may stand before what closes\n {2}--> groups\/node1\.json:2:38\n/,
    );
    assert.match(err, /^note: groups\/node1\.json is left out, since it does not parse$/m);
  });

  const scripts: readonly (readonly [loader: string, beginning: string])[] = [
    ['ipxe', '#!ipxe\nkernel /k a=b\ninitrd /i\nboot\n'],
    ['grub', 'default=0\n'],
  ];
  for (const [loader, beginning] of scripts) {
    test(`boot prints what the service gives ${loader}`, async (t) => {
      const butane = requireProgram(t, 'butane');
      if (butane === undefined) return;
      const site = await writeSite(t, { ...files, 'groups/node1.json': '{"profile":"none","selector":{"a":"1"}}' });
      const flags = ['boot', '--site', site, '--butane', butane, '--format', loader];
      const { code, out, err } = await runCommand(flags);
      assert.deepEqual([code, err], [0, '']);
      assert.equal(out.slice(0, beginning.length), beginning);
      const none = await runCommand([...flags, '--label', 'a=1']);
      assert.deepEqual([none.code, none.out, none.err], [1, '', 'error: the profile none has no boot\n']);
    });
  }
});
