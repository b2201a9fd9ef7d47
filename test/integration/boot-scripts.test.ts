import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { pino } from 'pino';
import supertest from 'supertest';
import { createMachineApp } from '../../src/http/machine-app.ts';
import { NOTHING_SERVED } from '../../src/http/nothing-served.ts';
import { createRenderer } from '../../src/render/renderer.ts';
import { createCaches, createTranslator } from '../../src/render/translate.ts';
import { afterTest } from '../support/after-test.ts';
import { readGrub, readIpxe } from '../support/boot-loaders.ts';
import {
  accessLine,
  ask,
  askRaw,
  assertProblem,
  eventually,
  PUBLIC_URL,
  siteChecked,
  startTestService,
} from '../support/service.ts';
import { addToSite, writeSite } from '../support/site.ts';
import { standInButane, translated } from '../unit/render/stand-in-butane.ts';
import { revisionOf } from '../unit/site/parsed-site.ts';

const MAC = '52-54-00-a1-9c-ae';
const UUID = '4c4c4544-0035-4d10-8054-b4c04f4d3132';
const SECRET = 'correct-horse-battery-staple';

const worker = (inline: string) =>
  JSON.stringify({
    butane: {
      variant: 'flatcar',
      version: '1.1.0',
      storage: { files: [{ path: '/etc/hostname', contents: { inline } }] },
    },
    parameters: { type: 'object', required: ['name'], properties: { name: { type: 'string', maxLength: 8 } } },
    boot: {
      kernel: '/assets/vmlinuz',
      initrd: ['/assets/image.cpio.gz'],
      args: ['console=ttyS0', 'name={{ parameters.name }}'],
    },
  });

const SITE = {
  'profiles/worker.yaml': worker('{{ parameters.name }}'),
  'profiles/installed.yaml': worker('installed'),
  'profiles/bare.bu': 'variant: fcos\nversion: 1.5.0\n',
  'profiles/broken.yaml': `butane: { variant: fcos, version: 1.5.0, storage: { files: [{ path: relative-${SECRET} }] } }\nboot: { kernel: /k }\n`,
  'profiles/crooked.yaml': `butane: { variant: fcos, version: 1.5.0 }\nboot: { kernel: /k, args: ["${SECRET} x"] }\n`,
  'profiles/rescue.yaml': 'butane: { variant: fcos, version: 1.5.0 }\nboot: { kernel: /rescue, ignition: none }\n',
  'groups/node.yaml': `profile: worker\nmatch: { mac: ${MAC} }\nparameters: { name: node1 }\n`,
  'groups/node-installed.yaml': `profile: installed\nmatch: { mac: ${MAC}, os: installed }\nparameters: { name: node1 }\n`,
  'groups/bare.yaml': 'profile: bare\nmatch: { role: bare }\n',
  'groups/broken.yaml': 'profile: broken\nmatch: { role: broken }\n',
  'groups/crooked.yaml': 'profile: crooked\nmatch: { role: crooked }\n',
  'groups/twin-a.yaml': 'profile: worker\nmatch: { a: a }\n',
  'groups/twin-b.yaml': 'profile: bare\nmatch: { b: b }\n',
};

const KERNEL = [
  'kernel',
  '/assets/vmlinuz',
  'initrd=image.cpio.gz',
  'console=ttyS0',
  'name=node1',
  'flatcar.first_boot=1',
  `ignition.config.url=${PUBLIC_URL}/ignition/worker?uuid=${UUID}&mac=${MAC}`,
];

