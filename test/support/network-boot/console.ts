import { setTimeout as delay } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import type { Daemon } from './network.ts';

/** What a machine prints on its serial port. */
export interface Console {
  /** All of it so far, without what moves the cursor or colours text. */
  readonly text: () => string;
  /**
   * Waits for a text and gives its match, in what came after the one that was waited for before. Rejects with the end of
   * the console when it does not come in time, or when the machine ends without it.
   */
  readonly waitFor: (pattern: RegExp, seconds?: number) => Promise<RegExpExecArray>;
}

/** A boot takes 15 to 25 seconds on a host that has nothing else to do. */
const PATIENCE_SECONDS = 120;

const TAIL_LINES = 40;

/** The console of a machine whose emulator prints it. */
export function createConsole(emulator: Daemon): Console {
  let seen = 0;
  const text = () => plain(emulator.printed());
  return {
    text,
    async waitFor(pattern, seconds = PATIENCE_SECONDS) {
      const deadline = Date.now() + seconds * 1000;
      for (;;) {
        const wasUp = emulator.isUp();
        const all = text();
        const match = pattern.exec(all.slice(seen));
        if (match !== null) {
          seen += match.index + match[0].length;
          return match;
        }
        if (!wasUp) throw new Error(`the machine ended without ${pattern} on its console:\n${tail(all)}`);
        if (Date.now() > deadline) {
          throw new Error(`after ${seconds} s there is no ${pattern} on the console:\n${tail(all)}`);
        }
        await delay(100);
      }
    },
  };
}

/** Lines of text, without what moves the cursor or colours text. */
function plain(printed: string): string {
  return stripVTControlCharacters(printed).replace(/[\r\b]/g, '');
}

function tail(text: string): string {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .slice(-TAIL_LINES)
    .join('\n');
}
