import assert from 'node:assert/strict';
import type { FileTree, FileTreeEntry } from '../../src/fragment/file-tree.ts';
import type { MapNode, Node } from '../../src/fragment/node.ts';
import { parseYaml } from '../../src/fragment/parse-yaml.ts';

/** Data whose scalars are the texts their author wrote. */
export type Plain = string | readonly Plain[] | { readonly [key: string]: Plain };

/** Parses a YAML text that must be a mapping. */
export function parseLayer(text: string, file = 'layer.bu'): MapNode {
  const { value, diagnostics } = parseYaml(text, file);
  assert.deepEqual(diagnostics, []);
  assert.ok(value?.kind === 'map', 'the layer is a mapping');
  return value;
}

/** A node without its origins, to compare with what is expected. */
export function toPlain(node: Node): Plain {
  switch (node.kind) {
    case 'scalar':
      return node.text;
    case 'list':
      return node.items.map(toPlain);
    case 'map':
      return Object.fromEntries([...node.entries].map(([key, entry]) => [key, toPlain(entry.value)]));
  }
}

/** A file tree: a text is a file, `{ link }` a symbolic link, `{ run }` an executable file, null a directory. */
export function fileTree(
  entries: Readonly<Record<string, string | { readonly link: string } | { readonly run: string } | null>>,
): FileTree {
  return new Map(
    Object.entries(entries).map(([path, entry]): [string, FileTreeEntry] => {
      if (entry === null) return [path, { kind: 'directory' }];
      if (typeof entry === 'string') return [path, { kind: 'file', content: Buffer.from(entry), executable: false }];
      if ('link' in entry) return [path, { kind: 'link', target: entry.link }];
      return [path, { kind: 'file', content: Buffer.from(entry.run), executable: true }];
    }),
  );
}
