import type { TestContext } from 'node:test';
import type { Host } from '../network-boot/network.ts';
import { eventually } from '../service.ts';
import { type ServiceProcess, startServiceProcess } from '../service-process.ts';
import type { ServerCertificate } from './certificates.ts';
import { SERVER_ADDRESS } from './cloud.ts';

const FOLDER = 'build/test/support/cloud-metadata';

/** A service of a cloud: what it speaks, and where. */
export interface MetadataListener {
  readonly dialects: readonly string[];
  /** An address and a port. */
  readonly listen: string;
  /** It speaks TLS. */
  readonly secure?: true;
  /** Further flags of `serve`. */
  readonly flags?: readonly string[];
}

/** Starts a service on the host of a cloud. Undefined when the test is skipped. */
export function startMetadata(
  t: TestContext,
  server: Host,
  site: string,
  { dialects, listen, secure, flags = [] }: MetadataListener,
  tls: ServerCertificate,
): Promise<ServiceProcess | undefined> {
  const here = ['--listen', listen, '--public-url', `http://${SERVER_ADDRESS}`, '--metadata', dialects.join(',')];
  const files = secure === true ? ['--tls-cert', tls.certificate, '--tls-key', tls.key] : [];
  return startServiceProcess(t, { site, launcher: server.launcher, flags: [...here, ...files, ...flags] });
}

/** Starts a proxy in front of port 8080 of the server, which speaks TLS where it has a certificate. */
export async function startProxy(server: Host, port: number, tls?: ServerCertificate): Promise<void> {
  const files = tls === undefined ? [] : [tls.certificate, tls.key];
  const script = [process.execPath, `${FOLDER}/proxy-process.js`];
  const proxy = server.start([...script, '0.0.0.0', String(port), SERVER_ADDRESS, '8080', ...files]);
  await eventually(() => /listening/.test(proxy.printed()));
}

/** What a host is told when it asks. */
export async function askFrom(
  host: Host,
  url: string,
  {
    method = 'GET',
    headers = {},
  }: { readonly method?: string; readonly headers?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly status: number; readonly body: string }> {
  const script = [process.execPath, `${FOLDER}/ask-process.js`];
  return JSON.parse(await host.run([...script, url, method, JSON.stringify(headers)]));
}
