import type { Diagnostic, Parsed } from '../diagnostic.ts';
import { hasErrors } from '../diagnostic.ts';
import type { FileTree } from '../fragment/file-tree.ts';
import { readLocal, treeKey } from '../fragment/file-tree.ts';
import type { CompiledLayer } from '../fragment/interpolate.ts';
import { compileLayer } from '../fragment/interpolate.ts';
import { nearest } from '../fragment/nearest.ts';
import type { MapNode, Node } from '../fragment/node.ts';
import { child, childItems, childText } from '../fragment/node.ts';
import type { Template } from '../fragment/template.ts';
import { compileCondition, compileExpression, TemplateFault } from '../fragment/template.ts';
import { parseBoot } from './boot.ts';
import { parseDefinition, parseDocument } from './definition.ts';
import { parseFeatures } from './features.ts';
import { checkReads, parseParameterSchema } from './parameters.ts';
import type { ButaneProfile, ComposedProfile, Fragment, IgnitionProfile, Layer, Place } from './revision.ts';
import { compileSchema, compileSchemaLater } from './schema.ts';
import { sha256 } from './source-tree.ts';

/** Parses one fragment: `.bu` is literal, `.bu.liquid` has templates in its scalars. */
export function parseFragment(content: Buffer, file: string): Fragment {
  return { digest: sha256(content), ...parseLayerFile(content, file) };
}

function parseLayerFile(content: Buffer, file: string): Parsed<CompiledLayer> {
  const parsed = parseDocument(content, file);
  const root = parsed.value;
  if (root === undefined) return { diagnostics: parsed.diagnostics };
  if (root.kind !== 'map') return { diagnostics: [notMapping(root)] };
  return file.endsWith('.liquid') ? compileLayer(root) : { value: { root, templates: new Map() }, diagnostics: [] };
}

/** A plain Butane profile. Its faults break the profile alone. */
export function parseButaneProfile(id: string, content: Buffer, file: string): ButaneProfile {
  const parsed = parseDocument(content, file);
  const root = parsed.value;
  const base = { kind: 'butane', id, file, bytes: content, digest: sha256(content) } as const;
  if (root === undefined) return { ...base, diagnostics: parsed.diagnostics };
  if (root.kind !== 'map') return { ...base, diagnostics: [notMapping(root)] };
  return { ...base, document: root, diagnostics: parsed.diagnostics };
}

/** A hand-written Ignition config. What Ignition itself thinks of it is asked when it is rendered. */
export function parseIgnitionProfile(id: string, content: Buffer, file: string): IgnitionProfile {
  return { kind: 'ignition', id, file, bytes: content, digest: sha256(content), diagnostics: [] };
}

/**
 * A composed profile. The definition's own faults come back as `fatal`, for the whole site; faults of its layers stay
 * with the profile.
 */
