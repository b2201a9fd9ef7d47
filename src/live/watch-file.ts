import { basename, relative, sep } from 'node:path';
import { watch } from 'chokidar';

/** Watches a site directory. */
export interface SiteWatch {
  /** Grows with each sign of an edit. */
  readonly generation: number;
  close(): Promise<void>;
}

/** How a site is watched. */
export interface WatchOptions {
  /** Look at every file each second, for file systems that tell nothing. */
  readonly poll: boolean;
  /** Called when edits have settled. */
  readonly onSettled: () => void;
  /** Called when the watch itself is in trouble. */
  readonly onFault: (error: Error) => void;
}

/** An edit is taken to be over after this long without a sign of another, and after the second one in any case. */
const QUIET_MS = 100;
const LONGEST_MS = 1000;

/** Folders that are no part of a revision: watching them would only cost. */
const IGNORED: ReadonlySet<string> = new Set(['assets', '.git']);

/** Watches a site directory for edits of any kind: writes, renames, links that are swapped. */
export function watchSite(directory: string, options: WatchOptions): SiteWatch {
  let generation = 0;
  let quiet: NodeJS.Timeout | undefined;
  let firstAt: number | undefined;
  const watcher = watch(directory, {
    ignoreInitial: true,
    // A watch that is closed before it has begun may leave handles behind, and they hold nobody up.
    persistent: false,
    usePolling: options.poll,
    interval: 1000,
    // A directory tells of everything in it; a handle for each file would only use up what the system has of them.
    ignored: (path, stats) => isIgnored(directory, path) || (!options.poll && stats?.isFile() === true),
    ignorePermissionErrors: true,
  });
  const settled = () => {
    firstAt = undefined;
    options.onSettled();
  };
  const note = () => {
    generation += 1;
    const now = performance.now();
    firstAt ??= now;
    clearTimeout(quiet);
    quiet = setTimeout(settled, Math.min(QUIET_MS, Math.max(0, firstAt + LONGEST_MS - now)));
    quiet.unref();
  };
  watcher.on('all', note);
  // Kubernetes swaps a link whose name no document has; only the raw events tell of it.
  watcher.on('raw', note);
  watcher.on('error', (error) => options.onFault(error instanceof Error ? error : new Error(String(error))));
  return {
    get generation() {
      return generation;
    },
    async close() {
      clearTimeout(quiet);
      await watcher.close();
    },
  };
}

function isIgnored(directory: string, path: string): boolean {
  const [first = ''] = relative(directory, path).split(sep);
  return IGNORED.has(first) || basename(path).endsWith('~');
}
