import { type ParseError, parse } from 'jsonc-parser';
import type { Keys } from '../feature/keys.ts';
import { isKeys } from '../feature/keys.ts';
import { CONTAINERD_CONFIG } from '../feature/overlaybd/containerd.ts';
import { CREDENTIALS_FILE } from '../feature/overlaybd/credentials.ts';
import { EXTENSION_LIST } from '../feature/shared/extension-list.ts';
import { effectiveConfig, readToml, type Surroundings } from './containerd-config.ts';
import { readLogin } from './credentials.ts';
import { DEFAULT_CREDENTIALS, effectiveBackstore, effectiveSnapshotter, whatCounts } from './effective.ts';
import { readExtensionList } from './extensions.ts';
import { keysAt } from './recognition.ts';
import { unitMeaning } from './unit-text.ts';

type Reader = (text: string, around: Surroundings) => unknown;

/** The two files of which overlaybd reads its settings. */
export const BACKSTORE_FILE = '/etc/overlaybd/overlaybd.json';
/** The file of which the snapshotter reads its settings. */
export const SNAPSHOTTER_FILE = '/etc/overlaybd-snapshotter/config.json';

const json =
  (read: (value: Keys) => unknown): Reader =>
  (text) => {
    const value = parseJson(text);
    return isKeys(value) ? read(value) : text;
  };

const words: Reader = (text) =>
  text
    .split('\n')
    .map((line) => line.replace(/[#;].*/, '').trim())
    .filter((line) => line !== '')
    .sort();

/** What a credentials file says: of two keys that match one registry the first counts. */
const credentials = json((value) => {
  const auths = keysAt(value, 'auths');
  const names = Object.keys(auths);
  const entries = names.map((name) => {
    const first = names.find((other) => other === name || name.startsWith(`${other}/`)) ?? name;
    return [name, readLogin(auths[first]) ?? null] as const;
  });
  return { auths: Object.fromEntries(entries) };
});

/** How the text of a file is read, by its path; a pattern ends in a star. */
const READERS: readonly (readonly [string | RegExp, Reader])[] = [
  [BACKSTORE_FILE, json((value) => whatCounts(effectiveBackstore(withoutNull(value))))],
  [SNAPSHOTTER_FILE, json((value) => whatCounts(effectiveSnapshotter(withoutNull(value))))],
  [CREDENTIALS_FILE, credentials],
  [DEFAULT_CREDENTIALS, credentials],
  ['/etc/docker/daemon.json', json((value) => value)],
  [
    EXTENSION_LIST,
    (text) =>
      readExtensionList(text)
        .map(({ name, off }) => `${off ? '-' : ''}${name}`)
        .sort(),
  ],
  [
    CONTAINERD_CONFIG,
    (text, around) => {
      const value = readToml(text);
      return value === undefined ? text : effectiveConfig(value, around);
    },
  ],
  [/^\/etc\/modules-load\.d\//, words],
  [/^\/etc\/systemd\/system\//, (text) => unitMeaning(text)],
  [/^\/etc\/ssl\/certs\/.*\.pem$/, (text) => text.trim()],
];

/** What the text of a file means to the program that reads it; equal for texts that differ in their writing only. */
export function meaningOf(path: string, text: string, around: Surroundings): unknown {
  const reader = READERS.find(([pattern]) => (typeof pattern === 'string' ? pattern === path : pattern.test(path)));
  return reader === undefined ? text : reader[1](text, around);
}

function withoutNull(value: Keys): Keys {
  const entries = Object.entries(value).filter(([, inner]) => inner !== null);
  return Object.fromEntries(entries.map(([key, inner]) => [key, isKeys(inner) ? withoutNull(inner) : inner]));
}

/** What a text means, also one with comments: that nothing reads it is told elsewhere. */
function parseJson(text: string): unknown {
  const errors: ParseError[] = [];
  const value: unknown = parse(text, errors, { disallowComments: false, allowTrailingComma: true });
  return errors.length === 0 ? value : undefined;
}
