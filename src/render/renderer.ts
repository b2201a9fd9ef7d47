import { LRUCache } from 'lru-cache';
import { Abandoned, always } from '../butane/fair-queue.ts';
import { type ErrorCode, ProvisioningError } from '../errors.ts';
import { formatSpecVersion } from '../ignition/spec-version.ts';
import type { Selection } from '../site/outcome.ts';
import type { Profile } from '../site/revision.ts';
import type { Boot } from './boot.ts';
import { bootFor } from './boot.ts';
import type { RenderContext, Rendered, RenderedInFull, RenderRequest, Selected, Timings } from './render.ts';
import { isSlow, render, selectFor } from './render.ts';
import type { Served } from './served.ts';
import type { Translator } from './translate.ts';
import { weighReports } from './translate.ts';

/** Renders for machines: what was rendered once for the same inputs is given again without any work. */
export interface Renderer {
  /**
   * The finished config for a machine; see `render` for what it throws. Once `signal` is aborted nobody waits for it here,
   * and a translation that has not begun is left out unless somebody else waits for it.
   */
  render(served: Served, request: RenderRequest, options?: RenderOptions): Promise<Rendered>;
  /** What {@link Renderer.render} would give, when that is known without any work; throws what it is known to throw. */
  recall(served: Served, request: RenderRequest): Recalled | undefined;
  /** The same bytes, with the Butane they come from. */
  renderInFull(served: Served, request: RenderRequest): Promise<RenderedInFull>;
  /** What a machine boots; see `bootFor` for what it throws. Takes no process, and is not remembered here. */
  boot(served: Served, request: RenderRequest): Boot;
}

/** What a render may be told besides what to render. */
export interface RenderOptions {
  /** Aborted when nobody waits for the config any more. */
  readonly signal?: AbortSignal;
}

/** A config that was made before: about it, and its bytes. */
export interface Recalled {
  readonly about: Omit<Rendered, 'body'>;
  readonly body: Buffer;
}

/** What a renderer is made from. */
export interface RendererOptions {
  readonly translator: Translator;
  /** The URL under which machines reach the service; templates see it as `service.url`. Absent when nobody knows it. */
  readonly serviceUrl?: string;
  readonly now: () => number;
  /** Called after each render that was not known before: `ok` or the code of its error, and how long it took if it was fine. */
  readonly onRender?: (outcome: 'ok' | ErrorCode, timings?: Timings) => void;
}

/** What became of a machine's last render. The body is in the content cache. */
type Outcome =
  | { readonly ok: true; readonly rendered: Omit<Rendered, 'body'> & { readonly contentKey: string } }
  | { readonly ok: false; readonly error: ProvisioningError };

/** Bytes of outcomes that are remembered, keys included: anyone can ask with labels that nobody asked with before. */
const OUTCOME_BYTES = 32 * 1024 * 1024;

/** What a render of the same inputs gives again; everything else may go better at the next try. */
const LASTING: ReadonlySet<ErrorCode> = new Set([
  'profile-broken',
  'document-not-found',
  'parameter-missing',
  'spec-not-acceptable',
  'selection-ambiguous',
]);

/** How long a profile whose templates took too long is refused without a try, since each try holds up all machines. */
const SLOW_MS = 10_000;

