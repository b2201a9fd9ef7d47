import type { Diagnostic, Parsed } from '../diagnostic.ts';
import { hasErrors } from '../diagnostic.ts';
import type { FileTree } from '../fragment/file-tree.ts';
import type { CheckResult } from '../render/check.ts';
import { checkSite } from '../render/check.ts';
import type { Renderer } from '../render/renderer.ts';
import type { Served } from '../render/served.ts';
import type { FilesCopy } from '../site/files-copy-file.ts';
import { parseKnownSite, parseSite } from '../site/load.ts';
import type { Revision } from '../site/revision.ts';
import type { SourceTree } from '../site/source-tree.ts';
import { digestTree } from '../site/source-tree.ts';
import type { Checked } from './broken.ts';
import { findBroken } from './broken.ts';
import type { Changes } from './changes.ts';
import { findChanges, shareFiles } from './changes.ts';
import type { RevisionRecord } from './history.ts';
import { createHistory } from './history.ts';
import type { KeptRevision } from './kept-revisions.ts';
import { createKeptRevisions } from './kept-revisions.ts';
import type { ReloadOrder } from './reload-queue.ts';
import { createReloadQueue } from './reload-queue.ts';
import type { Current, LiveSiteEvents, Refusal, Reloaded } from './reloaded.ts';
import { isSameRefusal } from './reloaded.ts';
import { SiteFaults } from './site-faults.ts';
import type { Decoded } from './snapshot.ts';

/** What a live site is made from. */
export interface LiveSiteOptions {
  /** Reads the site directory. */
  readonly read: () => Promise<SourceTree>;
  /** True from the first sign of an edit until a reload for it begins. */
  readonly edited?: () => boolean;
  readonly copyFiles: (files: FileTree) => Promise<FilesCopy>;
  readonly renderer: Renderer;
  readonly events: LiveSiteEvents;
  /** Renders at once while a revision is checked. */
  readonly concurrency: number;
  /**
   * Keeps a revision across restarts, before it is served: what a machine was given once is never taken back by one.
   * Resolves also when that fails.
   */
  readonly keep: (revision: Checked & Pick<Current, 'served'>) => Promise<void>;
  readonly retryMs?: number;
}

/** What was kept across a restart, and what it was parsed into if that was done already. */
export interface Kept extends Decoded {
  readonly parsed?: Parsed<Revision>;
}

/** A site whose edits go live, each as a whole or not at all. */
export interface LiveSite {
  /** What is served; undefined until {@link LiveSite.open} is done. */
  readonly current: Current | undefined;
  /** The newest revision, when it is not the served one. */
  readonly refusal: Refusal | undefined;
  readonly records: readonly RevisionRecord[];
  /** An edit may be on its way: nobody can say that a machine is unknown until it is served or refused. */
  readonly pending: boolean;
  /** A revision that can still be rendered, by its id. */
  find(id: string): KeptRevision | undefined;
  /**
   * Serves the first revision: the site as it is, or the kept one when that differs, and then the site if it breaks
   * nothing. Throws what reading does, and {@link SiteFaults} when nothing at all can be served.
   */
  open(kept: Kept | undefined): Promise<void>;
  /**
   * Reads the site again and serves it, unless it breaks something. A call while another reload goes on waits for one
   * that begins after it. `force` takes a revision that breaks something, and never one that does not parse; `edited`
   * says that there was a sign of an edit.
   */
  reload(options?: { readonly force?: boolean; readonly edited?: boolean }): Promise<Reloaded>;
  /** Ends what goes on; the copies of files/ are removed by {@link LiveSite.dispose}. */
  close(): Promise<void>;
  dispose(): Promise<void>;
}

/** A revision that is ready to be rendered. */
interface Candidate {
  readonly served: Served;
  readonly copy: FilesCopy;
}

/** How long after a failure a reload is tried again. */
const RETRY_MS = 5000;

/** How long a revision waits to be on disk before it is served all the same. */
const KEEP_MS = 2000;

const NOT_CHECKED: Current['check'] = { complete: false, reports: [], outcomes: new Map(), unanswered: [] };

