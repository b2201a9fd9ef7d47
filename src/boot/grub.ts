import type { BootParts, Notice, Retry, ScriptWriter } from './retry.ts';
import { printable } from './retry.ts';

/**
 * Scripts for GRUB 2. Every word is in single quotes, where all characters mean themselves; there is no way to have a
 * single quote in them, and none is ever let in.
 */
export const GRUB: ScriptWriter = {
  boot({ profile, kernel, initrds, args, retry }: BootParts): string {
    const files = initrds.map(({ file }) => grubQuoted(file));
    const load = ['linux', grubQuoted(kernel), ...args.map(grubQuoted)].join(' ');
    return script([
      say(`booting the profile ${profile}`),
      `if ${load}; then`,
      ...(files.length === 0 ? ['  boot'] : [`  if initrd ${files.join(' ')}; then`, '    boot', '  fi']),
      'fi',
      say(`the kernel or an initrd of the profile ${profile} does not load.`),
      ...askAgain(retry),
    ]);
  },
  notice({ lines, exits, retry }: Notice): string {
    if (!exits) return script([...lines.map(say), ...askAgain(retry)]);
    return script([...lines.map(say), say('Going on to the next boot device.'), `sleep ${EXIT_SECONDS}`, 'exit']);
  },
};

/** What is said before a machine goes on to its next boot device stays for so long. */
const EXIT_SECONDS = 5;

/** One word, in which nothing has a meaning. Throws for a single quote, which nobody let in. */
export function grubQuoted(word: string): string {
  if (/['\n\r]/.test(word)) throw new Error('a word for GRUB holds a quote or a line break');
  return `'${word}'`;
}

function say(line: string): string {
  return `echo ${grubQuoted(`pilotlight: ${printable(line)}`)}`;
}

/** One script waits and asks, and those that it is given only end: so they never nest deeper than two. */
function askAgain({ seconds, file }: Retry): readonly string[] {
  return [
    say(`Asking again in ${seconds} seconds.`),
    'if [ "$pilotlight_waits" != yes ]; then',
    '  set pilotlight_waits=yes',
    '  while [ 1 = 1 ]; do',
    `    sleep ${seconds}`,
    `    source ${grubQuoted(file)}`,
    '  done',
    'fi',
  ];
}

function script(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}