/** A renderer that remembers what became of each machine, so that the same question is answered without any work. */
export function createRenderer(options: RendererOptions): Renderer {
  const { translator, now, onRender } = options;
  const outcomes = new LRUCache<string, Outcome>({ maxSize: OUTCOME_BYTES, sizeCalculation: weigh });
  const underWay = new Map<string, UnderWay>();
  const slow = new WeakMap<Profile, { readonly until: number; readonly error: ProvisioningError }>();

  function contextFor(served: Served, translator: Translator): RenderContext {
    return {
      ...options,
      translator,
      served,
      refuseSlow(profile) {
        const known = slow.get(profile);
        if (known !== undefined && now() < known.until) throw known.error;
      },
      noteSlow: (profile, error) => void slow.set(profile, { until: now() + SLOW_MS, error }),
    };
  }

  async function renderFully(
    served: Served,
    request: RenderRequest,
    selected: Selected,
    wanted: () => boolean,
  ): Promise<RenderedInFull> {
    const lane = selected.selection.profile.id;
    try {
      const rendered = await render(selected, request, contextFor(served, translator.for({ lane, wanted })));
      onRender?.('ok', rendered.timings);
      return rendered;
    } catch (error) {
      onRender?.(error instanceof ProvisioningError ? error.code : 'internal');
      throw error;
    }
  }

  /** Remembers the outcome for this machine in this revision, and for whatever revision gives it the same. */
  async function renderAnew(
    key: string,
    served: Served,
    request: RenderRequest,
    wanted: () => boolean,
  ): Promise<Rendered> {
    const keys = [key];
    try {
      const selected = selectFor(request, { served, now });
      const inputs = inputsOf(served, request, selected.selection, translator.butane.identity.sha256);
      keys.push(inputs);
      const known = recall(inputs);
      if (known !== undefined) {
        const outcome = outcomes.get(inputs);
        if (outcome !== undefined) outcomes.set(key, outcome);
        return { ...known.about, body: known.body };
      }
      const { butane: _, body, ...rendered } = await renderFully(served, request, selected, wanted);
      const { contentKey } = rendered;
      if (contentKey !== undefined) {
        const outcome = { ok: true, rendered: { ...rendered, contentKey, timings: NO_TIME } } as const;
        for (const each of keys) outcomes.set(each, outcome);
      }
      return { ...rendered, body };
    } catch (error) {
      const lasts = error instanceof ProvisioningError && LASTING.has(error.code) && !isSlow(error);
      if (lasts) for (const each of keys) outcomes.set(each, { ok: false, error });
      throw error;
    }
  }

  function recall(key: string): Recalled | undefined {
    const known = outcomes.get(key);
    if (known === undefined) return undefined;
    if (!known.ok) throw known.error;
    const content = translator.peek(known.rendered.contentKey);
    return content?.ok ? { about: known.rendered, body: content.body } : undefined;
  }

  function join(key: string, served: Served, request: RenderRequest, wanted: () => boolean): Promise<Rendered> {
    const running = underWay.get(key);
    if (running !== undefined) {
      running.wanted.push(wanted);
      return running.rendered;
    }
    const all = [wanted];
    const rendered = renderAnew(key, served, request, () => all.some((each) => each()));
    underWay.set(key, { rendered, wanted: all });
    // Not before it was noted, however soon it ends: a machine that nobody knows fails at once.
    const forget = () => void underWay.delete(key);
    rendered.then(forget, forget);
    return rendered;
  }

  return {
    boot: (served, request) => bootFor(request, contextFor(served, translator)),
    renderInFull: async (served, request) => renderFully(served, request, selectFor(request, { served, now }), always),
    recall: (served, request) => recall(identityOf(served, request, translator.butane.identity.sha256)),
    async render(served, request, { signal } = {}) {
      const key = identityOf(served, request, translator.butane.identity.sha256);
      const known = recall(key);
      if (known !== undefined) return { ...known.about, body: known.body };
      const wanted = signal === undefined ? always : () => !signal.aborted;
      try {
        return await join(key, served, request, wanted);
      } catch (error) {
        // What this one shared with others was given up by all of those before it came.
        if (error instanceof Abandoned && wanted()) return join(key, served, request, wanted);
        throw error;
      }
    },
  };
}

/** A render that goes on, and whether those who wait for it still do. */
interface UnderWay {
  readonly rendered: Promise<Rendered>;
  readonly wanted: (() => boolean)[];
}

function weigh(outcome: Outcome, key: string): number {
  const texts = outcome.ok
    ? [...outcome.rendered.groups, ...outcome.rendered.layers].reduce((sum, text) => sum + text.length + 16, 0)
    : weighReports(outcome.error.diagnostics);
  return 2 * key.length + texts + 500;
}

const NO_TIME = { selectMs: 0, composeMs: 0, translateMs: 0 };

interface Identity {
  readonly revision: string;
  readonly butane: string;
  readonly text: string;
}

const IDENTITIES = new WeakMap<RenderRequest, Identity>();

/** What two renders that give the same have in common; made once for a request that comes again as the same object. */
function identityOf({ revision }: Served, request: RenderRequest, butane: string): string {
  const known = IDENTITIES.get(request);
  if (known?.revision === revision.id && known.butane === butane) return known.text;
  const { profileId, machine } = request;
  const profile = profileId === undefined ? '' : `=${profileId}`;
  const text = [revision.id, butane, profile, specOf(request), machine.key].join('\x02');
  IDENTITIES.set(request, { revision: revision.id, butane, text });
  return text;
}

/**
 * All that a render depends on once its profile is selected. Two revisions that have it in common give the same, so an
 * edit costs no more than what it changed.
 */
function inputsOf({ revision }: Served, request: RenderRequest, selection: Selection, butane: string): string {
  const { profile, groups, equals } = selection;
  const { settingsDigest, filesDigest } = revision;
  const used = [...groups, ...equals].flatMap(({ id, digest }) => [id, digest]);
  const inputs = [butane, settingsDigest, filesDigest, profile.id, profile.digest, ...used, specOf(request)];
  return [...inputs, request.machine.key].join('\x03');
}

function specOf({ accepts }: RenderRequest): string {
  return accepts === undefined ? '' : formatSpecVersion(accepts);
}

/**
 * Waits at most `deadlineMs` for a render and then throws `render-timeout`: the machine asks again, and finds what went
 * on meanwhile in the cache.
 */
export async function withDeadline<T>(work: Promise<T>, deadlineMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(
        new ProvisioningError(
          'render-timeout',
          `the config was not ready within ${deadlineMs / 1000} s; it is being made`,
        ),
      );
    }, deadlineMs);
  });
  try {
    return await Promise.race([work, deadline]);
  } finally {
    clearTimeout(timer);
  }
}
