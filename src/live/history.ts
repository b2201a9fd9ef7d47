import type { Changes } from './changes.ts';

/** What became of a revision. */
export interface RevisionRecord {
  /** SHA-256 of the inputs; absent when they could not be read. */
  readonly id?: string;
  readonly at: Date;
  readonly outcome: 'served' | 'refused';
  /** Where it came from: the site directory, or the state directory after a restart. */
  readonly source: 'site' | 'state';
  /** It was served although it broke something, because an operator said so. */
  readonly forced: boolean;
  /** Against the revision that was served then; absent when it did not parse. */
  readonly changes?: Changes;
}

/** Revisions that are remembered. */
const MAX_RECORDS = 50;

/** The last revisions, the newest first. */
export interface History {
  add(record: RevisionRecord): void;
  readonly records: readonly RevisionRecord[];
}

/** An empty history. */
export function createHistory(): History {
  let records: readonly RevisionRecord[] = [];
  return {
    add(record) {
      records = [record, ...records].slice(0, MAX_RECORDS);
    },
    get records() {
      return records;
    },
  };
}
