import type { ReportEntry, Translation } from '../butane/butane.ts';
import { isExperimental, knownVersions, VARIANTS } from '../butane/variants.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { sortDiagnostics } from '../diagnostic.ts';
import { locate, locateText } from '../fragment/locate.ts';
import type { MapNode, Node, PathSegment } from '../fragment/node.ts';
import { child, childText, formatPath, isNull } from '../fragment/node.ts';
import { parseYaml } from '../fragment/parse-yaml.ts';
import { reportOrigin } from '../fragment/report-origin.ts';
import { describeGoType } from './go-types.ts';

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
  const sent = translation.yamlFaults.length === 0 ? undefined : parseYaml(context.source.toString(), '').value;
  const faults = translation.yamlFaults.map((fault) => mapYamlFault(fault, sent, context));
  if (diagnostics.length === 0 && faults.length === 0) faults.push(mapFailure(translation.failure, context.document));
  return sortDiagnostics([...diagnostics, ...faults]);
}

const STRICT_HINT = 'a warning of butane; `strict: false` in site.yaml lets it pass';

function mapEntry(entry: ReportEntry, context: ReportContext): Diagnostic {
  const promoted = context.strict && entry.severity === 'warning';
  const empty = isAboutNull(entry, context.document);
  const hint = empty ? EMPTY_HINT : (hintFor(entry.message) ?? (promoted ? STRICT_HINT : undefined));
  const message = empty
    ? EMPTY
    : entry.message.replaceAll(`${context.filesDir}/`, 'files/').replaceAll(context.filesDir, 'files/');
  return {
    severity: promoted ? 'error' : entry.severity,
    code: 'butane',
    message,
    ...(entry.path === undefined ? {} : { path: entry.path }),
    origin: reportOrigin(context.document, entry.path, entry.message),
    ...(hint === undefined ? {} : { hint }),
  };
}

/** The hint for a local file that is not there; a site of another format than pilotlight's own has no folder for them. */
export const FILES_HINT = 'the path is relative to files/ in the site';

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
  [/no such file or directory$/, FILES_HINT],
  [/octal/, 'write a leading zero: 0644'],
];

function hintFor(message: string): string | undefined {
  return HINTS.find(([pattern]) => pattern.test(message))?.[1];
}

const EMPTY = 'this key has no value';
const EMPTY_HINT = 'what belongs to a key is indented deeper than the key';

/** butane loses its way where it expects a mapping and finds nothing, and says so in words about itself. */
function isAboutNull({ message, path }: ReportEntry, document: MapNode): boolean {
  const place = /^context tree does not match content tree at (\$\S*)\. /.exec(message)?.[1];
  return place !== undefined && isNull(locateText(document, path ?? place).node);
}

/** butane's last line, where it says more than that something is wrong. */
function mapFailure(failure: string, document: MapNode): Diagnostic {
  const key = failureKey(failure);
  const node = key === undefined ? undefined : child(document, key);
  return {
    severity: 'error',
    code: key === undefined ? 'butane' : 'variant',
    message: failure,
    ...(key === undefined ? {} : { path: `$.${key}` }),
    origin: (node ?? document).origin,
    ...(key === undefined ? {} : { hint: VERSION_HINTS[key](childText(document, 'variant') ?? '') }),
  };
}

function failureKey(failure: string): 'variant' | 'version' | undefined {
  const untranslated = /^No translator exists for variant (\S+) with version/.exec(failure)?.[1];
  if (untranslated !== undefined) return VARIANTS.includes(untranslated) ? 'version' : 'variant';
  if (/variant;|variant has been removed/.test(failure)) return 'variant';
  return /version/.test(failure) ? 'version' : undefined;
}

const VERSION_HINTS = {
  variant: () => `for example: variant: flatcar; butane knows ${VARIANTS.join(', ')}`,
  version: (variant: string) => {
    const versions = knownVersions(variant).filter((version) => !isExperimental(version));
    return versions.length === 0
      ? 'a version has three numbers, such as 1.1.0'
      : `versions of ${variant}: ${versions.join(', ')}`;
  },
};

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
function mapYamlFault(
  fault: { readonly line?: number; readonly message: string },
  sent: Node | undefined,
  context: ReportContext,
): Diagnostic {
  const match = /^cannot unmarshal (!!\w+)(?: `(.*)`)? into (\S+)/s.exec(fault.message);
  const path =
    sent === undefined || fault.line === undefined ? undefined : pathAtLine(sent, fault.line, match?.[1], match?.[2]);
  const location = path === undefined ? undefined : locate(context.document, path);
  const message =
    match === null
      ? fault.message.replace(/`.*`/s, '…')
      : `${YAML_TAGS[match[1] ?? ''] ?? 'this'} stands where ${describeGoType(match[3])} is expected`;
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
