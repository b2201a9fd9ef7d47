import { createHash } from 'node:crypto';
import { ProvisioningError } from '../errors.ts';
import type { Asset } from './asset.ts';
import { type Algorithm, CHECKSUM_LISTS, parseChecksumList } from './checksum-list.ts';
import type { SignatureVerdict } from './gpgv-status.ts';

/** One thing that was found out about a file. */
export interface Finding {
  readonly severity: 'ok' | 'warning' | 'error';
  /** The name of the file, and the line where it is one of a list. */
  readonly subject: string;
  readonly message: string;
}

/** What verifying is done with. */
export interface VerifyOptions {
  /** The names of all files, and those among them that are links: their files are there under names of their own. */
  readonly names: readonly string[];
  readonly links: ReadonlySet<string>;
  readonly open: (name: string) => Promise<Asset>;
  /** Checks a signature of a file; absent without a keyring. */
  readonly checkSignature?: (signature: string, name: string, bytes: number) => Promise<SignatureVerdict>;
  readonly onProgress: (name: string, done: number, total: number) => void;
  readonly onFinding: (finding: Finding) => void;
}

const PIECE_BYTES = 1024 * 1024;
const MAX_LIST_BYTES = 16 * 1024 * 1024;

/** A digest that a file should have, and where that is written. */
interface Expectation {
  readonly algorithm: Algorithm;
  readonly digest: string;
  readonly at: string;
}

/**
 * Checks the files of a folder against its lists of digests and against the signatures beside them. Each finding is told
 * as soon as it is known: signatures first, then digests in the order of the lists, then what nobody vouches for.
 */
export async function verifyAssets(options: VerifyOptions): Promise<void> {
  const { names, links, onFinding } = options;
  const tell = (severity: Finding['severity'], subject: string, message: string) =>
    onFinding({ severity, subject, message });
  const present = new Set(names);
  const lists = Object.keys(CHECKSUM_LISTS).filter((name) => present.has(name));
  const signatures = names.flatMap((name) => {
    const base = name.replace(/\.(?:sig|asc)$/, '');
    return base !== name && present.has(base) ? [{ name, base }] : [];
  });
  if (lists.length === 0 && signatures.length === 0) {
    tell(
      'error',
      Object.keys(CHECKSUM_LISTS).join(', '),
      'there is no list and no signature, so nothing can be checked',
    );
    return;
  }
  const signed = new Set<string>();
  for (const { name, base } of signatures) {
    if (options.checkSignature === undefined) tell('warning', name, 'the signature was not checked; give --keyring');
    else if (await checkOne(name, base)) signed.add(base);
  }

  async function checkOne(signature: string, base: string): Promise<boolean> {
    const asset = await options.open(base).catch((error: unknown) => faultOf(error));
    if (typeof asset === 'string') {
      tell('error', base, asset);
      return false;
    }
    await asset.close();
    const verdict = await options.checkSignature?.(signature, base, asset.size);
    if (verdict?.ok === true) tell('ok', base, `signed by ${verdict.fingerprints.join(', ')} (${signature})`);
    else tell('error', signature, verdict?.reason ?? 'the signature was not checked');
    return verdict?.ok === true;
  }

  const expected = new Map<string, Expectation[]>();
  for (const list of lists) {
    const algorithm = CHECKSUM_LISTS[list] ?? 'sha256';
    const text = await readList(list, options).catch((error: unknown) => new Error(faultOf(error)));
    if (text instanceof Error) {
      tell('error', list, text.message);
      continue;
    }
    if (options.checkSignature !== undefined && !signatures.some(({ base }) => base === list)) {
      tell('warning', list, 'the list has no signature beside it');
    }
    const { entries, faults } = parseChecksumList(text, algorithm);
    for (const { line, message } of faults) tell('error', `${list}:${line}`, message);
    if (entries.length === 0) tell('error', list, 'the list names no file');
    for (const { name, digest, line } of entries) {
      expected.set(name, [...(expected.get(name) ?? []), { algorithm, digest, at: `${list}:${line}` }]);
    }
  }
  for (const [name, expectations] of expected) {
    const digests = await digestsOf(name, expectations, options).catch((error: unknown) => faultOf(error));
    for (const { algorithm, digest, at } of expectations) {
      if (typeof digests === 'string') tell('error', name, `${at} names it: ${digests}`);
      else if (digests.get(algorithm) === digest) tell('ok', name, `${algorithm.toUpperCase()} is the one in ${at}`);
      else tell('error', name, `${algorithm.toUpperCase()} is ${digests.get(algorithm)}, and ${at} says ${digest}`);
    }
  }
  const vouching = new Set([...lists, ...signatures.map(({ name }) => name)]);
  for (const name of names) {
    if (expected.has(name) || signed.has(name) || vouching.has(name) || links.has(name)) continue;
    tell('warning', name, 'no list names this file, and no signature of it was good');
  }
}

function faultOf(error: unknown): string {
  if (error instanceof ProvisioningError) return error.message;
  throw error;
}

async function readList(name: string, { open }: VerifyOptions): Promise<string> {
  const asset = await open(name);
  try {
    if (asset.size > MAX_LIST_BYTES) {
      throw new ProvisioningError('asset-unreadable', `the list is larger than ${MAX_LIST_BYTES} bytes`);
    }
    const buffer = Buffer.alloc(asset.size);
    let bytes = 0;
    for (let read = -1; read !== 0 && bytes < buffer.length; bytes += read) {
      read = await asset.read(buffer.subarray(bytes), buffer.length - bytes, bytes);
    }
    return buffer.toString('utf8', 0, bytes);
  } finally {
    await asset.close();
  }
}

/** The digests of one file, which is read once however many there are. */
async function digestsOf(
  name: string,
  expectations: readonly Expectation[],
  { open, onProgress }: VerifyOptions,
): Promise<ReadonlyMap<Algorithm, string>> {
  const asset = await open(name);
  try {
    const hashes = new Map(expectations.map(({ algorithm }) => [algorithm, createHash(algorithm)]));
    const buffer = Buffer.allocUnsafe(PIECE_BYTES);
    let bytes = 0;
    for (let read = -1; read !== 0; bytes += read) {
      read = await asset.read(buffer, buffer.length, bytes);
      for (const hash of hashes.values()) hash.update(buffer.subarray(0, read));
      onProgress(name, bytes + read, asset.size);
    }
    if (bytes !== asset.size || !(await asset.isUnchanged())) {
      throw new ProvisioningError('asset-unreadable', 'somebody wrote into the file while it was read; check again');
    }
    return new Map([...hashes].map(([algorithm, hash]) => [algorithm, hash.digest('hex')]));
  } finally {
    await asset.close();
  }
}
