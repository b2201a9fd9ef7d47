import type { Diagnostic, Parsed } from '../diagnostic.ts';
import { hasErrors } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';
import type { FileTree } from '../fragment/file-tree.ts';
import type { CheckReport, CheckResult } from '../render/check.ts';
import { checkSite } from '../render/check.ts';
import type { Renderer } from '../render/renderer.ts';
import type { Served } from '../render/served.ts';
import type { FilesCopy } from '../site/files-copy-file.ts';
import { parseKnownSite, parseSite } from '../site/load.ts';
import type { Revision } from '../site/revision.ts';
import type { SourceTree } from '../site/source-tree.ts';
import { digestTree } from '../site/source-tree.ts';
import type { Broken, Checked } from './broken.ts';
import { findBroken } from './broken.ts';
import type { Changes } from './changes.ts';
import { findChanges, shareFiles } from './changes.ts';
import type { RevisionRecord } from './history.ts';
import { createHistory } from './history.ts';
import type { KeptRevision } from './kept-revisions.ts';
import { createKeptRevisions } from './kept-revisions.ts';
import type { Decoded } from './snapshot.ts';

/** The revision that is served; replaced whole, by one assignment. */
export interface Current {
  readonly served: Served;
  readonly copy: FilesCopy;
  /** Where it was read: the site directory, or the state directory after a restart. */
  readonly source: 'site' | 'state';
  readonly loadedAt: Date;
  /** What is wrong with it; incomplete until every profile was rendered for every group. */
  readonly check: Pick<CheckResult, 'complete' | 'reports' | 'outcomes' | 'unanswered'>;
}

/** A revision that was not taken. */
export interface Refusal {
  /** Absent when the site could not be read or does not parse. */
  readonly id?: string;
  readonly since: Date;
  /** `invalid`: it does not parse; `breaks`: something that is served would not render. */
  readonly reason: 'invalid' | 'breaks';
  readonly broken: readonly Broken[];
  readonly reports: readonly CheckReport[];
}

/** How a reload ended. */
export type Reloaded =
  | { readonly outcome: 'served' | 'unchanged'; readonly revision: string }
  | { readonly outcome: 'refused'; readonly refusal: Refusal }
  /** The service could not find out; it tries again by itself. */
  | { readonly outcome: 'failed'; readonly reason: string };

/** What happens to a live site, for the log and the metrics. */
export interface LiveSiteEvents {
  /** `changes` is absent for the first revision. */
  readonly onServed: (current: Current, changes: Changes | undefined, forced: boolean) => void;
  readonly onRefused: (refusal: Refusal) => void;
  readonly onFailed: (reason: string) => void;
  /** The site is as it is served again, after something else was refused. */
  readonly onTakenBack: (current: Current) => void;
  /** After every reload, also those that changed nothing. */
  readonly onReloaded: (outcome: Reloaded['outcome']) => void;
  readonly onChecked: (result: CheckResult) => void;
  /** The check itself failed, which it never should. */
  readonly onFault: (error: unknown) => void;
}

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

/** A site with faults of the whole: what was found, and the text of its documents for code frames. */
export class SiteFaults extends ProvisioningError {
  readonly documents: ReadonlyMap<string, Buffer>;
  constructor(diagnostics: readonly Diagnostic[], documents: ReadonlyMap<string, Buffer>) {
    super('site-invalid', 'the site has faults that concern all of it', { diagnostics });
    this.documents = documents;
  }
}

/** A revision that is ready to be rendered. */
interface Candidate {
  readonly served: Served;
  readonly copy: FilesCopy;
}

/** How long after a failure a reload is tried again. */
const RETRY_MS = 5000;

/** Whether a revision was refused for the same as before, so that nobody has to be told again. */
function isSame(before: Refusal, now: Omit<Refusal, 'since'>): boolean {
  const texts = ({ id, reason, broken, reports }: Omit<Refusal, 'since'>) =>
    JSON.stringify([id, reason, broken, reports]);
  return texts(before) === texts(now);
}

/** How long a revision waits to be on disk before it is served all the same. */
const KEEP_MS = 2000;

const NOT_CHECKED: Current['check'] = { complete: false, reports: [], outcomes: new Map(), unanswered: [] };

/** A site that serves nothing yet. */
export function createLiveSite(options: LiveSiteOptions): LiveSite {
  const { renderer, events } = options;
  const stop = new AbortController();
  const history = createHistory();
  const kept = createKeptRevisions();
  let current: Current | undefined;
  let refusal: Refusal | undefined;
  let checking: Promise<void> = Promise.resolve();
  let going: Promise<Reloaded> | undefined;
  /** One reload that begins after the one that goes on, for all who asked meanwhile. */
  let next: { force: boolean; edited: boolean; readonly result: Promise<Reloaded> } | undefined;
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
    const repeated = refusal !== undefined && isSame(refusal, refused);
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
      retry = setTimeout(() => void reload(), options.retryMs ?? RETRY_MS);
      retry.unref();
    }
    return { outcome: 'failed', reason };
  }

  async function attemptAndTell(force: boolean): Promise<Reloaded> {
    clearTimeout(retry);
    try {
      const reloaded = await attempt(force);
      events.onReloaded(reloaded.outcome);
      return reloaded;
    } catch (error) {
      const reloaded = fail(error instanceof Error ? error.message : String(error));
      events.onReloaded('failed');
      return reloaded;
    }
  }

  function begin(force: boolean, edited: boolean): Promise<Reloaded> {
    differs = edited;
    const result = attemptAndTell(force).finally(() => {
      going = undefined;
      differs = false;
    });
    going = result;
    return result;
  }

  function reload({ force = false, edited = false }: Parameters<LiveSite['reload']>[0] = {}): Promise<Reloaded> {
    // Also in between, when one has ended and the next has not begun: two at once would serve the older edit last.
    if (next !== undefined) {
      next.force ||= force;
      next.edited ||= edited;
      return next.result;
    }
    if (going === undefined) return begin(force, edited);
    const result = going.then(() => {
      const asked = next;
      next = undefined;
      return begin(asked?.force ?? false, asked?.edited ?? false);
    });
    next = { force, edited, result };
    return result;
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
      void reload({ edited: true });
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
      return differs || next?.edited === true || (options.edited?.() ?? false);
    },
    find: (id) => kept.find(id),
    open(decoded) {
      opening = openFirst(decoded);
      return opening;
    },
    reload,
    async close() {
      stop.abort();
      clearTimeout(retry);
      await Promise.allSettled([checking, going, next?.result]);
    },
    dispose: () => kept.close(),
  };
}
