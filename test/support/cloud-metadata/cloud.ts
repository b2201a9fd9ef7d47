import type { TestContext } from 'node:test';
import { addBridge, addLease, addName, type Host, type LoneHost, startHost } from '../network-boot/network.ts';
import { requireProgram } from '../programs.ts';

/** A network with the host of a metadata service, which has every address that a cloud gives to one. */
export interface Cloud {
  readonly server: Host;
  /** Adds a machine, by the last number of its address in 192.0.2.0/24 and of its MAC address. */
  readonly addMachine: (number: number) => Promise<Host>;
}

/** What the interfaces of all hosts are called. */
const INTERFACE = 'eth0';

/** The addresses of metadata services, all of them on one host. */
const SERVICE_ADDRESSES = ['169.254.169.254', '169.254.42.42', '100.100.100.200'] as const;

/** Where OpenStack's is as well, on the link of each interface. */
const LINK_LOCAL_ADDRESS = 'fe80::a9fe:a9fe';

/** Where a service of {@link LINK_LOCAL_ADDRESS} listens. */
export const LINK_LOCAL_LISTENER = `[${LINK_LOCAL_ADDRESS}%${INTERFACE}]:80`;

/** Where the service runs, which is the DHCP server of the leases too. */
export const SERVER_ADDRESS = '192.0.2.10';

/** A name that a client looks up. */
export const PACKET_NAME = 'metadata.packet.net';

/** The MAC address of a machine of the cloud. */
export function macOf(number: number): string {
  return `52:54:00:00:00:${number.toString(16).padStart(2, '0')}`;
}

/** Makes a cloud without machines, in namespaces that end with the test. Needs root. Undefined when the test is skipped. */
export async function startCloud(t: TestContext): Promise<Cloud | undefined> {
  const server = await startHost(t, SERVER_ADDRESS);
  if (server === undefined || requireProgram(t, 'mount') === undefined) return undefined;
  const { ip } = server;
  await addBridge(server, INTERFACE);
  for (const address of [`${SERVER_ADDRESS}/24`, ...SERVICE_ADDRESSES.map((each) => `${each}/32`)]) {
    await server.run([ip, 'address', 'add', address, 'dev', INTERFACE]);
  }
  await server.run([ip, 'address', 'add', `${LINK_LOCAL_ADDRESS}/64`, 'dev', INTERFACE, 'nodad']);
  await server.run([ip, 'link', 'set', INTERFACE, 'up']);
  const addMachine = async (number: number): Promise<Host> => {
    const machine = await startHost(t, `192.0.2.${number}`);
    if (machine === undefined) throw new Error('a host started, and now none does');
    await plug(server, machine, number);
    await addName(machine, t, SERVER_ADDRESS, PACKET_NAME);
    await addLease(machine, t, INTERFACE, SERVER_ADDRESS);
    return machine;
  };
  return { server, addMachine };
}

async function plug(server: LoneHost, machine: LoneHost, number: number): Promise<void> {
  const { ip } = server;
  const end = `machine${number}`;
  const far = ['peer', 'name', INTERFACE, 'address', macOf(number), 'netns', `${machine.pid}`];
  await server.run([ip, 'link', 'add', end, 'type', 'veth', ...far]);
  await server.run([ip, 'link', 'set', end, 'master', INTERFACE, 'up']);
  await machine.run([ip, 'address', 'add', `${machine.address}/24`, 'dev', INTERFACE]);
  await machine.run([ip, 'link', 'set', INTERFACE, 'up']);
  for (const address of SERVICE_ADDRESSES) await machine.run([ip, 'route', 'add', address, 'dev', INTERFACE]);
}

/** Takes the ways to the addresses of metadata services from a machine, except for the one on its link. */
export async function leaveLinkLocal({ run }: Host): Promise<void> {
  for (const address of SERVICE_ADDRESSES) await run(['ip', 'route', 'delete', address, 'dev', INTERFACE]);
}
