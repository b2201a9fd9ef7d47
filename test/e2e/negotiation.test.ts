import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { meaningOf, mergeByIgnition } from '../support/ignition-merge.ts';
import { requireProgram } from '../support/programs.ts';
import { type Answer, ask, assertProblem, startTestService, type TestService } from '../support/service.ts';
import { butaneProfile, scratchDirectory, writeSite } from '../support/site.ts';

const TYPE = 'application/vnd.coreos.ignition+json';
const oldForm = (version: string) => `${TYPE}; version=${version}, ${TYPE}; version=1; q=0.5, */*; q=0.1`;
const newForm = (version: string) => `${TYPE};version=${version}, */*;q=0.1`;

/** A client as it introduces itself, and the version that it gets of each profile; undefined where it is refused. */
interface Client {
  readonly name: string;
  readonly userAgent: string;
  readonly accept?: string;
  readonly fcos: string | undefined;
  readonly flatcar: string | undefined;
}

/** What every line of Ignition releases sends, word for word, and people's tools. `fcos` is at 3.6.0, `flatcar` at 3.4.0. */
const CLIENTS: readonly Client[] = [
  ...['0.9.2', '0.16.0'].map((release) => spec2(release, '2.0.0')),
  ...['0.17.2', '0.21.0'].map((release) => spec2(release, '2.1.0')),
  ...['0.22.0', '0.35.0'].map((release) => spec2(release, '2.2.0')),
  spec2('0.36.2', '2.4.0'),
  ...['2.0.0', '2.0.1'].map((release) => ({
    ...spec2(release, '2.2.0'),
    fcos: '3.0.0',
  })),
  ...['2.1.0', '2.2.1'].map((release) => spec3(release, '3.0.0', '3.0.0', undefined)),
  ...['2.3.0', '2.6.0'].map((release) => spec3(release, '3.1.0', '3.1.0', undefined)),
  ...['2.7.0', '2.10.1'].map((release) => spec3(release, '3.2.0', '3.2.0', undefined)),
  ...['2.11.0', '2.14.0', 'Debian 2.14.0+ds1-1+b6'].map((release) => spec3(release, '3.3.0', '3.3.0', '3.3.0')),
  ...['2.15.0', '2.19.0'].map((release) => spec3(release, '3.4.0', '3.4.0', '3.4.0')),
  ...['2.20.0', '2.25.1'].map((release) => spec3(release, '3.5.0', '3.5.0', '3.4.0')),
  ...['2.26.0', 'v2.26.0-12-gabcdef0', '2.27.0'].map((release) => spec3(release, '3.6.0', '3.6.0', '3.4.0')),
  { name: 'curl', userAgent: 'curl/8.5.0', accept: '*/*', fcos: '3.6.0', flatcar: '3.4.0' },
  { name: 'no header', userAgent: 'Go-http-client/1.1', fcos: '3.6.0', flatcar: '3.4.0' },
  { name: 'akamai', userAgent: 'Ignition/2.14.0', accept: 'text/plain', fcos: '3.6.0', flatcar: '3.4.0' },
  { name: 'applehv', userAgent: 'Ignition/2.14.0', accept: 'application/json', fcos: '3.6.0', flatcar: '3.4.0' },
  { name: 'garbage', userAgent: 'x', accept: ';;;=,,"', fcos: '3.6.0', flatcar: '3.4.0' },
  {
    name: 'weights',
    userAgent: 'x',
    accept: `${TYPE};version=3.6.0;q=0, ${TYPE};version=3.1.0;q=0.2, ${TYPE};version=3.3.0;q=0.1`,
    fcos: '3.3.0',
    flatcar: '3.3.0',
  },
];

function spec2(release: string, version: string): Client {
  return {
    name: `Ignition ${release}`,
    userAgent: `Ignition/${release}`,
    accept: oldForm(version),
    fcos: undefined,
    flatcar: undefined,
  };
}

function spec3(release: string, version: string, fcos: string | undefined, flatcar: string | undefined): Client {
  return {
    name: `Ignition ${release}`,
    userAgent: `Ignition/${release}`,
    accept: newForm(version),
    fcos,
    flatcar,
  };
}

