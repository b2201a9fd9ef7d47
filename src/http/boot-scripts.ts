import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { BootTarget } from '../boot/plan.ts';
import { retryOf } from '../boot/retry.ts';
import { ProvisioningError } from '../errors.ts';
import type { Machine } from '../machine/machine.ts';
import { parseMachine } from '../machine/machine.ts';
import type { BootScriptOutcome } from '../metrics/metrics.ts';
import type { Renderer } from '../render/renderer.ts';
import { withDeadline } from '../render/renderer.ts';
import type { Served } from '../render/served.ts';
import { DEFAULT_BOOT_SETTINGS } from '../site/boot-settings.ts';
import { noteFault } from './app.ts';
import { bootFaultOf, writeNotice } from './boot-notice.ts';
import { loggable } from './loggable.ts';
import { toProvisioningError } from './problem.ts';
import type { SiteState } from './site-state.ts';

/** What boot scripts are made with. */
export interface BootScriptsOptions {
  readonly site: SiteState;
  readonly renderer: Renderer;
  /** The URL under which machines reach the service; absent when nobody knows it. */
  readonly serviceUrl?: string;
}

/** A script as it is sent. */
export interface BootAnswer {
  readonly outcome: BootScriptOutcome;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string | number>>;
}

/** Makes boot scripts, and remembers those that boot something. */
export interface BootScripts {
  /** The script for a request that was answered before in the served revision, with its note for the access log. */
  recall(request: FastifyRequest): BootAnswer | undefined;
  /** The script for a request. Never rejects: what is wrong is said by a script as well. */
  make(request: FastifyRequest, target: BootTarget, profileId: string | undefined): Promise<BootAnswer>;
}

/** A boot loader is told within this time that its config is not ready, and asks again. */
const DEADLINE_MS = 8000;

/** Bytes of scripts that are remembered, keys included. */
const SCRIPT_BYTES = 16 * 1024 * 1024;

interface Remembered extends BootAnswer {
  readonly audit: Readonly<Record<string, unknown>>;
}

/** What a machine asks for, as it was understood. */
interface Question {
  readonly target: BootTarget;
  readonly machine: Machine;
  readonly profileId?: string;
}

/** Remembers nothing yet. */
export function createBootScripts({ site, renderer, serviceUrl }: BootScriptsOptions): BootScripts {
  const known = new LRUCache<string, Remembered>({
    maxSize: SCRIPT_BYTES,
    sizeCalculation: ({ body }, key) => 4 * key.length + body.length + 1000,
  });

  /** The same words of a machine at one address mean the same as long as the revision does. */
  function keyOf({ revision }: Served, request: FastifyRequest): string {
    return `${revision.id}\n${request.ip}\n${request.url}`;
  }

  /** The script of the profile that is named or selected; throws what keeps the machine from it. */
  async function boot(served: Served, question: Question, profileId: string | undefined, signal: AbortSignal) {
    const { target, machine } = question;
    const found = renderer.boot(served, profileId === undefined ? { machine } : { machine, profileId });
    const { retrySeconds } = served.revision.settings.boot;
    const script = found.write(target, retryOf({ ...question, serviceUrl }, retrySeconds));
    // A kernel whose config does not render would only wait for it, where nobody sees why.
    if (found.needsConfig) {
      const asked = { machine, profileId: found.profile };
      if (renderer.recall(served, asked) === undefined) {
        await withDeadline(renderer.render(served, asked, { signal }), DEADLINE_MS);
      }
    }
    return { script, about: { profile: found.profile, group: found.group ?? null } };
  }

  async function bootOrDiscover(served: Served, question: Question, signal: AbortSignal) {
    try {
      return { outcome: 'ok' as const, ...(await boot(served, question, question.profileId, signal)) };
    } catch (error) {
      const { unknown } = served.revision.settings.boot;
      const isUnknown = error instanceof ProvisioningError && bootFaultOf(error) === 'unknown';
      if (!isUnknown || site.pending || typeof unknown === 'string') throw error;
      return { outcome: 'discovery' as const, ...(await boot(served, question, unknown.profile, signal)) };
    }
  }

  /** An edit that is on its way may make the machine known. */
  function unlessPending(error: ProvisioningError): ProvisioningError {
    if (!site.pending || bootFaultOf(error) !== 'unknown') return error;
    return new ProvisioningError('not-ready', `${error.message}, and an edit of the site is being checked`);
  }

  function refuse(
    thrown: unknown,
    request: FastifyRequest,
    target: BootTarget,
    about: { readonly served?: Served; readonly machine?: Machine; readonly profileId: string | undefined },
  ): BootAnswer {
    const error = unlessPending(toProvisioningError(thrown));
    const fault = bootFaultOf(error);
    request.audit = { ...request.audit, outcome: fault };
    noteFault(error, request);
    const { served, machine, profileId } = about;
    const { unknown, retrySeconds } = served?.revision.settings.boot ?? DEFAULT_BOOT_SETTINGS;
    const asked = { target, machine, serviceUrl, ...(profileId === undefined ? {} : { profileId }) };
    const script = writeNotice({
      target,
      fault,
      error,
      machine,
      exits: fault === 'unknown' && unknown === 'exit',
      retry: retryOf(asked, retrySeconds),
      requestId: String(request.id),
    });
    return answerWith(script, fault);
  }

  return {
    recall(request) {
      if (!site.ready) return undefined;
      const answer = known.get(keyOf(site.current(), request));
      if (answer === undefined || (answer.outcome === 'discovery' && site.pending)) return undefined;
      request.audit = answer.audit;
      return answer;
    },
    async make(request, target, profileId) {
      request.audit = { profile: profileId };
      let served: Served | undefined;
      let machine: Machine | undefined;
      try {
        const query: unknown = request.query;
        machine = parseMachine({ ...Object(query) }, { from: 'connection', ip: request.ip });
        request.audit = { ...request.audit, labels: loggable(machine) };
        served = site.current();
        request.audit = { ...request.audit, revision: served.revision.id };
        const question = { target, machine, ...(profileId === undefined ? {} : { profileId }) };
        const { outcome, script, about } = await bootOrDiscover(served, question, request.signal);
        const answer = answerWith(script, outcome);
        const audit = { ...request.audit, ...about, outcome, bytes: answer.body.length };
        request.audit = audit;
        known.set(keyOf(served, request), { ...answer, audit });
        return answer;
      } catch (error) {
        return refuse(error, request, target, {
          profileId,
          ...(served === undefined ? {} : { served }),
          ...(machine === undefined ? {} : { machine }),
        });
      }
    },
  };
}

/** A script with its headers. */
export function answerWith(script: string, outcome: BootScriptOutcome): BootAnswer {
  const body = Buffer.from(script);
  const headers = Object.freeze({
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': body.length,
    'Cache-Control': 'private, no-store',
  });
  return { outcome, body, headers };
}
