import type { Piece } from '../fragment/pieces.ts';
import type { BootTarget } from './plan.ts';
import { textOf } from './plan.ts';

/** Words that end a command in iPXE, which knows no quotes (`core/exec.c` of iPXE). */
const TERMINATORS: ReadonlySet<string> = new Set(['||', '&&', ';']);

/** What a value may never hold, since it could end its word, its argument or its line somewhere on the way to the machine. */
const UNQUOTABLE: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\p{Cc}/u, 'a line break or another control character'],
  [/ /, 'a blank'],
  [/["'`]/, 'a quote'],
  [/\\/, 'a backslash'],
];

/**
 * What keeps a text from standing in a script, in words that quote no value; undefined for one that can. Every character
 * of a value has to mean itself: to iPXE, which has no quotes at all, to GRUB, to the kernel and to what reads
 * `/proc/cmdline` on the machine. The author's own text may use iPXE's variables, and blanks.
 */
export function faultInText(pieces: readonly Piece[], target: BootTarget): string | undefined {
  const text = textOf(pieces);
  if (/[^\n\x20-\x7e]/.test(text.replace(/[\t\r]/g, ''))) return 'holds a character that is not ASCII text';
  for (const piece of pieces) {
    if (piece.by === 'author') continue;
    const held = UNQUOTABLE.find(([pattern]) => pattern.test(piece.text));
    if (held !== undefined) return `has a value with ${held[1]}, which cannot be quoted here`;
  }
  return target === 'ipxe' ? faultForIpxe(text, ownersOf(pieces)) : faultForGrub(text);
}

/** For each character of a text whether a value gave it. */
function ownersOf(pieces: readonly Piece[]): readonly boolean[] {
  return pieces.flatMap(({ text, by }) => Array.from({ length: text.length }, () => by === 'value'));
}

/** iPXE expands what an expansion gave once more, so that beside a variable of the author no value may look like half of one. */
function faultForIpxe(text: string, byValue: readonly boolean[]): string | undefined {
  if (text.includes('${') && [...text].some((each, index) => byValue[index] && /[${}]/.test(each))) return VARIABLE;
  for (let start = text.indexOf('${'); start !== -1; start = text.indexOf('${', start)) {
    const end = text.indexOf('}', start);
    if (byValue.slice(start, end).includes(true)) return VARIABLE;
    if (end === -1 || /\s/.test(text.slice(start, end))) return 'opens a variable of iPXE that it does not close';
    start = end;
  }
  return undefined;
}

const VARIABLE = 'has a value that could make or change a variable of iPXE';

function faultForGrub(text: string): string | undefined {
  if (text.includes('${')) return 'has a variable of iPXE, which GRUB does not know';
  if (/['\\]/.test(text)) return 'has a quote or a backslash, which GRUB hands on as something else';
  return undefined;
}

/** What keeps the words of one command of iPXE from being taken as they are; undefined when nothing does. */
export function faultInWords(words: readonly string[], target: BootTarget): string | undefined {
  if (target !== 'ipxe') return undefined;
  if (words.some((word) => TERMINATORS.has(word))) return 'has a word that ends a command of iPXE';
  if (words.some((word) => word.startsWith('#'))) return 'has a word that starts with #, where iPXE sees a comment';
  if (words.some((word) => word.endsWith('\\')))
    return 'has a word that ends with a backslash, which joins lines in iPXE';
  return undefined;
}
