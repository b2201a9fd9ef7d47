import type { ReportEntry, Translation } from '../butane/butane.ts';
import type { Diagnostic, Origin } from '../diagnostic.ts';
import { sortDiagnostics } from '../diagnostic.ts';
import { locate, locateText } from '../fragment/locate.ts';
import type { MapNode, Node, PathSegment, ScalarNode } from '../fragment/node.ts';
import { child, childItems, formatPath } from '../fragment/node.ts';
import { parseYaml } from '../fragment/parse-yaml.ts';
import { reportOrigin } from '../fragment/report-origin.ts';

/** What a report is mapped with. */
export interface ReportContext {
  readonly document: MapNode;
  /** The text butane was given. */
  readonly source: string | Buffer;
  /** Warnings are faults. */
  readonly strict: boolean;
  /** The private directory whose path must not be shown; it stands for the site's files/. */
  readonly filesDir: string;
}

/** Maps all that butane said about a document to the places where its author, whichever layer that was, wrote it. */
export function mapReport(translation: Translation, context: ReportContext): Diagnostic[] {
  const diagnostics = translation.entries.map((entry) => mapEntry(entry, context));
  if (translation.ok) return sortDiagnostics(diagnostics);
  const faults = translation.yamlFaults.map((fault) => mapYamlFault(fault, context));
  if (diagnostics.length === 0 && faults.length === 0) faults.push(mapFailure(translation.failure, context.document));
  return sortDiagnostics([...diagnostics, ...faults]);
}

const STRICT_HINT = 'a warning of butane; `strict: false` in site.yaml lets it pass';

function mapEntry(entry: ReportEntry, context: ReportContext): Diagnostic {
  const promoted = context.strict && entry.severity === 'warning';
  const inner = innerConfig(entry, context.document);
  const hint = hintFor(entry.message) ?? (promoted ? STRICT_HINT : undefined);
  const message = entry.message.replaceAll(`${context.filesDir}/`, 'files/').replaceAll(context.filesDir, 'files/');
  return {
    severity: promoted ? 'error' : entry.severity,
    code: 'butane',
    message: inner === undefined ? message : `in the inline config, at ${entry.path}: ${message}`,
    ...(entry.path === undefined ? {} : { path: inner?.path ?? entry.path }),
    origin: inner?.origin ?? reportOrigin(context.document, entry.path, entry.message),
    ...(hint === undefined ? {} : { hint }),
  };
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /^context tree does not match/,
    'butane refuses aliases here; write the value out, or use a layer of a composed profile, where aliases are expanded',
  ],
  [
    /^unused key <</,
    'butane refuses merge keys; write the keys out, or use a layer of a composed profile, where they are expanded',
  ],
  [/^unused key/, 'check the spelling, and that this variant and version have the key'],
  [/no such file or directory$/, 'the path is relative to files/ in the site'],
  [/octal/, 'write a leading zero: 0644'],
];

function hintFor(message: string): string | undefined {
  return HINTS.find(([pattern]) => pattern.test(message))?.[1];
}

/**
 * Faults inside an inline merge or replace config carry that config's own path and always `line 1 col 1`. An entry of the
 * outer document has that position only when it is about the root, so every other one is an inner one.
 */
function innerConfig(
  entry: ReportEntry,
  document: MapNode,
): { readonly origin: Origin; readonly path: string } | undefined {
  if (entry.path === undefined || entry.line !== 1 || entry.column !== 1) return undefined;
  const outer = locateText(document, entry.path);
  const ranked = inlineConfigs(document)
    .map((inline) => ({ inline, depth: depthIn(inline.node, entry.path ?? '$') }))
    .sort((a, b) => b.depth - a.depth);
  const best = ranked[0];
  if (best === undefined) return undefined;
  if (outer.path.length === 0 && best.depth === 0) return undefined;
  return { origin: best.inline.node.origin, path: formatPath(best.inline.path) };
}

function depthIn(node: ScalarNode, path: string): number {
  const parsed = parseYaml(node.text, '');
  return parsed.value === undefined ? 0 : locateText(parsed.value, path).path.length;
}

