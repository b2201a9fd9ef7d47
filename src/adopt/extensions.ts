import type { Diagnostic } from '../diagnostic.ts';
import type { Keys } from '../feature/keys.ts';
import { EXTENSION } from '../feature/overlaybd/overlaybd.ts';
import { EXTENSION_LIST } from '../feature/shared/extension-list.ts';
import { blockFaults } from '../site/features.ts';
import type { Original, PlacedText } from './original.ts';
import type { Recognition } from './recognition.ts';
import { recognised } from './recognition.ts';

/** What the list of enabled extensions came to. */
export interface Extensions extends Recognition {
  /** The block `sysext`; absent when overlaybd is alone on the list. */
  readonly sysext?: Keys;
}

/** One line of the list. */
export interface ListedExtension {
  readonly name: string;
  /** The line switches off what Flatcar enables by default. */
  readonly off: boolean;
  readonly line: number;
}

/** The lines of the list that count. */
export function readExtensionList(text: string): readonly ListedExtension[] {
  return text.split('\n').flatMap((written, index) => {
    const name = written.replace(/#.*/, '').trim();
    if (name === '') return [];
    const off = name.startsWith('-');
    return [{ name: off ? name.slice(1).trim() : name, off, line: index + 1 }];
  });
}

/**
 * The list of enabled extensions: overlaybd is the block's own, the others go to the block `sysext` where that can say them
 * and is wanted.
 */
export function recogniseExtensions(original: Original, asBlock: boolean): Extensions {
  const file = original.files.get(EXTENSION_LIST);
  if (file?.content === undefined) {
    const link = original.links.find(({ path }) => path === EXTENSION_LIST);
    if (file === undefined && link === undefined) return recognised({ diagnostics: [] });
    const message = 'the list of enabled extensions stands elsewhere, and is left as it is';
    const hint = 'it has to name overlaybd; better name its extensions under `features.sysext.enable`';
    const diagnostic = original.report('warning', file?.origin ?? original.document.origin, message, hint);
    return recognised({ diagnostics: [diagnostic] });
  }
  const listed = readExtensionList(file.content.text);
  const found = listed.some(({ name, off }) => name === EXTENSION && !off);
  const diagnostics = repeated(listed, file.content, original);
  const off = listed.find((each) => each.off && each.name === EXTENSION);
  if (off !== undefined) {
    const message = '`-overlaybd` takes the extension off the list';
    diagnostics.push(original.report('warning', file.content.in(off.line, 1), message, 'the block enables it'));
  }
  const others = listed.filter(({ name }) => name !== EXTENSION);
  if (others.length === 0) return recognised({ found, taken: [file.node], diagnostics });
  const enable = unique(others.filter((each) => !each.off));
  const disable = unique(others.filter((each) => each.off));
  const sysext = {
    ...(enable.length === 0 ? {} : { enable }),
    ...(disable.length === 0 ? {} : { disable }),
  };
  if (asBlock && blockFaults('sysext', sysext).length === 0) {
    return { ...recognised({ found, taken: [file.node], diagnostics }), sysext };
  }
  const message = 'the list has lines that no block can say, so it is left as it is';
  const hint = found ? 'it names overlaybd as well, so the machine gets it' : 'add a line `overlaybd` to it';
  diagnostics.push(original.report(found ? 'info' : 'warning', file.origin, message, hint));
  return recognised({ found, diagnostics });
}

function unique(listed: readonly ListedExtension[]): readonly string[] {
  return [...new Set(listed.map(({ name }) => name))];
}

function repeated(listed: readonly ListedExtension[], content: PlacedText, original: Original): Diagnostic[] {
  return listed.flatMap(({ name, line }, index) =>
    listed.slice(0, index).some((other) => other.name === name)
      ? [original.report('info', content.in(line, 1), `${name} stands twice on the list`, 'once is enough')]
      : [],
  );
}
