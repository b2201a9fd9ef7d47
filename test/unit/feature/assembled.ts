import type { Diagnostic } from '../../../src/diagnostic.ts';
import type { Node } from '../../../src/fragment/node.ts';
import { child, childItems, childText } from '../../../src/fragment/node.ts';
import { assemble } from '../../../src/render/assemble.ts';
import { select } from '../../../src/site/selection.ts';
import type { Documents } from '../site/parsed-site.ts';
import { machineOf, revisionOf } from '../site/parsed-site.ts';

/** What a profile comes to, before butane sees it. */
export interface Assembled {
  readonly diagnostics: readonly Diagnostic[];
  /** By path: the text of each file, and its mode as it is written. */
  readonly files: ReadonlyMap<string, { readonly content: string; readonly mode: string | undefined }>;
  /** By name: the text of each unit, and of its drop-ins by their names. */
  readonly units: ReadonlyMap<string, Unit>;
  /** By path: the target of each link. */
  readonly links: ReadonlyMap<string, string>;
  readonly document?: Node;
}

/** A unit with its drop-ins. */
export interface Unit {
  readonly contents: string | undefined;
  readonly enabled: string | undefined;
  readonly dropins: ReadonlyMap<string, string>;
}

/** Assembles the profile `p` of a site that consists of it, and of whatever else is given. */
export function assembled(profile: string, others: Documents = {}): Assembled {
  const revision = revisionOf({ 'profiles/p.yaml': profile, ...others });
  const selection = select(revision, machineOf(), 'p');
  const found = selection.profile;
  if (found.kind === 'ignition' || found.kind === 'matchbox') throw new Error('features belong to composed profiles');
  const { value, diagnostics } = assemble(
    { ...selection, profile: found },
    { revision, machine: machineOf(), now: () => 0, serviceUrl: 'http://192.0.2.1:8080' },
  );
  const document = value?.document;
  const items = (root: string, list: string) => childItems(child(document, root), list);
  return {
    diagnostics,
    files: new Map(
      items('storage', 'files').map((file) => [
        childText(file, 'path') ?? '',
        { content: childText(child(file, 'contents'), 'inline') ?? '', mode: childText(file, 'mode') },
      ]),
    ),
    units: new Map(items('systemd', 'units').map((unit) => [childText(unit, 'name') ?? '', readUnit(unit)])),
    links: new Map(
      items('storage', 'links').map((link) => [childText(link, 'path') ?? '', childText(link, 'target') ?? '']),
    ),
    ...(document === undefined ? {} : { document }),
  };
}

function readUnit(unit: Node): Unit {
  return {
    contents: childText(unit, 'contents'),
    enabled: childText(unit, 'enabled'),
    dropins: new Map(
      childItems(unit, 'dropins').map((each) => [childText(each, 'name') ?? '', childText(each, 'contents') ?? '']),
    ),
  };
}

/** A profile with the one feature `overlaybd`, whose block is given as data. */
export function withOverlaybd(block: object, rest: object = {}): string {
  return JSON.stringify({ features: { overlaybd: block }, ...rest }, undefined, 2);
}