test('Boot loaders', async (t) => {
  const site = await writeSite(t, SITE);
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  await siteChecked(service);
  const get = async (path: string, method = 'GET') => {
    const answer = await ask(service.machine, path, { method });
    assert.equal(answer.status, 200, path);
    return answer;
  };
  const script = async (path: string) => (await get(path)).body.toString();

  await t.test('begin with a script that hands on what iPXE knows, and asks until it is answered', async () => {
    const first = await script('/boot.ipxe');
    assert.equal(await script('/boot.ipxe.0'), first);
    const variable = (name: string) => `$\{${name}}`;
    const [, label, chain] = first.split('\n');
    assert.equal(label, ':ask');
    const labels = `uuid=${variable('uuid')}&mac=${variable('mac:hexhyp')}&domain=${variable('domain:uristring')}&hostname=${variable('hostname:uristring')}&serial=${variable('serial:uristring')}&arch=${variable('buildarch:uristring')}`;
    assert.equal(chain, `chain --replace ipxe?${labels} || goto wait`);
  });

  await t.test('get the kernel of the profile that the groups select, and the way to its config', async () => {
    const path = `/ipxe?uuid=${UUID}&mac=${MAC}&domain=&hostname=&serial=`;
    const answer = await get(path);
    assert.deepEqual(readIpxe(answer.body.toString())[1], KERNEL);
    assert.equal(answer.headers['content-type'], 'text/plain; charset=utf-8');
    assert.equal(answer.headers['cache-control'], 'private, no-store');
    assert.equal(answer.headers['content-length'], String(answer.body.length));
    const config = new URL(KERNEL.at(-1)?.replace('ignition.config.url=', '') ?? '');
    assert.equal((await ask(service.machine, config.pathname + config.search)).status, 200);
    // What was remembered is the same.
    assert.deepEqual((await get(path)).body, answer.body);
  });

  await t.test('get the same for HEAD, without the body', async () => {
    for (const path of ['/boot.ipxe', `/ipxe?mac=${MAC}`, `/grub?mac=${MAC}`, '/ipxe/rescue']) {
      const [full, head] = [await get(path), await get(path, 'HEAD')];
      assert.equal(head.body.length, 0);
      assert.equal(head.headers['content-length'], full.headers['content-length']);
    }
  });

  await t.test('get the same as a script for GRUB', async () => {
    const commands = readGrub(await script(`/grub?uuid=${UUID}&mac=${MAC}`));
    assert.deepEqual(commands[1]?.slice(0, 3), ['if', 'linux', '(http,boot.example:8080)/assets/vmlinuz']);
    assert.deepEqual(commands[1]?.slice(3, -2), KERNEL.slice(3));
  });

  await t.test('get a profile by its name', async () => {
    assert.match(await script(`/ipxe/worker?mac=${MAC}`), /^kernel .*ignition\/worker\?mac=52-54-00-a1-9c-ae \|\|/m);
    assert.match(await script('/ipxe/rescue'), /^kernel \/rescue \|\| goto failed$/m);
  });

  await t.test('keep the free labels that they ask with, for the second stage of an installation', async () => {
    assert.match(
      await script(`/ipxe?mac=${MAC}&os=installed`),
      /config\.url=http:\/\/boot\.example:8080\/ignition\/installed\?mac=52-54-00-a1-9c-ae&os=installed /,
    );
  });

  for (const [title, query, outcome, code] of [
    ['nobody knows', 'mac=52-54-00-00-00-01', 'unknown', 'machine-unknown'],
    ['has a profile without a boot', 'role=bare', 'unknown', 'boot-missing'],
    ['leaves out what only a group gives', 'a=a', 'unknown', 'parameter-missing'],
    ['has a config that does not render', 'role=broken', 'broken', 'profile-broken'],
    ['has a boot with a fault', 'role=crooked', 'broken', 'boot-broken'],
    ['is matched by groups that contradict each other', 'a=a&b=b', 'broken', 'selection-ambiguous'],
    ['asks with a label that cannot be', 'mac=x', 'invalid', 'label-invalid'],
    ['asks with a label twice', 'a=a&a=b', 'invalid', 'label-invalid'],
  ] as const) {
    await t.test(`are told so when the machine ${title}, and ask again`, async () => {
      for (const loader of ['ipxe', 'grub']) {
        const before = service.log.length;
        const said = await script(`/${loader}?${query}`);
        const commands = loader === 'ipxe' ? readIpxe(said) : readGrub(said);
        assert.ok(said.includes(`Code ${code}, request `), said);
        assert.ok(!said.includes(SECRET));
        const again = outcome === 'invalid' ? (loader === 'ipxe' ? 'boot.ipxe' : '/grub') : `${loader}?${query}`;
        assert.ok(
          commands.some((words) => words.at(-1)?.endsWith(again)),
          said,
        );
        assert.ok(commands.some(([word, seconds]) => word === 'sleep' && seconds === '30'));
        const line = await accessLine(service, before);
        assert.deepEqual([line.status, line.outcome, line.code], [200, outcome, code]);
        assert.ok(!JSON.stringify(line).includes(SECRET));
      }
    });
  }

  await t.test('are told of a profile that does not exist, under its own URL', async () => {
    const said = await script('/ipxe/no%20such%20%24%7Buuid%7D?mac=525400a19cae');
    assert.match(said, /Code profile-not-found/);
    assert.match(said, /^chain --replace no%20such%20%24%7Buuid%7D\?mac=52-54-00-a1-9c-ae \|\| goto again$/m);
  });

  await t.test('are refused only where the request itself cannot be read', async () => {
    assertProblem(await ask(service.machine, '/ipxe?a=%zz'), 400, 'request-invalid');
  });

  await t.test('leave a line in the log with what they got', async () => {
    for (const tries of [1, 2]) {
      const before = service.log.length;
      await script(`/ipxe?mac=${MAC}&try=it`);
      const { profile, group, labels, outcome, revision, bytes } = await accessLine(service, before);
      assert.deepEqual([profile, group, outcome], ['worker', 'node', 'ok'], String(tries));
      assert.deepEqual(labels, { mac: '52:54:00:a1:9c:ae', ip: '127.0.0.1', try: 'it' });
      assert.ok(typeof revision === 'string' && typeof bytes === 'number');
    }
  });

  await t.test('are counted by what they got', async () => {
    const metrics = (await ask(service.operator, '/metrics')).body.toString();
    for (const series of [
      'kind="ipxe",outcome="ok"',
      'kind="grub",outcome="ok"',
      'kind="chain",outcome="ok"',
      'kind="ipxe",outcome="unknown"',
      'kind="grub",outcome="broken"',
      'kind="ipxe",outcome="invalid"',
    ]) {
      assert.match(metrics, new RegExp(`^pilotlight_boot_scripts_total\\{${series}\\} [1-9]`, 'm'));
    }
  });

  await t.test('boot as soon as what was broken is mended', async () => {
    await writeFile(
      join(site, 'profiles/broken.yaml'),
      'butane: { variant: fcos, version: 1.5.0 }\nboot: { kernel: /mended }\n',
    );
    await eventually(async () => /^kernel \/mended /m.test(await script('/ipxe?role=broken')));
  });

  await t.test('are shown to operators with each profile', async () => {
    const profileOf = async (id: string) =>
      JSON.parse((await ask(service.operator, `/v1/profiles/${id}`)).body.toString());
    assert.deepEqual((await profileOf('worker')).boot, {
      ignition: 'flatcar',
      kernel: '/assets/vmlinuz',
      initrd: ['/assets/image.cpio.gz'],
      args: ['console=ttyS0', 'name={{ parameters.name }}'],
    });
    const { boots, boot, broken } = await profileOf('bare');
    assert.deepEqual([boots, boot, broken], [undefined, undefined, false]);
    const { profiles } = JSON.parse((await ask(service.operator, '/v1/profiles')).body.toString());
    const kinds = profiles.map(({ id, boots: kind }: { id: string; boots?: string }) => [id, kind]);
    assert.deepEqual(Object.fromEntries(kinds), {
      bare: undefined,
      broken: 'kernel',
      crooked: 'kernel',
      installed: 'kernel',
      rescue: 'kernel',
      worker: 'kernel',
    });
  });
});

