import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { requireProgram } from '../programs.ts';
import { eventually } from '../service.ts';
import { scratchDirectory } from '../site.ts';
import type { Daemon, Host } from './network.ts';

/** Starts the real dnsmasq on a host, and waits until it serves. Resolves to undefined when the test is skipped. */
export async function startDnsmasq(t: TestContext, host: Host, config: string): Promise<Daemon | undefined> {
  const program = requireProgram(t, 'dnsmasq');
  if (program === undefined) return undefined;
  const scratch = await scratchDirectory(t);
  const file = join(scratch, 'dnsmasq.conf');
  await writeFile(file, config);
  const here = [`--conf-file=${file}`, `--dhcp-leasefile=${join(scratch, 'leases')}`, '--pid-file='];
  // Its own user would have to exist, and its log would go to that of the host.
  const daemon = host.start([
    program,
    '--keep-in-foreground',
    '--user=root',
    '--group=root',
    '--log-facility=-',
    ...here,
  ]);
  await eventually(() => !daemon.isUp() || /DHCP, |router advertisement/.test(daemon.printed()));
  if (!daemon.isUp()) throw new Error(`dnsmasq did not start: ${daemon.printed()}`);
  return daemon;
}
