import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { TestContext } from 'node:test';
import { requireDataFile, requireProgram } from '../programs.ts';
import { startDnsmasq } from './dnsmasq.ts';
import { type Network, startNetwork } from './network.ts';

/** What tells a machine what to boot. */
export type BootVia = 'dhcp' | 'proxy' | 'grub';

/** Where deploy/network-boot has the configuration of each; GRUB takes the place of iPXE. */
const CONFIGS: Readonly<Record<BootVia, string>> = {
  dhcp: 'dnsmasq-dhcp.conf',
  proxy: 'dnsmasq-proxy.conf',
  grub: 'dnsmasq-dhcp.conf',
};

const FOLDER = 'deploy/network-boot';

/** A router that tells its IPv6 prefix: without one iPXE waits 13 seconds for it, on each boot. */
const ROUTER = ['port=0', 'interface=eth0', 'bind-interfaces', 'enable-ra', 'dhcp-range=2001:db8::,ra-only'];

/** The router as the DHCP server that there is already. */
const DHCP_ROUTER = [...ROUTER, 'dhcp-range=192.0.2.100,192.0.2.200,255.255.255.0,1h'];

/**
 * Starts a network with a router and a boot server that has real dnsmasq on it, configured by the very files of
 * deploy/network-boot, and iPXE or GRUB in its TFTP folder. Resolves to undefined when the test is skipped.
 */
export async function startBootNetwork(t: TestContext, via: BootVia): Promise<Network | undefined> {
  const network = await startNetwork(t);
  const router =
    network && (await startDnsmasq(t, network.router, (via === 'proxy' ? DHCP_ROUTER : ROUTER).join('\n')));
  if (network === undefined || router === undefined) return undefined;
  const { server } = network;
  await server.run(['mkdir', '/srv/tftp']);
  if (via === 'grub') {
    const list = requireProgram(t, 'grub-mkimage') && requireDataFile(t, 'grub-x86_64-efi');
    if (list === undefined) return undefined;
    // The configuration names iPXE's file, whoever serves it.
    await server.run(['sh', `${FOLDER}/grub-image.sh`, '/srv/tftp/snponly.efi']);
    await server.run(['mkdir', '/srv/tftp/grub']);
    await server.run(['cp', `${FOLDER}/grub.cfg`, '/srv/tftp/grub']);
  } else {
    const snponly = requireDataFile(t, 'snponly.efi');
    if (snponly === undefined) return undefined;
    await server.run(['cp', snponly, `${dirname(snponly)}/undionly.kpxe`, `${FOLDER}/pilotlight.ipxe`, '/srv/tftp']);
  }
  const dnsmasq = await startDnsmasq(t, server, await readFile(`${FOLDER}/${CONFIGS[via]}`, 'utf8'));
  return dnsmasq && network;
}
