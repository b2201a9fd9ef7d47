import { createHash } from 'node:crypto';
import type { ReportEntry } from '../butane/butane.ts';
import { wrappingFcosVersion } from '../butane/variants.ts';
import type { Diagnostic, Origin, Severity } from '../diagnostic.ts';
import { hasErrors } from '../diagnostic.ts';
import { decodeText } from '../fragment/decode.ts';
import { locate, locateText } from '../fragment/locate.ts';
import type { Node, PathSegment } from '../fragment/node.ts';
import { child, childText, formatPath } from '../fragment/node.ts';
import { parseYaml } from '../fragment/parse-yaml.ts';
import { reportOrigin } from '../fragment/report-origin.ts';
import { inlineChildren, MAX_CHILD_DEPTH } from '../ignition/inline-children.ts';
import { faultInJson } from '../ignition/json-fault.ts';
import { describeGoType } from './go-types.ts';
import type { Served } from './served.ts';
import type { Translator } from './translate.ts';
import { reportKey } from './translate.ts';

const UNUSED_HINT = 'check the spelling, and that this spec version has the key';

/**
 * Asks Ignition's own parser about a config and about those that it carries in itself. Places are in `file`, the config;
 * what is wrong inside of one that it carries stands where that is named. Throws what the translator does.
 */
export async function askIgnition(
  config: Buffer,
  file: string,
  served: Served,
  translator: Translator,
  depth = 0,
): Promise<readonly Diagnostic[]> {
  const digest = createHash('sha256').update(config).digest('hex');
  const strict = String(served.revision.settings.strict);
  const key = reportKey('ignition', digest, file, strict, translator.butane.identity.sha256, String(depth));
  return translator.reports.get(key, () => askInDepth(config, file, served, translator, depth));
}

async function askInDepth(
  config: Buffer,
  file: string,
  served: Served,
  translator: Translator,
  depth: number,
): Promise<readonly Diagnostic[]> {
  const found = [...(await askAlone(config, file, served, translator))];
  if (hasErrors(found) || depth > MAX_CHILD_DEPTH) return found;
  const text = config.toString('utf8');
  let root: Node | undefined;
  for (const { path, content } of inlineChildren(JSON.parse(text))) {
    const inside = await askIgnition(content, file, served, translator, depth + 1);
    if (inside.length > 0) root ??= parseYaml(text, file).value;
    const origin = root === undefined ? { file, line: 1, column: 1 } : locateText(root, `${path}.source`).node.origin;
    found.push(...inside.map((diagnostic) => placeOutside(diagnostic, 'embedded', `${path}.source`, origin)));
  }
  return found;
}

/** A report about a config as one about the place, in another document, that carries it. */
export function placeOutside(diagnostic: Diagnostic, kind: string, path: string, origin: Origin): Diagnostic {
  const { message, path: inner } = diagnostic;
  const where = inner === undefined ? '' : `, at ${inner}`;
  return { ...diagnostic, message: `in the ${kind} config${where}: ${message}`, path, origin };
}

/**
 * Asks Ignition's own parser about a config, whoever wrote it. butane holds that parser and runs it over inline merge
 * configs whose version is the one it translates to, so the config is wrapped into one and the result thrown away.
 * Warnings are errors where the site is strict.
 */
async function askAlone(
  config: Buffer,
  file: string,
  { revision, filesDir }: Served,
  translator: Translator,
): Promise<readonly Diagnostic[]> {
  const parsed = parseConfig(config, file);
  if (parsed.fault !== undefined) return [parsed.fault];
  const { root, text, version } = parsed;
  const source = escapeForYaml(
    JSON.stringify({ variant: 'fcos', version, ignition: { config: { merge: [{ inline: text }] } } }),
  );
  const { filesDigest, settings } = revision;
  const { content } = await translator.translate({ source, strict: false, filesDir, filesDigest });
  const entries = content.ok ? content.entries : content.failure.entries;
  const diagnostics = entries
    .filter((entry) => entry.path === undefined || !entry.path.startsWith(WRAPPER_PATH))
    .map((entry) => mapEntry(entry, root, settings.strict));
  if (content.ok || hasErrors(diagnostics)) return diagnostics;
  return [...diagnostics, { ...fault('this is no config that Ignition reads'), origin: root.origin }];
}

/** Entries about the wrapper itself only repeat that something in it is wrong. */
const WRAPPER_PATH = '$.ignition.config.merge.0.inline';

