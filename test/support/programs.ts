import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, isAbsolute, join, resolve } from 'node:path';
import type { TestContext } from 'node:test';

/** The programs that some tests cannot do without. */
export type ProgramName =
  | 'butane'
  | 'ignition-validate'
  | 'ignition-validate-2.14'
  | 'ignition'
  | 'ignition-2.14'
  | 'unshare'
  | 'setpriv'
  | 'chrt'
  | 'git'
  | 'mount'
  | 'prlimit'
  | 'rsync'
  | 'useradd'
  | 'systemd'
  | 'systemd-analyze'
  | 'systemd-tmpfiles'
  | 'nsenter'
  | 'promtool'
  | 'mkfifo'
  | 'schemathesis'
  | 'perl'
  | 'openssl'
  | 'gpg'
  | 'gpgv'
  | 'docker-registry'
  | 'overlaybd-snapshotter'
  | 'overlaybd-ctr'
  | 'go-template'
  | 'go-matchbox'
  | 'qemu-system-x86_64'
  | 'dnsmasq'
  | 'ip'
  | 'ldd'
  | 'busybox'
  | 'cpio'
  | 'grub-mkimage'
  | 'afterburn'
  | `containerd-${string}`;

interface Program {
  /** Tried in this order. Relative paths start at the checkout; a bare name is looked up in PATH. */
  readonly places: readonly string[];
  readonly install: string;
}

const programs: Readonly<Record<Exclude<ProgramName, `containerd-${string}`>, Program>> = {
  butane: {
    places: ['./.tools/bin/butane', 'butane'],
    install: 'install Go, or put a butane binary into PATH, then run npm run setup',
  },
  'ignition-validate': {
    places: ['./.tools/bin/ignition-validate', 'ignition-validate'],
    install: 'install Go and run npm run setup -- --tests',
  },
  ignition: {
    places: ['./.tools/bin/ignition'],
    install: 'install Go, a C compiler and libblkid-dev, then run npm run setup -- --tests',
  },
  'ignition-2.14': {
    places: ['/usr/lib/dracut/modules.d/30ignition/ignition'],
    install: 'apt-get install ignition on Debian 12',
  },
  'ignition-validate-2.14': {
    places: ['/usr/bin/ignition-validate'],
    install: 'apt-get install ignition on Debian 12',
  },
  'go-template': {
    places: ['./.tools/bin/go-template'],
    install: 'install Go and run npm run setup -- --tests',
  },
  'go-matchbox': {
    places: ['./.tools/bin/go-matchbox'],
    install: 'install Go and run npm run setup -- --tests',
  },
  unshare: { places: ['unshare'], install: 'apt-get install util-linux' },
  chrt: { places: ['/usr/bin/chrt', '/bin/chrt'], install: 'apt-get install util-linux' },
  mount: { places: ['mount'], install: 'apt-get install mount' },
  prlimit: { places: ['/usr/bin/prlimit', '/bin/prlimit'], install: 'apt-get install util-linux' },
  setpriv: { places: ['setpriv'], install: 'apt-get install util-linux' },
  systemd: { places: ['/lib/systemd/systemd'], install: 'apt-get install systemd' },
  nsenter: { places: ['nsenter'], install: 'apt-get install util-linux' },
  'systemd-analyze': { places: ['systemd-analyze'], install: 'apt-get install systemd procps' },
  'systemd-tmpfiles': { places: ['systemd-tmpfiles'], install: 'apt-get install systemd' },
  promtool: { places: ['promtool'], install: 'apt-get install prometheus, or take promtool alone out of that package' },
  git: { places: ['git'], install: 'apt-get install git' },
  mkfifo: { places: ['mkfifo'], install: 'apt-get install coreutils' },
  rsync: { places: ['rsync'], install: 'apt-get install rsync' },
  schemathesis: {
    places: ['./.tools/venv/bin/schemathesis'],
    install:
      'install python3-venv, then run python3 -m venv .tools/venv && .tools/venv/bin/pip install --require-hashes -r tools/schemathesis/requirements.txt',
  },
  useradd: { places: ['useradd', '/usr/sbin/useradd'], install: 'apt-get install passwd' },
  perl: { places: ['perl'], install: 'apt-get install perl-base' },
  openssl: { places: ['openssl'], install: 'apt-get install openssl' },
  'qemu-system-x86_64': { places: ['qemu-system-x86_64'], install: 'apt-get install qemu-system-x86' },
  dnsmasq: { places: ['dnsmasq', '/usr/sbin/dnsmasq'], install: 'apt-get install dnsmasq-base' },
  ip: { places: ['ip', '/usr/sbin/ip', '/sbin/ip'], install: 'apt-get install iproute2' },
  ldd: { places: ['ldd'], install: 'apt-get install libc-bin' },
  busybox: { places: ['busybox'], install: 'apt-get install busybox-static' },
  cpio: { places: ['cpio'], install: 'apt-get install cpio' },
  'grub-mkimage': { places: ['grub-mkimage'], install: 'apt-get install grub-common' },
  afterburn: {
    places: ['./.tools/bin/afterburn', 'afterburn'],
    install: 'install Rust, pkg-config and libssl-dev, then run PILOTLIGHT_AFTERBURN=1 npm run setup -- --tests',
  },
  gpg: { places: ['gpg'], install: 'apt-get install gpg' },
  gpgv: { places: ['gpgv'], install: 'apt-get install gpgv' },
  'docker-registry': debianProgram('docker-registry'),
  'overlaybd-snapshotter': builtProgram('overlaybd-snapshotter', 'default'),
  'overlaybd-ctr': builtProgram('overlaybd-ctr', 'default'),
};

