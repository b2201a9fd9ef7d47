import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { mkdir, readFile, rename, symlink, truncate, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { afterTest, killAfterTest } from '../support/after-test.ts';
import { readGrub, readIpxe } from '../support/boot-loaders.ts';
import { requireProgram, requireRoot } from '../support/programs.ts';
import {
  type Answer,
  type AskOptions,
  ask,
  askRaw,
  assertProblem,
  eventually,
  wrapButane,
} from '../support/service.ts';
import { type ServiceProcess, startRefused, startServiceProcess } from '../support/service-process.ts';
import { butaneProfile, scratchDirectory, writeSite } from '../support/site.ts';

/** Most that the service without its helper may ever hold resident, whatever it is given. */
const MIB = 400;

type Files = Readonly<Record<string, string | Buffer>>;

const GOOD: Files = { 'profiles/good.bu': butaneProfile('fcos', '1.5.0', 'good') };

const HEAD = 'variant: fcos\nversion: 1.5.0\n';

/** The service lives, serves the good profile, and has not swollen. */
async function assertWell(service: ServiceProcess): Promise<void> {
  const answer = await ask(service.machine, '/ignition/good');
  assert.equal(answer.status, 200, answer.body.toString());
  assert.match(answer.body.toString(), /"data:,good"/);
  assert.ok(service.alive());
  const { peak } = await service.memory();
  assert.ok(peak < MIB, `${peak} MiB`);
}

/** A plain profile with a Butane document. */
const plain = (document: string | Buffer) => (id: string) => ({ [`profiles/${id}.bu`]: document });

/** A composed profile of one fragment. */
const fragment = (document: string | Buffer) => (id: string) => ({
  [`profiles/${id}.yaml`]: `layers: [fragments/${id}.bu]\n`,
  [`fragments/${id}.bu`]: document,
});

/** A composed profile with a template as the contents of a file. */
const template = (text: string) => (id: string) => ({
  [`profiles/${id}.yaml`]: JSON.stringify({
    butane: { variant: 'fcos', version: '1.5.0', storage: { files: [{ path: '/a', contents: { inline: text } }] } },
  }),
});

const file = (contents: string) => `${HEAD}storage: { files: [{ path: /a, contents: { ${contents} } }] }\n`;
const tree = (local: string) => `${HEAD}storage: { trees: [{ local: ${local}, path: / }] }\n`;
const unit = (local: string) => `${HEAD}systemd: { units: [{ name: a.service, contents_local: ${local} }] }\n`;
const keys = (local: string) => `${HEAD}passwd: { users: [{ name: core, ssh_authorized_keys_local: [${local}] }] }\n`;

const flowNesting = (depth: number) => `${HEAD}a: ${'['.repeat(depth)}${']'.repeat(depth)}\n`;
const blockNesting = (depth: number) => `${HEAD}a:\n  ${'- '.repeat(depth)}x\n`;

const amplification = () => {
  const aliases = Array.from({ length: 99 }, () => '        - *r').join('\n');
  const files = Array.from({ length: 99 }, (_, index) => `    - { path: /f${index}, append: *ap }`).join('\n');
  return `${HEAD}storage:\n  files:\n    - path: /a\n      append: &ap\n        - &r { inline: "${'A'.repeat(1000)}" }\n${aliases}\n${files}\n`;
};

const bomb = () => {
  const levels = Array.from({ length: 20 }, (_, level) => {
    const inner = level === 0 ? 'lol' : `*l${level - 1}`;
    return `l${level}: &l${level} [${Array.from({ length: 10 }, () => inner).join(', ')}]`;
  });
  return `${HEAD}${levels.join('\n')}\n`;
};

const utf16 = Buffer.from(`\ufeff${file('inline: x')}`, 'utf16le');

const BROKEN = 'profile-broken';

/** Profiles and what their machines get: `200`, or the code of a problem. */
const PROFILES: readonly (readonly [title: string, files: (id: string) => Files, answer: 200 | string])[] = [
  ['aliases that butane would expand for seconds', plain(amplification()), BROKEN],
  ['the same in a fragment', fragment(amplification()), BROKEN],
  ['an alias bomb', plain(bomb()), BROKEN],
  ['an alias bomb in a fragment', fragment(bomb()), BROKEN],
  ['an alias of itself', plain(`${HEAD}a: &a [*a]\n`), BROKEN],
  [
    'a mapping as a key beside a merge key, on which butane panics',
    plain(`${HEAD}storage: { files: [ &t { path: /a }, { <<: *t, {}: /b } ] }\n`),
    BROKEN,
  ],
  ['a list as a key beside a merge key, on which butane panics', plain(`${HEAD}<<: {}\n[]: 1\n`), BROKEN],
  [
    'the first of them in a fragment',
    fragment(`${HEAD}storage: { files: [ &t { path: /a }, { <<: *t, {}: /b } ] }\n`),
    BROKEN,
  ],
  ['the second of them in a fragment', fragment(`${HEAD}<<: {}\n[]: 1\n`), BROKEN],
  ['10,000 levels of brackets', plain(flowNesting(10_000)), BROKEN],
  ['10,000 levels of brackets in a fragment', fragment(flowNesting(10_000)), BROKEN],
  ['500,000 brackets that are never closed', plain(`${HEAD}a: ${'['.repeat(500_000)}\n`), BROKEN],
  ['500,000 list items in each other', plain(blockNesting(500_000)), BROKEN],
  ['500,000 levels of JSON', (id) => ({ [`profiles/${id}.ign`]: '['.repeat(500_000) }), BROKEN],
  [
    '500,000 levels of JSON, closed',
    (id) => ({ [`profiles/${id}.ign`]: `${'['.repeat(500_000)}${']'.repeat(500_000)}` }),
    BROKEN,
  ],
  ['10,000 levels of list items', plain(blockNesting(10_000)), BROKEN],
  ['10,000 levels of list items in a fragment', fragment(blockNesting(10_000)), BROKEN],
  ['tabs as indentation', plain(`${HEAD}storage:\n\tfiles: []\n`), BROKEN],
  ['a byte order mark', plain(`\ufeff${file('inline: x')}`), 200],
  ['a byte order mark in a fragment', fragment(`\ufeff${file('inline: x')}`), 200],
  ['UTF-16', plain(utf16), BROKEN],
  ['UTF-16 in a fragment', fragment(utf16), BROKEN],
  ['a NUL', plain(file('inline: "a\0b"')), BROKEN],
  ['a NUL in a fragment', fragment(file('inline: "a\0b"')), BROKEN],
  ['bytes that are no UTF-8', plain(Buffer.from([0x61, 0x3a, 0xff, 0xfe])), BROKEN],
  ['nothing', plain(''), BROKEN],
  [
    '30,000 unknown keys, over which butane takes too long',
    plain(`${HEAD}${Array.from({ length: 30_000 }, (_, n) => `k${n}: 1\n`).join('')}`),
    'render-timeout',
  ],
  ['a file outside of files/', plain(file('local: ../profiles/good.bu')), BROKEN],
  ['a file outside of files/, in a fragment', fragment(file('local: ../profiles/good.bu')), BROKEN],
  ['a file by its absolute path', plain(file('local: /etc/passwd')), BROKEN],
  ['a tree outside of files/', plain(tree('../profiles')), BROKEN],
  ['a tree outside of files/, in a fragment', fragment(tree('../profiles')), BROKEN],
  ['a unit outside of files/', plain(unit('../profiles/good.bu')), BROKEN],
  ['a unit outside of files/, in a fragment', fragment(unit('../profiles/good.bu')), BROKEN],
  ['SSH keys outside of files/', plain(keys('../../etc/passwd')), BROKEN],
  ['SSH keys outside of files/, in a fragment', fragment(keys('../../etc/passwd')), BROKEN],
  ['a layer outside of fragments/', (id) => ({ [`profiles/${id}.yaml`]: 'layers: [../profiles/good.bu]\n' }), BROKEN],
  ['a layer in profiles/', (id) => ({ [`profiles/${id}.yaml`]: 'layers: [profiles/good.bu]\n' }), BROKEN],
  [
    'a used layer outside of the site',
    (id) => ({ [`profiles/${id}.yaml`]: 'layers: [{ use: fragments/../../../etc/passwd }]\n' }),
    BROKEN,
  ],
  ['a loop over a range without end', template('{% for i in (1..1000000000) %}{{ i }}{% endfor %}'), BROKEN],
  [
    'loops within loops',
    template(
      '{% for a in (1..1000) %}{% for b in (1..1000) %}{% for c in (1..1000) %}x{% endfor %}{% endfor %}{% endfor %}',
    ),
    BROKEN,
  ],
  [
    'a text that doubles itself',
    template(`{% assign s = "xxxxxxxxxxxxxxxx" %}${'{% assign s = s | append: s %}'.repeat(40)}{{ s }}`),
    BROKEN,
  ],
  [
    'a text that multiplies itself',
    template(`{% assign s = "aaaaaaaaaaaaaaaa" %}${'{% assign s = s | replace: "a", s %}'.repeat(10)}{{ s }}`),
    BROKEN,
  ],
  [
    'a capture that doubles itself',
    template(
      `{% capture s %}xxxxxxxxxxxxxxxx{% endcapture %}${'{% capture s %}{{ s }}{{ s }}{% endcapture %}'.repeat(40)}{{ s }}`,
    ),
    BROKEN,
  ],
  [
    'a list that doubles itself',
    template(`{% assign s = (1..100) %}${'{% assign s = s | concat: s %}'.repeat(40)}{{ s | size }}`),
    BROKEN,
  ],
  ['a huge range as a list', template('{{ (1..1000000000) | join: "," }}'), BROKEN],
  ['a recursion', template('{% render "a" %}'), BROKEN],
  ['an include', template('{% include "../../etc/passwd" %}'), BROKEN],
  ['a huge indentation', template('{{ "a\nb" | indent: 1000000000 }}'), BROKEN],
  ['a huge JSON indentation', template('{{ labels | json: 1000000000 }}'), BROKEN],
  ['a huge number of an address', template('{{ "10.0.0.0/8" | cidr_host: 1000000000000000000000 }}'), BROKEN],
  ['a table of a billion rows', template('{% tablerow i in (1..1000000000) %}{{ i }}{% endtablerow %}'), BROKEN],
  [
    'a schema with a pattern that takes exponential time elsewhere',
    (id) => ({
      [`profiles/${id}.yaml`]: JSON.stringify({
        butane: { variant: 'fcos', version: '1.5.0' },
        parameters: {
          type: 'object',
          properties: { p: { type: 'string', pattern: '^(a+)+$', default: `${'a'.repeat(5000)}!` } },
        },
      }),
    }),
    BROKEN,
  ],
];

test('A profile may hold anything, and the others are served', async (t) => {
  const files = PROFILES.map(([, make], index) => make(`p${index}`));
  const group = { 'groups/path.yaml': 'profile: ../profiles/good\nmatch: { rack: r1 }\n' };
  const site = await writeSite(t, Object.assign({}, GOOD, group, ...files));
  const service = await startServiceProcess(t, { site });
  if (service === undefined) return;
  await t.test('a group whose profile is a path', async () => {
    assertProblem(await ask(service.machine, '/ignition?rack=r1'), 503, 'profile-broken');
    await assertWell(service);
  });
  for (const [index, [title, , expected]] of PROFILES.entries()) {
    await t.test(title, async () => {
      const started = performance.now();
      const answer = await ask(service.machine, `/ignition/p${index}`);
      assert.ok(performance.now() - started < 10_000, 'the machine still waits');
      if (expected === 200) assert.equal(answer.status, 200, answer.body.toString());
      else assertProblem(answer, 503, expected);
      assert.ok(!answer.body.includes('root:'), 'nothing of another file');
      await assertWell(service);
    });
  }
});

type Prepare = (t: TestContext, path: string) => Promise<void>;

async function bigFile(_t: TestContext, path: string): Promise<void> {
  await writeFile(path, '');
  await truncate(path, 20 * 1024 * 1024);
}

async function fifo(_t: TestContext, path: string): Promise<void> {
  execFileSync('mkfifo', [path]);
}

async function device(_t: TestContext, path: string): Promise<void> {
  execFileSync('mknod', [path, 'c', '1', '5']);
}

async function socket(t: TestContext, path: string): Promise<void> {
  const server = createServer().listen(path);
  await once(server, 'listening');
  afterTest(t, () => server.close());
}

const link =
  (target: string): Prepare =>
  (_t, path) =>
    symlink(target, path);

/** What ends a start, since nobody could say what it was meant to be. */
const REFUSED: readonly (readonly [title: string, path: string, prepare: Prepare, code: string])[] = [
  ['a profile of 20 MB', 'profiles/bad.bu', bigFile, 'too-large'],
  ['a fragment of 20 MB', 'fragments/bad.bu', bigFile, 'too-large'],
  ['a file of 20 MB in files/', 'files/bad', bigFile, 'too-large'],
  ['a FIFO in files/', 'files/bad', fifo, 'site-file'],
  ['a FIFO in profiles/', 'profiles/bad.bu', fifo, 'site-file'],
  ['a device in files/', 'files/bad', device, 'site-file'],
  ['a device in profiles/', 'profiles/bad.bu', device, 'site-file'],
  ['a socket in files/', 'files/bad', socket, 'site-file'],
  ['a socket in profiles/', 'profiles/bad.bu', socket, 'site-file'],
  ['a link out of files/', 'files/bad', link('../profiles/good.bu'), 'site-link'],
  ['a link out of the site in files/', 'files/bad', link('/etc/passwd'), 'site-link'],
  ['a link out of the site in profiles/', 'profiles/bad.bu', link('/etc/passwd'), 'site-link'],
  ['a link to a device', 'files/bad', link('/dev/zero'), 'site-link'],
  ['a link to itself', 'files/bad', link('bad'), 'site-link'],
];

for (const [title, path, prepare, code] of REFUSED) {
  test(`A start ends at ${title}`, async (t) => {
    if (prepare === device && !requireRoot(t)) return;
    const site = await writeSite(t, GOOD);
    await mkdir(dirname(join(site, path)), { recursive: true });
    await prepare(t, join(site, path));
    const refused = await startRefused(t, { site });
    if (refused === undefined) return;
    assert.equal(refused.exitCode, 1);
    assert.deepEqual(
      refused.reports.map((report) => [report.file, report.code]),
      [[path, code]],
    );
  });
}

const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: x\r\n${headers}Connection: close\r\n\r\n`;
const good = (headers: string) => get('/ignition/good', headers);
const post = (headers: string, body = '') => `POST /ignition/good HTTP/1.1\r\nHost: x\r\n${headers}\r\n${body}`;

const asset = (...range: readonly string[]) => get('/assets/kernel', `Range: bytes=${range.join('')}\r\n`);

const JSON_TYPE = 'Content-Type: application/json\r\n';

/** Labels whose names have three characters. */
const labels = (count: number) =>
  Array.from({ length: count }, (_, index) => `${(46_656 / 2 + index).toString(36)}=`).join('&');

/** Requests as bytes, and what is answered: `200`, or the status and code of a problem. */
const REQUESTS: readonly (readonly [title: string, text: string | Buffer, answer: number, code?: string])[] = [
  [
    '5,000 labels',
    get(`/ignition/good?${Array.from({ length: 5000 }, (_, n) => `label${n}=v`).join('&')}`),
    400,
    'request-invalid',
  ],
  [
    '3,000 labels in 15 KiB',
    get(`/ignition/good?${labels(3000).replaceAll('=', '=1')}`.slice(0, 15_000)),
    400,
    'label-invalid',
  ],
  ['a query of 100 KB', get(`/ignition/good?a=${'x'.repeat(100_000)}`), 400, 'request-invalid'],
  ['a bad percent escape in the query', get('/ignition/good?a=%zz'), 400, 'request-invalid'],
  ['half a percent escape', get('/ignition/good?a=%'), 400, 'request-invalid'],
  ['a bad percent escape in the path', get('/ignition/%zz'), 400, 'request-invalid'],
  ['an overlong UTF-8 slash', get('/ignition/%c0%af'), 400, 'request-invalid'],
  ['dots in the path', get('/ignition/../ignition/good'), 404, 'route-not-found'],
  ['a path out of the root', get('/../../etc/passwd'), 404, 'route-not-found'],
  ['dots as a profile', get('/ignition/..'), 404, 'profile-not-found'],
  ['encoded dots and slashes as a profile', get('/ignition/%2e%2e%2fprofiles%2fgood'), 404, 'profile-not-found'],
  ['twice encoded dots as a profile', get('/ignition/%252e%252e%252fgood'), 404, 'profile-not-found'],
  ['a backslash as a profile', get('/ignition/..%5cgood'), 404, 'profile-not-found'],
  ['a NUL in a profile', get('/ignition/good%00'), 404, 'profile-not-found'],
  ['a profile with its ending', get('/ignition/good.bu'), 404, 'profile-not-found'],
  [
    'two Accept headers',
    good(
      'Accept: application/vnd.coreos.ignition+json;version=3.0.0\r\nAccept: application/vnd.coreos.ignition+json;version=3.4.0\r\n',
    ),
    200,
  ],
  ['two Host headers', good('Host: y\r\n'), 200],
  ['no Host header', 'GET /ignition/good HTTP/1.1\r\nConnection: close\r\n\r\n', 200],
  ['an Accept header of 15 KiB', good(`Accept: ${'a/b,'.repeat(3800)}\r\n`), 200],
  ['a header of 20 KiB', good(`X: ${'x'.repeat(20_480)}\r\n`), 400, 'request-invalid'],
  ['a header name of 20 KiB', good(`${'x'.repeat(20_480)}: x\r\n`), 400, 'request-invalid'],
  ['10,000 headers', good('a: b\r\n'.repeat(10_000)), 400, 'request-invalid'],
  ['300 headers', good('a:\r\n'.repeat(300)), 200],
  ['two lengths', post('Content-Length: 1\r\nContent-Length: 2\r\n', 'xx'), 400, 'request-invalid'],
  [
    'a length and an encoding',
    post('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    400,
    'request-invalid',
  ],
  ['a negative length', post('Content-Length: -1\r\n'), 400, 'request-invalid'],
  [
    'an encoding that is none',
    post(`${JSON_TYPE}Transfer-Encoding: xchunked\r\n`, '0\r\n\r\n'),
    400,
    'request-invalid',
  ],
  ['a bad size of a chunk', post(`${JSON_TYPE}Transfer-Encoding: chunked\r\n`, 'zz\r\n'), 400, 'request-invalid'],
  [
    'a body of 100 KB',
    post('Connection: close\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n', ' '.repeat(100_000)),
    400,
    'request-invalid',
  ],
  ['a space in the name of a header', good('Ac cept: x\r\n'), 400, 'request-invalid'],
  ['a space after the name of a header', good('Accept : x\r\n'), 400, 'request-invalid'],
  ['a folded header', good('Accept: x\r\n  y\r\n'), 400, 'request-invalid'],
  ['a header without a colon', good('Accept\r\n'), 400, 'request-invalid'],
  ['a NUL in a header', good('Accept: \0\r\n'), 400, 'request-invalid'],
  ['line ends without carriage returns', good('').replaceAll('\r\n', '\n'), 400, 'request-invalid'],
  ['HTTP/0.9', 'GET /ignition/good\r\n\r\n', 200],
  ['HTTP/9.9', 'GET /ignition/good HTTP/9.9\r\n\r\n', 400, 'request-invalid'],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'request-invalid'],
  ['the hello of TLS', Buffer.from('16030100c8010000c40303', 'hex'), 400, 'request-invalid'],
  [
    'an upgrade to HTTP/2',
    good('Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n').replace(
      'Connection: close',
      'Connection: Upgrade, HTTP2-Settings, close',
    ),
    200,
  ],
  ['a whole URL', get('http://x/ignition/good'), 200],
  ['nothing but an asterisk', 'OPTIONS * HTTP/1.1\r\nConnection: close\r\n\r\n', 404, 'route-not-found'],
  ['dots in an asset', get('/assets/../profiles/good.bu'), 404, 'asset-not-found'],
  ['encoded dots in an asset', get('/assets/%2e%2e/profiles/good.bu'), 404, 'asset-not-found'],
  ['twice encoded dots in an asset', get('/assets/%252e%252e/profiles/good.bu'), 404, 'asset-not-found'],
  ['encoded slashes in an asset', get('/assets/..%2fprofiles%2fgood.bu'), 400, 'request-invalid'],
  ['a backslash in an asset', get('/assets/..\\profiles\\good.bu'), 400, 'request-invalid'],
  ['a NUL in an asset', get('/assets/kernel%00.txt'), 400, 'request-invalid'],
  ['an absolute path as an asset', get('/assets//etc/passwd'), 404, 'asset-not-found'],
  ['a hidden asset', get('/assets/.hidden'), 404, 'asset-not-found'],
  ['an asset that is a link to a profile', get('/assets/out'), 404, 'asset-not-found'],
  ['an asset that is a link to a device', get('/assets/zero'), 404, 'asset-not-found'],
  ['the folder of assets', get('/assets/'), 404, 'asset-not-found'],
  ['an asset by 5,000 characters', get(`/assets/${'x/'.repeat(2500)}x`), 404, 'asset-not-found'],
  ['a part behind the end of an asset', asset('9'.repeat(30), '-'), 416, 'range-not-satisfiable'],
  ['a part of an asset that ends before it starts', asset('5', '-2'), 416, 'range-not-satisfiable'],
  ['3,000 parts of an asset', asset('0-0,'.repeat(2999), '0-0'), 416, 'range-not-satisfiable'],
  ['a condition that the asset does not meet', get('/assets/kernel', 'If-Match: "x"\r\n'), 412, 'precondition-failed'],
];

test('A request may be anything, and the next one is answered', async (t) => {
  const site = await writeSite(t, { ...GOOD, 'assets/kernel': 'kernel', 'assets/.hidden': 'hidden' });
  await symlink('../profiles/good.bu', join(site, 'assets/out'));
  await symlink('/dev/zero', join(site, 'assets/zero'));
  const service = await startServiceProcess(t, { site });
  if (service === undefined) return;
  for (const [title, text, status, code] of REQUESTS) {
    await t.test(title, async () => {
      const [head = '', body = ''] = (await askRaw(service.machine, text)).split('\r\n\r\n');
      assert.equal(Number(head.slice(9, 12)), status, head);
      if (code === undefined) assert.match(body, /"data:,good"/);
      else assert.equal(JSON.parse(body).code, code);
      await assertWell(service);
    });
  }

  await t.test('a hundred requests at once on one connection', async () => {
    const text = 'GET /ignition/good HTTP/1.1\r\n\r\n'.repeat(99) + good('');
    const answers = (await askRaw(service.machine, text)).split(/(?=HTTP\/1\.1 )/);
    assert.equal(answers.filter((answer) => /^HTTP\/1\.1 200 [\s\S]*"data:,good"/.test(answer)).length, 100);
    await assertWell(service);
  });

  await t.test('a tunnel', async () => {
    assert.match(
      await askRaw(service.machine, 'CONNECT x:80 HTTP/1.1\r\n\r\n'),
      /^HTTP\/1\.1 400 .*"code":"request-invalid"/s,
    );
    await assertWell(service);
  });
});

/** A profile whose kernel has an argument of a label, and one with a script of its own. */
const BOOTS: Files = {
  'profiles/boot.yaml':
    'butane: { variant: fcos, version: 1.5.0 }\nboot: { kernel: /k, args: ["say={{ labels.say }}"] }\n',
  'profiles/own.yaml': `butane: { variant: fcos, version: 1.5.0 }\nboot: { ipxe: "echo {{ labels.say }} and $\{uuid}" }\n`,
};

const REFUSED_VALUE = 'Code boot-broken';
const PART = 'has it as a part of the argument';
const ENCODED = 'asks again with it percent-encoded';

/** What a boot loader asks, and what the script says: a pattern, or `400`; and that in words. */
const SCRIPTS: readonly (readonly [title: string, path: string, says: string | RegExp | 400, answer?: string])[] = [
  ['a line break in a label', '/ipxe/boot?say=a%0Ashell', 'Code label-invalid'],
  ['a blank in a label', '/ipxe/boot?say=a%20ignition.config.url=http://x', REFUSED_VALUE],
  ['a double quote in a label', '/ipxe/boot?say=%22', REFUSED_VALUE],
  ['a single quote in a label', "/ipxe/boot?say='", REFUSED_VALUE],
  ['a backslash in a label', '/ipxe/boot?say=%5C', REFUSED_VALUE],
  ['a variable of iPXE in a label', '/ipxe/boot?say=$%7Buuid%7D', REFUSED_VALUE],
  ['an operator of iPXE in a label', '/ipxe/boot?say=%7C%7C', /^kernel \/k say=\|\| ignition/m, PART],
  ['an operator of iPXE as a word of an own script', '/ipxe/own?say=%26%26', REFUSED_VALUE],
  ['half a variable of iPXE in an own script', '/ipxe/own?say=%7Buuid%7D', REFUSED_VALUE],
  ['the start of a script in a label', '/ipxe/boot?say=%23!ipxe', /^kernel \/k say=#!ipxe ignition/m, PART],
  [
    'a label that makes the URL of the config too long',
    `/ipxe/boot?say=a&b=${'x'.repeat(256)}&c=${'x'.repeat(256)}`,
    REFUSED_VALUE,
  ],
  ['33 labels', `/ipxe?${labels(33).replaceAll('=', '=1')}`, 'Code label-invalid'],
  ['a MAC that is none', '/ipxe?mac=$%7Bmac%7D', 'Code label-invalid'],
  ['an address of its own', '/ipxe?ip=192.0.2.1', 'Code label-invalid'],
  ['a script as a profile', '/ipxe/%7C%7C%20shell', /^chain --replace %7C%7C%20shell \|\|/m, ENCODED],
  ['a quote as a label of GRUB', '/grub?say=%27%3Breboot', /'\/?[^']*\/grub\?say=%27%3Breboot'/, ENCODED],
  ['a bad percent escape', '/grub?say=%zz', 400],
];

test('A boot loader may ask anything, and no value becomes a part of its script', async (t) => {
  const service = await startServiceProcess(t, { site: await writeSite(t, { ...GOOD, ...BOOTS }) });
  if (service === undefined) return;
  for (const [title, path, says] of SCRIPTS) {
    await t.test(title, async () => {
      const answer = await ask(service.machine, path);
      const script = answer.body.toString();
      if (says === 400) assertProblem(answer, 400, 'request-invalid');
      else {
        assert.equal(answer.status, 200, script);
        if (typeof says === 'string') assert.ok(script.includes(says), script);
        else assert.match(script, says);
        for (const words of path.startsWith('/grub') ? readGrub(script) : readIpxe(script)) {
          assert.ok(
            ['shell', 'reboot'].every((command) => words[0] !== command),
            script,
          );
        }
      }
      await assertWell(service);
    });
  }
});

/** Sends bytes one after the other until the other side closes; gives what it said and how long that took. */
async function drip(
  base: string,
  start: string,
  every: string,
): Promise<{ readonly text: string; readonly ms: number }> {
  const started = performance.now();
  const socket = connect(Number(new URL(base).port), '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(start);
  const timer = setInterval(() => void socket.write(every), 300);
  let text = '';
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await once(socket, 'close');
  clearInterval(timer);
  return { text, ms: performance.now() - started };
}

test('Clients that are slow hold nobody up', async (t) => {
  const big = randomBytes(6 * 1024 * 1024);
  const site = await writeSite(t, { ...GOOD, 'files/big': big, 'profiles/big.bu': file('local: big') });
  const service = await startServiceProcess(t, { site });
  if (service === undefined) return;
  const whole = await ask(service.machine, '/ignition/big');
  assert.equal(whole.status, 200);
  const before = (await service.memory()).now;
  const readers = Array.from({ length: 100 }, () => {
    const reader = connect(Number(new URL(service.machine).port), '127.0.0.1');
    afterTest(t, () => reader.destroy());
    reader.on('error', () => undefined);
    reader.pause();
    reader.write('GET /ignition/big HTTP/1.1\r\n\r\n');
    return reader;
  });
  const slow: readonly (readonly [title: string, start: string, every: string])[] = [
    ['the bytes of a header', 'GET /ignition/good HTTP/1.1\r\n', 'X: y\r\n'],
    ['the bytes of its first line', 'G', 'E'],
    ['the bytes of a body', post('Content-Type: application/json\r\nContent-Length: 1000\r\n'), ' '],
    ['the chunks of a body', post('Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n'), '1\r\n \r\n'],
  ];
  const dripping = slow.map(async ([title, start, every]) => ({
    title,
    ...(await drip(service.machine, start, every)),
  }));
  const silent = drip(service.machine, '', '');
  for (let asked = 0; asked < 20; asked += 1) {
    const started = performance.now();
    await assertWell(service);
    assert.ok(performance.now() - started < 5000);
    await delay(100);
  }
  for (const { title, text, ms } of await Promise.all(dripping)) {
    assert.ok(ms < 20_000, `${title}: ${ms} ms`);
    assert.match(text, /^HTTP\/1\.1 (503|400) /, title);
    assert.match(text, /"request-(timeout|invalid)"/, title);
  }
  const { text, ms } = await silent;
  assert.deepEqual([text, ms < 20_000], ['', true]);
  const grown = (await service.memory()).now - before;
  assert.ok(grown < 64, `${readers.length} readers of one config cost ${grown} MiB`);
});

test('A thousand downloads of which nobody reads anything cost little, and hold nobody up', async (t) => {
  const site = await writeSite(t, { ...GOOD, 'assets/initrd': '' });
  await truncate(join(site, 'assets/initrd'), 1024 ** 3);
  const service = await startServiceProcess(t, { site });
  if (service === undefined) return;
  const before = (await service.memory()).now;
  let begun = 0;
  for (let opened = 0; opened < 1000; opened += 1) {
    const reader = connect(Number(new URL(service.machine).port), '127.0.0.1');
    afterTest(t, () => reader.destroy());
    reader.on('error', () => undefined);
    reader.once('readable', () => {
      begun += 1;
    });
    reader.write('GET /assets/initrd HTTP/1.1\r\n\r\n');
  }
  await eventually(() => begun === 1000, 30_000);
  const started = performance.now();
  await assertWell(service);
  assert.ok(performance.now() - started < 5000);
  const grown = (await service.memory()).now - before;
  assert.ok(grown < 128, `a thousand downloads cost ${grown} MiB`);
});

test('Ten thousand connections on which nothing is asked lock no machine out', async (t) => {
  const service = await startServiceProcess(t, { site: await writeSite(t, GOOD) });
  if (service === undefined) return;
  const { port } = new URL(service.machine);
  const floods = [2, 3, 4, 5].map((host) => {
    const program = resolve('build/test/support/half-open-process.js');
    const child = spawn(process.execPath, [program, port, '2500', `127.0.0.${host}`], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    killAfterTest(t, child);
    let opened = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      opened = Number(text.trim().split('\n').at(-1));
    });
    return () => opened;
  });
  const opened = () => floods.reduce((sum, count) => sum + count(), 0);
  let tries = 0;
  let failures = 0;
  const served = async () => {
    tries += 1;
    const answer: Answer | undefined = await ask(service.machine, '/ignition/good').catch(() => undefined);
    if (answer === undefined) failures += 1;
    else assert.equal(answer.status, 200);
    return answer !== undefined;
  };
  await eventually(async () => {
    // Ignition asks again where a connection breaks before an answer came.
    await eventually(served, 5000);
    return opened() === 10_000;
  }, 60_000);
  for (let asked = 0; asked < 50; asked += 1) await eventually(served, 5000);
  assert.ok(failures * 20 <= tries, `${failures} of ${tries} tries met a closed connection`);
  const descriptors = readdirSync(`/proc/${service.pid}/fd`).length;
  assert.ok(descriptors > 4000 && descriptors < 4096 + 200, `${descriptors} descriptors`);
  await assertWell(service);
  t.diagnostic(`${failures} of ${tries} tries failed; at most ${Math.round((await service.memory()).peak)} MiB`);
});

const GOOGLE = '/computeMetadata/v1/instance/attributes/user-data';

function token(text: string): AskOptions {
  return { headers: { 'X-aws-ec2-metadata-token': text } };
}

function lifetime(seconds: string): AskOptions {
  return { method: 'PUT', headers: { 'X-aws-ec2-metadata-token-ttl-seconds': seconds } };
}

/** A path of a metadata service, what comes with it, and what is answered: `200`, or the status and code of a problem. */
const METADATA: readonly (readonly [
  title: string,
  path: string,
  options: AskOptions,
  answer: number,
  code?: string,
])[] = [
  ['no session token', '/latest/user-data', {}, 401, 'metadata-token'],
  ['a session token that is made up', '/latest/user-data', token(`zzzzzz.${'A'.repeat(22)}`), 401, 'metadata-token'],
  ['a session token of 10 KB', '/latest/user-data', token('x'.repeat(10_000)), 401, 'metadata-token'],
  ['a lifetime that is none', '/latest/api/token', lifetime('1e9'), 400, 'request-invalid'],
  ['a lifetime of weeks', '/latest/api/token', lifetime('999999'), 400, 'request-invalid'],
  ['no header of its cloud', GOOGLE, {}, 403, 'metadata-refused'],
  ['another value of that header', GOOGLE, { headers: { 'Metadata-Flavor': 'x' } }, 403, 'metadata-refused'],
  [
    'the address of another machine, where the cloud refuses that',
    GOOGLE,
    { headers: { 'Metadata-Flavor': 'Google', 'X-Forwarded-For': '192.0.2.1' } },
    403,
    'metadata-refused',
  ],
  [
    'the address of another machine, where the cloud does not look at it',
    '/hetzner/v1/userdata',
    { headers: { 'X-Forwarded-For': '192.0.2.1' } },
    200,
  ],
  ['a port that anyone may have', '/user_data/cloud-init', {}, 403, 'metadata-refused'],
  ['a method that is none of it', '/hetzner/v1/userdata', { method: 'POST' }, 400, 'request-invalid'],
  ['dots in the path', '/hetzner/v1/../v1/userdata', {}, 404, 'route-not-found'],
  ['an encoded letter in the path', '/hetzner/v1/%75serdata', {}, 404, 'route-not-found'],
  ['a name that objects have by themselves', '/metadata/v1/__proto__', {}, 404, 'route-not-found'],
  ['the id of an instance that is made up', `/i/${'A'.repeat(22)}/userdata`, {}, 404, 'route-not-found'],
];

test('A request to a metadata service may be anything, and the next one is answered', async (t) => {
  const group = 'profile: good\nmatch: { ip: 127.0.0.1 }\n';
  const site = await writeSite(t, { ...GOOD, 'groups/here.yaml': group });
  const flags = ['--metadata', 'aws,gcp,hetzner,scaleway,digitalocean'];
  const service = await startServiceProcess(t, { site, flags });
  if (service === undefined) return;
  for (const [title, path, options, status, code] of METADATA) {
    await t.test(title, async () => {
      const answer = await ask(service.machine, path, options);
      if (code !== undefined) assertProblem(answer, status, code);
      else assert.match(answer.body.toString(), /"data:,good"/);
      await assertWell(service);
    });
  }
});

/** What a butane does for one document, as a shell script, and what the machine gets. */
const BUTANES: readonly (readonly [title: string, script: string, answer: string])[] = [
  ['hangs', 'exec sleep 60', 'render-timeout'],
  ['prints a config without end', 'exec cat /dev/zero', 'butane-failed'],
  ['prints a report without end', 'exec cat /dev/zero >&2', 'butane-failed'],
  ['panics', "echo 'panic: runtime error' >&2; exit 2", 'butane-failed'],
  ['is killed', 'kill -9 $$', 'butane-failed'],
  ['succeeds and prints nothing', 'exit 0', 'butane-failed'],
  ['succeeds and prints no config', 'echo mumble; exit 0', 'butane-failed'],
  ['fails without a word', 'exit 1', 'butane-failed'],
];

test('A butane may do anything, and the others are served', async (t) => {
  const cases = BUTANES.map(([, script], index) => `*case-${index}-*) ${script};;`).join('\n');
  const butane = await wrapButane(t, `case "$text" in\n${cases}\nesac`);
  if (butane === undefined) return;
  const profiles = BUTANES.map((_, index) => [
    `profiles/p${index}.bu`,
    butaneProfile('fcos', '1.5.0', `case-${index}-`),
  ]);
  const site = await writeSite(t, { ...GOOD, ...Object.fromEntries(profiles) });
  const service = await startServiceProcess(t, { site, butane });
  if (service === undefined) return;
  for (const [index, [title, , code]] of BUTANES.entries()) {
    await t.test(`one that ${title}`, async () => {
      const started = performance.now();
      assertProblem(await ask(service.machine, `/ignition/p${index}`), 503, code);
      assert.ok(performance.now() - started < 10_000);
      await assertWell(service);
    });
  }
});

/** A butane that can be taken away, and a service with a profile that is new for every label. */
async function startWithCopy(t: TestContext) {
  const real = requireProgram(t, 'butane');
  if (real === undefined) return undefined;
  const butane = join(await scratchDirectory(t), 'butane');
  const install = async (version: string) => {
    const script = `#!/bin/sh\nfor last in "$@"; do :; done\nif [ "$last" = -V ]; then echo Butane v${version}; exit 0; fi\nexec '${real}' "$@"\n`;
    await writeFile(`${butane}.new`, script, { mode: 0o755 });
    await rename(`${butane}.new`, butane);
  };
  await install('0.0.1');
  const site = await writeSite(t, { ...GOOD, ...template('{{ labels.say }}')('echo') });
  const service = await startServiceProcess(t, { site, butane });
  if (service === undefined) return undefined;
  await assertWell(service);
  let asked = 0;
  /** A config that was never made before: right bytes, or 503. */
  const isRight = async () => {
    asked += 1;
    const answer = await ask(service.machine, `/ignition/echo?say=new${asked}`);
    if (answer.status === 200) assert.match(answer.body.toString(), new RegExp(`"data:,new${asked}"`));
    else assert.equal(answer.status, 503, answer.body.toString());
    return answer.status === 200;
  };
  return { service, butane, install, isRight };
}

