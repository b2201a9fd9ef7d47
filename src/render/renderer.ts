import { LRUCache } from 'lru-cache';
import { type ErrorCode, ProvisioningError } from '../errors.ts';
import { formatSpecVersion } from '../ignition/spec-version.ts';
import type { Profile } from '../site/revision.ts';
import type { CacheStatistics } from './content-cache.ts';
import type { Rendered, RenderedInFull, RenderRequest } from './render.ts';
import { isSlow, render } from './render.ts';
import type { Served } from './served.ts';
import type { Translator } from './translate.ts';
import { weighReports } from './translate.ts';

/** Renders for machines: what was rendered once for the same inputs is given again without any work. */
export interface Renderer {
  /** The finished config for a machine; see `render` for what it throws. */
  render(served: Served, request: RenderRequest, options?: RenderOptions): Promise<Rendered>;
  /** What {@link Renderer.render} would give, when that is known without any work; throws what it is known to throw. */
  recall(served: Served, request: RenderRequest): Recalled | undefined;
  /** The same bytes, with the Butane they come from. */
  renderInFull(served: Served, request: RenderRequest): Promise<RenderedInFull>;
  statistics(): CacheStatistics;
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
  'parameter-missing',
  'spec-not-acceptable',
  'selection-ambiguous',
]);

/** How long a profile whose templates took too long is refused without a try, since each try holds up all machines. */
const SLOW_MS = 10_000;

/** A renderer that remembers what became of each machine, so that the same question is answered without any work. */
export function createRenderer(options: RendererOptions): Renderer {
  const { translator, now } = options;
  const outcomes = new LRUCache<string, Outcome>({ maxSize: OUTCOME_BYTES, sizeCalculation: weigh });
  const underWay = new Map<string, Promise<Rendered>>();
  const slow = new WeakMap<Profile, { readonly until: number; readonly error: ProvisioningError }>();

  function renderInFull(served: Served, request: RenderRequest): Promise<RenderedInFull> {
    return render(request, {
      ...options,
      served,
      refuseSlow(profile) {
        const known = slow.get(profile);
        if (known !== undefined && now() < known.until) throw known.error;
      },
      noteSlow: (profile, error) => void slow.set(profile, { until: now() + SLOW_MS, error }),
    });
  }

  async function renderAnew(key: string, served: Served, request: RenderRequest): Promise<Rendered> {
    try {
      const { butane: _, body, ...rendered } = await renderInFull(served, request);
      const { contentKey } = rendered;
      if (contentKey !== undefined)
        outcomes.set(key, { ok: true, rendered: { ...rendered, contentKey, timings: NO_TIME } });
      return { ...rendered, body };
    } catch (error) {
      const lasts = error instanceof ProvisioningError && LASTING.has(error.code) && !isSlow(error);
      if (lasts) outcomes.set(key, { ok: false, error });
      throw error;
    } finally {
      underWay.delete(key);
    }
  }

  function recall(key: string): Recalled | undefined {
    const known = outcomes.get(key);
    if (known === undefined) return undefined;
    if (!known.ok) throw known.error;
    const content = translator.peek(known.rendered.contentKey);
    return content?.ok ? { about: known.rendered, body: content.body } : undefined;
  }

  return {
    renderInFull,
    recall: (served, request) => recall(identityOf(served, request)),
    async render(served, request) {
      const key = identityOf(served, request);
      const known = recall(key);
      if (known !== undefined) return { ...known.about, body: known.body };
      const running = underWay.get(key) ?? renderAnew(key, served, request);
      underWay.set(key, running);
      return running;
    },
    statistics: () => translator.cache.statistics(),
  };
}

function weigh(outcome: Outcome, key: string): number {
  const texts = outcome.ok
    ? [...outcome.rendered.groups, ...outcome.rendered.layers].reduce((sum, text) => sum + text.length + 16, 0)
    : weighReports(outcome.error.diagnostics);
  return 2 * key.length + texts + 500;
}

const NO_TIME = { selectMs: 0, composeMs: 0, translateMs: 0 };

const IDENTITIES = new WeakMap<RenderRequest, { readonly revision: string; readonly identity: string }>();

/** What two renders that give the same have in common; made once for a request that comes again as the same object. */
function identityOf({ revision }: Served, request: RenderRequest): string {
  const known = IDENTITIES.get(request);
  if (known?.revision === revision.id) return known.identity;
  const { profileId, accepts, machine } = request;
  const spec = accepts === undefined ? '' : formatSpecVersion(accepts);
  const identity = `${revision.id}\x02${profileId ?? ''}\x02${spec}\x02${machine.key}`;
  IDENTITIES.set(request, { revision: revision.id, identity });
  return identity;
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
