import type { Butane, ReportEntry, TranslateRequest, Translation } from '../../../src/butane/butane.ts';

/** What the real butane says about a document without faults: the config, and nothing else. */
export function translated(config: object, entries: readonly ReportEntry[] = []): Translation {
  return { ok: true, ignition: `${JSON.stringify(config)}\n`, entries, durationMs: 0 };
}

type Refusal = Extract<Translation, { readonly ok: false }>;

/** What the real butane says about a document that it refuses. */
export function refusal(entries: readonly ReportEntry[], rest: Partial<Refusal> = {}): Refusal {
  return { ok: false, failure: 'source config is invalid', entries, yamlFaults: [], durationMs: 0, ...rest };
}

/** Refuses a document that holds BAD, and has one config for all others. */
export function refuseBad({ source }: TranslateRequest): Translation {
  return source.toString().includes('BAD')
    ? refusal([{ severity: 'error', path: '$.x', message: 'this is bad' }])
    : translated({ ignition: { version: '3.4.0' } });
}

/** A butane that answers as it is told to, where a test is about what is made of its answers. */
export function standInButane(
  answer: (request: TranslateRequest) => Translation | Promise<Translation>,
): Butane & { readonly asked: readonly string[] } {
  const asked: string[] = [];
  return {
    asked,
    identity: { path: '/butane', version: '0.0.0', sha256: '0'.repeat(64) },
    async translate(request) {
      asked.push(request.source.toString());
      return answer(request);
    },
    load: () => ({ running: 0, queued: 0 }),
    close: () => Promise.resolve(),
  };
}