function inlineConfigs(
  document: MapNode,
): readonly { readonly node: ScalarNode; readonly path: readonly PathSegment[] }[] {
  const config = child(child(document, 'ignition'), 'config');
  const replace = child(config, 'replace');
  const sources: readonly (readonly [Node | undefined, readonly PathSegment[]])[] = [
    ...childItems(config, 'merge').map(
      (item, index) => [child(item, 'inline'), ['ignition', 'config', 'merge', index, 'inline']] as const,
    ),
    [child(replace, 'inline'), ['ignition', 'config', 'replace', 'inline']],
  ];
  return sources.flatMap(([node, path]) => (node?.kind === 'scalar' ? [{ node, path }] : []));
}

/** butane's last line, where it says more than that something is wrong. */
function mapFailure(failure: string, document: MapNode): Diagnostic {
  const key = /variant;/.test(failure) ? 'variant' : /version|translator/.test(failure) ? 'version' : undefined;
  const node = key === undefined ? undefined : child(document, key);
  return {
    severity: 'error',
    code: key === undefined ? 'butane' : 'variant',
    message: failure,
    ...(key === undefined ? {} : { path: `$.${key}` }),
    origin: (node ?? document).origin,
    ...(key === undefined ? {} : { hint: 'for example: variant: flatcar, version: 1.1.0 (three numbers)' }),
  };
}

const GO_TYPES: readonly (readonly [RegExp, string])[] = [
  [/^\[\]/, 'a list'],
  [/^map\[/, 'a mapping'],
  [/^\*?bool$/, 'true or false'],
  [/^\*?u?int\d*$/, 'a whole number'],
  [/^\*?float\d*$/, 'a number'],
  [/^\*?string$/, 'a text'],
];

const YAML_TAGS: Readonly<Record<string, string>> = {
  '!!str': 'a text',
  '!!int': 'a number',
  '!!float': 'a number',
  '!!bool': 'true or false',
  '!!seq': 'a list',
  '!!map': 'a mapping',
  '!!null': 'nothing',
  '!!timestamp': 'a date',
};

/**
 * butane's decoder knows only lines of the text it was given. The line is looked up in that text for the node on it,
 * and that node's path in the author's document.
 */
function mapYamlFault(fault: { readonly line?: number; readonly message: string }, context: ReportContext): Diagnostic {
  const sent = parseYaml(context.source.toString(), '').value;
  const match = /^cannot unmarshal (!!\w+)(?: `(.*)`)? into (\S+)/s.exec(fault.message);
  const path =
    sent === undefined || fault.line === undefined ? undefined : pathAtLine(sent, fault.line, match?.[1], match?.[2]);
  const location = path === undefined ? undefined : locate(context.document, path);
  const expected = match?.[3];
  const wanted = GO_TYPES.find(([pattern]) => pattern.test(expected ?? ''))?.[1] ?? 'a mapping';
  const message =
    match === null
      ? fault.message.replace(/`.*`/s, '…')
      : `${YAML_TAGS[match[1] ?? ''] ?? 'this'} stands where ${wanted} is expected`;
  return {
    severity: 'error',
    code: 'butane',
    message,
    ...(path === undefined ? {} : { path: formatPath(path) }),
    origin: location?.node.origin ?? context.document.origin,
  };
}

const KINDS: Readonly<Record<string, Node['kind']>> = { '!!map': 'map', '!!seq': 'list' };

function pathAtLine(
  root: Node,
  line: number,
  tag: string | undefined,
  excerpt: string | undefined,
): readonly PathSegment[] | undefined {
  const kind = KINDS[tag ?? ''] ?? 'scalar';
  const start = excerpt?.replace(/\.\.\.$/, '') ?? '';
  const found: { node: Node; path: readonly PathSegment[] }[] = [];
  collect(root, [], (node, path) => {
    if (node.kind === kind && node.origin.line === line) found.push({ node, path });
  });
  const exact = found.find(({ node }) => node.kind === 'scalar' && start !== '' && node.text.startsWith(start));
  return (exact ?? found[0])?.path;
}

function collect(
  node: Node,
  path: readonly PathSegment[],
  visit: (node: Node, path: readonly PathSegment[]) => void,
): void {
  visit(node, path);
  if (node.kind === 'list') for (const [index, item] of node.items.entries()) collect(item, [...path, index], visit);
  if (node.kind === 'map') for (const [key, entry] of node.entries) collect(entry.value, [...path, key], visit);
}
