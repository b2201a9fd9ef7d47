import type { Diagnostic } from '../../diagnostic.ts';
import type { FeatureContext } from '../feature.ts';
import { hintFor, mayBeBefore } from '../flatcar-release.ts';
import { overlay } from '../keys.ts';
import type { Version } from '../releases.ts';
import type { BackstoreKeys, Overlaybd } from './block.ts';
import type { Credentials } from './credentials.ts';
import { DISK_MOUNT } from './disk.ts';
import type { Rule } from './rule.ts';
import { applyRules } from './rule.ts';
import { SHIPPED_BACKSTORE } from './shipped.ts';

/** The first releases with versions of overlaybd that know what older ones ignore without a word. */
const FIRST_WITH_1_0_17: Version = [4722, 0, 0];
const FIRST_WITH_1_0_18: Version = [4799, 0, 0];

/** The content of overlaybd.json: what is shipped, what the rest of the block asks for, and what the author says. */
export function composeBackstore(
  block: Overlaybd,
  { config }: Pick<Credentials, 'config'>,
): Readonly<Record<string, unknown>> {
  const asked = [
    config === undefined ? {} : { credentialConfig: config },
    block.disk === undefined
      ? {}
      : {
          cacheConfig: { cacheDir: `${DISK_MOUNT}/overlaybd/registry_cache` },
          gzipCacheConfig: { cacheDir: `${DISK_MOUNT}/overlaybd/gzip_cache` },
        },
    // A root in memory holds what runs, and no second copy of it.
    block.diskless === true && block.disk === undefined
      ? { download: { enable: false }, cacheConfig: { cacheSizeGB: 1 }, gzipCacheConfig: { cacheSizeGB: 1 } }
      : {},
    block.backstore ?? {},
  ];
  return asked.reduce<Record<string, unknown>>((shipped, given) => overlay(shipped, given), { ...SHIPPED_BACKSTORE });
}

/** Keys that the daemon reads only where their successors are empty, which what is shipped never leaves them. */
const OLD_KEYS: Readonly<Partial<Record<keyof BackstoreKeys, string>>> = {
  logLevel: 'logConfig.logLevel',
  logPath: 'logConfig.logPath',
  registryCacheDir: 'cacheConfig.cacheDir',
  registryCacheSizeGB: 'cacheConfig.cacheSizeGB',
  cacheType: 'cacheConfig.cacheType',
  credentialFilePath: 'credentialConfig.path',
};

/** What the places of credentials look like. */
const CREDENTIAL_PATHS: Readonly<Record<string, readonly [RegExp, string]>> = {
  file: [/^\//, 'a path'],
  http: [/^http:\/\//, 'a URL that begins with http://'],
  https: [/^https:\/\//, 'a URL that begins with https://'],
  uds: [/^\//, 'the path of a socket'],
};

const LOOPBACK = /^http:\/\/(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])(?::\d+)?(?:\/|$)/;

const RULES: readonly Rule<BackstoreKeys>[] = [
  ({ backstore, credentials }, { credentialConfig: { mode } = {} }, { release }) => {
    const path =
      backstore?.credentialConfig?.mode === mode ? ['backstore', 'credentialConfig', 'mode'] : ['credentials', 'mode'];
    if (credentials === undefined && backstore?.credentialConfig === undefined) return undefined;
    if (mode === 'https' && mayBeBefore(release, FIRST_WITH_1_0_17))
      return [
        'error',
        path,
        'credentials over https need Flatcar 4722.0.0 or newer; older ones go on without any',
        hintFor(release, '4722.0.0'),
      ];
    if (mode === 'uds' && mayBeBefore(release, FIRST_WITH_1_0_18))
      return [
        'error',
        path,
        'credentials from a socket need overlaybd 1.0.18, which Flatcar has since 4799.0.0',
        hintFor(release, '4799.0.0'),
      ];
    return undefined;
  },
  ({ backstore, credentials }, { credentialConfig: { mode = '', path = '' } = {} }) => {
    if (credentials === undefined && backstore?.credentialConfig === undefined) return undefined;
    const [pattern, what] = CREDENTIAL_PATHS[mode] ?? [];
    if (pattern === undefined || pattern.test(path)) return undefined;
    const at =
      backstore?.credentialConfig === undefined ? ['credentials', 'path'] : ['backstore', 'credentialConfig', 'path'];
    return ['error', at, `for the mode ${mode} this must be ${what}`, 'overlaybd would go on without credentials'];
  },
  ({ credentials }, { credentialConfig: { mode = '', path = '' } = {} }) =>
    credentials !== undefined && mode === 'http' && /^http:\/\//.test(path) && !LOOPBACK.test(path)
      ? [
          'warning',
          ['credentials', 'path'],
          'credentials come over the network in clear',
          'ask a service on loopback, or one over https',
        ]
      : undefined,
  ({ backstore }, _, { release }) =>
    backstore?.serviceConfig !== undefined && mayBeBefore(release, FIRST_WITH_1_0_17)
      ? [
          'error',
          ['backstore', 'serviceConfig'],
          'the API of the backing store needs Flatcar 4722.0.0 or newer; older ones ignore it',
          hintFor(release, '4722.0.0'),
        ]
      : undefined,
  ({ backstore }) =>
    backstore?.serviceConfig?.address !== undefined && !LOOPBACK.test(backstore.serviceConfig.address)
      ? [
          'error',
          ['backstore', 'serviceConfig', 'address'],
          'the API of the backing store asks nobody who they are, so it must stay on loopback',
          'for example http://127.0.0.1:9862',
        ]
      : undefined,
  (_, { enableThread, cacheConfig }) =>
    enableThread === true && cacheConfig?.cacheType === 'file'
      ? [
          'error',
          ['backstore', 'enableThread'],
          'a thread for each device does not go with a cache in files: the daemon would end at once',
          'set `cacheConfig.cacheType: ocf`, or leave `enableThread` out',
        ]
      : undefined,
  ({ backstore }, { p2pConfig }) =>
    p2pConfig?.enable === true && !/^http:\/\/\d{1,3}(?:\.\d{1,3}){3}:\d+(?:\/|$)/.test(p2pConfig.address ?? '')
      ? [
          'warning',
          backstore?.p2pConfig?.address === undefined
            ? ['backstore', 'p2pConfig']
            : ['backstore', 'p2pConfig', 'address'],
          'the proxy is probed by an IPv4 address; with a host name the probe asks 0.0.0.0',
          'write http://ADDRESS:PORT/PREFIX with an IPv4 address',
        ]
      : undefined,
  ({ diskless, disk }, { download }) =>
    diskless === true && disk === undefined && download?.enable === true
      ? [
          'warning',
          ['backstore', 'download', 'enable'],
          'without a disk, layers that are fetched whole fill the memory',
          'leave it out, which turns it off here, or give the machine a `disk`',
        ]
      : undefined,
];

/** What is wrong or doubtful about the backing store. */
export function checkBackstore(
  block: Overlaybd,
  effective: BackstoreKeys,
  context: FeatureContext,
): readonly Diagnostic[] {
  const found = applyRules(RULES, block, effective, context);
  const old = Object.entries(OLD_KEYS).flatMap(([key, instead]) => {
    if (!Object.hasOwn(block.backstore ?? {}, key)) return [];
    const message = `\`${key}\` is of old, and ignored as long as \`${instead}\` is set, as it is in what Flatcar ships`;
    return [context.report('warning', ['backstore', key], message, `use \`${instead}\``)];
  });
  return [...found, ...old];
}
