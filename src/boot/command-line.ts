import type { BootTarget, BootText } from './plan.ts';
import { textOf } from './plan.ts';
import { faultInText, faultInWords } from './word-faults.ts';

/** Bytes of a kernel's command line: the kernel has room for 2,048 with the NUL at the end, on x86-64 and arm64. */
export const MAX_COMMAND_LINE = 2047;

/** A part of a script, or what keeps it from being written. */
export type Written = { readonly ok: true; readonly text: string } | { readonly ok: false; readonly fault: string };

/**
 * One kernel argument as it is handed to the loader. Blanks stand only within the double quotes of the kernel
 * (`next_arg` in its `lib/cmdline.c`), and only where the author wrote them. GRUB puts such quotes itself.
 */
export function writeArgument({ pieces }: BootText, target: BootTarget): Written {
  const text = textOf(pieces);
  if (text === '') return { ok: false, fault: 'is empty' };
  if (/[\t\r\n]/.test(text)) return { ok: false, fault: 'has a tab or a line break' };
  const fault = faultInText(pieces, target) ?? faultInQuotes(text) ?? faultInWords(text.split(' '), target);
  if (fault !== undefined) return { ok: false, fault };
  if (target === 'ipxe' || !text.includes('"')) return { ok: true, text };
  const quoted = /^([^"= ]*=)?"([^"]*)"$/.exec(text);
  if (quoted === null)
    return { ok: false, fault: 'has double quotes in its middle, which GRUB hands on as something else' };
  return { ok: true, text: `${quoted[1] ?? ''}${quoted[2]}` };
}

function faultInQuotes(text: string): string | undefined {
  const parts = text.split('"');
  if (parts.length % 2 === 0) return 'has a double quote that is never closed';
  if (parts.some((part, index) => index % 2 === 0 && part.includes(' '))) {
    return 'has a blank outside of double quotes; write each argument as an item of its own';
  }
  return parts.some((part, index) => index % 2 === 1 && / {2}/.test(part))
    ? 'has two blanks in a row, of which iPXE makes one'
    : undefined;
}

/** The file of a kernel or of an initrd: a URL, or a path on the server that the script comes from. */
export function writeFileName({ pieces }: BootText, target: BootTarget, grubDevice: string | undefined): Written {
  const text = textOf(pieces);
  if (text === '') return { ok: false, fault: 'is empty' };
  if (/\s/.test(text)) return { ok: false, fault: 'has a blank; a file is named by a URL, where a blank is %20' };
  const fault = faultInText(pieces, target) ?? faultInWords([text], target);
  if (fault !== undefined) return { ok: false, fault };
  if (text.startsWith('-')) return { ok: false, fault: 'starts with -, which is for flags' };
  if (text.includes('"')) return { ok: false, fault: 'has a double quote' };
  return target === 'ipxe' ? { ok: true, text } : grubFile(text, grubDevice);
}

/** GRUB names files on servers as `(http,HOST:PORT)/PATH`, and speaks no TLS. */
function grubFile(text: string, device: string | undefined): Written {
  const url = /^http:\/\/([A-Za-z0-9.:[\]-]+)(\/.*)?$/.exec(text);
  if (url !== null) return { ok: true, text: `(http,${url[1]})${url[2] ?? '/'}` };
  if (/^[a-z][a-z0-9+.-]*:/i.test(text))
    return { ok: false, fault: 'is a URL that GRUB cannot fetch; it takes http alone' };
  if (text.startsWith('(')) return { ok: true, text };
  return { ok: true, text: `${device ?? ''}${text.startsWith('/') ? '' : '/'}${text}` };
}

/** What GRUB calls the server of a URL; undefined for one that it cannot reach. */
export function grubDevice(serviceUrl: string | undefined): string | undefined {
  const host = /^http:\/\/([A-Za-z0-9.:[\]-]+)(?:\/|$)/.exec(serviceUrl ?? '')?.[1];
  return host === undefined ? undefined : `(http,${host})`;
}

/** Flags of iPXE's `initrd` that take a value. */
const FLAGS: ReadonlySet<string> = new Set(['--name', '-n', '--timeout', '-t']);

/** An initrd: the flags that its author wrote for iPXE, and its file. */
export interface InitrdParts {
  readonly flags: readonly string[];
  readonly file: BootText;
  /** What iPXE calls the image; undefined where only iPXE knows. */
  readonly name?: string;
}

/** Splits `--name main /assets/initrd`; a text with anything else beside the file keeps its blanks, and is refused later. */
export function splitInitrd(initrd: BootText): InitrdParts {
  const flags: string[] = [];
  let [first, ...rest] = initrd.pieces;
  while (first?.by === 'author') {
    const flag: RegExpExecArray | null = /^\s*((--?[a-z]+)(?: +|=)([^\s=$-][^\s=$]*)) +(?=\S|$)/.exec(first.text);
    if (flag === null || !FLAGS.has(flag[2] ?? '')) break;
    flags.push(flag[2] ?? '', flag[3] ?? '');
    const left = first.text.slice(flag[0].length);
    [first, ...rest] = left === '' ? rest : [{ ...first, text: left }, ...rest];
  }
  const file = { ...initrd, pieces: first === undefined ? [] : [first, ...rest] };
  const named = flags.findIndex((flag) => flag === '--name' || flag === '-n');
  const name = named === -1 ? baseName(textOf(file.pieces)) : flags[named + 1];
  return { flags, file, ...(name === undefined ? {} : { name }) };
}

function baseName(url: string): string | undefined {
  const name =
    url
      .replace(/[?#].*$/, '')
      .split('/')
      .at(-1) ?? '';
  return /^[\w.-]+$/.test(name) ? name : undefined;
}