test('Every release of Ignition gets a config that it can read, or a refusal', async (t) => {
  const site = await writeSite(t, {
    'profiles/fcos.bu': butaneProfile('fcos', '1.7.0'),
    'profiles/flatcar.bu': butaneProfile('flatcar', '1.1.0'),
  });
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  for (const { name, userAgent, accept, ...given } of CLIENTS) {
    const headers = { 'User-Agent': userAgent, ...(accept === undefined ? {} : { Accept: accept }) };
    for (const profile of ['fcos', 'flatcar'] as const) {
      const expected = given[profile];
      await t.test(`${name} asks for ${profile} and gets ${expected ?? '406'}`, async () => {
        const answer = await ask(service.machine, `/ignition/${profile}`, { headers });
        if (expected === undefined) assertProblem(answer, 406, 'spec-not-acceptable');
        else assertVersion(answer, expected);
      });
    }
  }
});

/** A profile that says more than a little and still loses nothing on the way to an older version. */
const LOSSLESS = {
  'fcos 1.7.0 at 3.0.0': { document: rich('fcos', '1.7.0'), spec: '3.0.0' },
  'fcos 1.7.0 at 3.2.0': { document: rich('fcos', '1.7.0'), spec: '3.2.0' },
  'fcos 1.5.0 at 3.3.0': { document: rich('fcos', '1.5.0'), spec: '3.3.0' },
  'flatcar 1.1.0 at 3.3.0': { document: rich('flatcar', '1.1.0'), spec: '3.3.0' },
  'r4e 1.1.0 at 3.3.0': { document: rich('r4e', '1.1.0'), spec: '3.3.0' },
  'a tree and a local file at 3.1.0': {
    document:
      'variant: fcos\nversion: 1.6.0\nstorage:\n  trees:\n    - { local: etc, path: /etc }\n  files:\n    - { path: /opt/tool, mode: 0755, contents: { local: etc/tool } }\n',
    spec: '3.1.0',
  },
  'sugar that the older version has too': {
    document:
      'variant: fcos\nversion: 1.5.0\nstorage:\n  filesystems:\n    - { device: /dev/vdb, path: /var/data, format: xfs, with_mount_unit: true }\n',
    spec: '3.3.0',
  },
};

function rich(variant: string, version: string): string {
  return [
    `variant: ${variant}`,
    `version: ${version}`,
    'storage:',
    '  files:',
    `    - { path: /etc/long, mode: 0600, contents: { inline: "${'a line that is compressed '.repeat(40)}" } }`,
    '    - { path: /etc/short, contents: { inline: "short" }, append: [] }',
    '    - { path: /etc/fetched, contents: { source: "https://files.example/x" } }',
    '  directories: [{ path: /opt/bin, mode: 0755 }]',
    '  links: [{ path: /etc/link, target: /etc/short, hard: false }]',
    'systemd:',
    '  units:',
    '    - { name: a.service, enabled: true, contents: "[Service]\\nExecStart=/bin/true\\n[Install]\\nWantedBy=multi-user.target\\n" }',
    '    - { name: docker.service, dropins: [{ name: 10-x.conf, contents: "[Service]\\nRestart=no\\n" }] }',
    ...(variant === 'r4e' ? [] : ['passwd: { groups: [{ name: ops }] }']),
    '',
  ].join('\n');
}

test('A config that loses nothing is translated again for an older Ignition', async (t) => {
  const programs = requirePrograms(t);
  if (programs === undefined) return;
  const ids = new Map(Object.keys(LOSSLESS).map((name, index) => [name, `p${index}`]));
  const site = await writeSite(t, {
    'files/etc/tool': '#!/bin/sh\n',
    'files/etc/motd': 'hello\n',
    ...Object.fromEntries(
      Object.entries(LOSSLESS).map(([name, { document }]) => [`profiles/${ids.get(name)}.bu`, document]),
    ),
  });
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  for (const [name, { spec }] of Object.entries(LOSSLESS)) {
    await t.test(name, async (t) => {
      const path = `/ignition/${ids.get(name)}`;
      const own = await ask(service.machine, path);
      const older = await ask(service.machine, path, { headers: { Accept: newForm(spec) } });
      assert.equal(own.status, 200, own.body.toString());
      assertVersion(older, spec);
      assert.deepEqual(await validate(programs.validate, older.body), { code: 0, report: '' });
      const [wanted, got] = await Promise.all([own, older].map((answer) => hold(t, programs.ignition, answer.body)));
      assert.deepEqual(got, wanted, 'Ignition holds the same after reading either');
    });
  }
});

/** What an older version has no way to say, what it is refused for, and the oldest client that still gets it. */
const LOSSY: Readonly<
  Record<
    string,
    { readonly document: string; readonly refused: string; readonly keys: RegExp; readonly served: string }
  >
