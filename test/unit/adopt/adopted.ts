import { parse } from 'yaml';
import type { Adopted, AdoptOptions } from '../../../src/adopt/adopt.ts';
import { adopt } from '../../../src/adopt/adopt.ts';
import type { Diagnostic } from '../../../src/diagnostic.ts';

/** What a hand-written document came to. */
export interface Outcome {
  readonly value: Adopted | undefined;
  readonly diagnostics: readonly Diagnostic[];
  /** The messages, each with its severity before it. */
  readonly messages: readonly string[];
  /** The block `overlaybd`. */
  readonly block: Readonly<Record<string, unknown>>;
  /** The block `sysext`. */
  readonly sysext: unknown;
  readonly layer: Readonly<Record<string, unknown>>;
  readonly parameters: unknown;
}

/** Lists of a document, given as data. */
export interface Lists {
  readonly files?: readonly object[];
  readonly links?: readonly object[];
  readonly filesystems?: readonly object[];
  readonly units?: readonly object[];
}

/** The list of enabled extensions with these lines. */
export function extensionList(...lines: readonly string[]): object {
  return file('/etc/flatcar/enabled-sysext.conf', `${lines.join('\n')}\n`);
}

/** A file with this text. */
export function file(path: string, inline: string, rest: object = {}): object {
  return { path, contents: { inline }, ...rest };
}

/** The drop-in that makes containerd read the config at a path. */
export function pointer(
  contents = '[Service]\nExecStart=\nExecStart=/usr/bin/containerd --config /etc/containerd/config.toml\n',
  name = '10-configtoml.conf',
): object {
  return { name: 'containerd.service', dropins: [{ name, contents }] };
}

/** Adopts a Butane text. */
export function adoptText(text: string, options: Omit<AdoptOptions, 'now'> = {}): Outcome {
  const { value, diagnostics } = adopt(text, 'config.bu', { ...options, now: () => 0 });
  const profile = value === undefined ? {} : parse(value.profile);
  return {
    value,
    diagnostics,
    messages: diagnostics.map(({ severity, message }) => `${severity}: ${message}`),
    block: profile.features?.overlaybd ?? {},
    sysext: profile.features?.sysext,
    layer: profile.butane ?? {},
    parameters: profile.parameters,
  };
}

/** Adopts a document with these lists. */
export function adoptLists({ units, ...storage }: Lists, options: Omit<AdoptOptions, 'now'> = {}): Outcome {
  const document = {
    variant: 'flatcar',
    version: '1.0.0',
    storage,
    ...(units === undefined ? {} : { systemd: { units } }),
  };
  return adoptText(JSON.stringify(document, undefined, 2), options);
}
