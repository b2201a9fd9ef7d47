import type { Machine } from '../machine/machine.ts';

/** Who reads the Ignition config, and by which kernel arguments it is told where that is. */
export const IGNITION_MODES = ['flatcar', 'coreos', 'coreos-live', 'none'] as const;

/** Who reads the Ignition config; `none` for a system that has no Ignition, or is told by the author's own arguments. */
export type IgnitionMode = (typeof IGNITION_MODES)[number];

/**
 * The arguments of each mode; an empty value stands for the URL of the config. Flatcar's and Fedora CoreOS' own pages on
 * network boot have them; `coreos-live` is the live system of Fedora CoreOS as the installer, which writes the config to
 * the disk for the system that it installs.
 */
const ARGUMENTS: Readonly<Record<IgnitionMode, readonly (readonly [key: string, value?: string])[]>> = {
  flatcar: [
    ['flatcar.first_boot', '1'],
    ['ignition.config.url', ''],
  ],
  coreos: [['ignition.firstboot'], ['ignition.platform.id', 'metal'], ['ignition.config.url', '']],
  'coreos-live': [['coreos.inst.ignition_url', '']],
  none: [],
};

/** The mode of a profile that names none, by its variant. */
const MODE_BY_VARIANT: Readonly<Record<string, IgnitionMode>> = {
  flatcar: 'flatcar',
  fcos: 'coreos',
  fiot: 'coreos',
  r4e: 'coreos',
  openshift: 'coreos',
};

/** The mode for a variant; undefined for one that is not known. */
export function modeOfVariant(variant: string | undefined): IgnitionMode | undefined {
  return variant !== undefined && Object.hasOwn(MODE_BY_VARIANT, variant) ? MODE_BY_VARIANT[variant] : undefined;
}

/** Arguments that are added to those of an author, who has the last word: one with the same key is not added. */
export function ignitionArguments(mode: IgnitionMode, url: string, written: readonly string[]): readonly string[] {
  const keys = new Set(written.map(keyOf));
  return ARGUMENTS[mode]
    .filter(([key]) => !keys.has(key))
    .map(([key, value]) => (value === undefined ? key : `${key}=${value === '' ? url : value}`));
}

/** What stands before the `=` of a kernel argument. */
export function keyOf(argument: string): string {
  return argument.split('=', 1)[0] ?? '';
}

/** Characters of a URL on the kernel's command line, which has 2,048 bytes for everything. */
export const MAX_URL_LENGTH = 512;

/**
 * Where the machine finds its config: the profile, and all that it said when it asked for its boot, so that Ignition is
 * given what was selected here. The address is left out, since the connection tells it.
 */
export function ignitionUrl(serviceUrl: string, profile: string, machine: Machine): string {
  return `${serviceUrl}/ignition/${encode(profile)}${queryOf(machine)}`;
}

/** The labels of a machine as a query, `uuid` and `mac` first, or nothing where there are none. */
export function queryOf(machine: Machine): string {
  const { uuid, mac } = machine.known;
  const rest = machine.entries.filter(([key]) => key !== 'uuid' && key !== 'mac' && key !== 'ip');
  const all = [...(uuid === undefined ? [] : [['uuid', uuid]]), ...(mac === undefined ? [] : [['mac', mac]]), ...rest];
  const pairs = all.map(
    ([key = '', value = '']) => `${encode(key)}=${encode(key === 'mac' ? value.replaceAll(':', '-') : value)}`,
  );
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** Percent-encodes all that any boot loader, shell or parser of a command line could take for more than itself. */
export function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*~]/g, (each) => `%${each.charCodeAt(0).toString(16).toUpperCase()}`);
}
