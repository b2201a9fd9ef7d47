import type { Instance } from './instance.ts';
import type { Folder } from './tree.ts';

/** How user data stands in an answer; `base64-gzip` compresses what is long, and clients look whether it is. */
export type UserDataEncoding = 'plain' | 'base64' | 'base64-gzip';

/** What is told to a machine that nobody knows: 503, and it asks again, or 404, where its client takes that for the end. */
export type UnknownAnswer = 'wait' | 'stop';

/** A session token that has to be fetched with PUT before anything is read. */
export interface TokenRules {
  readonly path: string;
  /** The header of the PUT with the seconds that the token is to live. */
  readonly lifetimeHeader: string;
  readonly maxSeconds: number;
  /** Taken where the header is missing; without it such a PUT is refused. */
  readonly defaultSeconds?: number;
  /** The header of the GET that carries the token. */
  readonly header: string;
  /** Whether a site may let machines read without one. */
  readonly mayBeLeftOut: boolean;
}

/** A document as a whole, which no folder lists. */
export interface WholeDocument {
  readonly path: RegExp;
  readonly type: string;
  readonly make: (instance: Instance) => string | undefined;
}

/** Metadata as a tree of texts. */
export interface TreeRoot {
  /** What a path begins with; what is left are the parts in the tree. */
  readonly prefix: RegExp;
  readonly tree: Folder;
  /** How a folder is listed; a folder that nobody lists is not there. */
  readonly list: (names: readonly string[]) => string;
}

/** Where machines report how their boot went; nobody answers them but with 200. */
export interface ReportRules {
  readonly method: 'POST' | 'PATCH';
  readonly path: RegExp;
  /** The key of the JSON that they send which has the state in one word. */
  readonly key: string;
}

/** One cloud's metadata service, as a table over one engine. */
export interface Dialect {
  readonly name: string;
  /** The platform ids of Ignition that speak it. */
  readonly platforms: readonly string[];
  /** Where machines expect it. */
  readonly address: string;
  readonly userData: { readonly path: RegExp; readonly encoding: UserDataEncoding };
  readonly documents: readonly WholeDocument[];
  readonly trees: readonly TreeRoot[];
  readonly token?: TokenRules;
  readonly reports?: ReportRules;
  /** A header that each request must have: a page in a browser cannot be made to send it. */
  readonly flavour?: { readonly header: string; readonly value: string; readonly status: 'forbidden' | 'invalid' };
  /** Headers that each answer has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** A request that went through somebody else is refused, as the cloud does; for `token` only the PUT. */
  readonly refusesForwarded: 'always' | 'token' | 'never';
  /** User data is told only to ports that only root can have. */
  readonly lowPort?: boolean;
  readonly unknown: UnknownAnswer;
}

/** Names one below the other, as most clouds list them. */
export function lines(names: readonly string[]): string {
  return names.join('\n');
}
