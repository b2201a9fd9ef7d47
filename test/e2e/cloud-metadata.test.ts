import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { DIALECTS } from '../../src/metadata/dialects.ts';
import { makeCertificate, type ServerCertificate } from '../support/cloud-metadata/certificates.ts';
import {
  type Cloud,
  LINK_LOCAL_LISTENER,
  leaveLinkLocal,
  PACKET_NAME,
  SERVER_ADDRESS,
  startCloud,
} from '../support/cloud-metadata/cloud.ts';
import { askFrom, type MetadataListener, startMetadata, startProxy } from '../support/cloud-metadata/cloud-programs.ts';
import { CLOUD_SITE, MACHINES, MENDED, textOf } from '../support/cloud-metadata/cloud-site.ts';
import {
  fetchAndApply,
  fetchConfig,
  type IgnitionRelease,
  type IgnitionRun,
  ignitionReleases,
  platformsOf,
} from '../support/ignition-client.ts';
import type { Host } from '../support/network-boot/network.ts';
import { eventually } from '../support/service.ts';
import type { ServiceProcess } from '../support/service-process.ts';
import { addToSite, writeSite } from '../support/site.ts';

/** Which dialects one service speaks in which cloud; those of one path are never together. */
const CLOUDS: readonly (readonly MetadataListener[])[] = [
  [
    {
      listen: '0.0.0.0:80',
      dialects: ['akamai', 'aws', 'azure', 'digitalocean', 'exoscale', 'gcp', 'hetzner', 'oraclecloud', 'scaleway'],
    },
  ],
  [
    { listen: '169.254.169.254:80', dialects: ['openstack', 'upcloud', 'vultr'], flags: ['--neighbour-table'] },
    { listen: '100.100.100.200:80', dialects: ['aliyun'] },
    { listen: `${SERVER_ADDRESS}:80`, dialects: ['cloudstack'] },
    { listen: LINK_LOCAL_LISTENER, dialects: ['openstack'], flags: ['--neighbour-table'] },
  ],
  [{ listen: `${SERVER_ADDRESS}:443`, dialects: ['packet'], secure: true }],
];

/** Ids of platforms whose Ignition looks for a config drive without end once it has no answer; the boot never goes on. */
const ENDLESS = ['openstack', 'brightbox', 'cloudstack'];

/** An Ignition of one release, on one platform. */
interface Client {
  readonly release: IgnitionRelease;
  readonly platform: string;
}

/** The platforms of some dialects, in each release that has them. */
function clientsOf(t: TestContext, dialects: readonly string[]): readonly Client[] | undefined {
  const platforms = DIALECTS.filter(({ name }) => dialects.includes(name)).flatMap((each) => each.platforms);
  const clients: Client[] = [];
  for (const release of ignitionReleases) {
    const known = platformsOf(t, release);
    if (known === undefined) return undefined;
    clients.push(...platforms.filter((each) => known.includes(each)).map((platform) => ({ release, platform })));
  }
  return clients;
}

function bootOf({ platform }: Client, { launcher }: Host, timeoutSeconds: number, tls: ServerCertificate) {
  return { platform, launcher, timeoutSeconds, environment: { SSL_CERT_FILE: tls.certificate } };
}

test('Every platform of Ignition that asks a metadata service over HTTP has a dialect', (t) => {
  const ours = DIALECTS.flatMap(({ platforms }) => platforms).sort();
  const known = ignitionReleases.map((release) => platformsOf(t, release));
  const [old, recent] = known.map((ids) => ids?.filter((id) => ours.includes(id)));
  if (old === undefined || recent === undefined) return;
  assert.deepEqual(
    old,
    ours.filter((id) => !['akamai', 'hetzner', 'oraclecloud', 'outscale', 'scaleway', 'upcloud'].includes(id)),
  );
  assert.deepEqual(
    recent,
    // Outscale came with 2.28.
    ours.filter((id) => id !== 'outscale'),
  );
});

