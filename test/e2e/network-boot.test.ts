import assert from 'node:assert/strict';
import { after, suite, type TestContext, test } from 'node:test';
import { createBootAssets } from '../support/network-boot/boot-assets.ts';
import { type BootVia, startBootNetwork } from '../support/network-boot/boot-network.ts';
import { requestsTo, startBootService } from '../support/network-boot/boot-service.ts';
import { BOOT_SITE, NODE, NODE_FILES } from '../support/network-boot/boot-site.ts';
import type { Network } from '../support/network-boot/network.ts';
import { type Firmware, startVirtualMachine, type VirtualMachine } from '../support/network-boot/virtual-machine.ts';
import type { ServiceProcess } from '../support/service-process.ts';
import { addToSite, writeSite } from '../support/site.ts';

/** How a machine comes to its kernel, and what it asks the service for on the way. */
const WAYS: readonly { readonly firmware: Firmware; readonly via: BootVia; readonly title: string }[] = [
  { firmware: 'bios', via: 'dhcp', title: 'a BIOS with iPXE, and dnsmasq as the DHCP server' },
  { firmware: 'uefi', via: 'dhcp', title: 'UEFI, and dnsmasq as the DHCP server' },
  { firmware: 'bios', via: 'proxy', title: 'a BIOS with iPXE, and dnsmasq beside another DHCP server' },
  { firmware: 'uefi', via: 'proxy', title: 'UEFI, and dnsmasq beside another DHCP server' },
  { firmware: 'uefi-http', via: 'dhcp', title: 'UEFI that boots over HTTP' },
  { firmware: 'uefi', via: 'grub', title: 'UEFI and GRUB' },
];

/** A site whose boots nobody gets. */
const BROKEN = BOOT_SITE['profiles/node.yaml'].replace('path: /etc/hostname', 'path: etc/hostname');

// Two at a time: a machine that boots waits much of the time.
suite('A machine that boots over the network', { concurrency: 2 }, () => {
  const assets = createBootAssets();
  after(() => assets.remove());

  for (const { firmware, via, title } of WAYS) {
    test(`is provisioned with its own values: ${title}`, async (t) => {
      const network = await startBootNetwork(t, via);
      const service = network && (await startService(t, network, await writeSite(t, BOOT_SITE)));
      const machine = service && (await startVirtualMachine(t, network, firmware, NODE));
      if (service === undefined || machine === undefined) return;
      await assertProvisioned(machine);
      const asset = { route: '/assets/*', status: 200, mac: undefined, uuid: undefined };
      assert.deepEqual(requestsTo(service), [
        ...(firmware === 'uefi-http' ? [asset, asset] : []),
        ...(via === 'grub' ? [] : [{ ...asset, route: '/boot.ipxe' }]),
        { route: via === 'grub' ? '/grub' : '/ipxe', status: 200, ...NODE },
        asset,
        asset,
        { route: '/ignition/:profile', status: 200, ...NODE },
      ]);
    });
  }

  for (const [firmware, via] of [
    ['bios', 'dhcp'],
    ['uefi', 'grub'],
  ] as const) {
    test(`is told by ${via === 'grub' ? 'GRUB' : 'iPXE'} that no group has it, and boots once one does`, async (t) => {
      const { 'groups/node.yaml': group, ...rest } = BOOT_SITE;
      const site = await writeSite(t, rest);
      const network = await startBootNetwork(t, via);
      const service = network && (await startService(t, network, site));
      const machine = service && (await startVirtualMachine(t, network, firmware, NODE));
      if (machine === undefined) return;
      await machine.waitFor(/pilotlight: No group selects a profile for this machine/);
      await machine.waitFor(new RegExp(`This machine is mac ${NODE.mac}, uuid\\s${NODE.uuid.slice(0, 8)}`));
      await machine.waitFor(/No group selects[\s\S]*No group selects/);
      await addToSite(site, { 'groups/node.yaml': group });
      await assertProvisioned(machine);
    });
  }

  test('is told that its profile is broken, and boots once that is mended', async (t) => {
    const site = await writeSite(t, { ...BOOT_SITE, 'profiles/node.yaml': BROKEN });
    const network = await startBootNetwork(t, 'dhcp');
    const service = network && (await startService(t, network, site));
    const machine = service && (await startVirtualMachine(t, network, 'bios', NODE));
    if (machine === undefined) return;
    await machine.waitFor(/pilotlight: the profile node does not render/);
    await machine.waitFor(/the profile node does not render/);
    await addToSite(site, BOOT_SITE);
    await assertProvisioned(machine);
  });

  test('waits for a service that starts late', async (t) => {
    const network = await startBootNetwork(t, 'dhcp');
    const machine = network && (await startVirtualMachine(t, network, 'bios', NODE));
    if (network === undefined || machine === undefined) return;
    await machine.waitFor(/pilotlight does not answer/);
    await startService(t, network, await writeSite(t, BOOT_SITE));
    await assertProvisioned(machine);
  });

  async function startService(t: TestContext, network: Network, site: string): Promise<ServiceProcess | undefined> {
    const folder = await assets.folder(t);
    return folder === undefined ? undefined : startBootService(t, network.server, { site, assets: folder });
  }
});

async function assertProvisioned(machine: VirtualMachine): Promise<void> {
  const { '/etc/.ignition-result.json': result = '', ...files } = await machine.provisioned();
  assert.deepEqual(files, NODE_FILES);
  assert.equal(JSON.parse(result).userConfigProvided, true);
}
