import type { Group } from '../site/revision.ts';
import type { Documents } from './site-text.ts';

/** What the machine of a group says when it asks. */
export type Labels = Readonly<Record<string, string>>;

/** A config that a data directory gives: the Ignition, and the Butane that it comes from if it does. */
export interface Original {
  readonly ignition: Buffer;
  readonly butane?: string;
}

/** What a machine gets from a site. */
export interface Outcome {
  /** Absent where it gets nothing. */
  readonly ignition?: Buffer;
  /** What is wrong with its boot. */
  readonly bootFaults: readonly string[];
}

/** What an import asks for what is rendered. */
export interface ImportTools {
  /** What the machine of a group gets from the data directory; the reason when it gets nothing. */
  readonly original: (group: Group, labels: Labels) => Promise<Original | string>;
  /** What machines get from a site of these documents. */
  readonly imported: (documents: Documents, machines: readonly Labels[]) => Promise<readonly Outcome[]>;
  readonly onProgress?: (done: number, total: number) => void;
}
