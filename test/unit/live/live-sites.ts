import type { TestContext } from 'node:test';
import type { TranslateRequest, Translation } from '../../../src/butane/butane.ts';
import type { ErrorCode } from '../../../src/errors.ts';
import { ProvisioningError } from '../../../src/errors.ts';
import type { LiveSite, LiveSiteOptions } from '../../../src/live/live-site.ts';
import { createLiveSite } from '../../../src/live/live-site.ts';
import type { Reloaded } from '../../../src/live/reloaded.ts';
import type { CheckResult } from '../../../src/render/check.ts';
import { checkSite } from '../../../src/render/check.ts';
import type { Renderer } from '../../../src/render/renderer.ts';
import { createRenderer } from '../../../src/render/renderer.ts';
import { createCaches, createTranslator } from '../../../src/render/translate.ts';
import type { Revision } from '../../../src/site/revision.ts';
import type { SourceTree } from '../../../src/site/source-tree.ts';
import { afterTest } from '../../support/after-test.ts';
import { refusal, standInButane, translated } from '../render/stand-in-butane.ts';
import type { Documents } from '../site/parsed-site.ts';
import { sourceTree } from '../site/parsed-site.ts';

/** A document as butane would answer it: one that holds BAD is refused, and one that holds CRASH kills butane. */
export function answer({ source }: TranslateRequest): Translation {
  const text = source.toString();
  if (text.includes('CRASH')) throw new ProvisioningError('butane-failed', 'butane failed: it crashed');
  if (text.includes('BAD')) return refusal([{ severity: 'error', path: '$.x', message: 'this is bad' }]);
  return translated({ ignition: { version: '3.4.0' }, source: text });
}

/** The real pipeline over a butane that is a stand-in, and what it was asked and told of. */
export function createBench(respond: (request: TranslateRequest) => Translation | Promise<Translation> = answer) {
  const butane = standInButane(respond);
  const renders: ('ok' | ErrorCode)[] = [];
  const renderer = createRenderer({
    translator: createTranslator(butane, createCaches(1e8)),
    serviceUrl: 'http://x',
    now: () => performance.now(),
    onRender: (outcome) => void renders.push(outcome),
  });
  return { butane, renderer, renders };
}

/** Checks a revision without waiting for a butane that fails. */
export function check(revision: Revision, renderer: Renderer = createBench().renderer): Promise<CheckResult> {
  return checkSite({ revision, filesDir: '/files' }, renderer, { retryDelaysMs: [] });
}

/** A live site whose directory is in memory, with all that happened to it. */
export interface TestSite {
  readonly site: LiveSite;
  /** One word for each event, the oldest first. */
  readonly events: string[];
  /** Copies of files/ that exist. */
  readonly copies: Set<string>;
  readonly renders: readonly ('ok' | ErrorCode)[];
  readonly butane: { readonly asked: readonly string[] };
  /** Edits the directory; a text that is undefined removes the file. */
  edit(documents: Readonly<Record<string, string | undefined>>): void;
  /** What the next reads give instead of the directory. */
  readsAs(read: (() => Promise<SourceTree>) | undefined): void;
  reads(): number;
}

/** A live site over these documents that is not open yet; closed after the test. */
export function liveSite(
  t: TestContext,
  documents: Documents,
  {
    respond = answer,
    ...more
  }: Partial<LiveSiteOptions> & { readonly respond?: Parameters<typeof createBench>[0] } = {},
): TestSite {
  const { butane, renderer, renders } = createBench(respond);
  let now: Documents = documents;
  let instead: (() => Promise<SourceTree>) | undefined;
  let reads = 0;
  let copied = 0;
  const copies = new Set<string>();
  const events: string[] = [];
  const site = createLiveSite({
    read: async () => {
      reads += 1;
      return instead === undefined ? sourceTree(now) : instead();
    },
    copyFiles: async () => {
      copied += 1;
      const directory = `/copy ${copied}`;
      copies.add(directory);
      return { directory, fallback: false, remove: async () => void copies.delete(directory) };
    },
    renderer,
    events: {
      onServed: ({ source }, _changes, forced) => void events.push(`served ${source}${forced ? ' forced' : ''}`),
      onRefused: ({ reason }) => void events.push(`refused ${reason}`),
      onFailed: () => void events.push('failed'),
      onReloaded: (outcome: Reloaded['outcome']) => void events.push(`reloaded ${outcome}`),
      onChecked: ({ complete }) => void events.push(complete ? 'checked' : 'checked in part'),
      onTakenBack: () => void events.push('taken back'),
      onFault: (error) => void events.push(`fault ${error}`),
    },
    concurrency: 2,
    keep: async () => void events.push('kept'),
    retryMs: 20,
    ...more,
  });
  afterTest(t, async () => {
    await site.close();
    await site.dispose();
  });
  return {
    site,
    events,
    copies,
    renders,
    butane,
    edit(changes) {
      const next = { ...now, ...changes };
      now = Object.fromEntries(
        Object.entries(next).flatMap(([path, text]) => (text === undefined ? [] : [[path, text]])),
      );
    },
    readsAs(read) {
      instead = read;
    },
    reads: () => reads,
  };
}
