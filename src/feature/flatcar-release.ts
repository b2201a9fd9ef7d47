import type { Channel, ReleaseLine, Version } from './releases.ts';
import { RELEASE_LINES } from './releases.ts';

/** A Flatcar release, or the newest known one of a channel, with what it holds. */
export interface FlatcarRelease extends ReleaseLine {
  /** As the author named it: `4593.2.1` or `stable`. */
  readonly name: string;
  /** True for a release that came out after the last line of the table. */
  readonly newer: boolean;
}

/** Why a name is no release that anything can be rendered for. */
export interface ReleaseFault {
  readonly message: string;
  readonly hint: string;
}

const CHANNELS: readonly Channel[] = ['stable', 'beta', 'alpha', 'lts'];

/**
 * Finds the release that a version (`4593.2.1`) or channel (`stable`) names. A channel stands for its newest line in the
 * table, since a machine that is set up now boots what the channel has now.
 */
export function findRelease(name: string): FlatcarRelease | ReleaseFault {
  const channel = CHANNELS.find((each) => each === name);
  if (channel !== undefined) {
    const line = RELEASE_LINES.findLast(({ channels }) => channels.includes(channel));
    return line === undefined ? unknown() : { ...line, name, newer: false };
  }
  const version = parseVersion(name);
  if (version === undefined) return unknown();
  const line = RELEASE_LINES.findLast((each) => !isBefore(version, each.version));
  const [first] = RELEASE_LINES;
  if (line === undefined || first === undefined) {
    return {
      message: 'this release of Flatcar is older than all that are known here',
      hint: `the oldest is ${first === undefined ? '' : first.version.join('.')}`,
    };
  }
  // Lines are told apart by their first number; the others count patch releases.
  const newer = version[0] > (RELEASE_LINES.at(-1)?.version[0] ?? 0);
  return { ...line, version, name, newer };
}

function unknown(): ReleaseFault {
  return {
    message: 'this is no release of Flatcar',
    hint: `write a version with three numbers, such as "4593.2.0", or a channel: ${CHANNELS.slice(0, 3).join(', ')}`,
  };
}

/** True when what {@link findRelease} gave is a fault. */
export function isReleaseFault(found: FlatcarRelease | ReleaseFault): found is ReleaseFault {
  return 'hint' in found;
}

function parseVersion(text: string): Version | undefined {
  const match = /^(\d{1,6})\.(\d{1,6})\.(\d{1,6})$/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}

/** True when a version is older than another. */
export function isBefore(version: Version, other: Version): boolean {
  for (const [index, part] of version.entries()) {
    const difference = part - (other[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** True when a machine may run a release older than `first`: the named one is, or none is named. */
export function mayBeBefore(release: FlatcarRelease | undefined, first: Version): boolean {
  return release === undefined || isBefore(release.version, first);
}

/** What to do about something that only a newer release has. */
export function hintFor(release: FlatcarRelease | undefined, first: string): string {
  return release === undefined ? 'name the `release` that the machine boots' : `boot ${first} or newer`;
}

/** How a release is called in a message. */
export function describeRelease(release: FlatcarRelease): string {
  const version = release.version.join('.');
  return release.name === version ? version : `${release.name} (${version})`;
}
