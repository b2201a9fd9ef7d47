import type { Diagnostic, Parsed } from '../diagnostic.ts';
import { compareVersions, isVersion } from '../version.ts';
import { findDuplicates } from './duplicates.ts';
import { expandLocalKeys } from './expand-keys.ts';
import { expandTrees } from './expand-trees.ts';
import type { FileTree } from './file-tree.ts';
import { mergeDocuments } from './merge.ts';
import type { MapEntry, MapNode, ScalarNode } from './node.ts';
import { isNull } from './node.ts';

/** What composing may look at beside the layers. */
export interface ComposeContext {
  /** What `local` and `trees` refer to; only looked at where layers meet in them. */
  readonly files: FileTree;
}

/**
 * Makes one Butane document of the layers, in their order: later ones win, with the meaning of Ignition's own merge, so
 * that translating the result gives what Ignition would get by merging the translated layers. Nodes keep their origins.
 * The result is at the layers' newest version. Pure; a layer alone comes back as it is. Errors are layers of two
 * variants, a variant or version that no layer names, and what one layer defines twice; then there is no value.
 */
export function compose(layers: readonly MapNode[], context: ComposeContext): Parsed<MapNode> {
  const variant = chooseVariant(layers);
  const version = chooseVersion(layers);
  const diagnostics = [
    ...variant.diagnostics,
    ...version.diagnostics,
    ...layers.flatMap((layer) => findDuplicates(layer, context.files)),
  ];
  if (diagnostics.length > 0 || variant.value === undefined || version.value === undefined) return { diagnostics };
  const [first, ...rest] = expandLocalKeys(expandTrees(layers, context.files), context.files);
  if (first === undefined) return { diagnostics };
  if (rest.length === 0) return { value: first, diagnostics };
  const merged = mergeDocuments([first, ...rest], context.files);
  const entries = new Map([...merged.entries, ['variant', variant.value], ['version', version.value]]);
  return { value: { ...merged, entries }, diagnostics };
}

/** A key at the root of a layer whose value is a text. */
interface Named extends MapEntry {
  readonly value: ScalarNode;
}

/** The one variant that the layers name; every layer that names another is an error. */
function chooseVariant(layers: readonly MapNode[]): Parsed<Named> {
  const { named, diagnostics } = collect(layers, 'variant', 'write `variant: fcos` or another variant of butane');
  const [first, ...others] = named;
  for (const other of others) {
    if (first !== undefined && other.value.text !== first.value.text) {
      const { file, line } = first.value.origin;
      diagnostics.push(
        fault(
          other,
          `variant \`${other.value.text}\` cannot be composed with \`${first.value.text}\` of ${file}, line ${line}`,
          'layers of one profile must be of one variant; a layer without variant takes that of the others',
        ),
      );
    }
  }
  return first === undefined ? { diagnostics } : { value: first, diagnostics };
}

/** The newest version that a layer names. A single layer's version is left for butane to judge. */
function chooseVersion(layers: readonly MapNode[]): Parsed<Named> {
  const { named, diagnostics } = collect(layers, 'version', 'write `version:` with a version of the variant');
  if (layers.length > 1) {
    for (const each of named.filter(({ value }) => !isVersion(value.text))) {
      diagnostics.push(fault(each, `\`${each.value.text}\` is no version`, 'a version has three parts, such as 1.5.0'));
    }
  }
  const [first, ...others] = named;
  if (first === undefined || diagnostics.length > 0) return { diagnostics };
  const newest = others.reduce(
    (best, other) => (compareVersions(other.value.text, best.value.text) > 0 ? other : best),
    first,
  );
  return { value: newest, diagnostics };
}

function collect(
  layers: readonly MapNode[],
  key: 'variant' | 'version',
  hint: string,
): { named: Named[]; diagnostics: Diagnostic[] } {
  const entries = layers.flatMap((layer) => layer.entries.get(key) ?? []).filter(({ value }) => !isNull(value));
  const named = entries.flatMap(({ keyOrigin, value }) => (value.kind === 'scalar' ? [{ keyOrigin, value }] : []));
  const diagnostics = entries
    .filter(({ value }) => value.kind !== 'scalar')
    .map((entry) => fault(entry, `\`${key}\` must be a text`, hint));
  const origin = layers[0]?.origin;
  if (entries.length === 0) {
    const message = layers.length > 1 ? `no layer names its ${key}` : `the document names no ${key}`;
    diagnostics.push({ severity: 'error', code: 'variant', message, ...(origin ? { origin } : {}), hint });
  }
  return { named, diagnostics };
}

function fault(entry: MapEntry, message: string, hint: string): Diagnostic {
  return { severity: 'error', code: 'variant', message, origin: entry.value.origin, hint };
}
