/** One command of a script as its boot loader sees it: its words, after all quoting. */
export type Command = readonly string[];

/**
 * Reads a script as iPXE does: lines joined by a backslash, words split at blanks, commands ended by `||`, `&&` and `;`, a
 * comment from a word that starts with `#`. A variable stays as it is written.
 */
export function readIpxe(script: string): readonly Command[] {
  const lines = script.replaceAll('\\\n', '').split('\n');
  return lines.flatMap((line) => {
    const commands: string[][] = [[]];
    for (const word of line.split(/[ \t\r\v\f]+/).filter((each) => each !== '')) {
      if (word.startsWith('#')) break;
      if (['||', '&&', ';'].includes(word)) commands.push([word], []);
      else commands.at(-1)?.push(word);
    }
    return commands.filter((command) => command.length > 0);
  });
}

/** The variables that iPXE would expand in a script. */
export function variablesOf(script: string): readonly string[] {
  return script.match(/\$\{[^}]*\}?/g) ?? [];
}

/** Reads a script as GRUB does, as far as ours go: single quotes, and words that nothing else is in. Throws for the rest. */
export function readGrub(script: string): readonly Command[] {
  return script
    .trim()
    .split('\n')
    .map((line) => {
      const words: string[] = [];
      let rest = line.trim();
      while (rest !== '') {
        const word = /^(?:'([^'\n]*)'|("\$pilotlight_waits")|([\w.!=[\]-]+))(;|\s+|$)/.exec(rest);
        if (word === null) throw new Error(`GRUB might see more than a word in: ${rest}`);
        words.push(word[1] ?? word[2] ?? word[3] ?? '');
        if (word[4] === ';') words.push(';');
        rest = rest.slice(word[0].length).trim();
      }
      return words;
    });
}
