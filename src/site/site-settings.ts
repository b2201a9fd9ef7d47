import type { Diagnostic } from '../diagnostic.ts';
import { child, childText } from '../fragment/node.ts';
import { DEFAULT_BOOT_SETTINGS, readBootSettings } from './boot-settings.ts';
import { parseDefinition } from './definition.ts';
import { DEFAULT_METADATA_SETTINGS, faultOfDialects, readMetadataSettings } from './metadata-settings.ts';
import { parseContributions } from './parameters.ts';
import type { Contribution, SiteSettings } from './revision.ts';
import type { SourceTree } from './source-tree.ts';

/** The settings of site.yaml, or what holds without one; its faults are added to those of the whole site. */
export function parseSettings(tree: SourceTree, fatal: Diagnostic[]): SiteSettings {
  const content = tree.documents.get('site.yaml');
  const none: SiteSettings = {
    strict: true,
    experimental: false,
    parameters: new Map<string, Contribution>(),
    boot: DEFAULT_BOOT_SETTINGS,
    metadata: DEFAULT_METADATA_SETTINGS,
  };
  if (content === undefined || isBlank(content)) return none;
  const parsed = parseDefinition('site', content, 'site.yaml');
  fatal.push(...parsed.diagnostics);
  const root = parsed.value;
  if (root === undefined) return none;
  fatal.push(...faultOfDialects(root));
  return {
    strict: (childText(root, 'strict') ?? 'true').toLowerCase() === 'true',
    experimental: childText(root, 'experimental')?.toLowerCase() === 'true',
    parameters:
      child(root, 'parameters') === undefined ? none.parameters : parseContributions(root, 'parameters', 'site.yaml'),
    boot: readBootSettings(root),
    metadata: readMetadataSettings(root),
  };
}

/** What a data directory of matchbox looks at. */
const USED_BY_MATCHBOX: ReadonlySet<string> = new Set(['strict', 'experimental']);

/** Warns of settings that only a site of pilotlight's own has a use for. */
export function settingsWithoutUse(tree: SourceTree): readonly Diagnostic[] {
  const content = tree.documents.get('site.yaml');
  const root =
    content === undefined || isBlank(content) ? undefined : parseDefinition('site', content, 'site.yaml').value;
  if (root === undefined) return [];
  return [...root.entries]
    .filter(([key]) => !USED_BY_MATCHBOX.has(key))
    .map(([key, { keyOrigin }]) => ({
      severity: 'warning',
      code: 'schema',
      message: `\`${key}\` means nothing for a data directory of matchbox`,
      path: `$.${key}`,
      origin: keyOrigin,
      hint: 'take it away, or import the directory as a site',
    }));
}

/** Nothing but comments is as good as no file. */
function isBlank(content: Buffer): boolean {
  return content
    .toString('utf8')
    .split('\n')
    .every((line) => /^\s*(?:#|$)/.test(line));
}
