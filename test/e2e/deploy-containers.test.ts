import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse, parseAllDocuments } from 'yaml';
import type { JsonObject, JsonValue } from '../../src/ignition/json.ts';
import { at, configFor, items, object, STOP_SECONDS, strings } from '../support/deploy.ts';

const DOCKERFILE = readFileSync('Dockerfile', 'utf8');

/** What the image sets for itself. */
const IMAGE = {
  user: Number(/^USER (\d+):\1$/m.exec(DOCKERFILE)?.[1]),
  volume: /^VOLUME (\S+)$/m.exec(DOCKERFILE)?.[1] ?? '',
  environment: Object.fromEntries(
    [...DOCKERFILE.matchAll(/\b(PILOTLIGHT_[A-Z_]+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]),
  ),
};

describe('The manifests for Kubernetes', () => {
  const base = documentsIn('deploy/kubernetes/base');
  const deployment = kind(base, 'Deployment');
  const pod = at(deployment, 'spec', 'template', 'spec');
  const container = items(pod, 'containers').find(({ name }) => name === 'pilotlight') ?? {};
  const environment = environmentOf(container);

  test('are all in their kustomization, and no file is left out', () => {
    for (const folder of ['base', 'git-sync']) {
      const path = `deploy/kubernetes/${folder}`;
      const list = object(parse(readFileSync(`${path}/kustomization.yaml`, 'utf8')));
      const files = [...items(list, 'patches').map((patch) => patch.path), ...strings(list.resources)];
      const there = readdirSync(path).filter((name) => name !== 'kustomization.yaml');
      assert.deepEqual(files.filter((name) => name !== '../base').sort(), there.sort());
    }
  });

  test('run the image as its own user, without anything that a pod can do without', () => {
    const { runAsUser, runAsGroup, fsGroup, runAsNonRoot, seccompProfile } = object(at(pod, 'securityContext'));
    assert.deepEqual([runAsUser, runAsGroup, fsGroup], [IMAGE.user, IMAGE.user, IMAGE.user]);
    assert.equal(runAsNonRoot, true);
    assert.deepEqual(seccompProfile, { type: 'RuntimeDefault' });
    for (const each of [container, gitSync()]) {
      const { allowPrivilegeEscalation, readOnlyRootFilesystem, capabilities } = object(at(each, 'securityContext'));
      assert.deepEqual([allowPrivilegeEscalation, readOnlyRootFilesystem], [false, true]);
      assert.deepEqual(capabilities, { drop: ['ALL'] });
    }
    assert.equal(at(pod, 'automountServiceAccountToken'), false);
    assert.equal(at(pod, 'enableServiceLinks'), false);
  });

  test('set what the service reads, and ask the ports that it then listens on', async () => {
    const config = await configFor({ ...IMAGE.environment, ...environment });
    const named = items(container, 'ports').map(({ name, containerPort }) => [name, containerPort] as const);
    const ports = new Map<JsonValue | undefined, JsonValue | undefined>(named);
    assert.deepEqual([ports.get('machine'), ports.get('operator')], [config.listen.port, config.operatorListen.port]);
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe']) {
      const { path, port } = object(at(container, probe, 'httpGet'));
      assert.equal({ '/': 'machine', '/readyz': 'operator' }[String(path)], port, probe);
    }
    for (const service of base.filter((each) => each.kind === 'Service')) {
      for (const { port, targetPort } of items(service, 'spec', 'ports')) assert.equal(ports.get(targetPort), port);
    }
    const open = items(kind(base, 'NetworkPolicy'), 'spec', 'ingress').flatMap((rule) =>
      items(rule, 'ports').map(({ port }) => [port, 'from' in rule]),
    );
    assert.deepEqual(open, [
      ['machine', false],
      ['operator', true],
    ]);
  });

  test('mount what the service reads and writes, so that changes arrive', async () => {
    const config = await configFor({ ...IMAGE.environment, ...environment });
    const mounts = items(container, 'volumeMounts');
    const volumes = new Set(items(pod, 'volumes').map(({ name }) => name));
    for (const mount of mounts) {
      assert.ok(volumes.has(mount.name ?? null), `${mount.name} is a volume`);
      assert.ok(!('subPath' in mount), `${mount.mountPath} would never change`);
    }
    const paths = mounts.map(({ mountPath }) => String(mountPath));
    const site = ['profiles', 'fragments', 'groups', 'files'].map((folder) => `${config.site}/${folder}`);
    assert.deepEqual(paths.filter((path) => path.startsWith(`${config.site}/`)).sort(), site.sort());
    assert.equal(config.stateDir, IMAGE.volume);
    assert.ok(paths.includes(config.stateDir) && paths.includes('/tmp'));
    assert.ok(paths.some((path) => config.operatorTokenFile?.startsWith(`${path}/`)));
  });

  test('end a pod only after the service had its time', () => {
    const [, seconds] = strings(at(container, 'lifecycle', 'preStop', 'exec', 'command'));
    assert.ok(Number(at(pod, 'terminationGracePeriodSeconds')) > Number(seconds) + STOP_SECONDS);
  });

  test('take the site from git with the overlay, where git-sync puts it', async () => {
    const patched = items(overlay(), 'containers').find(({ name }) => name === 'pilotlight') ?? {};
    const config = await configFor({ ...IMAGE.environment, ...environment, ...environmentOf(patched) });
    const flags = new Map(strings(gitSync().args).map((arg) => [arg.split('=')[0], arg.split('=')[1]]));
    assert.equal(config.site, `${flags.get('--root')}/${flags.get('--link')}`);
    const shared = items(patched, 'volumeMounts').find(({ mountPath }) => mountPath === flags.get('--root'));
    assert.equal(shared?.readOnly, true);
    const removed = items(patched, 'volumeMounts').filter((mount) => mount.$patch === 'delete');
    assert.deepEqual(
      removed.map(({ mountPath }) => mountPath),
      items(container, 'volumeMounts').flatMap(({ mountPath }) =>
        String(mountPath).startsWith('/site/') ? [mountPath] : [],
      ),
    );
  });

  function overlay(): JsonValue {
    return at(kind(documentsIn('deploy/kubernetes/git-sync'), 'Deployment'), 'spec', 'template', 'spec');
  }

  function gitSync(): JsonObject {
    return items(overlay(), 'initContainers').find(({ name }) => name === 'git-sync') ?? {};
  }
});

