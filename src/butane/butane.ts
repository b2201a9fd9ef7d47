import type { Severity } from '../diagnostic.ts';
import { ProvisioningError } from '../errors.ts';

/** Which butane this is. The digest names it: versions are free text, and two builds of one version may encode differently. */
export interface ButaneIdentity {
  /** Absolute path of the program. */
  readonly path: string;
  /** What `butane -V` prints, without the word Butane and a leading `v`; `unknown` when the build carries none. */
  readonly version: string;
  /** SHA-256 of the program's file when it was opened, in lower-case hexadecimal. */
  readonly sha256: string;
}

/** One Butane document to translate. */
export interface TranslateRequest {
  readonly source: string | Buffer;
  /** A document with any warning is refused. */
  readonly strict: boolean;
  /**
   * The directory that `local` and `trees` read from. butane follows links and reads pipes there, so it has to be a
   * checked copy that nobody else can write to. Without it, a document that wants local files is refused.
   */
  readonly filesDir?: string;
  /** What it is done for, such as a profile: lanes take turns. */
  readonly lane?: string;
  /** Asked when the turn has come; what nobody waits for any more is refused as `not-ready` without a run. */
  readonly wanted?: () => boolean;
  /** SHA-256 of the program that has to do it; another one that took its place meanwhile throws {@link ButaneReplaced}. */
  readonly by?: string;
}

/** The program is another one than that which was asked for. */
export class ButaneReplaced extends ProvisioningError {
  constructor() {
    super('butane-failed', 'butane was replaced by another program; ask again');
  }
}

/** One line of butane's report. */
export interface ReportEntry {
  readonly severity: Severity;
  readonly message: string;
  /** In butane's spelling, `$.storage.files.0.path`; keys are not escaped, so a key with a dot is ambiguous. */
  readonly path?: string;
  /** Line and column of the text that butane was given, from 1; columns count Unicode code points. */
  readonly line?: number;
  readonly column?: number;
}

/** A fault that butane's YAML decoder found: it knows a line of the text at most, and no path. */
export interface YamlFault {
  readonly line?: number;
  readonly message: string;
}

/** What became of a document. Entries are sorted, since butane's own order differs from run to run. */
export type Translation =
  | {
      readonly ok: true;
      /** What butane printed, to the byte: the Ignition config and one newline. */
      readonly ignition: string;
      readonly entries: readonly ReportEntry[];
      readonly durationMs: number;
    }
  | {
      readonly ok: false;
      /** Why, mostly as butane put it: `source config is invalid`. It may quote the document. */
      readonly failure: string;
      readonly entries: readonly ReportEntry[];
      readonly yamlFaults: readonly YamlFault[];
      readonly durationMs: number;
    };

/** How busy butane is: documents being translated, and documents that wait for their turn. */
export interface ButaneLoad {
  readonly running: number;
  readonly queued: number;
}

/** Translates Butane documents into Ignition configs. */
export interface Butane {
  /** Of the program that ran last; it may be replaced while the service runs. */
  readonly identity: ButaneIdentity;
  /**
   * Translates one document. What its author got wrong is a value. Throws a ProvisioningError for everything else:
   * `queue-full`, `butane-missing`, `render-timeout`, `butane-failed` (it crashed, was killed, or printed without end), and `not-ready`
   * once closed. No message or cause of such an error holds anything from the document.
   */
  translate(request: TranslateRequest): Promise<Translation>;
  load(): ButaneLoad;
  /**
   * Refuses what waits, gives what runs `graceMs` to end, and kills the rest. Calling it again waits for the same end.
   */
  close(graceMs?: number): Promise<void>;
}
