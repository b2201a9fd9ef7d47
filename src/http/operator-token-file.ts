import { type FileHandle, open, stat } from 'node:fs/promises';
import type { FastifyBaseLogger } from 'fastify';
import { ProvisioningError, reasonOf } from '../errors.ts';
import type { OperatorTokens } from './operator-auth.ts';
import { digestToken } from './operator-auth.ts';

/** Bytes of a token file, and tokens in it. */
const MAX_BYTES = 64 * 1024;
const MAX_TOKENS = 100;

/** What makes a line a token. */
const TOKEN = /^\S{16,}$/;

/** What was in a file when it was read: tokens, or what is wrong with it. */
type Content =
  | { readonly ok: true; readonly state: string; readonly tokens: readonly Buffer[] }
  | { readonly ok: false; readonly state: string; readonly fault: string; readonly cause?: unknown };

/**
 * The tokens of a file, one on each line. The file is looked at before each use and read again when it is another one or
 * was written to, so that tokens can be exchanged while the service runs. A file that cannot be read or is at fault then
 * leaves the tokens as they were, with one warning for each change. Throws `config-invalid` when there are none at first.
 */
export async function openTokenFile(file: string, logger: FastifyBaseLogger): Promise<OperatorTokens> {
  const first = await read(file);
  if (!first.ok) {
    throw new ProvisioningError('config-invalid', `the operator token file ${file} ${first.fault}`, {
      cause: first.cause,
    });
  }
  let { tokens, state } = first;
  let reading: Promise<void> | undefined;

  async function readAgain(): Promise<void> {
    const content = await read(file);
    if (content.state === state) return;
    state = content.state;
    if (content.ok) {
      tokens = content.tokens;
      logger.info({ tokens: tokens.length }, 'the operator token file was read again');
    } else {
      logger.warn({ file, fault: content.fault }, 'the operator token file is at fault; the tokens stay as they were');
    }
  }

  return async () => {
    // A reading that was under way may have begun before the last change.
    for (let tries = 0; tries < 2 && (await look(file)) !== state; tries += 1) {
      reading ??= readAgain().finally(() => {
        reading = undefined;
      });
      await reading;
    }
    return tokens;
  };
}

/** What tells two states of a file apart without reading it; a link counts as what it leads to. */
async function look(file: string): Promise<string> {
  try {
    return stateOf(await stat(file, { bigint: true }));
  } catch (error) {
    return unreadable(error);
  }
}

function stateOf({ dev, ino, size, mtimeNs }: Awaited<ReturnType<typeof statOf>>): string {
  return [dev, ino, size, mtimeNs].join(':');
}

function statOf(handle: FileHandle) {
  return handle.stat({ bigint: true });
}

function unreadable(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
}

async function read(file: string): Promise<Content> {
  let handle: FileHandle;
  try {
    // To open a pipe would wait for somebody who writes.
    const found = await stat(file, { bigint: true });
    if (!found.isFile()) return { ok: false, state: stateOf(found), fault: 'is no file' };
    handle = await open(file);
  } catch (cause) {
    return { ok: false, state: unreadable(cause), fault: `cannot be read: ${reasonOf(cause)}`, cause };
  }
  try {
    const opened = await statOf(handle);
    const state = stateOf(opened);
    const fault = `must hold one token on each line, at most ${MAX_TOKENS}, each one word of at least 16 characters`;
    if (opened.size > MAX_BYTES) return { ok: false, state, fault };
    const lines = (await handle.readFile('utf8')).split('\n').map((line) => line.trim());
    const words = lines.filter((line) => line !== '');
    const fits = words.length > 0 && words.length <= MAX_TOKENS && words.every((word) => TOKEN.test(word));
    return fits ? { ok: true, state, tokens: words.map(digestToken) } : { ok: false, state, fault };
  } catch (cause) {
    return { ok: false, state: unreadable(cause), fault: `cannot be read: ${reasonOf(cause)}`, cause };
  } finally {
    await handle.close();
  }
}
