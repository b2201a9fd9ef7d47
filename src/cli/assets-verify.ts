import { join, resolve } from 'node:path';
import { openAsset } from '../assets/asset-file.ts';
import { openSignatureChecker } from '../assets/gpgv-process.ts';
import { listAssets } from '../assets/list-assets-file.ts';
import { createTurns } from '../assets/turns.ts';
import { type Finding, verifyAssets } from '../assets/verify.ts';
import type { Config } from '../config.ts';
import { endOnSignals } from '../service/workshop-process.ts';
import { count } from './count.ts';
import { EXIT } from './exit.ts';
import { printable, type Terminal } from './terminal.ts';

/** Flags of `assets verify` that are no settings. */
export interface VerifyFlags {
  readonly keyring?: string;
}

/** Progress is shown for files that take longer than a moment, and that often. */
const SHOWN_BYTES = 32 * 1024 * 1024;
const SHOW_EVERY_MS = 200;

/** Prints what is found out about each asset; progress goes to a terminal on standard error. Gives 1 when there are errors. */
export async function assetsVerifyCommand(
  config: Config,
  { keyring }: VerifyFlags,
  terminal: Terminal,
): Promise<number> {
  endOnSignals();
  const folder = resolve(config.assets);
  const { names, links } = await listAssets(folder);
  const checker = keyring === undefined ? undefined : await openSignatureChecker(keyring);
  const progress = showProgress(terminal);
  const turns = createTurns(1);
  const counts = { ok: 0, warning: 0, error: 0 };
  const lines: Promise<void>[] = [];
  try {
    await verifyAssets({
      names,
      links,
      open: (name) => openAsset(folder, name, turns),
      ...(checker === undefined
        ? {}
        : {
            checkSignature: (signature: string, name: string, bytes: number) =>
              checker.check(join(folder, signature), join(folder, name), bytes),
          }),
      onProgress: progress.show,
      onFinding(finding) {
        progress.clear();
        counts[finding.severity] += 1;
        lines.push(terminal.out(lineOf(finding)));
      },
    });
  } finally {
    progress.clear();
    await checker?.close();
  }
  lines.push(terminal.out(`${counts.ok} ok, ${count(counts.warning, 'warning')}, ${count(counts.error, 'error')}\n`));
  await Promise.all(lines);
  return counts.error > 0 ? EXIT.faults : EXIT.fine;
}

function lineOf({ severity, subject, message }: Finding): string {
  return `${severity}: ${printable(subject).replaceAll('\n', '\\n')}: ${message}\n`;
}

function showProgress({ onTerminal, err }: Terminal) {
  let shownAt = 0;
  let isShown = false;
  return {
    show(name: string, done: number, total: number): void {
      const now = Date.now();
      if (!onTerminal || total < SHOWN_BYTES || now - shownAt < SHOW_EVERY_MS) return;
      shownAt = now;
      isShown = true;
      err(`\r\u001b[K${printable(name)}: ${Math.floor((100 * done) / total)} %`);
    },
    clear(): void {
      if (isShown) err('\r\u001b[K');
      isShown = false;
    },
  };
}
