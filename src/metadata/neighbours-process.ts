import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { NeighbourTable } from './neighbour-table.ts';
import { parseArpTable, parseIpNeighbours } from './neighbour-table.ts';

/** Tells the MAC addresses of machines on the same network. */
export interface Neighbours {
  /**
   * The MAC address of a neighbour, in lower case with colons; undefined for whoever is none. Rejects when the table
   * cannot be read: whoever is not found for that reason is no stranger.
   */
  find(address: string): Promise<string | undefined>;
}

/** The kernel's tables; each rejects when it cannot be read. */
export interface NeighbourSources {
  readonly ipv4: () => Promise<NeighbourTable>;
  readonly ipv6: () => Promise<NeighbourTable>;
}

/** What neighbours are found with. */
export interface NeighboursOptions {
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Told each time the table of a family begins to be unreadable. */
  readonly onFault: (family: keyof NeighbourSources, fault: unknown) => void;
  readonly sources?: NeighbourSources;
}

/** What a table says of a neighbour holds for so long, however many ask. */
const FRESH_MS = 1000;

/** `ip` takes milliseconds; what takes so long has hung. */
const IP_TIMEOUT_MS = 2000;
const IP_LIMITS = { timeout: IP_TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: 16 * 1024 * 1024 } as const;

const run = promisify(execFile);

/** Where Linux has them: of IPv6 neighbours no file tells, only netlink, which `ip` of iproute2 or BusyBox asks. */
const KERNEL: NeighbourSources = {
  ipv4: async () => parseArpTable(await readFile('/proc/net/arp', 'utf8')),
  async ipv6() {
    const { stdout } = await run('ip', ['-6', 'neigh', 'show'], IP_LIMITS);
    return parseIpNeighbours(stdout);
  },
};

/**
 * Reads the kernel's tables of neighbours. Whoever is not in a table that was read before is looked for in a new one: a
 * machine that has just begun to talk must not be taken for a stranger. Each table is read by one reader at a time.
 */
export function createNeighbours({ now, onFault, sources = KERNEL }: NeighboursOptions): Neighbours {
  const tables = { ipv4: createTable('ipv4'), ipv6: createTable('ipv6') };

  function createTable(family: keyof NeighbourSources) {
    let known: NeighbourTable = new Map();
    let readAt = Number.NEGATIVE_INFINITY;
    let hasFailed = false;
    let reading: Promise<NeighbourTable> | undefined;
    let queued: Promise<NeighbourTable> | undefined;

    async function read(): Promise<NeighbourTable> {
      const startedAt = now();
      try {
        known = await sources[family]();
      } catch (fault) {
        if (!hasFailed) onFault(family, fault);
        hasFailed = true;
        throw fault;
      }
      hasFailed = false;
      readAt = startedAt;
      return known;
    }

    /** A reading that is under way may have passed the neighbour already, so the next one counts. */
    function readNext(): Promise<NeighbourTable> {
      if (reading === undefined) {
        reading = read().finally(() => {
          reading = undefined;
        });
        return reading;
      }
      const next = () => {
        queued = undefined;
        return readNext();
      };
      queued ??= reading.then(next, next);
      return queued;
    }

    return async (address: string) => {
      const mac = now() - readAt > FRESH_MS ? undefined : known.get(address);
      return mac ?? (await readNext()).get(address);
    };
  }

  return { find: (address) => tables[address.includes(':') ? 'ipv6' : 'ipv4'](address) };
}
