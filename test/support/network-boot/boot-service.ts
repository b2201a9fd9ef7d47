import type { TestContext } from 'node:test';
import { type ServiceProcess, startServiceProcess } from '../service-process.ts';
import type { Host } from './network.ts';

/** Starts the service on a host of a network, where machines reach it on port 8080. Undefined when the test is skipped. */
export function startBootService(
  t: TestContext,
  { address, launcher }: Host,
  { site, assets }: { readonly site: string; readonly assets: string },
): Promise<ServiceProcess | undefined> {
  const listen = `${address}:8080`;
  const flags = ['--listen', listen, '--public-url', `http://${listen}`, '--assets', assets];
  return startServiceProcess(t, { site, launcher, flags });
}

/** A request of a machine, as the access log has it. */
export interface BootRequest {
  readonly route: unknown;
  readonly status: unknown;
  readonly mac: unknown;
  readonly uuid: unknown;
}

/** What a service was asked for by machines that were provisioned, in the order of the answers. */
export function requestsTo(service: ServiceProcess): readonly BootRequest[] {
  return service
    .log()
    .filter(({ msg }) => msg === 'request')
    .map(({ route, status, labels }) => ({ route, status, mac: at(labels, 'mac'), uuid: at(labels, 'uuid') }));
}

function at(labels: unknown, key: string): unknown {
  return new Map(Object.entries(labels ?? {})).get(key);
}
