import type { Node } from '../fragment/node.ts';
import { parseYaml } from '../fragment/parse-yaml.ts';
import type { TracedOutput } from '../go-template/go-template.ts';
import type { Machine } from '../machine/machine.ts';
import type { Group } from '../site/revision.ts';

/** What a document of butane may have; a longer one is refused anyway. */
const MAX_BYTES = 1024 * 1024;

/** Texts that are one plain scalar wherever they stand, or a part of one: addresses, names, versions, a usual query. */
const INERT = /^[A-Za-z0-9](?:[A-Za-z0-9._:/@+%&=~-]*[A-Za-z0-9._/@+%=~-])?$/;

/** Where the whole query went in, in the place of the name of a label. */
const WHOLE_QUERY = 'request.raw_query';

/**
 * The labels of a machine that a template put into its YAML as they stand, and that are more there than a value: one that
 * begins another key, closes a list or ends as a comment. None where each is a text, or a part of one, whatever it says.
 * What the group's selector says was written by an author. `document` is what the output parses to, if it does.
 */
export function findIntruders(
  { output, filledIn }: TracedOutput,
  document: Node | undefined,
  machine: Machine,
  group: Group | undefined,
): readonly string[] {
  const said = [...machine.entries, [WHOLE_QUERY, machine.rawQuery ?? ''] as const];
  const suspects = said
    .filter(([key, value]) => value !== '' && !INERT.test(value) && group?.selector.get(key)?.[0] !== value)
    .sort(([, a], [, b]) => b.length - a.length);
  if (suspects.length === 0 || output.length > MAX_BYTES) return [];
  const stands = new Map<string, { readonly key: string; readonly value: string }>();
  let number = 0;
  /** Letters that the output has nowhere else. */
  const standIn = (key: string, value: string): string => {
    let word: string;
    do {
      word = `label${number}x`;
      number += 1;
    } while (output.includes(word));
    stands.set(word, { key, value });
    return word;
  };
  const words = suspects.map(([key, value]) => [value, standIn(key, value)] as const);
  const used = new Set<string>();
  const parts: string[] = [];
  let passed = 0;
  for (const [from, to] of filledIn()) {
    parts.push(output.toString('utf8', passed, from));
    parts.push(replaceAll(output.toString('utf8', from, to), words, used));
    passed = to;
  }
  parts.push(output.toString('utf8', passed));
  if (used.size === 0) return [];
  const meant = parseYaml(parts.join(''), '').value;
  // A template that gives no YAML whatever the machine says has a fault of its own.
  if (meant === undefined) return [];
  const back = (text: string) => text.replace(/label\d+x/g, (word) => stands.get(word)?.value ?? word);
  if (document !== undefined && isSame(document, meant, back)) return [];
  return [...used].flatMap((word) => stands.get(word)?.key ?? []);
}

function replaceAll(text: string, words: readonly (readonly [string, string])[], used: Set<string>): string {
  let replaced = text;
  for (const [value, word] of words) {
    if (!replaced.includes(value)) continue;
    used.add(word);
    replaced = replaced.replaceAll(value, () => word);
  }
  return replaced;
}

/** The same keys, lists and texts, but for white space, which YAML folds. */
function isSame(found: Node, meant: Node, back: (text: string) => string): boolean {
  if (found.kind === 'scalar' && meant.kind === 'scalar') {
    return found.plain === meant.plain && found.tag === meant.tag && folded(found.text) === folded(back(meant.text));
  }
  if (found.kind === 'list' && meant.kind === 'list') {
    return (
      found.items.length === meant.items.length &&
      meant.items.every((item, index) => {
        const other = found.items[index];
        return other !== undefined && isSame(other, item, back);
      })
    );
  }
  if (found.kind !== 'map' || meant.kind !== 'map' || found.entries.size !== meant.entries.size) return false;
  const others = [...found.entries];
  return [...meant.entries].every(([key, { value }], index) => {
    const [name, other] = others[index] ?? [];
    return (
      name !== undefined &&
      other !== undefined &&
      folded(name) === folded(back(key)) &&
      isSame(other.value, value, back)
    );
  });
}

function folded(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
