import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { suite, test } from 'node:test';
import { assertApplied } from '../support/applied-root.ts';
import type { IgnitionRelease } from '../support/ignition-client.ts';
import { fetchAndApply, ignitionReleases } from '../support/ignition-client.ts';
import { lintSite } from '../support/lint.ts';
import { ask, startTestService } from '../support/service.ts';

/** Data directories in the shape of those that people have. */
const SITES = resolve('test/matchbox');

/** What each release says that it reads. */
const NEWEST_SPEC: Readonly<Record<IgnitionRelease, string>> = { 'debian-2.14': '3.3.0', 'module-2.27': '3.6.0' };

/** A machine as iPXE knows it. */
const NODE1 = { mac: '52-54-00-a1-9c-ae', uuid: '4c4c4544-0042-4a10-8056-b4c04f4e5331' };
const NODE2 = { ...NODE1, mac: '52-54-00-b2-2f-86' };

interface Boot {
  readonly title: string;
  readonly site: string;
  readonly machine: typeof NODE1;
  /** The kernel argument that leads to the config; without it the machine asks as an installed one, for `query`. */
  readonly argument?: string;
  readonly query?: string;
  /** Files that have to be there, word for word, and those that must not. */
  readonly files: Readonly<Record<string, string | undefined>>;
  /** Releases that read the config; others are told that it is too new. */
  readonly releases?: readonly IgnitionRelease[];
}

const INSTALLED = { mac: 'mac=52-54-00-a1-9c-ae&os=installed', other: 'mac=52:54:00:b2:2f:86&os=installed' };

const BOOTS: readonly Boot[] = [
  {
    title: 'Flatcar in memory',
    site: 'flatcar',
    machine: NODE1,
    argument: 'flatcar.config.url',
    files: { 'etc/motd': `Booted over the network as ${NODE1.uuid}\n` },
  },
  {
    title: 'the installer of Flatcar, which knows where it came from',
    site: 'flatcar-install',
    machine: NODE1,
    argument: 'flatcar.config.url',
    files: {
      'opt/installer': [
        '#!/bin/bash -ex',
        `curl --fail "http://matchbox.example.com:8080/ignition?uuid=${NODE1.uuid}&mac=${NODE1.mac}&os=installed" -o ignition.json`,
        'flatcar-install \\',
        '  -d /dev/sda \\',
        '  -C stable \\',
        '  -V 4459.2.1 \\',
        '  -i ignition.json \\',
        '  -b http://matchbox.example.com:8080/assets/flatcar',
        'udevadm settle',
        'systemctl reboot',
        '',
      ].join('\n'),
    },
  },
  {
    title: 'Flatcar that was installed',
    site: 'flatcar-install',
    machine: NODE1,
    query: INSTALLED.mac,
    files: { 'etc/hostname': 'node1', 'opt/installer': undefined },
  },
  {
    title: 'Fedora CoreOS in memory',
    site: 'fedora-coreos',
    machine: NODE1,
    argument: 'ignition.config.url',
    files: { 'etc/ssh/sshd_config.d/10-keys.conf': 'PasswordAuthentication no\n' },
  },
  {
    title: 'Fedora CoreOS that was installed',
    site: 'fedora-coreos-install',
    machine: NODE1,
    argument: 'coreos.inst.ignition_url',
    files: {
      'etc/zincati/config.d/90-updates.toml': '[updates]\nenabled = false\n',
      'etc/machine': '52:54:00:a1:9c:ae',
    },
  },
  {
    title: 'a controller out of a template for all nodes',
    site: 'kubernetes',
    machine: NODE1,
    argument: 'flatcar.config.url',
    files: {
      'etc/hostname': 'node1.example.com',
      'etc/kubernetes/kubelet.env': 'NODE_LABELS=none\nAPI=https://node1.example.com:6443\nPOD_NETWORK=10.2.0.0/16\n',
      'etc/etcd.env':
        'ETCD_NAME=node1\nETCD_INITIAL_CLUSTER=node1=https://node1.example.com:2380,node2=https://node2.example.com:2380\n',
      'etc/systemd/system/etcd.service': '[Service]\nExecStart=/opt/bin/etcd\n[Install]\nWantedBy=multi-user.target\n',
    },
  },
  {
    title: 'a worker out of the same template',
    site: 'kubernetes',
    machine: NODE2,
    argument: 'flatcar.config.url',
    files: {
      'etc/hostname': 'node2.example.com',
      'etc/kubernetes/kubelet.env':
        'NODE_LABELS=rack=r7,zone=a,\nAPI=https://node2.example.com:6443\nPOD_NETWORK=10.2.0.0/16\n',
      'etc/etcd.env': undefined,
      'etc/systemd/system/etcd.service': undefined,
      'etc/systemd/system/kubelet.service':
        '[Service]\nExecStart=/opt/bin/kubelet\n[Install]\nWantedBy=multi-user.target\n',
    },
  },
  {
    title: 'an installer that Terraform wrote',
    site: 'typhoon',
    machine: NODE2,
    argument: 'flatcar.config.url',
    files: {
      'opt/installer':
        '#!/bin/bash -ex\ncurl "http://matchbox.example.com:8080/ignition?mac=52:54:00:b2:2f:86&os=installed"\n',
    },
  },
  {
    title: 'a worker that Terraform wrote, in Ignition 3.4',
    site: 'typhoon',
    machine: NODE2,
    query: INSTALLED.other,
    files: { 'etc/hostname': 'worker1.example.com', 'etc/kubernetes/kubeconfig': 'apiVersion: v1\nkind: Config\n' },
    releases: ['module-2.27'],
  },
];

