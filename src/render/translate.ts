import { createHash } from 'node:crypto';
import type { Butane, ReportEntry, Translation } from '../butane/butane.ts';
import { ButaneReplaced } from '../butane/butane.ts';
import { always } from '../butane/fair-queue.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';
import type { ContentCache } from './content-cache.ts';
import { createContentCache } from './content-cache.ts';

/** A config ready to be delivered: its bytes, and what the headers say of them. */
export interface Finished {
  readonly body: Buffer;
  /** Its `ignition.version`. */
  readonly specVersion: string;
  /** SHA-512 of the bytes, hex; Ignition prints the same on the machine. */
  readonly sha512: string;
}

/** A translation and the finished bytes, as the cache keeps them. */
export type Content =
  | ({ readonly ok: true; readonly entries: readonly ReportEntry[] } & Finished)
  | { readonly ok: false; readonly failure: Extract<Translation, { readonly ok: false }> };

/** What is translated: equal inputs give the same {@link Content}, so their digest is its key. */
export interface TranslateInput {
  readonly source: string | Buffer;
  readonly strict: boolean;
  readonly filesDir: string;
  /** SHA-256 of what is in `filesDir`. */
  readonly filesDigest: string;
}

/** For whom something is translated. */
export interface Purpose {
  /** The profile: profiles take turns at butane. */
  readonly lane: string;
  /** False once nobody waits for it any more; then it is not begun. */
  readonly wanted: () => boolean;
}

/** The step of the pipeline that starts a process; everything it gives is cached by content. */
export interface Translator {
  /** The same translator, with what it does done for somebody. */
  for(purpose: Purpose): Translator;
  /** Translates, or answers from the cache. An author's fault is a value; what is nobody's fault is thrown and not kept. */
  translate(input: TranslateInput): Promise<{ readonly key: string; readonly content: Content }>;
  /** Content translated before, when the cache still has it. */
  peek(key: string): Content | undefined;
  readonly cache: ContentCache<Content>;
  /** What was found out about documents and configs, by whatever it depends on; {@link reportKey} makes such a key. */
  readonly reports: ContentCache<readonly Diagnostic[]>;
  readonly butane: Butane;
}

/** What a translator is made from; the caches outlive a restart when somebody keeps their entries. */
export interface TranslatorCaches {
  readonly contents: ContentCache<Content>;
  readonly reports: ContentCache<readonly Diagnostic[]>;
}

/** Caches of at most `maxBytes` for contents and a quarter of that for reports. */
export function createCaches(maxBytes: number): TranslatorCaches {
  return {
    contents: createContentCache<Content>(maxBytes, weigh),
    reports: createContentCache<readonly Diagnostic[]>(maxBytes / 4, weighReports),
  };
}

/** A translator over one butane. */
export function createTranslator(butane: Butane, caches: TranslatorCaches): Translator {
  const { contents, reports } = caches;

  async function translateAs(input: TranslateInput, purpose: Purpose): Promise<{ key: string; content: Content }> {
    const { source, strict, filesDir } = input;
    const by = butane.identity.sha256;
    const key = contentKey(input, by);
    const compute = async (wanted: () => boolean): Promise<Content> => {
      const translation = await butane.translate({ source, strict, filesDir, lane: purpose.lane, wanted, by });
      if (!translation.ok) return { ok: false, failure: translation };
      return { ok: true, ...finishBody(Buffer.from(translation.ignition)), entries: translation.entries };
    };
    return { key, content: await contents.get(key, compute, purpose.wanted) };
  }

  /** What another butane gives has another key. */
  async function translate(input: TranslateInput, purpose: Purpose): Promise<{ key: string; content: Content }> {
    try {
      return await translateAs(input, purpose);
    } catch (error) {
      if (error instanceof ButaneReplaced) return translateAs(input, purpose);
      throw error;
    }
  }

  function translatorFor(purpose: Purpose): Translator {
    return {
      cache: contents,
      reports,
      butane,
      for: translatorFor,
      peek: (key) => contents.peek(key),
      translate: (input) => translate(input, purpose),
    };
  }
  return translatorFor(ANYONE);
}

const ANYONE: Purpose = { lane: '', wanted: always };

/** The bytes of a config with what the headers need to know about them. */
export function finishBody(body: Buffer): Finished {
  return { body, specVersion: specVersionOf(body), sha512: createHash('sha512').update(body).digest('hex') };
}

function contentKey(input: TranslateInput, butaneDigest: string): string {
  const source = createHash('sha256').update(input.source).digest('hex');
  return JSON.stringify([source, input.strict, input.filesDigest, butaneDigest]);
}

function specVersionOf(body: Buffer): string {
  const version = versionIn(body);
  // What butane printed instead stays out of the message, since it may hold anything.
  if (version === undefined) throw new ProvisioningError('butane-failed', 'butane printed something that is no config');
  return version;
}

function versionIn(body: Buffer): string | undefined {
  try {
    const config: unknown = JSON.parse(body.toString('utf8'));
    const version = isRecord(config) && isRecord(config.ignition) ? config.ignition.version : undefined;
    return typeof version === 'string' ? version : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** A key for a report that depends on nothing but these texts. */
export function reportKey(...parts: readonly string[]): string {
  return JSON.stringify(parts);
}

/** About what diagnostics take in memory, in bytes. */
export function weighReports(diagnostics: readonly Diagnostic[]): number {
  return diagnostics.reduce((sum, { message, path }) => sum + message.length + (path?.length ?? 0) + 300, 100);
}

function weigh(content: Content): number {
  const texts = (entries: readonly ReportEntry[]) =>
    entries.reduce((sum, entry) => sum + entry.message.length + 100, 0);
  return content.ok ? content.body.length + 500 + texts(content.entries) : 500 + texts(content.failure.entries);
}
