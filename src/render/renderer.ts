import { LRUCache } from 'lru-cache';
import { ProvisioningError } from '../errors.ts';
import { formatSpecVersion } from '../ignition/spec-version.ts';
import { machineEntries } from '../machine/machine.ts';
import type { CacheStatistics } from './content-cache.ts';
import type { Rendered, RenderedInFull, RenderRequest } from './render.ts';
import { render } from './render.ts';
import type { Served } from './served.ts';
import type { Translator } from './translate.ts';

/** Renders for machines: what was rendered once for the same inputs is given again without any work. */
export interface Renderer {
  /** The finished config for a machine; see `render` for what it throws. */
  render(served: Served, request: RenderRequest): Promise<Rendered>;
  /** The same bytes, with the Butane they come from. */
  renderInFull(served: Served, request: RenderRequest): Promise<RenderedInFull>;
  statistics(): CacheStatistics;
}

/** What a renderer is made from. */
export interface RendererOptions {
  readonly translator: Translator;
  /** The URL under which machines reach the service; templates see it as `service.url`. */
  readonly serviceUrl: string;
  readonly now: () => number;
}

/** Machines whose last render is remembered; an entry holds no body, so it is small. */
const MAX_MACHINES = 20_000;

/** A renderer that remembers, for each machine, which content it got. */
export function createRenderer(options: RendererOptions): Renderer {
  const { translator, serviceUrl, now } = options;
  const remembered = new LRUCache<string, Omit<Rendered, 'body'>>({ max: MAX_MACHINES });

  function renderInFull(served: Served, request: RenderRequest): Promise<RenderedInFull> {
    return render(request, { served, translator, serviceUrl, now });
  }

  return {
    renderInFull,
    async render(served, request) {
      const key = identityOf(served, request);
      const known = remembered.get(key);
      const content = known?.contentKey === undefined ? undefined : translator.peek(known.contentKey);
      if (known !== undefined && content?.ok) return { ...known, body: content.body, timings: NO_TIME };
      const { butane: _, body, ...rest } = await renderInFull(served, request);
      if (rest.contentKey !== undefined) remembered.set(key, rest);
      return { ...rest, body };
    },
    statistics: () => translator.cache.statistics(),
  };
}

const NO_TIME = { selectMs: 0, composeMs: 0, translateMs: 0 };

function identityOf(served: Served, request: RenderRequest): string {
  return JSON.stringify([
    served.revision.id,
    request.profileId ?? null,
    request.accepts === undefined ? null : formatSpecVersion(request.accepts),
    machineEntries(request.machine),
  ]);
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
