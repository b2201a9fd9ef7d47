import type { Diagnostic, Parsed } from '../diagnostic.ts';
import { sortDiagnostics } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';
import { CONTAINERD_CONFIG } from '../feature/overlaybd/containerd.ts';
import { EXTENSION_LIST } from '../feature/shared/extension-list.ts';
import type { MapNode } from '../fragment/node.ts';
import { childText } from '../fragment/node.ts';
import { parseMachine } from '../machine/machine.ts';
import { assemble } from '../render/assemble.ts';
import { parseSite } from '../site/load.ts';
import { select } from '../site/selection.ts';
import { sourceTreeOf } from '../site/source-tree.ts';
import type { Difference } from './differences.ts';
import { compareDocuments } from './differences.ts';
import type { Original } from './original.ts';
import { readOriginal } from './original.ts';
import { restOf, writeComments, writeProfile } from './profile-text.ts';
import type { Whole } from './recognise-all.ts';
import { recogniseAll } from './recognise-all.ts';
import type { Secret } from './recognition.ts';
import { readSource } from './source.ts';

/** What a hand-written document came to. */
export interface Adopted {
  /** The composed profile, with comments at its top. */
  readonly profile: string;
  readonly differences: readonly Difference[];
  /** The values of the parameters, for comparing; they are in none of the texts. */
  readonly secrets: readonly Secret[];
}

/** How a document is adopted. */
export interface AdoptOptions {
  /** The release that the machines boot, where it is known. */
  readonly release?: string;
  /** Milliseconds from any start. */
  readonly now: () => number;
}

/**
 * Makes a composed profile of a hand-written Butane document: the parts that are about overlaybd become the typed block,
 * and all else its layer. What was wrong is told, and what the machine gets otherwise is found by composing the profile and
 * comparing. There is no value for a document that cannot be read or is not about overlaybd. Pure but for the bound on time.
 */
export function adopt(text: string, file: string, options: AdoptOptions): Parsed<Adopted> {
  const source = readSource(text, file);
  if (source.value === undefined) return { diagnostics: source.diagnostics };
  const original = readOriginal(source.value);
  const first = attempt(original, true, options);
  const refused = first.document === undefined && first.read.sysext !== undefined;
  // The list may name what no release has, which the block refuses and the machine gets all the same.
  const { read, profile, document, faults } = refused ? attempt(original, false, options) : first;
  const diagnostics = [...source.diagnostics, ...read.diagnostics, ...faults];
  if (refused) diagnostics.push(...aboutList(original, first.faults));
  const variant = childText(original.document, 'variant');
  if (!read.found || variant !== 'flatcar') {
    const message = read.found
      ? 'overlaybd is an extension of Flatcar, and this is of another variant'
      : 'nothing in this file is about overlaybd';
    const hint = read.found ? 'write `variant: flatcar`' : `such as a line overlaybd in ${EXTENSION_LIST}`;
    return { diagnostics: [...source.diagnostics, original.report('error', original.document.origin, message, hint)] };
  }
  if (document === undefined) return { diagnostics: sortDiagnostics(diagnostics) };
  const { secrets } = read;
  const made = readOriginal({ root: document, lines: [], original: (origin) => origin });
  const differences = compareDocuments(original, made, new Map(read.moved));
  diagnostics.push(...lostKeys(original, differences));
  const comments = writeComments(file, differences, secrets);
  return {
    value: { profile: `${comments}\n${profile}`, differences, secrets },
    diagnostics: sortDiagnostics(diagnostics),
  };
}

/** A profile of a document, and what composing it came to. */
interface Attempt {
  readonly read: Whole;
  readonly profile: string;
  /** Absent where the profile would not be served. */
  readonly document?: MapNode;
  readonly faults: readonly Diagnostic[];
}

function attempt(original: Original, listAsBlock: boolean, { release, now }: AdoptOptions): Attempt {
  const read = recogniseAll(original, release, listAsBlock);
  const { sysext, secrets } = read;
  const profile = writeProfile({
    origin: original.document.origin,
    overlaybd: read.block,
    ...(sysext === undefined ? {} : { sysext }),
    secrets,
    layer: restOf(original.document, read.taken, read.replaced),
  });
  const { value, diagnostics } = composeProfile(profile, secrets, now);
  return { read, profile, faults: diagnostics, ...(value === undefined ? {} : { document: value }) };
}

/** What the block for the list was refused for, at the list. */
function aboutList(original: Original, faults: readonly Diagnostic[]): readonly Diagnostic[] {
  const origin = original.files.get(EXTENSION_LIST)?.origin ?? original.document.origin;
  return faults
    .filter(({ severity, path }) => severity === 'error' && path?.startsWith('$.features.sysext') === true)
    .map(({ message, hint = '' }) => original.report('warning', origin, message, hint));
}

/** Keys that the block adds, and keys whose faults have reports of their own. */
const TOLD_ELSEWHERE =
  /^proxy_plugins\.overlaybd\.exports\.|\.images\.(?:disable_snapshot_annotations|snapshotter)$|\.enable_selinux$|\.runc\.options\.SystemdCgroup$/;

/** What the config of containerd said that the block cannot say; only the machine as a whole shows it. */
function lostKeys(original: Original, differences: readonly Difference[]): readonly Diagnostic[] {
  const config = differences.find(({ name }) => name === CONTAINERD_CONFIG);
  const file = original.files.get(CONTAINERD_CONFIG);
  const keys = (config?.details ?? []).filter((key) => !TOLD_ELSEWHERE.test(key));
  if (config?.change !== 'changed' || file === undefined || keys.length === 0) return [];
  const message = `the config of containerd is another in ${keys.join(', ')}`;
  const hint =
    'the block keeps what Flatcar ships and has no keys for these; with `containerd.mode: none` and a layer the file stays';
  return [original.report('warning', file.origin, message, hint)];
}

const PROFILE_ID = 'adopted';

/** The profile as the service composes it, for a machine without labels and with all secrets given. */
function composeProfile(profile: string, secrets: readonly Secret[], now: () => number): Parsed<MapNode> {
  const parameters = Object.fromEntries(secrets.map(({ name, value }) => [name, value]));
  const documents = new Map([
    [`profiles/${PROFILE_ID}.yaml`, Buffer.from(profile)],
    ['site.yaml', Buffer.from(JSON.stringify({ parameters }))],
  ]);
  const parsed = parseSite(sourceTreeOf(documents));
  const revision = parsed.value;
  if (revision === undefined) return { diagnostics: aboutProfile(parsed.diagnostics) };
  const machine = parseMachine({}, { from: 'query' });
  const selection = select(revision, machine, PROFILE_ID);
  const { profile: selected } = selection;
  if (selected.kind !== 'composed') throw new ProvisioningError('internal', 'an adopted profile is a composed one');
  const assembled = assemble({ ...selection, profile: selected }, { revision, machine, now });
  const diagnostics = aboutProfile(assembled.diagnostics);
  return assembled.value === undefined ? { diagnostics } : { value: assembled.value.document, diagnostics };
}

/** A place in the profile that was made is none that its author could look at; the path is. */
function aboutProfile(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  return diagnostics.map(({ origin: _, ...rest }) => rest);
}
