import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { requireDataFile, requireProgram } from '../programs.ts';
import { scratchDirectory } from '../site.ts';
import { type Console, createConsole } from './console.ts';
import type { Network } from './network.ts';

/** The firmware of a machine, which boots from the network and from nothing else; UEFI by PXE, or over HTTP. */
export type Firmware = 'bios' | 'uefi' | 'uefi-http';

/** What a machine is known by. */
export interface MachineIdentity {
  readonly mac: string;
  readonly uuid: string;
}

/** An emulated machine without a disk. */
export interface VirtualMachine extends Console {
  /** The files that Ignition wrote, by their paths, when the machine has turned itself off. Rejects when it does not. */
  readonly provisioned: () => Promise<Readonly<Record<string, string>>>;
}

/**
 * Turns on a machine that is plugged into a network. Resolves to undefined when the test is skipped. The BIOS machine has
 * iPXE as the boot ROM of its network card; the UEFI machine has the network boot of its firmware.
 */
export async function startVirtualMachine(
  t: TestContext,
  network: Network,
  firmware: Firmware,
  { mac, uuid }: MachineIdentity,
): Promise<VirtualMachine | undefined> {
  const qemu = requireProgram(t, 'qemu-system-x86_64');
  const board = qemu === undefined ? undefined : await FIRMWARES[firmware](t);
  if (qemu === undefined || board === undefined) return undefined;
  const tap = await network.plug();
  const emulator = network.server.start([
    ...[qemu, '-accel', 'tcg', '-cpu', 'max', '-m', '512', '-uuid', uuid],
    ...['-nodefaults', '-nographic', '-no-reboot', '-serial', 'stdio', '-boot', 'n'],
    ...['-netdev', `tap,id=net,ifname=${tap},script=no,downscript=no`],
    ...['-device', `virtio-net-pci,netdev=net,mac=${mac}${board.card}`, ...board.flags],
  ]);
  const console = createConsole(emulator);
  return {
    ...console,
    async provisioned() {
      await console.waitFor(/^mark: provisioned$/m);
      return filesOf(console.text());
    },
  };
}

interface Board {
  /** Properties of the network card. */
  readonly card: string;
  readonly flags: readonly string[];
}

const FIRMWARES: Readonly<Record<Firmware, (t: TestContext) => Promise<Board | undefined>>> = {
  async bios(t) {
    return requireDataFile(t, 'efi-virtio.rom') === undefined ? undefined : { card: '', flags: [] };
  },
  uefi: (t) => uefiBoard(t, []),
  // It would try both kinds of PXE for minutes before.
  'uefi-http': (t) => uefiBoard(t, ['IPv4PXESupport', 'IPv6PXESupport']),
};

async function uefiBoard(t: TestContext, without: readonly string[]): Promise<Board | undefined> {
  const code = requireDataFile(t, 'ovmf');
  if (code === undefined) return undefined;
  const variables = join(await scratchDirectory(t), 'variables.fd');
  await copyFile(code.replace('CODE', 'VARS'), variables);
  const flash = (flags: string) => ['-drive', `if=pflash,format=raw,${flags}`];
  const settings = without.flatMap((name) => ['-fw_cfg', `name=opt/org.tianocore/${name},string=no`]);
  // Without the ROM of the card, so that the firmware boots by its own means.
  return {
    card: ',romfile=',
    flags: [...flash(`readonly=on,file=${code}`), ...flash(`file=${variables}`), ...settings],
  };
}

/** What the initrd printed between its marks. */
function filesOf(text: string): Readonly<Record<string, string>> {
  const found = text.matchAll(/^mark: file (.*)\n((?:.*\n)*?)mark: end$/gm);
  return Object.fromEntries([...found].map(([, path = '', contents = '']) => [path, contents]));
}