/** The path of the config as the machine finds it: from the first script to the second, and to the kernel's argument. */
async function configPath(base: string, { machine, argument, query }: Boot): Promise<string> {
  if (argument === undefined) return `/ignition?${query}`;
  const known: Readonly<Record<string, string>> = { uuid: machine.uuid, 'mac:hexhyp': machine.mac };
  const expand = (text: string) => text.replace(/\$\{([^}]+)\}/g, (_all, name: string) => known[name] ?? '');
  const first = await ask(base, '/boot.ipxe');
  const chained = /^chain (\S+)$/m.exec(first.body.toString())?.[1] ?? '';
  const script = await ask(base, `/${expand(chained)}`);
  assert.equal(script.status, 200);
  const [, url = ''] = new RegExp(`^kernel .* ${argument}=(\\S+)`, 'm').exec(script.body.toString()) ?? [];
  return expand(url).replace('http://matchbox.example.com:8080', '');
}

for (const release of ignitionReleases) {
  suite(`Ignition ${release}`, { concurrency: false }, () => {
    for (const boot of BOOTS) {
      const { title, site, files, releases = ignitionReleases } = boot;
      const reads = releases.includes(release);
      test(`${reads ? 'sets up' : 'is told to stop for'} ${title}`, async (t) => {
        const service = await startTestService(t, { site: join(SITES, site) });
        if (service === undefined) return;
        const path = await configPath(service.machine, boot);
        const run = await fetchAndApply(t, release, { url: `${service.machine}${path}` });
        if (run === undefined) return;
        const accept = `application/vnd.coreos.ignition+json;version=${NEWEST_SPEC[release]}, */*;q=0.1`;
        const served = await ask(service.machine, path, { headers: { accept } });
        assert.equal(served.status, reads ? 200 : 406, served.body.toString());
        assert.equal(run.exitCode === 0, reads, run.output);
        if (!reads) return;
        await assertApplied(JSON.parse(served.body.toString()), run.root);
        for (const [file, text] of Object.entries(files)) {
          const found: string | undefined = await readFile(join(run.root, file), 'utf8').catch(() => undefined);
          assert.equal(found, text, file);
        }
      });
    }
  });
}

test('lint has nothing to say of any of these directories', async () => {
  for (const site of new Set(BOOTS.map((boot) => boot.site))) {
    const { code, reports } = await lintSite(join(SITES, site));
    assert.deepEqual([code, reports], [0, []], site);
  }
});