test('A butane that disappears is 503 until it is back, and what was made is served', async (t) => {
  const at = await startWithCopy(t);
  if (at === undefined) return;
  assert.ok(await at.isRight());
  await rename(at.butane, `${at.butane}.away`);
  assert.ok(!(await at.isRight()));
  await assertWell(at.service);
  await rename(`${at.butane}.away`, at.butane);
  assert.ok((await at.isRight()) || (await at.isRight()), 'it recovers within two tries');
  await assertWell(at.service);
});

test('A butane that is replaced by another version is used from then on', async (t) => {
  const at = await startWithCopy(t);
  if (at === undefined) return;
  assert.ok(await at.isRight());
  await at.install('0.0.2');
  assert.ok((await at.isRight()) || (await at.isRight()), 'it is used within two tries');
  await assertWell(at.service);
});

function saidIn(says: (typeof SCRIPTS)[number][2]): string {
  return says === 400 ? '400 `request-invalid`' : `says \`${String(says).replace('Code ', '')}\``;
}

test('docs/hostile-input.md has a row for each input that is tried, with its answer', async () => {
  const rows = [
    ...PROFILES.map(([title, , answer]) => [title, answer === 200 ? '200' : `503 \`${answer}\``]),
    ...REFUSED.map(([title, , , code]) => [title, `\`${code}\``]),
    ...REQUESTS.map(([title, , status, code]) => [title, code === undefined ? `${status}` : `${status} \`${code}\``]),
    ...SCRIPTS.map(([title, , says, answer]) => [title, answer ?? saidIn(says)]),
    ...METADATA.map(([title, , , status, code]) => [title, code === undefined ? `${status}` : `${status} \`${code}\``]),
    ...BUTANES.map(([title, , code]) => [title, `503 \`${code}\``]),
  ].map(([title, answer]) => `| ${title} | ${answer} |`);
  const lines = new Set((await readFile('docs/hostile-input.md', 'utf8')).split('\n'));
  assert.deepEqual(
    rows.filter((row) => !lines.has(row)),
    [],
  );
});
