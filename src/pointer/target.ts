import { ignitionUrl } from '../boot/ignition-arguments.ts';
import { ProvisioningError } from '../errors.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';
import type { Machine } from '../machine/machine.ts';
import type { Renderer } from '../render/renderer.ts';
import type { Served } from '../render/served.ts';
import type { Revision } from '../site/revision.ts';
import type { Pin, PointerParts } from './pointer.ts';

/** What a pointer leads to. */
export interface Target {
  readonly machine: Machine;
  readonly profileId: string;
  /** The newest spec version that the machine's Ignition reads. */
  readonly accepts?: SpecVersion;
}

/**
 * The URL of a profile for a machine, as the machine asks for it. Throws `profile-not-found`, and `config-invalid` where
 * nobody knows the URL of the service.
 */
export function targetUrl(revision: Revision, { machine, profileId }: Target, serviceUrl: string | undefined): string {
  if (!revision.profiles.has(profileId)) {
    throw new ProvisioningError(
      'profile-not-found',
      `there is no profile ${profileId}; the site has ${[...revision.profiles.keys()].join(', ')}`,
    );
  }
  if (serviceUrl === undefined) {
    throw new ProvisioningError(
      'config-invalid',
      'nobody knows under which URL machines reach the service; set --public-url',
    );
  }
  return ignitionUrl(serviceUrl, profileId, machine);
}

/**
 * What binds a pointer to the very bytes that the machine gets now. A client that reads newer specs than `accepts` gets other bytes
 * where the profile is newer; without `accepts` they are those of every client that reads the profile's own version. Throws
 * what a render does.
 */
export async function pinOf(renderer: Renderer, served: Served, target: Target): Promise<Pin> {
  const { sha512, specVersion } = await renderer.render(served, target);
  return { sha512, specVersion };
}

/** What whoever made a pointer should know about it, a sentence each. */
export function remarksOn(parts: PointerParts): readonly string[] {
  const { url, following, pin, headers, authorities, httpTotalSeconds } = parts;
  const { protocol, hostname } = new URL(url);
  const isPlain = protocol === 'http:';
  const remarks: readonly (readonly [holds: boolean, text: string])[] = [
    [/^(?:localhost|127\..*|\[::1\])$/.test(hostname), `${hostname} is the machine itself; set --public-url`],
    [isPlain && headers.length > 0, 'the headers go over plain HTTP, where anybody on the way can read them'],
    [isPlain && pin === undefined, 'over plain HTTP and without a pin, anybody on the way can exchange the config'],
    [
      isPlain && authorities.length > 0 && following === 'replace',
      'the authorities are of no use: the URL is plain HTTP',
    ],
    [
      following === 'merge' && headers.length > 0,
      'after a merge the headers stay on the machine, in /run/ignition.json',
    ],
    [
      pin !== undefined,
      `the pointer is pinned to what the machine gets now, at spec ${pin?.specVersion}: renew it whenever the config changes, and give --spec where the client reads no spec that new`,
    ],
    [httpTotalSeconds === 0, 'the machine tries for ever, also where the URL or the certificate is wrong'],
  ];
  return remarks.filter(([holds]) => holds).map(([, text]) => text);
}