test('The compose file runs the image with what the service reads, read-only and without privileges', async () => {
  const compose = object(parse(readFileSync('deploy/compose.yaml', 'utf8')));
  const service = object(at(compose, 'services', 'pilotlight'));
  const given = Object.fromEntries(
    Object.entries(object(service.environment)).map(([name, value]) => [name, `${value}`]),
  );
  assert.match(given.PILOTLIGHT_PUBLIC_URL ?? '', /^\$\{PILOTLIGHT_PUBLIC_URL:\?/);
  const config = await configFor({ ...IMAGE.environment, ...given, PILOTLIGHT_PUBLIC_URL: 'http://192.0.2.10:8080' });
  const { listen, operatorListen } = config;
  assert.deepEqual(service.ports, [
    `${listen.port}:${listen.port}`,
    `127.0.0.1:${operatorListen.port}:${operatorListen.port}`,
  ]);
  assert.deepEqual(
    strings(service.secrets).map((name) => `/run/secrets/${name}`),
    [config.operatorTokenFile],
  );
  assert.deepEqual(Object.keys(object(compose.secrets)), service.secrets);
  const targets = strings(service.volumes).map((volume) => volume.replace(/^\$\{[^}]+\}|^[a-z]+/, ''));
  assert.deepEqual(targets, [`:${config.site}:ro`, `:${config.stateDir}`]);
  assert.equal(service.read_only, true);
  assert.deepEqual(service.cap_drop, ['ALL']);
  assert.deepEqual(service.security_opt, ['no-new-privileges:true']);
  assert.ok(strings(service.tmpfs).some((each) => each.startsWith('/tmp')));
  assert.ok(Number.parseInt(String(service.stop_grace_period), 10) > STOP_SECONDS);
  // What is asked stands in the image alone.
  assert.match(DOCKERFILE, /^HEALTHCHECK /m);
  assert.ok(!('test' in object(service.healthcheck)));
});

function environmentOf(container: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(items(container, 'env').map(({ name, value }) => [String(name), String(value)]));
}

/** All documents in the YAML files of a folder, but for the kustomization. */
function documentsIn(folder: string): readonly JsonObject[] {
  return readdirSync(folder)
    .filter((name) => name !== 'kustomization.yaml')
    .flatMap((name) => {
      const documents = parseAllDocuments(readFileSync(join(folder, name), 'utf8'));
      assert.ok(Array.isArray(documents));
      for (const { errors, warnings } of documents) assert.deepEqual([...errors, ...warnings], [], name);
      return documents.map((document) => object(document.toJS()));
    });
}

function kind(documents: readonly JsonObject[], name: string): JsonObject {
  const found = documents.filter((document) => document.kind === name);
  assert.equal(found.length, 1, name);
  return found[0] ?? {};
}