export function parseComposedProfile(
  id: string,
  content: Buffer,
  file: string,
  { fragments, files }: { readonly fragments: ReadonlyMap<string, Fragment>; readonly files: FileTree },
  isKnown = false,
): Parsed<ComposedProfile> {
  const parsed = parseDefinition('profile', content, file, isKnown);
  const root = parsed.value;
  if (root === undefined) return { diagnostics: parsed.diagnostics };
  const schema = parseParameterSchema(
    child(root, 'parameters'),
    root.origin,
    isKnown ? compileSchemaLater : compileSchema,
  );
  if (schema.value === undefined) return { diagnostics: schema.diagnostics };
  const declared = schema.value.names;
  const layers: Layer[] = [];
  const diagnostics: Diagnostic[] = [];

  for (const [index, item] of childItems(root, 'layers').entries()) {
    const layer = parseLayer(item, `$.layers.${index}`, fragments, declared);
    diagnostics.push(...layer.diagnostics);
    if (layer.value !== undefined) layers.push(layer.value);
  }
  const inline = child(root, 'butane');
  if (inline?.kind === 'map') {
    const compiled = compileLayer(inline);
    diagnostics.push(...compiled.diagnostics);
    if (compiled.value !== undefined) {
      diagnostics.push(...checkLayerReads(compiled.value, declared, false));
      layers.push({ file, origin: inline.origin, content: compiled.value });
    }
  }
  const features = parseFeatures(root, isKnown);
  diagnostics.push(...features.diagnostics);
  if (features.value !== undefined) diagnostics.push(...checkLayerReads(features.value.content, declared, false));
  const ignition = parseIgnitionFile(root, files);
  diagnostics.push(...ignition.diagnostics);
  const title = childText(root, 'title');
  const boot = parseBoot(root, { declared, layers, hasFeatures: features.value !== undefined });
  const isEmpty = layers.length === 0 && features.value === undefined && ignition.value === undefined;
  // A machine that fetches no config needs none: an installer, a tool that tests memory.
  if (isEmpty && boot?.value?.mode !== 'none' && diagnostics.length === 0) {
    const message = 'the profile has no layers';
    const hint = 'name fragments under `layers`, write Butane under `butane`, or name `features` or `ignition`';
    diagnostics.push({ severity: 'error', code: 'schema', message, origin: root.origin, hint });
  }
  const profile: ComposedProfile = {
    kind: 'composed',
    id,
    file,
    digest: composedDigest(content, root, fragments, ignition.value),
    ...(title === undefined ? {} : { title }),
    layers,
    ...(features.value === undefined ? {} : { features: features.value }),
    ...(ignition.value === undefined ? {} : { ignition: ignition.value }),
    ...(boot === undefined ? {} : { boot }),
    parameters: schema.value,
    readsGroup: layers.some(readsGroup) || readsOfGroup(features.value?.content),
    diagnostics,
  };
  return { value: profile, diagnostics: [] };
}

/** What cannot stand beside a hand-written config, since nothing is merged into that. */
const LAYER_KEYS = ['layers', 'butane', 'features'];

/** The hand-written config that a profile names, which stands in files/. */
function parseIgnitionFile(root: MapNode, files: FileTree): Parsed<IgnitionProfile> {
  const node = child(root, 'ignition');
  if (node?.kind !== 'scalar') return { diagnostics: [] };
  const path = '$.ignition';
  const fault = (message: string, code: Diagnostic['code'], hint: string): Parsed<IgnitionProfile> => ({
    diagnostics: [{ severity: 'error', code, message, path, origin: node.origin, hint }],
  });
  const beside = LAYER_KEYS.find((key) => root.entries.has(key));
  if (beside !== undefined) {
    const message = `\`ignition\` and \`${beside}\` exclude each other`;
    return fault(message, 'schema', 'write Butane, and let it carry the config under `ignition.config.replace`');
  }
  const bytes = readLocal(files, node.text);
  const file = `files/${treeKey(node.text)}`;
  if (bytes === undefined) return fault(`there is no file ${file}`, 'reference', 'it is a path below files/');
  return { value: parseIgnitionProfile(file, bytes, file), diagnostics: [] };
}

/** Over the file, every fragment that it names, also those that do not exist (yet), and the config that it names. */
function composedDigest(
  content: Buffer,
  root: MapNode,
  fragments: ReadonlyMap<string, Fragment>,
  ignition: IgnitionProfile | undefined,
): string {
  const used = childItems(root, 'layers').map((item) => {
    const file = layerFile(item);
    return [file ?? null, file === undefined ? null : (fragments.get(file)?.digest ?? null)];
  });
  return sha256(JSON.stringify([sha256(content), used, ...(ignition === undefined ? [] : [ignition.digest])]));
}

