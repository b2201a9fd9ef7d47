import type { Diagnostic, Origin, Severity } from '../diagnostic.ts';
import type { MapNode, Node, ScalarNode } from '../fragment/node.ts';
import { child, childItems, childText } from '../fragment/node.ts';
import { embeddedContent } from '../ignition/embedded-content.ts';
import type { Source } from './source.ts';

/** A text that stands in the document, with the way back to where each of its characters was written. */
export interface PlacedText {
  readonly text: string;
  /** The place of an offset in UTF-16 units. */
  at(offset: number): Origin;
  /** The place of a line and column of the text, both from 1. */
  in(line: number, column: number): Origin;
}

/** An item of `storage.files`. */
export interface FileItem {
  readonly node: MapNode;
  readonly path: string;
  readonly origin: Origin;
  /** Absent for content that stands elsewhere, or is no text. */
  readonly content?: PlacedText;
  /** What the content is taken from where it stands elsewhere. */
  readonly elsewhere?: 'local' | 'source';
}

/** A drop-in of a unit. */
export interface DropinItem {
  readonly node: MapNode;
  readonly name: string;
  readonly content?: PlacedText;
}

/** An item of `systemd.units`. */
export interface UnitItem {
  readonly node: MapNode;
  readonly name: string;
  readonly origin: Origin;
  readonly content?: PlacedText;
  readonly enabled: boolean;
  readonly dropins: readonly DropinItem[];
}

/** An item of `storage.links`. */
export interface LinkItem {
  readonly node: MapNode;
  readonly path: string;
  readonly target: string;
}

/** A hand-written document, its lists sorted by what their items are about. */
export interface Original {
  readonly document: MapNode;
  readonly files: ReadonlyMap<string, FileItem>;
  readonly links: readonly LinkItem[];
  readonly units: readonly UnitItem[];
  readonly filesystems: readonly MapNode[];
  /** A diagnostic of what is wrong in it, at a place of what was read. */
  report(severity: Severity, origin: Origin, message: string, hint: string): Diagnostic;
}

/** Sorts a document that was read. */
export function readOriginal({ root, lines, original }: Source): Original {
  const items = (section: string, list: string) =>
    childItems(child(root, section), list).filter((item): item is MapNode => item.kind === 'map');
  const placed = (node: Node | undefined) => (node?.kind === 'scalar' ? placeText(node, lines) : undefined);
  const files = items('storage', 'files').map((node): FileItem => {
    const contents = child(node, 'contents');
    const content = placed(child(contents, 'inline')) ?? dataText(contents);
    const elsewhere = (['local', 'source'] as const).find((key) => childText(contents, key) !== undefined);
    return {
      node,
      path: childText(node, 'path') ?? '',
      origin: child(node, 'path')?.origin ?? node.origin,
      ...(content === undefined ? (elsewhere === undefined ? {} : { elsewhere }) : { content }),
    };
  });
  return {
    document: root,
    files: new Map(files.map((file) => [file.path, file])),
    links: items('storage', 'links').map((node) => ({
      node,
      path: childText(node, 'path') ?? '',
      target: childText(node, 'target') ?? '',
    })),
    units: items('systemd', 'units').map((node): UnitItem => {
      const content = placed(child(node, 'contents'));
      return {
        node,
        name: childText(node, 'name') ?? '',
        origin: child(node, 'name')?.origin ?? node.origin,
        ...(content === undefined ? {} : { content }),
        enabled: isTrue(child(node, 'enabled')),
        dropins: childItems(node, 'dropins')
          .filter((item): item is MapNode => item.kind === 'map')
          .map((dropin) => {
            const text = placed(child(dropin, 'contents'));
            return {
              node: dropin,
              name: childText(dropin, 'name') ?? '',
              ...(text === undefined ? {} : { content: text }),
            };
          }),
      };
    }),
    filesystems: items('storage', 'filesystems'),
    report: (severity, origin, message, hint) => ({
      severity,
      code: 'feature',
      message,
      origin: original(origin),
      hint,
    }),
  };
}

/** True for what butane reads as yes. */
export function isTrue(node: Node | undefined): boolean {
  return node?.kind === 'scalar' && node.plain && /^(?:true|yes|on)$/i.test(node.text);
}

/** The lines of a block scalar stand in the file as they are, but for their indentation; of other texts the beginning is known. */
function placeText(node: ScalarNode, lines: readonly string[]): PlacedText {
  const own = node.text.split('\n');
  const place = (line: number, column: number): Origin => {
    const written = (lines[node.origin.line + line - 1] ?? '').replace(/\r$/, '');
    const content = own[line - 1] ?? '';
    if (node.plain || !written.endsWith(content)) return node.origin;
    const indent = [...written].length - [...content].length;
    return { ...node.origin, line: node.origin.line + line, column: indent + column };
  };
  return {
    text: node.text,
    at(offset) {
      const before = node.text.slice(0, offset).split('\n');
      return place(before.length, [...(before.at(-1) ?? '')].length + 1);
    },
    in: place,
  };
}

/** The text of `source: data:...`, unpacked; what is no UTF-8 is no text. */
function dataText(contents: Node | undefined): PlacedText | undefined {
  const source = child(contents, 'source');
  if (source?.kind !== 'scalar') return undefined;
  const compression = childText(contents, 'compression') ?? '';
  const bytes = embeddedContent({ source: source.text, compression });
  const text = bytes?.toString('utf8');
  if (bytes === undefined || text === undefined || !Buffer.from(text).equals(bytes)) return undefined;
  return { text, at: () => source.origin, in: () => source.origin };
}
