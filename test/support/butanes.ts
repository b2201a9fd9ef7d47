import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Butane, Translation } from '../../src/butane/butane.ts';
import type { OpenButaneOptions } from '../../src/butane/butane-process.ts';
import { openButane } from '../../src/butane/butane-process.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { ProvisioningError } from '../../src/errors.ts';
import { afterTest } from './after-test.ts';
import { requireProgram } from './programs.ts';

/** What documents hold that no error may quote. */
export const SECRET = 'correct horse battery staple';

/** The real butane, closed after the test; undefined when it is not there, and the test is then skipped. */
export async function realButane(t: TestContext, limits: OpenButaneOptions = {}): Promise<Butane | undefined> {
  const path = requireProgram(t, 'butane');
  if (path === undefined) return undefined;
  const butane = await openButane(path, limits);
  afterTest(t, () => butane.close());
  return butane;
}

/** An empty directory that is removed after the test. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'butane-'));
  afterTest(t, () => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** A program that says it is butane and otherwise does what `script`, in shell, says: the real one cannot be made to. */
export async function misbehavingButane(
  t: TestContext,
  script: string,
  limits: OpenButaneOptions = {},
): Promise<Butane> {
  const path = join(await temporaryDirectory(t), 'butane');
  const text = `#!/bin/sh\nfor last in "$@"; do :; done\nif [ "$last" = -V ]; then echo Butane v9.9.9; exit 0; fi\n${script}\n`;
  await writeFile(path, text, { mode: 0o755 });
  const butane = await openButane(path, { closeMs: 50, ...limits });
  afterTest(t, () => butane.close());
  return butane;
}

/** Translates a document without local files. */
export function translate(butane: Butane, source: string, strict = false): Promise<Translation> {
  return butane.translate({ source, strict });
}

/** Waits for the failure with this code and gives it; fails when it quotes {@link SECRET}. */
export async function rejectsWith(code: ErrorCode, promise: Promise<unknown>): Promise<ProvisioningError> {
  const error = await promise.then(
    () => assert.fail(`should have failed with ${code}`),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof ProvisioningError, String(error));
  assert.equal(error.code, code, error.message);
  assert.ok(!JSON.stringify([error.message, error.cause]).includes(SECRET));
  return error;
}

/** Narrows a translation to a refused one. */
export function refused(translation: Translation): Extract<Translation, { readonly ok: false }> {
  assert.ok(!translation.ok, 'should have been refused');
  return translation;
}