suite('A machine of a cloud', () => {
  for (const listeners of CLOUDS) {
    const dialects = [...new Set(listeners.flatMap((each) => each.dialects))];
    test(`is provisioned or told to wait: ${dialects.join(', ')}`, async (t) => {
      const cloud = await startCloud(t);
      const clients = clientsOf(t, dialects);
      const tls = await makeCertificate(t, PACKET_NAME);
      if (cloud === undefined || clients === undefined || tls === undefined) return;
      const site = await writeSite(t, CLOUD_SITE);
      // What starts late in the first of the tests is the service of all others.
      const start = (listener: MetadataListener) => startOrFail(t, cloud, site, listener, tls);
      const bootOn = (client: Client, host: Host, timeoutSeconds: number) => bootOf(client, host, timeoutSeconds, tls);
      const services: ServiceProcess[] = [];
      const one = await cloud.addMachine(MACHINES.one);
      const two = await cloud.addMachine(MACHINES.two);

      await t.test('a service that starts late is waited for', async (t) => {
        const runs = clients.map((client) => fetchConfig(t, client.release, bootOn(client, one, 60)));
        await delay(1500);
        for (const listener of listeners) services.push(await start(listener));
        for (const [index, client] of clients.entries()) assertFetched(client, await runs[index]);
      });

      for (const client of clients) {
        await t.test(`two machines at a time get each its own: ${nameOf(client)}`, async (t) => {
          const boots = [one, two].map((host) => fetchAndApply(t, client.release, bootOn(client, host, 30)));
          const [first, second] = await Promise.all(boots);
          if (first === undefined || second === undefined) return;
          assert.deepEqual([first.exitCode, second.exitCode], [0, 0], first.output + second.output);
          assert.equal(await readFile(join(first.root, 'etc/machine'), 'utf8'), textOf('one'));
          assert.equal(await readFile(join(second.root, 'etc/machine'), 'utf8'), textOf('two'));
        });
      }

      await t.test('a machine that nobody knows never boots unprovisioned', async (t) => {
        const unknown = await cloud.addMachine(MACHINES.unknown);
        const runs = clients.map(async (client) => {
          const patienceSeconds = ENDLESS.includes(client.platform) ? 12 : 60;
          const boot = { ...bootOn(client, unknown, 4), patienceSeconds };
          return { client, run: await fetchConfig(t, client.release, boot) };
        });
        for (const { client, run } of await Promise.all(runs)) {
          if (run !== undefined) assertUnknown(client, run);
        }
      });

      await t.test('a profile that is broken is waited for until it is mended', async (t) => {
        const broken = await cloud.addMachine(MACHINES.broken);
        const printed = clients.map((client) => fetchConfig(t, client.release, bootOn(client, broken, 60)));
        await delay(3000);
        await addToSite(site, MENDED);
        for (const [index, client] of clients.entries()) assertFetched(client, await printed[index], 'broken');
      });

      if (dialects.includes('packet')) {
        await t.test('a machine reports how its boot goes', async () => {
          const reported = () => services.flatMap(({ log }) => log().map(({ state }) => state));
          await eventually(() => reported().includes('running'));
        });
      }

      if (!listeners.some(({ flags = [] }) => flags.includes('--neighbour-table'))) return;
      const neighbour = await cloud.addMachine(MACHINES.neighbour);
      for (const client of clientsOf(t, listeners[0]?.dialects ?? []) ?? []) {
        await t.test(`a machine is known by its MAC alone: ${nameOf(client)}`, async (t) => {
          assertFetched(client, await fetchConfig(t, client.release, bootOn(client, neighbour, 30)), 'neighbour');
        });
      }

      const linkLocal = await cloud.addMachine(MACHINES.linkLocal);
      await leaveLinkLocal(linkLocal);
      // The old release asks over IPv4 alone.
      for (const client of clientsOf(t, ['openstack'])?.filter(({ release }) => release === 'module-2.27') ?? []) {
        await t.test(`a machine asks the address on its link: ${nameOf(client)}`, async (t) => {
          assertFetched(
            client,
            await fetchConfig(t, client.release, { ...bootOn(client, linkLocal, 30), patienceSeconds: 40 }),
            'linkLocal',
          );
        });
      }
    });
  }
});

async function startOrFail(
  t: TestContext,
  { server }: Cloud,
  site: string,
  listener: MetadataListener,
  tls: ServerCertificate,
) {
  const service = await startMetadata(t, server, site, listener, tls);
  assert.ok(service);
  return service;
}

function nameOf({ release, platform }: Client): string {
  return `${platform}, ${release}`;
}