test('A revision that takes a boot away from a machine is refused, and one that changes it is shown', async (t) => {
  const {
    'profiles/broken.yaml': _,
    'profiles/crooked.yaml': __,
    'groups/broken.yaml': ___,
    'groups/crooked.yaml': ____,
    ...good
  } = SITE;
  const site = await writeSite(t, good);
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  await siteChecked(service);
  const json = async (path: string) => JSON.parse((await ask(service.operator, path)).body.toString());
  const before = (await json('/v1/revision')).id;
  const edit = (args: string) =>
    addToSite(site, {
      'profiles/rescue.yaml': `butane: { variant: fcos, version: 1.5.0 }\nboot: { kernel: /rescue, ignition: none, args: ${args} }\n`,
    });

  await edit('["a b"]');
  await eventually(async () => (await json('/v1/revision')).refused !== undefined);
  const { refused } = await json('/v1/revision');
  assert.deepEqual(refused.broken, [{ profile: 'rescue', reason: 'its boot does not render any more' }]);
  assert.match((await ask(service.machine, '/ipxe/rescue')).body.toString(), /^kernel \/rescue \|\|/m);

  await edit('[quiet]');
  await eventually(async () => (await json('/v1/revision')).id !== before);
  const difference = await json(`/v1/diff?from=${before}`);
  const changed = difference.machines.filter(({ change }: { change: string }) => change !== 'stays-broken');
  assert.deepEqual(
    changed.map(({ profile, what, change }: Record<string, string>) => [profile, what, change]),
    [['rescue', 'boot', 'changes']],
  );
  assert.match(difference.patches[0], /^-kernel \/rescue \|\| goto failed\n\+kernel \/rescue quiet \|\| goto failed$/m);
});

