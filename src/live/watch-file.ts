import type { Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, relative, resolve, sep } from 'node:path';
import { type ChokidarOptions, type FSWatcher, watch } from 'chokidar';

/** Watches a site directory. */
export interface SiteWatch {
  /** Grows with each sign of an edit. */
  readonly generation: number;
  /** True from the first sign of an edit until it has settled. */
  readonly unsettled: boolean;
  /** True until the watch has begun, and again while it turns to other folders: an edit gives no sign then. */
  readonly blind: boolean;
  close(): Promise<void>;
}

/** How a site is watched. */
export interface WatchOptions {
  /** Look at every file each second, for file systems that tell nothing. */
  readonly poll: boolean;
  /** Called when the watch of a directory has begun: nobody told of edits until then. */
  readonly onReady: () => void;
  /** Called when edits have settled. */
  readonly onSettled: () => void;
  /** Called when the watch itself is in trouble. */
  readonly onFault: (error: Error) => void;
}

/** An edit is taken to be over after this long without a sign of another, and after the second one in any case. */
const QUIET_MS = 150;
const LONGEST_MS = 1000;

/** How often every file is looked at where the file system tells nothing. */
const POLL_MS = 1000;

/** How often it is looked whether another directory stands in the place of the site: a link above it tells nothing. */
const LOOK_MS = 1000;

/** Folders that are no part of a revision: watching them would only cost. */
const IGNORED: ReadonlySet<string> = new Set(['assets', '.git']);

/** Watches a site directory for edits of any kind: writes, renames, links that are swapped, its own among them. */
export function watchSite(directory: string, options: WatchOptions): SiteWatch {
  const site = resolve(directory);
  let generation = 0;
  let quiet: NodeJS.Timeout | undefined;
  let firstAt: number | undefined;
  let root: Place | undefined;
  let inside: FSWatcher | undefined;
  // Tells when the directory itself is replaced, such as a link that is turned to another checkout.
  const above = watchWith(dirname(site), { depth: 0, ignored: (path) => path !== dirname(site) && path !== site });
  let closing: Promise<void> | undefined;
  let looking: NodeJS.Timeout | undefined;
  let isBegun = false;
  let foldersChanged = false;
  /** Names that were given or taken away; some may be those of folders. */
  const renamed = new Set<string>();

  /**
   * Watches what stands in the place of the site now. A watch stays with its directory, also when that moves away or
   * another one takes its name, so what changed the folders themselves has to be watched anew.
   */
  async function follow(): Promise<void> {
    const now = await placeOf(site);
    if (closing !== undefined || (now.id === root?.id && !haveFoldersChanged())) return;
    void inside?.close();
    root = now;
    isBegun = false;
    foldersChanged = false;
    renamed.clear();
    const watcher = watchInside(now.path);
    inside = watcher;
    watcher.once('ready', () => {
      if (watcher === inside) isBegun = true;
      generation += 1;
      // What was written before the watch had begun is told by nobody else.
      if (closing === undefined) options.onReady();
    });
  }

  function haveFoldersChanged(): boolean {
    // One that is closed before it has begun may leave handles behind; it says when it has.
    if (!isBegun || inside === undefined) return false;
    const folders = foldersChanged || renamed.size === 0 ? [] : Object.keys(inside.getWatched());
    const changed = foldersChanged || folders.some((folder) => renamed.has(basename(folder)));
    renamed.clear();
    return changed;
  }

  async function look(): Promise<void> {
    const now = await placeOf(site);
    if (closing !== undefined) return;
    if (root !== undefined && now.id !== root.id) note();
    looking = setTimeout(() => void look(), LOOK_MS);
    looking.unref();
  }

  function watchInside(path: string): FSWatcher {
    // A directory tells of everything in it; a handle for each file would only use up what the system has of them.
    const ignored = (inner: string, stats?: Stats) =>
      isIgnored(path, inner) || (!options.poll && stats?.isFile() === true);
    return watchWith(path, { ignored });
  }

  function watchWith(path: string, more: ChokidarOptions): FSWatcher {
    const watcher = watch(path, {
      ignoreInitial: true,
      // A watch that is closed before it has begun may leave handles behind, and they hold nobody up.
      persistent: false,
      usePolling: options.poll,
      interval: POLL_MS,
      ignorePermissionErrors: true,
      ...more,
    });
    watcher.on('all', (event) => {
      foldersChanged ||= event === 'addDir' || event === 'unlinkDir';
      note();
    });
    // Kubernetes swaps a link whose name no document has; only the raw events tell of it.
    watcher.on('raw', (event, name) => {
      const isAbove = more.depth === 0;
      if (isAbove && name !== basename(site)) return;
      if (event === 'rename') renamed.add(isAbove ? basename(root?.path ?? site) : name);
      note();
    });
    watcher.on('error', (error) => options.onFault(error instanceof Error ? error : new Error(String(error))));
    return watcher;
  }

  function note(): void {
    if (closing !== undefined) return;
    generation += 1;
    const now = performance.now();
    firstAt ??= now;
    clearTimeout(quiet);
    quiet = setTimeout(() => void settle(), Math.min(QUIET_MS, Math.max(0, firstAt + LONGEST_MS - now)));
    quiet.unref();
  }

  async function settle(): Promise<void> {
    await follow();
    firstAt = undefined;
    if (closing === undefined) options.onSettled();
  }

  void follow().then(look);

  return {
    get generation() {
      return generation;
    },
    get unsettled() {
      return firstAt !== undefined;
    },
    get blind() {
      return !isBegun;
    },
    close() {
      firstAt = undefined;
      clearTimeout(quiet);
      clearTimeout(looking);
      closing ??= Promise.all([inside?.close(), above.close()]).then(() => undefined);
      return closing;
    },
  };
}

/** Where a path really leads, and which directory that is. */
interface Place {
  readonly path: string;
  /** Another one for another directory, also where that has the name and even the inode number of an earlier one. */
  readonly id: string;
}

/** The place itself, without an id, while it leads nowhere. */
async function placeOf(site: string): Promise<Place> {
  try {
    const path = await realpath(site);
    const { dev, ino, birthtimeNs } = await stat(path, { bigint: true });
    return { path, id: [path, dev, ino, birthtimeNs].join(' ') };
  } catch {
    return { path: site, id: '' };
  }
}

function isIgnored(root: string, path: string): boolean {
  const [first = ''] = relative(root, path).split(sep);
  return IGNORED.has(first) || basename(path).endsWith('~');
}
