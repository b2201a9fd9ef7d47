import autocannon from 'autocannon';
import type { Pair } from './statistics.ts';

/** How long and how hard a server is asked. */
export interface HotOptions {
  readonly rounds: number;
  readonly seconds: number;
  readonly connections: number;
}

/** Requests per second and the 99th percentile of the latency in ms, round by round. */
export interface HotResult {
  readonly rate: readonly Pair[];
  readonly p99Ms: readonly Pair[];
}

/** Asks both servers for the same path in turn; who comes first changes from round to round. Throws when one fails. */
export async function compareHot(ours: string, bare: string, options: HotOptions): Promise<HotResult> {
  for (const url of [bare, ours]) await fire(url, { ...options, seconds: 2 });
  const rate: Pair[] = [];
  const p99Ms: Pair[] = [];
  for (let round = 0; round < options.rounds; round += 1) {
    const [first, second] = round % 2 === 0 ? [bare, ours] : [ours, bare];
    const one = await fire(first, options);
    const two = await fire(second, options);
    const [b, o] = round % 2 === 0 ? [one, two] : [two, one];
    rate.push({ ours: o.rate, bare: b.rate });
    p99Ms.push({ ours: o.p99Ms, bare: b.p99Ms });
  }
  return { rate, p99Ms };
}

async function fire(url: string, { seconds, connections }: HotOptions): Promise<{ rate: number; p99Ms: number }> {
  const result = await autocannon({ url, connections, duration: seconds });
  const failed = result.non2xx + result.errors;
  if (failed > 0) throw new Error(`${failed} requests to ${url} failed`);
  return { rate: result['2xx'] / result.duration, p99Ms: result.latency.p99 };
}