test('What a machine without a boot does is a setting of the site', async (t) => {
  const site = await writeSite(t, { ...SITE, 'site.yaml': 'boot: { unknown: exit, retry: 7 }\n' });
  const service = await startTestService(t, { site });
  if (service === undefined) return;
  await siteChecked(service);
  const script = async (path: string) => (await ask(service.machine, path)).body.toString();

  const gone = readIpxe(await script('/ipxe?mac=525400000001'));
  assert.deepEqual(gone.at(-1), ['exit']);
  assert.equal(readGrub(await script('/grub?mac=525400000001')).at(-1)?.[0], 'exit');
  assert.match(await script('/ipxe?role=broken'), /^sleep 7 \|\| exit\nchain --replace ipxe\?role=broken/m);

  await writeFile(join(site, 'site.yaml'), 'boot: { unknown: { profile: rescue } }\n');
  await eventually(async () => /^kernel \/rescue /m.test(await script('/ipxe?mac=525400000001')));
  const discovered = await script('/ipxe?mac=525400000001');
  assert.match(discovered, /^chain --replace ipxe\?mac=52-54-00-00-00-01 \|\|/m);
  assert.match(await script('/grub?mac=525400000001'), /linux '\(http,boot\.example:8080\)\/rescue'/);
  assert.match(await script('/ipxe/nowhere'), /^kernel \/rescue /m);
  await rm(join(site, 'site.yaml'));
  await eventually(async () => /Code machine-unknown/.test(await script('/ipxe?mac=525400000001')));
});

test('While nothing can be served yet, a machine waits and asks again with all that it said', async (t) => {
  const app = await createMachineApp({ ...NOTHING_SERVED, version: '0.0.0', logger: pino({ level: 'silent' }) });
  afterTest(t, () => app.close());
  await app.ready();
  const client = supertest(app.server);
  const ipxe = await client.get(`/ipxe?mac=${MAC}&rack=r7`).expect(200);
  assert.match(ipxe.text, /Code not-ready/);
  assert.match(ipxe.text, /^chain --replace ipxe\?mac=52-54-00-a1-9c-ae&rack=r7 \|\| goto again$/m);
  const grub = await client.get(`/grub?mac=${MAC}`).expect(200);
  assert.match(grub.text, /source '\/grub\?mac=52-54-00-a1-9c-ae'/);
  await client.get('/boot.ipxe').expect(200);
});

test('A machine that an edit may make known waits for it, whatever unknown machines do', async (t) => {
  const { 'profiles/broken.yaml': _, ...good } = SITE;
  const revision = revisionOf({ ...good, 'site.yaml': 'boot: { unknown: exit }\n' });
  const served = { revision, filesDir: '/files' };
  const butane = standInButane(() => translated({ ignition: { version: '3.4.0' } }));
  const translator = createTranslator(butane, createCaches(1e6));
  const renderer = createRenderer({ translator, serviceUrl: PUBLIC_URL, now: () => 0 });
  const answers: string[] = [];
  for (const pending of [true, false]) {
    const site = { ...NOTHING_SERVED.site, ready: true, pending, current: () => served };
    const app = await createMachineApp({
      ...NOTHING_SERVED,
      site,
      renderer,
      version: '0.0.0',
      logger: pino({ level: 'silent' }),
    });
    afterTest(t, () => app.close());
    await app.ready();
    answers.push((await supertest(app.server).get('/ipxe?mac=525400000001').expect(200)).text);
  }
  assert.match(
    answers[0] ?? '',
    /an edit of the site is being checked\n(?:.*\n)*chain --replace ipxe\?mac=52-54-00-00-00-01 /,
  );
  assert.match(answers[1] ?? '', /Code machine-unknown(?:.*\n)*exit\n$/);
});

test('A script has its length in the spelling that GRUB looks for', async (t) => {
  const service = await startTestService(t, { site: await writeSite(t, SITE) });
  if (service === undefined) return;
  for (const path of ['/boot.ipxe', `/ipxe?mac=${MAC}`, `/grub?mac=${MAC}`, '/grub?mac=52-54-00-00-00-01']) {
    const answer = await askRaw(service.machine, `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    const [head = '', body = ''] = answer.split('\r\n\r\n');
    assert.equal(
      /^Content-Length: (\d+)$/m.exec(head.replaceAll('\r', ''))?.[1],
      String(Buffer.byteLength(body)),
      path,
    );
  }
});