/** A containerd, of which tools/go pins several releases, and Debian has one that is too old to build. */
function containerdProgram(release: string): Program {
  return release === '1.6' ? debianProgram('containerd') : builtProgram(`containerd-${release}`, release);
}

function builtProgram(name: string, asked: string): Program {
  return {
    places: [`./.tools/bin/${name}`],
    install: `install Go, then run PILOTLIGHT_CONTAINERDS=${asked} npm run setup -- --tests`,
  };
}

/** A program of a package that would start a service when it is installed: it is unpacked into .tools instead. */
function debianProgram(name: string): Program {
  const unpack = `apt-get download ${name} && dpkg-deb --extract ${name}_*.deb .tools/debian`;
  return { places: [`./.tools/debian/usr/bin/${name}`], install: `on Debian 12, run ${unpack}` };
}

/**
 * The absolute path of a program a test needs. Without it the test is skipped with a reason that says how to install it,
 * and undefined is returned; with CI set in the environment it throws instead, since there nothing may go unchecked.
 */
export function requireProgram(t: TestContext, name: ProgramName): string | undefined {
  const { places, install } = isContainerd(name) ? containerdProgram(name.slice('containerd-'.length)) : programs[name];
  const found = places.flatMap(candidates).find(isProgram);
  if (found === undefined) skip(t, `needs ${name}: ${install}`);
  return found;
}

/** Files that some tests cannot do without, which no program finds by itself. */
const dataFiles = {
  linux: { places: ['./.tools/debian/linux/vmlinuz'], install: 'on Debian 12, run tools/debian-linux.sh' },
  'efi-virtio.rom': { places: ['/usr/lib/ipxe/qemu/efi-virtio.rom'], install: 'apt-get install ipxe-qemu' },
  'snponly.efi': { places: ['/usr/lib/ipxe/snponly.efi'], install: 'apt-get install ipxe' },
  ovmf: { places: ['/usr/share/OVMF/OVMF_CODE_4M.fd'], install: 'apt-get install ovmf' },
  'grub-x86_64-efi': {
    places: ['/usr/lib/grub/x86_64-efi/moddep.lst'],
    install: 'apt-get install grub-efi-amd64-bin',
  },
} satisfies Readonly<Record<string, Program>>;

/** The absolute path of a file that a test needs; without it as with a program. */
export function requireDataFile(t: TestContext, name: keyof typeof dataFiles): string | undefined {
  const { places, install } = dataFiles[name];
  const found = places.flatMap(candidates).find((path) => isFile(path));
  if (found === undefined) skip(t, `needs ${name}: ${install}`);
  return found;
}

/** Whether the tests run as root; without that the test is skipped, or fails where CI is set. */
export function requireRoot(t: TestContext): boolean {
  const isRoot = process.getuid?.() === 0;
  if (!isRoot) skip(t, 'needs root: run the tests as root, in a container for example');
  return isRoot;
}

function isContainerd(name: ProgramName): name is `containerd-${string}` {
  return name.startsWith('containerd-');
}

function skip(t: TestContext, reason: string): void {
  if (process.env.CI) throw new Error(reason);
  t.skip(reason);
}

function candidates(place: string): readonly string[] {
  if (isAbsolute(place)) return [place];
  if (place.startsWith('./')) return [resolve(place)];
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, place));
}

function isProgram(path: string): boolean {
  return isFile(path, constants.X_OK);
}

function isFile(path: string, mode: number = constants.R_OK): boolean {
  try {
    accessSync(path, mode);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
