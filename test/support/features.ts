import assert from 'node:assert/strict';
import type { Diagnostic } from '../../src/diagnostic.ts';
import { hasErrors } from '../../src/diagnostic.ts';
import { expandFeatures } from '../../src/feature/expand.ts';
import type { Feature } from '../../src/feature/feature.ts';
import { compose } from '../../src/fragment/compose.ts';
import type { MapNode } from '../../src/fragment/node.ts';
import { child } from '../../src/fragment/node.ts';
import { toValue } from '../../src/fragment/value.ts';
import { checkBlocks, parseFeatures } from '../../src/site/features.ts';
import { parseLayer, toPlain } from './nodes.ts';

/** What became of the blocks of a profile, with its layers over them. */
export interface ExpandedProfile {
  /** Each in one line: severity, path, message, and the hint after a dash. */
  readonly reports: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  /** The composed document; absent where an error keeps the profile from being served. */
  readonly document?: MapNode;
}

/** Expands blocks that are written as under `features:`, without templates, and composes them with layers. */
export function expandBlocks(text: string, layers: readonly string[] = []): ExpandedProfile {
  const root = parseLayer(`features:\n${text.replace(/^/gm, '  ')}\n`, 'profiles/a.yaml');
  const parsed = parseFeatures(root);
  if (parsed.value === undefined) return reported(parsed.diagnostics);
  const checked = checkBlocks(parsed.value.blocks, parsed.value.content.root);
  if (checked.value === undefined) return reported(checked.diagnostics);
  return composed(expandFeatures(checked.value), layers);
}

/** The same for a feature that is in no table, with the block it is given. */
export function expandBlock(feature: Feature, text: string): ExpandedProfile {
  const source = parseLayer(text, 'profiles/a.yaml');
  const { value } = toValue(source);
  return composed(expandFeatures([{ feature, value, source, origin: source.origin }]), []);
}

function composed(expanded: ReturnType<typeof expandFeatures>, layers: readonly string[]): ExpandedProfile {
  if (hasErrors(expanded.diagnostics)) return reported(expanded.diagnostics);
  const documents = [...expanded.documents, ...layers.map((layer) => parseLayer(layer))];
  const { value, diagnostics } = compose(documents, { files: new Map() });
  const review = value === undefined ? [] : expanded.review(value);
  const all = [...expanded.diagnostics, ...diagnostics, ...review];
  return value === undefined || hasErrors(all) ? reported(all) : { ...reported(all), document: value };
}

function reported(diagnostics: readonly Diagnostic[]): ExpandedProfile {
  const reports = diagnostics.map(({ severity, path = '', message, hint = '' }) =>
    `${severity} ${path.replace(/^\$\.features\./, '')}: ${message} - ${hint}`.trim(),
  );
  return { reports, diagnostics };
}

/** Files with their inline text, links with their target, and units, of blocks about which nothing is said. */
export interface Parts {
  readonly files: Readonly<Record<string, string>>;
  readonly links: Readonly<Record<string, string>>;
  readonly units: Readonly<Record<string, unknown>>;
}

/** What blocks come to; fails when there is anything to report. */
export function partsOf({ reports, document }: ExpandedProfile): Parts {
  assert.deepEqual(reports, []);
  assert.ok(document !== undefined);
  return {
    files: byKey(document, 'storage', 'files', 'path', (item) => String(Object(item.contents).inline)),
    links: byKey(document, 'storage', 'links', 'path', (item) => String(item.target)),
    units: byKey(document, 'systemd', 'units', 'name', ({ name: _, ...rest }) => rest),
  };
}

type Plain = Readonly<Record<string, unknown>>;

function byKey<Value>(
  document: MapNode,
  root: string,
  list: string,
  key: string,
  describe: (item: Plain) => Value,
): Readonly<Record<string, Value>> {
  const node = child(child(document, root), list);
  const items: readonly Plain[] = node?.kind === 'list' ? node.items.map((item) => Object(toPlain(item))) : [];
  return Object.fromEntries(items.map((item) => [String(item[key]), describe(item)]));
}