/** A site that serves nothing yet. */
export function createLiveSite(options: LiveSiteOptions): LiveSite {
  const { renderer, events } = options;
  const stop = new AbortController();
  const history = createHistory();
  const kept = createKeptRevisions();
  const reloads = createReloadQueue(attemptAndTell);
  let current: Current | undefined;
  let refusal: Refusal | undefined;
  let checking: Promise<void> = Promise.resolve();
  /** What is read now, or is to be, may be or is something else than what is served. */
  let differs = false;
  let retry: NodeJS.Timeout | undefined;
  let opening: Promise<void> | undefined;

  async function prepare(revision: Revision): Promise<Candidate> {
    const copy = kept.findCopy(revision.filesDigest) ?? (await options.copyFiles(revision.files));
    return { served: Object.freeze({ revision, filesDir: copy.directory }), copy };
  }

  function serve(candidate: Candidate, source: Current['source'], check: Current['check'], forced: boolean): void {
    const changes = current && findChanges(current.served.revision, candidate.served.revision);
    const at = new Date();
    current = Object.freeze({ ...candidate, source, loadedAt: at, check });
    kept.keep({ ...candidate, outcomes: check.outcomes }, { served: true });
    const what = changes === undefined ? {} : { changes };
    history.add({ id: candidate.served.revision.id, at, outcome: 'served', source, forced, ...what });
    if (source === 'site') refusal = undefined;
    events.onServed(current, changes, forced);
  }

  function check(served: Served): Promise<CheckResult> {
    return checkSite(served, renderer, { signal: stop.signal, concurrency: options.concurrency });
  }

  /** A disk that hangs holds no revision up. */
  async function keep(served: Served, outcomes: Current['check']['outcomes']): Promise<void> {
    const timeout = new Promise<void>((resolve) => setTimeout(resolve, KEEP_MS).unref());
    await Promise.race([options.keep({ served, revision: served.revision, outcomes }), timeout]);
  }

  /** Finds out what is wrong with what is served already. */
  function checkCurrent(): void {
    const checked = current;
    if (checked === undefined) return;
    checking = check(checked.served).then(
      (result) => {
        if (stop.signal.aborted || current?.served !== checked.served) return;
        // What could not be found out now is as it was before a restart.
        const outcomes = new Map([...current.check.outcomes, ...result.outcomes]);
        current = Object.freeze({ ...current, check: { ...result, outcomes } });
        kept.keep({ ...current, outcomes }, { served: true });
        events.onChecked(result);
        void keep(current.served, outcomes);
      },
      (error: unknown) => {
        if (!stop.signal.aborted) events.onFault(error);
      },
    );
  }

  function refuse(refused: Omit<Refusal, 'since'>, changes?: Changes): Reloaded {
    const repeated = refusal !== undefined && isSameRefusal(refusal, refused);
    const at = repeated ? (refusal?.since ?? new Date()) : new Date();
    refusal = Object.freeze({ ...refused, since: at });
    if (!repeated) {
      const id = refused.id === undefined ? {} : { id: refused.id };
      const what = changes === undefined ? {} : { changes };
      history.add({ ...id, at, outcome: 'refused', source: 'site', forced: false, ...what });
      events.onRefused(refusal);
    }
    return { outcome: 'refused', refusal };
  }

  async function attempt(force: boolean): Promise<Reloaded> {
    await opening?.catch(() => undefined);
    if (current === undefined) return fail('nothing is served yet');
    let tree: SourceTree;
    try {
      tree = await options.read();
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const diagnostic: Diagnostic = { severity: 'error', code: 'site-file', message };
      return refuse({ reason: 'invalid', broken: [], reports: [{ diagnostic }] });
    }
    const id = digestTree(tree);
    const before = current.served.revision;
    if (id === before.id && !hasErrors(tree.diagnostics)) {
      const wasRefused = refusal !== undefined;
      refusal = undefined;
      if (current.source === 'state') current = Object.freeze({ ...current, source: 'site' });
      differs = false;
      if (wasRefused) events.onTakenBack(current);
      return { outcome: 'unchanged', revision: id };
    }
    differs = true;
    const parsed = parseSite({ ...tree, files: shareFiles(tree.files, before.files) }, before.parsed);
    if (parsed.value === undefined) {
      const reports = parsed.diagnostics.map((diagnostic) => ({ diagnostic }));
      return refuse({ reason: 'invalid', broken: [], reports });
    }
    return take(parsed.value, force);
  }

  /** Checks a revision whole and serves it when it breaks nothing. */
  async function take(revision: Revision, force: boolean): Promise<Reloaded> {
    const candidate = await prepare(revision);
    let isKept = false;
    try {
      // What the served one gives has to be known before anything can be said to be broken.
      await checking;
      if ((current?.check.unanswered.length ?? 0) > 0) checkCurrent();
      await checking;
      if (current === undefined) return fail('nothing is served yet');
      const result = await check(candidate.served);
      if (stop.signal.aborted) return fail('the service is shutting down');
      if (result.unanswered.length > 0) {
        return fail(
          `some configs could not be made (${result.unanswered.length}): ${result.unanswered[0]?.diagnostic.message}`,
        );
      }
      const before = { revision: current.served.revision, outcomes: current.check.outcomes };
      const broken = findBroken(before, { revision, outcomes: result.outcomes });
      isKept = true;
      if (broken.length > 0 && !force) {
        kept.keep({ ...candidate, outcomes: result.outcomes }, { served: false });
        const reports = result.reports.filter(({ diagnostic }) => hasErrors([diagnostic]));
        return refuse({ id: revision.id, reason: 'breaks', broken, reports }, findChanges(before.revision, revision));
      }
      await keep(candidate.served, result.outcomes);
      serve(candidate, 'site', result, broken.length > 0);
      events.onChecked(result);
      return { outcome: 'served', revision: revision.id };
    } finally {
      if (!isKept && kept.findCopy(revision.filesDigest) !== candidate.copy) await candidate.copy.remove();
    }
  }

  function fail(reason: string): Reloaded {
    if (!stop.signal.aborted) {
      events.onFailed(reason);
      clearTimeout(retry);
      retry = setTimeout(() => void reloads.add({ force: false, edited: false }), options.retryMs ?? RETRY_MS);
      retry.unref();
    }
    return { outcome: 'failed', reason };
  }

  async function attemptAndTell({ force, edited }: ReloadOrder): Promise<Reloaded> {
    differs = edited;
    clearTimeout(retry);
    try {
      const reloaded = await attempt(force);
      events.onReloaded(reloaded.outcome);
      return reloaded;
    } catch (error) {
      const reloaded = fail(error instanceof Error ? error.message : String(error));
      events.onReloaded('failed');
      return reloaded;
    } finally {
      differs = false;
    }
  }

  async function openKept(decoded: Kept): Promise<boolean> {
    const parsed = decoded.parsed ?? parseKnownSite(decoded.tree);
    if (parsed.value === undefined) return false;
    serve(await prepare(parsed.value), 'state', { ...NOT_CHECKED, outcomes: decoded.outcomes }, false);
    return true;
  }

  async function openFirst(decoded: Kept | undefined): Promise<void> {
    // Whatever the site directory is like, what was served before the restart is served at once.
    if (decoded !== undefined && (await openKept(decoded))) {
      checkCurrent();
      // Until the site was read nobody knows whether it is another one.
      void reloads.add({ force: false, edited: true });
      return;
    }
    const tree = await options.read();
    const parsed = parseSite(tree);
    if (parsed.value === undefined) throw new SiteFaults(parsed.diagnostics, tree.documents);
    const candidate = await prepare(parsed.value);
    serve(candidate, 'site', NOT_CHECKED, false);
    void keep(candidate.served, NOT_CHECKED.outcomes);
    checkCurrent();
  }

  return {
    get current() {
      return current;
    },
    get refusal() {
      return refusal;
    },
    get records() {
      return history.records;
    },
    get pending() {
      return differs || reloads.awaitsEdit || (options.edited?.() ?? false);
    },
    find: (id) => kept.find(id),
    open(decoded) {
      opening = openFirst(decoded);
      return opening;
    },
    reload: ({ force = false, edited = false } = {}) => reloads.add({ force, edited }),
    async close() {
      stop.abort();
      clearTimeout(retry);
      await Promise.allSettled([checking, reloads.settle()]);
    },
    dispose: () => kept.close(),
  };
}
