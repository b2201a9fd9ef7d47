import assert from 'node:assert/strict';
import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { EXIT } from '../../../src/cli/exit.ts';
import { type CommandOutcome, runCommand } from '../../support/command.ts';
import { requireProgram } from '../../support/programs.ts';
import { butaneProfile, scratchDirectory, writeSite } from '../../support/site.ts';

const COMMANDS = ['serve', 'render', 'lint', 'explain', 'pointer', 'adopt', 'assets', 'openapi'];

test('the exit codes are those of the reference', () => assert.deepEqual(EXIT, { fine: 0, faults: 1, usage: 2 }));

describe('help and version go to standard output and are fine:', () => {
  for (const argv of [['--help'], ['-h'], ...COMMANDS.map((command) => [command, '--help'])]) {
    test(argv.join(' '), async () => {
      const { code, out, err } = await runCommand(argv);
      assert.deepEqual([code, err], [0, '']);
      assert.match(out, /^Usage: pilotlight/);
      assert.ok(!out.includes('\u001b'));
    });
  }

  test('--version', async () => {
    assert.deepEqual(await runCommand(['--version']), { code: 0, out: '1.2.3\n', err: '' });
  });

  test('the help names every command and the exit codes', async () => {
    const { out } = await runCommand(['--help']);
    for (const command of COMMANDS) assert.match(out, new RegExp(`^  ${command} `, 'm'));
    assert.match(out, /Exit codes: 0 fine, 1 .*, 2 wrong usage/);
  });
});

describe('wrong usage is exit code 2, told on standard error alone:', () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /^Usage: pilotlight/],
    [['nope'], /unknown command 'nope'/],
    [['help'], /unknown command 'help'/],
    [['--nope'], /unknown option '--nope'/],
    [['lint', '--nope'], /unknown option '--nope'[\s\S]*--help/],
    [['lint', '--listen', '127.0.0.1:1'], /unknown option '--listen'/],
    [['lint', 'extra'], /too many arguments/],
    [['lint', '--site'], /argument missing/],
    [['lint', '--format', 'xml'], /'xml' is invalid[\s\S]*text, json, github, sarif/],
    [['render'], /missing required argument 'profile'/],
    [['render', 'web', '--pretty', '--butane'], /cannot be used with/],
    [['openapi', '--api', 'other'], /'other' is invalid/],
    [['serve', '--listen', '8080'], /^error: --listen: must be HOST:PORT/],
    [['render', 'web', '--spec', 'newest'], /--spec must be a version/],
    [['render', 'web', '--label', 'rack'], /KEY=VALUE/],
    [['render', 'web', '--mac', 'zz'], /the label mac is not a MAC address/],
    [['pointer'], /missing required argument 'profile'/],
    [['pointer', 'web', '--platform', 'cloud'], /'cloud' is invalid[\s\S]*aws, azure/],
    [['pointer', 'web', '--spec', 'newest'], /--spec must be a version/],
    [['pointer', 'web', '--http-total', '1.5'], /--http-total must be whole seconds/],
    [['pointer', 'web', '--header', 'Host=x'], /the header Host cannot be set/],
    [['pointer', 'web', '--header', 'X-Token'], /--header needs NAME=FILE/],
    [['pointer', 'web', '--platform', 'aws', '--wrap'], /only base64 can be wrapped/],
    [['pointer', 'web', '--platform', 'aws', '--encoding', 'gzip+base64'], /aws takes no user data as gzip\+base64/],
    [['explain', '--label', 'a=1', '--label', 'a=2'], /the label a was given twice/],
    [['explain', '--uuid', 'x'], /the label uuid is not a UUID/],
  ];
  for (const [argv, message] of cases) {
    test(`pilotlight ${argv.join(' ')}`, async (t) => {
      const site = await writeSite(t, { 'profiles/web.bu': butaneProfile('fcos', '1.5.0') });
      const { code, out, err } = await runCommand(argv, { environment: { PILOTLIGHT_SITE: site } });
      assert.deepEqual([code, out], [2, ''], err);
      assert.match(err, message);
      assert.doesNotMatch(err, /\n {4}at /, 'no stack');
    });
  }

  test('all faults of the settings at once', async () => {
    const environment = { PILOTLIGHT_LOG_LEVEL: 'loud', PILOTLIGHT_PUBLIC_URL: 'nowhere' };
    const { code, err } = await runCommand(['serve', '--listen', 'x', '--operator-listen', '0.0.0.0:1'], {
      environment,
    });
    assert.equal(code, 2);
    assert.deepEqual(
      err
        .trimEnd()
        .split('\n')
        .map((line) => line.split(': ').slice(0, 2).join(' ')),
      ['error --listen', 'error --operator-listen', 'error PILOTLIGHT_PUBLIC_URL', 'error PILOTLIGHT_LOG_LEVEL'],
    );
  });
});