function assertFetched(client: Client, run: IgnitionRun | undefined, machine: keyof typeof MACHINES = 'one'): void {
  if (run === undefined) return;
  assert.equal(run.exitCode, 0, `${nameOf(client)}: ${run.output}`);
  const text = encodeURIComponent(textOf(machine));
  assert.ok(JSON.stringify(run.config).includes(text), `${nameOf(client)}: ${JSON.stringify(run.config)}`);
}

/** What the dialect's table says is what happens. */
function assertUnknown(client: Client, { exitCode, output, config }: IgnitionRun): void {
  const dialect = DIALECTS.find(({ platforms }) => platforms.includes(client.platform));
  const about = `${nameOf(client)}: ${output}`;
  assert.notEqual(exitCode, 0, about);
  assert.equal(config, undefined, about);
  // The second answer has to come from the service again.
  assert.doesNotMatch(output, /address already in use/);
  const asked = /attempt #2/.test(output);
  assert.equal(asked, dialect?.unknown === 'wait', about);
  assert.equal(exitCode === 137, ENDLESS.includes(client.platform), about);
}

test('Behind a listed proxy each machine gets its own, and a header that somebody made up gives nothing', async (t) => {
  const cloud = await startCloud(t);
  const tls = await makeCertificate(t, PACKET_NAME);
  const dialects = CLOUDS[0]?.[0]?.dialects.filter((each) => each !== 'scaleway') ?? [];
  const clients = clientsOf(t, [...dialects, 'packet']);
  if (cloud === undefined || tls === undefined || clients === undefined) return;
  const { server } = cloud;
  const site = await writeSite(t, CLOUD_SITE);
  await startOrFail(
    t,
    cloud,
    site,
    {
      listen: `${SERVER_ADDRESS}:8080`,
      dialects: [...dialects, 'packet'],
      flags: ['--trusted-proxy', SERVER_ADDRESS],
    },
    tls,
  );
  await startProxy(server, 80);
  await startProxy(server, 443, tls);
  const one = await cloud.addMachine(MACHINES.one);
  const two = await cloud.addMachine(MACHINES.two);

  for (const client of clients) {
    await t.test(`two machines at a time get each its own: ${nameOf(client)}`, async (t) => {
      const boots = [one, two].map((host) => fetchConfig(t, client.release, bootOf(client, host, 30, tls)));
      const [first, second] = await Promise.all(boots);
      assertFetched(client, first, 'one');
      assertFetched(client, second, 'two');
    });
  }

  const unknown = await cloud.addMachine(MACHINES.unknown);

  const forged = { 'X-Forwarded-For': one.address };
  const own = `http://169.254.169.254`;
  const direct = `http://${SERVER_ADDRESS}:8080`;
  const google = '/computeMetadata/v1/instance/attributes/user-data';

  await t.test('a header of a machine stands behind what the proxy says', async () => {
    const answer = await askFrom(two, own + google, { headers: { ...forged, 'Metadata-Flavor': 'Google' } });
    assert.equal(answer.status, 200);
    assert.ok(answer.body.includes(encodeURIComponent(textOf('two'))), answer.body);
    assert.equal((await askFrom(unknown, `${own}/hetzner/v1/userdata`, { headers: forged })).status, 503);
    assert.equal((await askFrom(unknown, `${own}/metadata/v1/user-data`, { headers: forged })).status, 404);
  });

  await t.test('a header of somebody who is not listed is refused as the cloud does', async () => {
    const cases: readonly (readonly [path: string, status: number, method: string, extra: Record<string, string>])[] = [
      [google, 403, 'GET', { 'Metadata-Flavor': 'Google' }],
      ['/metadata/instance/compute/userData?api-version=2021-01-01&format=text', 403, 'GET', { Metadata: 'true' }],
      ['/latest/api/token', 403, 'PUT', { 'X-aws-ec2-metadata-token-ttl-seconds': '60' }],
      ['/hetzner/v1/userdata', 503, 'GET', {}],
      ['/metadata/v1/user-data', 404, 'GET', {}],
      ['/userdata', 404, 'GET', {}],
      ['/1.0/user-data', 503, 'GET', {}],
    ];
    for (const [path, status, method, extra] of cases) {
      const answer = await askFrom(unknown, direct + path, { method, headers: { ...forged, ...extra } });
      assert.equal(answer.status, status, `${path}: ${answer.body}`);
      assert.ok(!answer.body.includes('one'), answer.body);
    }
  });
});
