/** MAC addresses, in lower case with colons, by address; a link-local IPv6 address has its interface behind `%`. */
export type NeighbourTable = ReadonlyMap<string, string>;

/** Flag of an entry that is complete: `ATF_COM` in the kernel's `if_arp.h`. */
const COMPLETE = 0x2;

const MAC = /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/i;

/** The neighbours in a table as `/proc/net/arp` is one. */
export function parseArpTable(text: string): NeighbourTable {
  const found = new Map<string, string>();
  for (const line of text.split('\n').slice(1)) {
    const [address, , flags, mac] = line.split(/\s+/);
    if (address === undefined || mac === undefined || (Number(flags) & COMPLETE) === 0) continue;
    if (MAC.test(mac)) found.set(address, mac.toLowerCase());
  }
  return found;
}

/** The neighbours in what `ip -6 neigh show` prints; one that did not answer has no `lladdr`, or has failed. */
export function parseIpNeighbours(text: string): NeighbourTable {
  const found = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, address, device, mac, state] = /^(\S+) dev (\S+) lladdr (\S+) (.*)$/.exec(line.trim()) ?? [];
    if (address === undefined || device === undefined || mac === undefined || !MAC.test(mac)) continue;
    if (/\b(?:FAILED|INCOMPLETE)\b/.test(state ?? '')) continue;
    const isLinkLocal = /^fe[89ab][0-9a-f]:/i.test(address);
    found.set(isLinkLocal ? `${address}%${device}` : address, mac.toLowerCase());
  }
  return found;
}