> = {
  'kernel arguments before 3.3.0': {
    document: 'variant: fcos\nversion: 1.5.0\nkernel_arguments: { should_exist: [quiet] }\n',
    refused: '3.2.0',
    keys: /needs 3\.4\.0 for kernel_arguments$/,
    served: '3.3.0',
  },
  'discards of an encrypted device before 3.4.0': {
    document:
      'variant: fcos\nversion: 1.5.0\nstorage:\n  luks:\n    - { name: data, device: /dev/vdb, discard: true, clevis: { tpm2: true } }\n',
    refused: '3.3.0',
    keys: /needs 3\.4\.0 for storage\.luks\.0\.discard$/,
    served: '3.4.0',
  },
  'a setuid bit before 3.6.0': {
    document: 'variant: fcos\nversion: 1.7.0\nstorage: { files: [{ path: /opt/x, mode: 04755 }] }\n',
    refused: '3.5.0',
    keys: /needs 3\.6\.0 for storage\.files\.0\.mode$/,
    served: '3.6.0',
  },
  'headers of a request before 3.1.0': {
    document:
      'variant: fcos\nversion: 1.7.0\nstorage: { files: [{ path: /x, contents: { source: "https://x.example/", http_headers: [{ name: A, value: b }] } }] }\n',
    refused: '3.0.0',
    keys: /needs 3\.6\.0 for storage\.files\.0\.contents\.http_headers$/,
    served: '3.1.0',
  },
  'a key of a mainframe before 3.5.0': {
    document:
      'variant: fcos\nversion: 1.6.0\nboot_device: { layout: s390x-zfcp, luks: { cex: { enabled: true }, device: /dev/sda } }\n',
    refused: '3.4.0',
    keys: /needs 3\.5\.0 for boot_device\./,
    served: '3.5.0',
  },
};

test('A config that would lose something is refused, and the refusal names the keys', async (t) => {
  const names = Object.keys(LOSSY);
  const site = await writeSite(
    t,
    Object.fromEntries(names.map((name, index) => [`profiles/p${index}.bu`, LOSSY[name]?.document ?? ''])),
  );
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  for (const [index, name] of names.entries()) {
    await t.test(name, async () => {
      const { refused = '', keys = /never/, served = '' } = LOSSY[name] ?? {};
      const detail = await refusal(service, `/ignition/p${index}`, refused);
      assert.match(detail, keys);
      assertVersion(
        await ask(service.machine, `/ignition/p${index}`, { headers: { Accept: newForm(served) } }),
        served,
      );
    });
  }
});

test('Without strictness a warning that was there before refuses nobody, and a new one does', async (t) => {
  const site = await writeSite(t, {
    'site.yaml': 'strict: false\n',
    'profiles/known.bu': `${butaneProfile('fcos', '1.5.0')}unknown: 1\n`,
    'profiles/fresh.bu': 'variant: fcos\nversion: 1.5.0\nkernel_arguments: { should_exist: [quiet] }\n',
  });
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  const headers = { Accept: newForm('3.2.0') };
  assertVersion(await ask(service.machine, '/ignition/known', { headers }), '3.2.0');
  assert.match(await refusal(service, '/ignition/fresh', '3.2.0'), /for kernel_arguments$/);
});

function requirePrograms(t: TestContext): { readonly validate: string; readonly ignition: string } | undefined {
  const validate = requireProgram(t, 'ignition-validate');
  const ignition = validate && requireProgram(t, 'ignition');
  return validate && ignition ? { validate, ignition } : undefined;
}

async function refusal(service: TestService, path: string, spec: string): Promise<string> {
  const answer = await ask(service.machine, path, { headers: { Accept: newForm(spec) } });
  return assertProblem(answer, 406, 'spec-not-acceptable');
}

function assertVersion(answer: Answer, version: string): void {
  assert.equal(answer.status, 200, answer.body.toString());
  assert.equal(answer.headers['content-type'], `${TYPE}; version=${version}`);
  assert.equal(JSON.parse(answer.body.toString()).ignition.version, version);
}

function validate(program: string, config: Buffer): Promise<{ readonly code: number; readonly report: string }> {
  return new Promise((resolve) => {
    const child = execFile(program, ['-'], (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : 1, report: stdout + stderr });
    });
    child.stdin?.end(config);
  });
}

/** What the real Ignition holds once it has read a config. */
async function hold(t: TestContext, ignition: string, config: Buffer): Promise<unknown> {
  const directory = join(await scratchDirectory(t), 'run');
  const outcome = await mergeByIgnition(ignition, [config.toString()], directory);
  if (!outcome.ok) assert.fail(outcome.report);
  return meaningOf(outcome.output);
}