/** The file that an item of `layers` names. */
function layerFile(item: Node): string | undefined {
  const use = item.kind === 'map' ? child(item, 'use') : item;
  return use?.kind === 'scalar' ? use.text.replace(/^\.\//, '') : undefined;
}

function readsGroup({ content, when, each }: Layer): boolean {
  const conditions = [...(typeof when === 'object' ? [when] : []), ...(each ? [each] : [])];
  return readsOfGroup(content) || conditions.some(readsRoot);
}

function readsOfGroup(content: CompiledLayer | undefined): boolean {
  return [...(content?.templates.values() ?? [])].some(readsRoot);
}

function readsRoot({ reads }: Pick<Template, 'reads'>): boolean {
  return reads.some(([root]) => root === 'group');
}

function parseLayer(
  item: Node,
  path: string,
  fragments: ReadonlyMap<string, Fragment>,
  declared: ReadonlySet<string> | undefined,
): Parsed<Layer> {
  const use = item.kind === 'map' ? child(item, 'use') : item;
  const file = layerFile(item);
  if (use?.kind !== 'scalar' || file === undefined) return { diagnostics: [] };
  const fragment = fragments.get(file);
  if (fragment === undefined) {
    const message = `there is no fragment ${file}`;
    const hint = suggestFragment(file, [...fragments.keys()]);
    return { diagnostics: [{ severity: 'error', code: 'reference', message, path, origin: use.origin, hint }] };
  }
  if (fragment.value === undefined) return { diagnostics: fragment.diagnostics };
  const diagnostics: Diagnostic[] = [...fragment.diagnostics];
  const inEach = child(item, 'each') !== undefined;
  diagnostics.push(...checkLayerReads(fragment.value, declared, inEach));

  function expression<T extends { readonly reads: Template['reads'] }>(
    key: 'when' | 'each',
    compile: (text: string) => T,
  ): (T & Place) | undefined {
    const node = child(item, key);
    if (node?.kind !== 'scalar') return undefined;
    const place = { origin: node.origin, path: `${path}.${key}` };
    try {
      const compiled = compile(node.text);
      diagnostics.push(...checkReads(compiled.reads, declared, place, key === 'when' && inEach));
      return { ...compiled, ...place };
    } catch (error) {
      if (!(error instanceof TemplateFault)) throw error;
      diagnostics.push({ severity: 'error', code: 'template-syntax', message: error.message, ...place });
      return undefined;
    }
  }

  const written = child(item, 'when');
  const constant =
    written?.kind === 'scalar' && written.plain && /^(?:true|false)$/i.test(written.text)
      ? written.text.toLowerCase() === 'true'
      : undefined;
  const when = constant ?? expression('when', compileCondition);
  const each = expression('each', compileExpression);
  if (hasErrors(diagnostics)) return { diagnostics };
  return {
    value: {
      file,
      origin: use.origin,
      content: fragment.value,
      ...(when === undefined ? {} : { when }),
      ...(each === undefined ? {} : { each }),
    },
    diagnostics,
  };
}

/** Names the fragment that was meant; folders and endings are so alike that only what differs is compared. */
function suggestFragment(file: string, known: readonly string[]): string {
  const core = (name: string) => name.replace(/^fragments\//, '').replace(/\.bu(?:\.liquid)?$/, '');
  const exact = known.find((each) => core(each) === core(file));
  if (exact !== undefined) return `did you mean \`${exact}\`?`;
  const byCore = new Map(known.map((each) => [core(each), each]));
  const similar = nearest(core(file), [...byCore.keys()]);
  if (similar !== undefined) return `did you mean \`${byCore.get(similar)}\`?`;
  if (known.length === 0) return 'fragments are files such as fragments/base.bu';
  return `expected one of ${known
    .slice(0, 20)
    .map((each) => `\`${each}\``)
    .join(', ')}`;
}

function checkLayerReads(
  layer: CompiledLayer,
  declared: ReadonlySet<string> | undefined,
  inEach: boolean,
): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  for (const [scalar, { reads, path }] of layer.templates) {
    diagnostics.push(...checkReads(reads, declared, { origin: scalar.origin, path }, inEach));
  }
  return diagnostics;
}

function notMapping(root: Node): Diagnostic {
  const message = 'a Butane document is a mapping';
  return {
    severity: 'error',
    code: 'yaml-syntax',
    message,
    origin: root.origin,
    hint: 'for example: variant: flatcar',
  };
}