const SITE = {
  'profiles/web.bu': butaneProfile('flatcar', '1.1.0', 'grüße'),
  'profiles/old.ign': '{"ignition": {"version": "3.3.0"}}\n',
  'profiles/worker.yaml':
    'parameters: { type: object, required: [hostname], properties: { hostname: { type: string } } }\nbutane:\n  variant: flatcar\n  version: 1.1.0\n  storage: { files: [{ path: /etc/hostname, contents: { inline: "{{ parameters.hostname }}" } }] }\n',
  'groups/node1.yaml': 'profile: worker\nmatch: { mac: 525400a19cae }\nparameters: { hostname: node1 }\n',
  'groups/rack.yaml': 'match: { rack: r7, zone: z }\nparameters: { ntp: [a] }\n',
};

const BROKEN = { ...SITE, 'groups/bad.yaml': 'profle: web\n', 'site.yaml': 'a: [\n' };

/** A site for commands that translate; undefined, and the test skipped, without butane. */
async function siteWithButane(
  t: TestContext,
  more: Readonly<Record<string, string>> = {},
): Promise<string | undefined> {
  return requireProgram(t, 'butane') === undefined ? undefined : writeSite(t, { ...SITE, ...more });
}

describe('render', () => {
  test('prints the exact bytes on standard output, and nothing else', async (t) => {
    const site = await siteWithButane(t);
    if (site === undefined) return;
    const { code, out, err } = await runCommand(['render', 'web', '--site', site]);
    assert.deepEqual([code, err], [0, '']);
    assert.match(out, /^\{"ignition":\{"version":"3\.4\.0"\}.*gr%C3%BC%C3%9Fe.*\}\n$/);
    assert.equal((await runCommand(['render', 'old', '--site', site])).out, SITE['profiles/old.ign']);
  });

  test('takes labels, a spec version and the shape of the output', async (t) => {
    const site = await siteWithButane(t);
    if (site === undefined) return;
    const argv = ['render', 'worker', '--site', site, '--mac', '52-54-00-A1-9C-AE'];
    assert.match((await runCommand(argv)).out, /"source":"data:,node1"/);
    assert.match((await runCommand([...argv, '--spec', '3.3.0'])).out, /"version":"3\.3\.0"/);
    assert.match((await runCommand([...argv, '--pretty'])).out, /^\{\n {2}"ignition": \{\n/);
    assert.match((await runCommand([...argv, '--butane'])).out, /^variant: flatcar\n[\s\S]*inline: "node1"\n$/);
  });

  test('fails with exit code 1 and the reason on standard error', async (t) => {
    const site = await siteWithButane(t, { 'profiles/bad.bu': 'variant: flatcar\nversion: 1.1.0\nx: 1\n' });
    if (site === undefined) return;
    const cases: readonly (readonly [readonly string[], RegExp])[] = [
      [['nope'], /^error: there is no profile nope; the site has bad, old, web, worker\n$/],
      [['worker'], /error: the profile worker needs a value that this machine has not: hostname\n$/],
      [['bad'], /^error: unused key x\n {2}--> profiles\/bad\.bu:3:1 [\s\S]*error: the profile bad does not render\n$/],
      [['web', '--spec', '3.0.0'], /^error: the client accepts Ignition specs up to 3\.0\.0/],
    ];
    for (const [argv, message] of cases) {
      const { code, out, err } = await runCommand(['render', ...argv, '--site', site]);
      assert.deepEqual([code, out], [1, ''], argv.join(' '));
      assert.match(err, message);
    }
    const { code, out } = await runCommand(['render', 'old', '--butane', '--site', site]);
    assert.deepEqual([code, out], [2, '']);
  });

  test('fails with exit code 1 when there is no site or no butane', async (t) => {
    const site = await writeSite(t, SITE);
    const missing = join(site, 'nope');
    const { code, out, err } = await runCommand(['render', 'web', '--site', missing]);
    assert.deepEqual([code, out], [1, '']);
    assert.match(err, /^error: the site directory .* cannot be read: it does not exist\n$/);
    const without = await runCommand(['render', 'web', '--site', site], {
      environment: { PILOTLIGHT_BUTANE: missing },
    });
    assert.equal(without.code, 1);
    assert.match(without.err, /butane/);
    assert.doesNotMatch(without.err, /\n {4}at /);
  });
});

describe('explain', () => {
  test('tells what a machine gets and why, without butane', async (t) => {
    const site = await writeSite(t, SITE);
    const environment = { PILOTLIGHT_SITE: site, PILOTLIGHT_BUTANE: '/nowhere' };
    const { code, out, err } = await runCommand(['explain', '--mac', '525400A19CAE', '--label', 'rack=r8'], {
      environment,
    });
    assert.deepEqual([code, err], [0, '']);
    assert.equal(
      out,
      [
        'machine: mac=52:54:00:a1:9c:ae rack=r8',
        'profile: worker (group node1)',
        'parameter: hostname from groups/node1.yaml',
        'groups:',
        '  * node1: decides the profile',
        '    rack: does not match (rack is another, zone is not given)',
        '',
      ].join('\n'),
    );
  });

  test('says when there are no groups at all', async (t) => {
    const site = await writeSite(t, { 'profiles/web.bu': SITE['profiles/web.bu'] });
    assert.match((await runCommand(['explain', '--site', site])).out, /\ngroups:\n {2}none\n$/);
  });

  test('is exit code 1 for a machine that gets nothing', async (t) => {
    const { code, out, err } = await runCommand(['explain', '--site', await writeSite(t, SITE)]);
    assert.equal(code, 1, err);
    assert.match(out, /^machine: no labels\nprofile: none, because no group with a profile matches this machine\n/);
  });

  test('shows the reports of groups that contradict each other', async (t) => {
    const site = await writeSite(t, { ...SITE, 'groups/node2.yaml': 'profile: web\nmatch: { rack: r7 }\n' });
    const { code, err } = await runCommand(['explain', '--site', site, '--mac', '525400a19cae', '--label', 'rack=r7']);
    assert.equal(code, 1);
    assert.match(err, /^error: the groups node1 and node2 both match/);
  });
});

describe('lint', () => {
  test('is fine with a site without faults, and tells what it looked at', async (t) => {
    const site = await siteWithButane(t);
    if (site === undefined) return;
    assert.deepEqual(await runCommand(['lint', '--site', site]), {
      code: 0,
      out: '',
      err: '3 profiles, 2 groups: 0 errors, 0 warnings\n',
    });
    assert.deepEqual(JSON.parse((await runCommand(['lint', '--site', site, '--format', 'json'])).out), { reports: [] });
  });

  test('takes what machines say of themselves, unless a group selects by it', async (t) => {
    const site = await siteWithButane(t, {
      'profiles/told.yaml':
        'butane: { variant: flatcar, version: 1.1.0, storage: { files: [{ path: /etc/a, contents: { inline: "{{ labels.os }} {{ machine.hostname }}" } }] } }\n',
      'groups/told.yaml': 'profile: told\nmatch: { mac: 52:54:00:a1:9c:01, kind: told }\n',
    });
    if (site === undefined) return;
    const lint = (...labels: readonly string[]) =>
      runCommand(['lint', '--site', site, ...labels.flatMap((label) => ['--label', label])]);
    const untold = await lint('hostname=web1');
    assert.equal(untold.code, 1);
    assert.match(untold.err, /^error: `labels\.os` is not defined for the group told\n/);
    assert.deepEqual(await lint('hostname=web1', 'os=installed'), {
      code: 0,
      out: '',
      err: '4 profiles, 3 groups: 0 errors, 0 warnings\n',
    });
    const faults: readonly (readonly [label: string, fault: RegExp])[] = [
      ['kind=other', /^error: --label kind: groups\/told\.yaml selects by it, and each group is checked with the/],
      ['os', /^error: --label needs KEY=VALUE\n/],
      ['uuid=x', /^error: the label uuid /],
    ];
    for (const [label, fault] of faults) {
      const { code, err } = await lint(label);
      assert.equal(code, 2, err);
      assert.match(err, fault);
    }
  });

  test('is fine with warnings alone', async (t) => {
    const site = await siteWithButane(t, { 'fragments/a.yaml': 'x' });
    if (site === undefined) return;
    const { code, err } = await runCommand(['lint', '--site', site]);
    assert.equal(code, 0);
    assert.match(
      err,
      /^warning: this kind of file is not read here\n[\s\S]*\n\n3 profiles, 2 groups: 0 errors, 1 warning\n$/,
    );
  });

  test('reports every fault with its place, sorted, and is exit code 1', async (t) => {
    const site = await siteWithButane(t, {
      'profiles/bad.bu': 'variant: flatcar\nversion: 1.1.0\ny: 1\nx: 1\n',
      'profiles/ugly.yaml': 'layers: [fragments/none.bu]\n',
    });
    if (site === undefined) return;
    const { code, out } = await runCommand(['lint', '--site', site, '--format', 'json']);
    assert.equal(code, 1);
    const { reports } = JSON.parse(out);
    assert.deepEqual(
      reports.map(
        ({ file, line, profile, code: what }: Readonly<Record<string, unknown>>) =>
          `${file}:${line} ${profile} ${what}`,
      ),
      ['profiles/bad.bu:3 bad butane', 'profiles/bad.bu:4 bad butane', 'profiles/ugly.yaml:1 ugly reference'],
    );
  });

  for (const format of ['text', 'json', 'github', 'sarif']) {
    test(`reports faults of the whole site as ${format}, without butane`, async (t) => {
      const site = await writeSite(t, BROKEN);
      const environment = { PILOTLIGHT_BUTANE: '/nowhere' };
      const { code, out, err } = await runCommand(['lint', '--site', `${site}/`, '--format', format], { environment });
      assert.equal(code, 1);
      const [reports, rest] = format === 'text' ? [err, out] : [out, err];
      assert.equal(rest, '');
      assert.match(reports, /unknown key `profle`/);
      assert.match(
        reports,
        format === 'text' || format === 'json' ? /groups\/bad\.yaml/ : /pilotlight-\w+\/groups\/bad\.yaml/,
      );
      if (format === 'text') assert.match(reports, /\n\nthe site cannot be loaded: 2 errors, 0 warnings\n$/);
      else if (format !== 'github') assert.doesNotThrow(() => JSON.parse(out));
    });
  }
});

describe('the terminal', () => {
  test('gets code frames and colours where it can show them', async (t) => {
    const site = await writeSite(t, BROKEN);
    const plain = await runCommand(['explain', '--site', site]);
    assert.equal(plain.code, 1);
    assert.ok(!plain.err.includes('\u001b') && !plain.err.includes(' | '));
    const shown = await runCommand(['explain', '--site', site], { onTerminal: true, colour: true });
    assert.ok(shown.err.includes('\u001b[31merror\u001b[0m'));
    assert.ok(shown.err.includes('profle: web'));
  });

  /** The first character that a terminal would act on, with what stands before it. */
  function actingIn({ out, err }: CommandOutcome): string | undefined {
    // Progress is ours: a return and an erased line.
    const text = `${out}${err}`.replaceAll('\r\u001b[K', '');
    const found = /(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/u.exec(text);
    return found === null ? undefined : JSON.stringify(text.slice(Math.max(0, found.index - 40), found.index + 1));
  }

  const ESCAPED = '\\e[2J\\e]0;title\\a\\x9b31m';

  test('is acted on by nothing that stands in a site with faults', async (t) => {
    const site = await writeSite(t, {
      'profiles/web.bu': 'a: 1\n# \u009b2J\u001b[2J\n',
      'groups/a.yaml': `match: { "a\u202eb": "${ESCAPED}", mac: "${ESCAPED}" }\n# \u202e\u0085`,
      'groups/\u009b2J.yaml': '',
      'profiles/a\u001b[2J.bu': '',
    });
    for (const argv of [['lint'], ['explain'], ['render', 'web']]) {
      const outcome = await runCommand([...argv, '--site', site], { onTerminal: true, colour: false });
      assert.equal(outcome.code, 1);
      assert.match(outcome.err, /a label key/);
      assert.equal(actingIn(outcome), undefined);
    }
  });

  test('is acted on by nothing that stands in a site that is taken', async (t) => {
    const site = await siteWithButane(t, {
      'profiles/bad.yaml': `layers: ["fragments/${ESCAPED}.bu"]\n# \u202e\n`,
      'profiles/ugly.bu': `variant: fcos\nversion: 1.5.0\n"\u202ex": "${ESCAPED}"\n`,
      'groups/a.yaml': `profile: "${ESCAPED}"\nmatch: { rack: r7 }\nparameters: { "a\u202eb": x }\n`,
      'groups/b.yaml': 'parameters: { "a\u202ec": y }\nmatch: { mac: 525400a19cae, kind: k }\n',
      'fragments/\u009b.yaml': 'x',
    });
    if (site === undefined) return;
    const commands: readonly (readonly [number, ...(readonly string[])])[] = [
      [1, 'lint'],
      [1, 'explain', '--label', 'rack=r7'],
      [0, 'explain', '--mac', '525400a19cae', '--label', 'kind=k'],
      [1, 'render', 'bad'],
      [1, 'render', 'ugly'],
    ];
    for (const [code, ...argv] of commands) {
      const outcome = await runCommand([...argv, '--site', site], { onTerminal: true, outOnTerminal: true });
      assert.equal(outcome.code, code, `${argv.join(' ')}\n${outcome.err}`);
      assert.equal(actingIn(outcome), undefined, argv.join(' '));
    }
  });
});

describe('adopt', () => {
  const CASE = 'test/golden/adopt/published-list/config.bu';

  test('prints the profile, and takes the release', async () => {
    const { code, out, err } = await runCommand(['adopt', CASE, '--release', '4593.2.0']);
    assert.equal(code, 0);
    assert.match(out, /^# Adopted from .*\n[\s\S]*\n {4}release: "4593\.2\.0"\n/);
    assert.match(err, /^info: containerd is told nothing/);
  });

  test('fails for a file that is not there, is no text, or is about something else', async (t) => {
    const directory = await writeSite(t, {
      'other.bu': 'variant: flatcar\nversion: 1.0.0\n',
      'latin.bu': Buffer.from('# \xfc\n', 'latin1'),
      'broken.bu': 'variant: [flatcar\npassword: geheim\n',
    });
    const expected = {
      none: /cannot be read: it does not exist/,
      other: /nothing in this file/,
      latin: /no text/,
      broken: /never closed/,
    };
    for (const [name, message] of Object.entries(expected)) {
      const { code, out, err } = await runCommand(['adopt', join(directory, `${name}.bu`)]);
      assert.deepEqual([code, out], [1, ''], name);
      assert.match(err, message);
      assert.doesNotMatch(err, /geheim/);
    }
    assert.equal((await runCommand(['adopt'])).code, 2);
  });
});

describe('openapi', () => {
  test('prints the document of one API, or writes all', async (t) => {
    const machine = await runCommand(['openapi']);
    const operator = await runCommand(['openapi', '--api', 'operator']);
    assert.deepEqual([machine.code, operator.code, machine.err], [0, 0, '']);
    assert.match(machine.out, /^openapi: /);
    assert.match(operator.out, /\/v1\/revision/);
    const directory = join(await scratchDirectory(t), 'new');
    const written = await runCommand(['openapi', '--write', directory]);
    assert.deepEqual(written, { code: 0, out: '', err: '' });
    assert.deepEqual((await readdir(directory)).sort(), ['machine.yaml', 'matchbox.yaml', 'operator.yaml']);
    assert.equal(await readFile(join(directory, 'operator.yaml'), 'utf8'), operator.out);
  });
});

describe('a faulty variable', () => {
  test('matters to the commands that use it', async (t) => {
    const site = await writeSite(t, SITE);
    const environment = { PILOTLIGHT_PUBLIC_URL: 'nowhere', PILOTLIGHT_SITE: site };
    for (const argv of [['explain'], ['lint'], ['render', 'web'], ['serve']]) {
      const { code, out, err } = await runCommand(argv, { environment });
      assert.deepEqual([code, out], [2, ''], argv.join(' '));
      assert.match(err, /^error: PILOTLIGHT_PUBLIC_URL: /);
    }
    const { code, err } = await runCommand(['serve'], { environment: { PILOTLIGHT_LISTEN: 'nonsense' } });
    assert.equal(code, 2);
    assert.match(err, /^error: PILOTLIGHT_LISTEN: /);
  });

  test('of the service does not matter to a command that only reads a site', async (t) => {
    const environment = {
      PILOTLIGHT_LISTEN: 'nonsense',
      PILOTLIGHT_LOG_LEVEL: 'loud',
      PILOTLIGHT_OPERATOR_LISTEN: '0.0.0.0:1',
    };
    const argv = ['explain', '--site', await writeSite(t, SITE), '--mac', '525400a19cae'];
    assert.equal((await runCommand(argv, { environment })).code, 0);
  });
});

test('assets verify shows on a terminal how far a large file is, and nowhere else', async (t) => {
  const site = await writeSite(t, { 'assets/large': '' });
  await truncate(join(site, 'assets/large'), 256 * 1024 * 1024);
  const digest = 'a6d72ac7690f53be6ae46ba88506bd97302a093f7108472bd9efc3cefda06484';
  await writeFile(join(site, 'assets/SHA256SUMS'), `${digest}  large\n`);
  const out = 'ok: large: SHA256 is the one in SHA256SUMS:1\n1 ok, 0 warnings, 0 errors\n';
  const argv = ['assets', 'verify', '--site', site];
  assert.deepEqual(await runCommand(argv), { code: 0, out, err: '' });
  const shown = await runCommand(argv, { onTerminal: true });
  const pieces = shown.err.split('\r\u001b[K');
  assert.deepEqual([pieces[0], pieces.at(-1)], ['', '']);
  assert.ok(pieces.length > 2);
  for (const piece of pieces.slice(1, -1)) assert.match(piece, /^large: \d+ %$/);
  assert.equal(shown.out, out);
});
