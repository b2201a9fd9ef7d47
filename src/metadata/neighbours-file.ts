import { readFile } from 'node:fs/promises';

/** Tells the MAC addresses of machines on the same network. */
export interface Neighbours {
  /** The MAC address of a neighbour, in lower case with colons; undefined for whoever is none, or not known yet. */
  find(address: string): Promise<string | undefined>;
}

/** The kernel's table of IPv4 neighbours, which has one line for each. */
const TABLE = '/proc/net/arp';

/** What a table says of a neighbour holds for so long, however many ask. */
const FRESH_MS = 1000;

/** Flag of an entry that is complete: `ATF_COM` in the kernel's `if_arp.h`. */
const COMPLETE = 0x2;

/**
 * Reads the kernel's table of neighbours. One that cannot be read knows nobody. Whoever is not in a table that was read
 * before is looked for in a new one: a machine that has just begun to talk must not be taken for a stranger.
 */
export function createNeighbours(now: () => number, table = TABLE): Neighbours {
  let known: ReadonlyMap<string, string> = new Map();
  let readAt = Number.NEGATIVE_INFINITY;
  return {
    async find(address) {
      const mac = now() - readAt > FRESH_MS ? undefined : known.get(address);
      if (mac !== undefined) return mac;
      const startedAt = now();
      const read = await readFile(table, 'utf8').then(parseTable, () => new Map<string, string>());
      if (startedAt >= readAt) [known, readAt] = [read, startedAt];
      return read.get(address);
    },
  };
}

/** The addresses in a table of neighbours. */
export function parseTable(text: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n').slice(1)) {
    const [address, , flags, mac] = line.split(/\s+/);
    if (address === undefined || mac === undefined || (Number(flags) & COMPLETE) === 0) continue;
    if (/^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac)) found.set(address, mac.toLowerCase());
  }
  return found;
}
