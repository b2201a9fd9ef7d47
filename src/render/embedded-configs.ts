import type { Diagnostic } from '../diagnostic.ts';
import type { FileTree } from '../fragment/file-tree.ts';
import { readLocal, treeKey } from '../fragment/file-tree.ts';
import type { MapNode, Node, PathSegment, ScalarNode } from '../fragment/node.ts';
import {
  child,
  childItems,
  childText,
  formatPath,
  listNode,
  textNode,
  withChild,
  withoutChild,
} from '../fragment/node.ts';
import { embeddedContent, unpack } from '../ignition/embedded-content.ts';
import { askIgnition, placeOutside } from './ask-ignition.ts';
import type { Served } from './served.ts';
import type { Translator } from './translate.ts';

/** A config that a Butane document merges or replaces itself with, and has the content of. */
export interface EmbeddedConfig {
  readonly kind: 'inline' | 'local' | 'embedded';
  /** Leads to `node`, the text that gives the content. */
  readonly path: readonly PathSegment[];
  readonly node: ScalarNode;
  readonly content: Buffer;
}

/** Finds the configs whose content a document has; a file that is not there is left for butane to report. */
export function embeddedConfigs(document: MapNode, files: FileTree): readonly EmbeddedConfig[] {
  return references(document).flatMap(({ path, node }): readonly EmbeddedConfig[] => {
    const inline = child(node, 'inline');
    if (inline?.kind === 'scalar') {
      return [{ kind: 'inline', path: [...path, 'inline'], node: inline, content: Buffer.from(inline.text) }];
    }
    const local = child(node, 'local');
    if (local?.kind === 'scalar') {
      const packed = readLocal(files, local.text);
      if (packed === undefined) return [];
      // What is no gzip although it says so is shown to Ignition as it is, which then says what is wrong.
      const content = childText(node, 'compression') === 'gzip' ? (unpack(packed) ?? packed) : packed;
      return [{ kind: 'local', path: [...path, 'local'], node: local, content }];
    }
    const source = child(node, 'source');
    if (source?.kind !== 'scalar') return [];
    const content = embeddedContent({ source: source.text, compression: childText(node, 'compression') ?? '' });
    return content === undefined ? [] : [{ kind: 'embedded', path: [...path, 'source'], node: source, content }];
  });
}

/**
 * Asks Ignition about each of the configs: butane looks at inline ones of its own spec version only, and not at local
 * ones at all. What is wrong in a local one stands in its file, all else at the text in the document.
 */
export async function checkEmbedded(
  configs: readonly EmbeddedConfig[],
  served: Served,
  translator: Translator,
): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [];
  for (const { kind, path, node, content } of configs) {
    const file = kind === 'local' ? `files/${treeKey(node.text)}` : node.origin.file;
    for (const diagnostic of await askIgnition(content, file, served, translator)) {
      const inFile = kind === 'local' && diagnostic.origin !== undefined;
      found.push(
        inFile
          ? { ...diagnostic, message: `in the config that ${formatPath(path)} names: ${diagnostic.message}` }
          : placeOutside(diagnostic, kind, formatPath(path), node.origin),
      );
    }
  }
  return found;
}

/**
 * The document with something in the place of each config that it carries, so that all that butane says of it is about
 * the document itself: about a config inside it, it speaks as if that were the whole.
 */
export function withoutEmbedded(document: MapNode): MapNode {
  const ignition = child(document, 'ignition');
  const config = child(ignition, 'config');
  if (ignition?.kind !== 'map' || config?.kind !== 'map') return document;
  let outer = config;
  const merge = child(config, 'merge');
  if (merge?.kind === 'list') {
    outer = withChild(outer, 'merge', listNode(merge.items.map(standIn), merge.origin));
  }
  const replace = child(config, 'replace');
  if (replace !== undefined) outer = withChild(outer, 'replace', standIn(replace, 'replace'));
  return withChild(document, 'ignition', withChild(ignition, 'config', outer));
}

function standIn(node: Node, name: number | string): Node {
  if (node.kind !== 'map' || (child(node, 'inline') === undefined && child(node, 'local') === undefined)) return node;
  const source = textNode(`https://embedded.invalid/${name}`, node.origin);
  return withChild(withoutChild(withoutChild(node, 'inline'), 'local'), 'source', source);
}

function references(document: MapNode): readonly { readonly path: readonly PathSegment[]; readonly node: Node }[] {
  const config = child(child(document, 'ignition'), 'config');
  const replace = child(config, 'replace');
  return [
    ...childItems(config, 'merge').map((node, index) => ({ path: ['ignition', 'config', 'merge', index], node })),
    ...(replace === undefined ? [] : [{ path: ['ignition', 'config', 'replace'], node: replace }]),
  ];
}
