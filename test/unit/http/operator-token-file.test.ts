import assert from 'node:assert/strict';
import { mkdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { pino } from 'pino';
import { ProvisioningError } from '../../../src/errors.ts';
import { digestToken } from '../../../src/http/operator-auth.ts';
import { openTokenFile } from '../../../src/http/operator-token-file.ts';
import { afterTest } from '../../support/after-test.ts';
import { scratchDirectory } from '../../support/site.ts';

// Two of one length, and one of another: files that are written within one tick of the clock differ in size at least.
const OLD = 'the-old-token-of-an-operator';
const THIRD = 'another-token-of-an-operator';
const NEW = 'the-new-and-longer-token-of-an-operator';

const WARNING = 'the operator token file is at fault; the tokens stay as they were';
const AGAIN = 'the operator token file was read again';

/** A token file that holds `text`, and what is good and was logged since. */
async function opened(t: TestContext, text: string) {
  const directory = await scratchDirectory(t);
  const file = join(directory, 'token');
  await writeFile(file, text);
  const log: string[] = [];
  const logger = pino({ base: null }, { write: (line: string) => void log.push(line) });
  const tokens = await openTokenFile(file, logger);
  afterTest(t, () => {
    for (const token of [OLD, NEW, THIRD]) assert.ok(!log.join('').includes(token), 'no token reaches the log');
  });
  return {
    directory,
    file,
    tokens,
    messages: () => log.map((line) => String(JSON.parse(line).msg)),
    good: async () => {
      const digests = (await tokens()).map((digest) => digest.toString('hex'));
      return [OLD, NEW, THIRD].filter((token) => digests.includes(digestToken(token).toString('hex')));
    },
  };
}

describe('a token file', () => {
  test('may hold several tokens, one a line, with any ends of lines', async (t) => {
    const { good } = await opened(t, `\r\n${OLD}\r\n  ${NEW}\t\n\n`);
    assert.deepEqual(await good(), [OLD, NEW]);
  });

  test('is read again when it was written to, and not otherwise', async (t) => {
    const { file, good, messages } = await opened(t, OLD);
    assert.deepEqual(await good(), [OLD]);
    assert.deepEqual(messages(), []);
    await writeFile(file, `${OLD}\n${NEW}\n`);
    assert.deepEqual(await good(), [OLD, NEW]);
    await writeFile(file, NEW);
    assert.deepEqual([await good(), await good()], [[NEW], [NEW]]);
    assert.deepEqual(messages(), [AGAIN, AGAIN]);
  });

  test('of the same size and time is another one when an editor has put it in its place', async (t) => {
    const { directory, file, good } = await opened(t, OLD);
    const next = join(directory, 'token.new');
    await writeFile(next, THIRD);
    for (const each of [file, next]) await utimes(each, 1_000_000, 1_000_000);
    assert.deepEqual(await good(), [OLD]);
    await rename(next, file);
    assert.deepEqual(await good(), [THIRD]);
  });

  test('may be a link that is turned to another file, as in a Kubernetes volume', async (t) => {
    const directory = await scratchDirectory(t);
    for (const [name, token] of Object.entries({ '..one': OLD, '..two': THIRD })) {
      await mkdir(join(directory, name));
      await writeFile(join(directory, name, 'token'), token);
      await utimes(join(directory, name, 'token'), 1_000_000, 1_000_000);
    }
    await symlink('..one', join(directory, '..data'));
    await symlink('..data/token', join(directory, 'token'));
    const tokens = await openTokenFile(join(directory, 'token'), pino({ level: 'silent' }));
    assert.deepEqual(await tokens(), [digestToken(OLD)]);
    await symlink('..two', join(directory, '..data_tmp'));
    await rename(join(directory, '..data_tmp'), join(directory, '..data'));
    assert.deepEqual(await tokens(), [digestToken(THIRD)]);
  });

  const faults: Readonly<Record<string, string>> = {
    'is empty': '',
    'holds only space': ' \n\t\n',
    'holds a short word': 'short',
    'holds a short word beside a token': `${NEW}\nshort\n`,
    'holds two words on a line': `${NEW} ${THIRD}`,
    'is very long': `${NEW}\n`.repeat(3000),
    'holds very many tokens': `${NEW}\n`.repeat(101),
  };
  for (const [title, text] of Object.entries(faults)) {
    test(`that ${title} leaves the tokens as they were, with one warning`, async (t) => {
      const { file, good, messages } = await opened(t, OLD);
      await writeFile(file, text);
      assert.deepEqual([await good(), await good(), await good()], [[OLD], [OLD], [OLD]]);
      assert.deepEqual(messages(), [WARNING]);
      await writeFile(file, THIRD);
      assert.deepEqual(await good(), [THIRD]);
      assert.deepEqual(messages(), [WARNING, AGAIN]);
    });

    test(`that ${title} is refused at first`, async (t) => {
      const file = join(await scratchDirectory(t), 'token');
      await writeFile(file, text);
      await assert.rejects(
        openTokenFile(file, pino({ level: 'silent' })),
        (error) => error instanceof ProvisioningError && error.code === 'config-invalid',
      );
    });
  }

  test('that goes away leaves the tokens as they were, with one warning each time', async (t) => {
    const { file, good, messages } = await opened(t, OLD);
    await rm(file);
    assert.deepEqual([await good(), await good()], [[OLD], [OLD]]);
    assert.deepEqual(messages(), [WARNING]);
    await mkdir(file);
    assert.deepEqual([await good(), await good()], [[OLD], [OLD]]);
    assert.deepEqual(messages(), [WARNING, WARNING]);
    await rm(file, { recursive: true });
    await writeFile(file, NEW);
    assert.deepEqual(await good(), [NEW]);
  });

  test('is read once however many ask at the same time, and all get what is in it', async (t) => {
    const { file, tokens, messages } = await opened(t, OLD);
    await writeFile(file, NEW);
    const answers = await Promise.all(Array.from({ length: 100 }, () => tokens()));
    for (const answer of answers) assert.deepEqual(answer, [digestToken(NEW)]);
    assert.deepEqual(messages(), [AGAIN]);
  });

  test('that is exchanged again and again never gives anything but one of its tokens', async (t) => {
    const { directory, file, tokens, good } = await opened(t, OLD);
    const possible = [digestToken(OLD).toString('hex'), digestToken(NEW).toString('hex')];
    const writing = (async () => {
      for (let round = 0; round < 50; round += 1) {
        await writeFile(join(directory, 'next'), round % 2 === 0 ? NEW : OLD);
        await rename(join(directory, 'next'), file);
      }
    })();
    for (let round = 0; round < 200; round += 1) {
      const answers = await Promise.all([tokens(), tokens(), tokens()]);
      for (const answer of answers.flat()) assert.ok(possible.includes(answer.toString('hex')));
    }
    await writing;
    assert.deepEqual(await good(), [OLD]);
  });
});