type ParsedConfig =
  | { readonly fault: Diagnostic }
  | { readonly fault?: undefined; readonly root: Node; readonly text: string; readonly version: string };

/** What can be said of a config without asking anyone. */
function parseConfig(config: Buffer, file: string): ParsedConfig {
  const decoded = decodeText(config, file);
  const text = decoded.value;
  if (text === undefined) return { fault: decoded.diagnostics[0] ?? fault('this is no text') };
  if (text.startsWith('\ufeff')) {
    const message = 'the config starts with a byte order mark, which Ignition refuses';
    return { fault: { ...fault(message), origin: { file, line: 1, column: 1 } } };
  }
  const broken = faultInJson(text);
  if (broken !== undefined) {
    const { line, column } = broken;
    return { fault: { ...fault(`this is no JSON: ${broken.message}`, 'json-syntax'), origin: { file, line, column } } };
  }
  const parsed = parseYaml(text, file);
  const root = parsed.value;
  if (root === undefined) return { fault: parsed.diagnostics[0] ?? fault('this is no JSON', 'json-syntax') };
  const ignition = child(root, 'ignition');
  const version = childText(ignition, 'version');
  if (version === undefined) {
    const hint = 'for example: {"ignition": {"version": "3.3.0"}}';
    const path = '$.ignition.version';
    return { fault: { ...fault('`ignition.version` is missing'), path, origin: (ignition ?? root).origin, hint } };
  }
  const wrapping = wrappingFcosVersion(version);
  if (wrapping === undefined) return { fault: unknownVersion(version, child(ignition, 'version') ?? root) };
  return { root, text, version: wrapping };
}

function unknownVersion(version: string, { origin }: Node): Diagnostic {
  const message = /^3\.\d+\.\d+(?:-experimental)?$/.test(version)
    ? `spec version ${version} is not known to this butane, or is experimental`
    : 'only Ignition spec 3 can be served';
  return { ...fault(message), path: '$.ignition.version', origin, hint: 'use a stable version, such as "3.3.0"' };
}

function fault(message: string, code: Diagnostic['code'] = 'ignition'): Diagnostic {
  return { severity: 'error', code, message };
}

function mapEntry(entry: ReportEntry, root: Node, strict: boolean): Diagnostic {
  const severity: Severity = strict && entry.severity === 'warning' ? 'error' : entry.severity;
  const mistyped = /^json: cannot unmarshal (\w+) into Go (?:struct field (\S+)|value) of type (\S+)$/.exec(
    entry.message,
  );
  if (mistyped !== null) {
    const [, kind = '', field = '', type] = mistyped;
    // Types that are embedded in others stand in between, with a capital letter.
    const keys = field.split('.').filter((part) => /^[a-z]/.test(part));
    const path = findMistyped(root, keys, kind) ?? [];
    const message = `${JSON_KINDS[kind] ?? 'this'} stands where ${describeGoType(type)} is expected`;
    return { severity, code: 'ignition', message, path: formatPath(path), origin: locate(root, path).node.origin };
  }
  return {
    severity,
    code: 'ignition',
    message: entry.message,
    ...(entry.path === undefined ? {} : { path: entry.path }),
    origin: reportOrigin(root, entry.path, entry.message),
    ...(entry.message.startsWith('unused key') ? { hint: UNUSED_HINT } : {}),
  };
}

const JSON_KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  bool: 'true or false',
  object: 'a mapping',
  array: 'a list',
};

/** Go names the keys that lead to a value, but not which item of a list it means: it is the first of the wrong kind. */
function findMistyped(node: Node, keys: readonly string[], kind: string): readonly PathSegment[] | undefined {
  const [key, ...rest] = keys;
  if (node.kind === 'list' && !(key === undefined && kind === 'array')) {
    for (const [index, item] of node.items.entries()) {
      const found = findMistyped(item, keys, kind);
      if (found !== undefined) return [index, ...found];
    }
    return undefined;
  }
  if (key === undefined) return kindOf(node) === kind ? [] : undefined;
  const next = child(node, key);
  const found = next === undefined ? undefined : findMistyped(next, rest, kind);
  return found === undefined ? undefined : [key, ...found];
}

function kindOf(node: Node): string {
  if (node.kind !== 'scalar') return node.kind === 'map' ? 'object' : 'array';
  if (!node.plain) return 'string';
  return /^(?:true|false)$/.test(node.text) ? 'bool' : 'number';
}

/** JSON is YAML, but for a few characters that YAML wants escaped. */
function escapeForYaml(json: string): string {
  return json.replace(
    /[\u007f-\u009f\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
