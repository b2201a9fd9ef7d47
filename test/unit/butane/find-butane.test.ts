import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { TestContext } from 'node:test';
import { test } from 'node:test';
import { findButane } from '../../../src/butane/find-butane-process.ts';
import { ProvisioningError } from '../../../src/errors.ts';
import { afterTest } from '../../support/after-test.ts';

interface Place {
  readonly built: string;
  readonly inPath: string;
  readonly searchPath: string;
}

async function makePlace(t: TestContext): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'find-butane-'));
  afterTest(t, () => rm(root, { recursive: true }));
  await mkdir(join(root, 'bin'));
  await mkdir(join(root, 'empty'));
  const searchPath = ['', 'bin', join(root, 'empty'), join(root, 'bin')].join(':');
  return { built: join(root, 'built'), inPath: join(root, 'bin', 'butane'), searchPath };
}

function writeProgram(path: string, mode = 0o755): Promise<void> {
  return writeFile(path, '#!/bin/sh\n', { mode });
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof ProvisioningError && error.code === 'butane-missing' && error.message.includes('npm run setup')
  );
}

test('the built butane comes before the one in PATH', async (t) => {
  const { built, inPath, searchPath } = await makePlace(t);
  await writeProgram(built);
  await writeProgram(inPath);
  assert.equal(await findButane({ built, searchPath }), built);
});

test('without a built butane the one in PATH is taken', async (t) => {
  const { built, inPath, searchPath } = await makePlace(t);
  await writeProgram(inPath);
  assert.equal(await findButane({ built, searchPath }), inPath);
});

test('a chosen butane is taken even when others exist, and may be given relative to the current directory', async (t) => {
  const { built, inPath, searchPath } = await makePlace(t);
  await writeProgram(built);
  await writeProgram(inPath);
  assert.equal(await findButane({ explicit: relative(process.cwd(), inPath), built, searchPath }), inPath);
});

test('a chosen butane that does not exist is an error, not a reason to look elsewhere', async (t) => {
  const { built, inPath, searchPath } = await makePlace(t);
  await writeProgram(built);
  await assert.rejects(findButane({ explicit: inPath, built, searchPath }), isMissing);
});

test('a file that cannot be run, or a directory, is no butane', async (t) => {
  const { built, inPath, searchPath } = await makePlace(t);
  await mkdir(built);
  await writeProgram(inPath, 0o644);
  await assert.rejects(findButane({ built, searchPath }), isMissing);
  await assert.rejects(findButane({ explicit: built, built, searchPath }), isMissing);
});

test('without any butane the error says how to get one', async (t) => {
  const { built } = await makePlace(t);
  await assert.rejects(findButane({ built, searchPath: undefined }), isMissing);
});
