import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** A site to measure with, and room for logs. */
export interface BenchSite {
  readonly site: string;
  readonly scratch: string;
  remove(): Promise<void>;
}

/** The profile that is measured: a worker of the example site, with a file that tells the machine its own address. */
export const PROFILE = 'bench';

const PROFILE_TEXT = `layers:
  - fragments/base.bu
  - fragments/bench.bu.liquid
butane: { variant: flatcar, version: 1.1.0 }
boot: { kernel: /assets/vmlinuz, initrd: /assets/image.cpio.gz, args: [console=ttyS0, "mac={{ machine.mac }}"] }
`;

const FRAGMENT_TEXT = `storage:
  files:
    - path: /etc/machine-address
      mode: 0644
      contents: { inline: "{{ machine.mac }}" }
systemd:
  units:
    - name: report.service
      enabled: true
      contents: |
        [Unit]
        Description=Tells who this is
        [Service]
        ExecStart=/usr/bin/echo {{ machine.mac }} {{ profile.id }}
        [Install]
        WantedBy=multi-user.target
`;

/** Copies the example site into a scratch directory and adds the profile to it. */
export async function makeBenchSite(): Promise<BenchSite> {
  const scratch = await mkdtemp(join(tmpdir(), 'pilotlight-bench-'));
  const site = join(scratch, 'site');
  await cp(resolve('examples/site'), site, { recursive: true });
  await mkdir(join(scratch, 'files'));
  await writeFile(join(site, 'profiles', `${PROFILE}.yaml`), PROFILE_TEXT);
  await writeFile(join(site, 'fragments/bench.bu.liquid'), FRAGMENT_TEXT);
  return { site, scratch, remove: () => rm(scratch, { recursive: true, force: true }) };
}

/** Writes a data directory of matchbox whose one group has metadata, and gives its path. */
export async function makeDataDirectory(scratch: string): Promise<string> {
  const directory = join(scratch, 'matchbox');
  const boot = { kernel: '/assets/vmlinuz', initrd: ['/assets/image.cpio.gz'], args: ['console=ttyS0', 'quiet'] };
  const metadata = { pod_network: '10.2.0.0/16', etcd: { name: 'node1', port: 2379 }, ssh_key: 'ssh-ed25519 AAAA' };
  const documents = {
    'profiles/bench.json': { id: PROFILE, boot },
    'groups/bench.json': { profile: PROFILE, selector: { os: 'installed' }, metadata },
  };
  for (const [path, document] of Object.entries(documents)) {
    await mkdir(join(directory, dirname(path)), { recursive: true });
    await writeFile(join(directory, path), JSON.stringify(document));
  }
  return directory;
}

/** A plain Butane document of 200 files of 1 KiB that differ, as a control plane with its manifests has. */
export function largeDocument(): string {
  const files = Array.from({ length: 200 }, (_, index) => [
    `    - path: /etc/bench/${index}`,
    `      contents: { inline: "${randomText(index, 1024)}" }`,
  ]);
  return ['variant: flatcar', 'version: 1.1.0', 'storage:', '  files:', ...files.flat(), ''].join('\n');
}

/** Text without repetition, the same in every run: repetitive text would be gzipped, which is another kind of work. */
function randomText(seed: number, length: number): string {
  let state = seed * 2_654_435_761 + 1;
  return Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return LETTERS[state >>> 26] ?? 'a';
  }).join('');
}

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
