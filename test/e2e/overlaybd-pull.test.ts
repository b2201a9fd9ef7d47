import assert from 'node:assert/strict';
import { basename } from 'node:path';
import { suite, type TestContext, test } from 'node:test';
import { chosenContainerds, containerdPrograms, startContainerd } from '../support/containerd.ts';
import { flatcarTree } from '../support/flatcar-tree.ts';
import { type Machine, startMachine } from '../support/machine-root.ts';
import { writeTree } from '../support/machine-tree.ts';
import { layerSources, runUnit, startSnapshotter } from '../support/overlaybd-programs.ts';
import { type Registry, type RegistryOptions, type RegistryRequest, startRegistry } from '../support/registry.ts';
import type { PushedImage, RegistryUser } from '../support/registry-client.ts';
import { renderedTree } from '../support/rendered-tree.ts';
import { eventually } from '../support/service.ts';

const USER: RegistryUser = { username: 'puller', password: 'pull "me" $now: 100%' };

for (const release of chosenContainerds()) {
  suite(`A unit that pulls, with containerd ${release}`, { concurrency: false }, () => {
    for (const scheme of ['http', 'https'] as const) {
      test(`gets what describes the image over ${scheme}, no layer, and asks once more when it runs again`, async (t) => {
        const place = await bootMachine(t, release, USER, { scheme });
        if (place === undefined) return;
        const { machine, registry, image, unit } = place;

        const first = await registry.watch(() => runUnit(machine, unit));
        assert.equal(first.result.exitCode, 0, first.result.output);
        assert.deepEqual(first.requests.map(briefly), [
          'HEAD /v2/team/hello/manifests/1 200',
          `GET /v2/team/hello/manifests/${image.digest} 200`,
          `GET /v2/team/hello/blobs/${image.config} 200`,
        ]);
        const list = ['/usr/local/overlaybd/snapshotter/ctr', '--namespace', 'k8s.io', 'images', 'ls', '--quiet'];
        const { stdout } = await machine.run({ argv: list });
        assert.ok(stdout.split('\n').includes(image.ref), stdout);
        assert.deepEqual((await layerSources(machine)).at(-1), {
          repoBlobUrl: `${scheme}://${registry.host}/v2/team/hello/blobs`,
          digests: image.layers,
        });

        const second = await registry.watch(() => runUnit(machine, unit));
        assert.equal(second.result.exitCode, 0, second.result.output);
        assert.deepEqual(second.requests.map(briefly), ['HEAD /v2/team/hello/manifests/1 200']);
      });
    }

    test('gets a token where the registry wants one, with credentials that no command line shows', async (t) => {
      const place = await bootMachine(t, release, USER, { wants: 'token' });
      if (place === undefined) return;
      const { machine, registry, image, unit } = place;
      const shown: string[] = [];
      const { result, requests } = await registry.watch(async () => {
        const pulling = runUnit(machine, unit);
        await registry.holdWhile(async () => {
          await eventually(async () => {
            shown.push(...(await machine.processes()).map(({ argv }) => argv.join(' ')));
            return shown.some((line) => line.includes('curl'));
          });
        });
        return await pulling;
      });
      assert.equal(result.exitCode, 0, result.output);
      assert.deepEqual(requests.map(briefly), [
        'GET /v2/ 401',
        'HEAD /v2/team/hello/manifests/1 200',
        `GET /v2/team/hello/manifests/${image.digest} 200`,
        `GET /v2/team/hello/blobs/${image.config} 200`,
      ]);
      assert.ok(![...shown, result.output].join('\n').includes(USER.password));
    });

    test('shows its password to nobody, whether that is right or wrong', async (t) => {
      for (const password of [USER.password, 'not the password']) {
        const place = await bootMachine(t, release, { ...USER, password });
        if (place === undefined) return;
        const shown: string[] = [];
        const { result, requests } = await place.registry.watch(async () => {
          const pulling = runUnit(place.machine, place.unit);
          await place.registry.holdWhile(async () => {
            await eventually(async () => {
              shown.push(...(await place.machine.processes()).map(({ argv }) => argv.join(' ')));
              return shown.some((line) => line.includes(' rpull '));
            });
          });
          return await pulling;
        });
        assert.equal(result.exitCode === 0, password === USER.password, result.output);
        assert.equal(requests[0]?.status, result.exitCode === 0 ? 200 : 401);
        const token = Buffer.from(`${USER.username}:${password}`).toString('base64');
        for (const secret of [password, token]) assert.ok(![...shown, result.output].join('\n').includes(secret));
      }
    });
  });
}

interface Place {
  readonly machine: Machine;
  readonly registry: Registry;
  readonly image: PushedImage;
  /** The unit that pulls the image. */
  readonly unit: string;
}

/** A machine with a unit that pulls as this user from a registry that knows only {@link USER}. */
async function bootMachine(
  t: TestContext,
  release: string,
  user: RegistryUser,
  { scheme = 'http', wants = 'password' }: RegistryOptions = {},
): Promise<Place | undefined> {
  const programs = containerdPrograms(t, release);
  const registry = programs && (await startRegistry(t, USER, { scheme, wants }));
  if (programs === undefined || registry === undefined) return undefined;
  const image = await registry.pushOverlaybdImage('team/hello', '1');
  const { host, certificate } = registry;
  const profile = {
    features: {
      overlaybd: {
        release: '4593.2.0',
        credentials: [{ registry: host, ...user, login: wants === 'token' ? 'token' : 'basic' }],
        prepull: [{ ref: image.ref, namespace: 'k8s.io', plainHttp: scheme === 'http' }],
        ...(certificate === undefined ? {} : { authorities: [certificate] }),
      },
    },
  };
  const rendered = await renderedTree(t, JSON.stringify(profile));
  if (rendered === undefined) return undefined;
  const unit = Object.keys(rendered).find((path) => /overlaybd-prepull-[^/]+$/.test(path));
  assert.ok(unit);
  // What the unit of the authorities makes of the files in this folder when the machine boots.
  const bundle = rendered['/etc/ssl/certs/overlaybd-authority-1.pem'];
  const trusted = bundle === undefined ? {} : { '/etc/ssl/certs/ca-certificates.crt': bundle };
  const tree = await writeTree(t, { ...flatcarTree(), ...rendered, ...trusted });
  const machine = await startMachine(t, { tree, programs });
  if (machine === undefined) return undefined;
  await startSnapshotter(machine);
  await startContainerd(machine);
  return { machine, registry, image, unit: basename(unit) };
}

function briefly({ method, path, status }: RegistryRequest): string {
  return `${method} ${path} ${status}`;
}
