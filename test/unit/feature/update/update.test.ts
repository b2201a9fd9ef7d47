import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isPlain, writeKeyValues } from '../../../../src/feature/update/key-values.ts';
import { parseLength, parseStart } from '../../../../src/feature/update/window.ts';
import { expandBlocks, partsOf } from '../../../support/features.ts';

function reportsOn(text: string): readonly string[] {
  return expandBlocks(`update: ${text}`).reports;
}

describe('update.conf', () => {
  test('has what the block says, in the words of those who read it', () => {
    const block = `{ group: stable, server: "https://u.example/v1/update/?a=b&c", reboot: etcd-lock,
      window: { start: Thu 04:00, length: 1h30m }, machineAlias: "rack 7, node 1" }`;
    assert.deepEqual(partsOf(expandBlocks(`update: ${block}`)).files, {
      '/etc/flatcar/update.conf': `GROUP=stable
SERVER="https://u.example/v1/update/?a=b&c"
REBOOT_STRATEGY=etcd-lock
LOCKSMITHD_REBOOT_WINDOW_START="Thu 04:00"
LOCKSMITHD_REBOOT_WINDOW_LENGTH=1h30m
MACHINE_ALIAS="rack 7, node 1"
`,
    });
  });

  test('says nothing about what the block leaves out', () => {
    const { files } = partsOf(expandBlocks('update: { reboot: off }'));
    assert.deepEqual(files, { '/etc/flatcar/update.conf': 'REBOOT_STRATEGY=off\n' });
  });

  test('is not written for an empty block', () => {
    assert.deepEqual(reportsOn('{}'), [
      'warning update: the block says nothing, and nothing comes of it - give one of its keys, or remove it',
    ]);
    assert.equal(expandBlocks('update: {}').document?.entries.has('storage'), false);
  });

  test('cannot be given another line, or another value', () => {
    for (const value of ['a\nSERVER=x', 'a"b', "a'b", 'a\\', '$(x)', '`x`', ' a', 'a ', '"a"', 'ä', '#a']) {
      const text = JSON.stringify(value);
      assert.match(reportsOn(`{ machineAlias: ${text} }`).join(), /^error update.machineAlias: this would be/, value);
      assert.match(reportsOn(`{ group: ${text}, server: disabled }`).join(), /^error update.group: this would/, value);
    }
  });

  test('is read as the same value by a shell and by the splitting of update_engine', () => {
    const plain = fc.string({ minLength: 1, maxLength: 20 }).filter(isPlain);
    const values = fc.sample(plain, { numRuns: 200, seed: 7 });
    const text = writeKeyValues(values.map((value, index) => [`V${index}`, value]));
    const script = `${text}\nfor i in $(seq 0 ${values.length - 1}); do eval "printf '%s\\n' \\"\\$V$i\\""; done`;
    assert.deepEqual(execFileSync('sh', ['-c', script], { encoding: 'utf8' }).trimEnd().split('\n'), values);
    const split = text
      .trimEnd()
      .split('\n')
      .map((line) => line.slice(line.indexOf('=') + 1).replace(/^"(.*)"$/, '$1'));
    assert.deepEqual(split, values);
  });
});

describe('the update server', () => {
  test('is a URL, or disabled', () => {
    for (const server of ['disabled', 'http://10.0.0.1:8000/v1/update/', 'https://u.example/v1/update/']) {
      assert.deepEqual(reportsOn(`{ server: "${server}" }`), [], server);
    }
    for (const server of [
      'Disabled',
      'u.example',
      'ftp://u.example/',
      'https://u.example/$x',
      'https://[',
      'https://a b',
    ]) {
      assert.match(reportsOn(`{ server: "${server}" }`).join(), /^error update.server: this is no URL/, server);
    }
  });

  test("of Flatcar's own knows a few groups", () => {
    for (const group of ['stable', 'beta', 'alpha', 'lts', 'lts-2024']) {
      assert.deepEqual(reportsOn(`{ group: ${group} }`), [], group);
    }
    assert.deepEqual(reportsOn('{ group: stabel }'), [
      "warning update.group: Flatcar's own update server has no such group, and would give no updates - did you mean `stable`?",
    ]);
    assert.match(
      reportsOn('{ group: workers }').join(),
      /write one of stable, beta, alpha, lts, or name your `server`/,
    );
    assert.deepEqual(reportsOn('{ group: workers, server: "https://u.example/v1/update/" }'), []);
  });
});

describe('the window', () => {
  test('is what locksmithd reads', () => {
    assert.deepEqual(parseStart('04:00'), { minute: 240 });
    assert.deepEqual(parseStart('4:05'), { minute: 245 });
    assert.deepEqual(parseStart('tHu 23:59'), { day: 4, minute: 1439 });
    for (const start of ['24:00', '04:60', '04', 'Thursday 04:00', 'Xyz 04:00', '04:00 Thu', '4 am', '']) {
      assert.equal(parseStart(start), undefined, start);
    }
    assert.equal(parseLength('1h30m'), 90);
    assert.equal(parseLength('1.5h'), 90);
    assert.equal(parseLength('30s'), 0.5);
    for (const length of ['0h', '90', '1d', '-1h', '1 h', 'h', ''])
      assert.equal(parseLength(length), undefined, length);
  });

  test('that locksmithd does not read is an error', () => {
    assert.match(
      reportsOn('{ window: { start: "25:00", length: 1h } }').join(),
      /^error update.window.start: this is no time that locksmithd reads/,
    );
    assert.match(
      reportsOn('{ window: { start: "04:00", length: 90 minutes } }').join(),
      /^error update.window.length: this is no length that locksmithd reads/,
    );
  });

  test('has both ends', () => {
    assert.match(
      reportsOn('{ window: { start: "04:00" } }').join(),
      /^error update.window.length: `length` is missing/,
    );
  });

  test('is of use', () => {
    assert.match(
      reportsOn('{ reboot: off, window: { start: "04:00", length: 1h } }').join(),
      /^warning update.window: locksmithd does nothing with `reboot: off`/,
    );
    assert.match(
      reportsOn('{ window: { start: "04:00", length: 24h } }').join(),
      /^warning update.window.length: the window never closes/,
    );
    assert.deepEqual(reportsOn('{ window: { start: "Thu 04:00", length: 24h } }'), []);
    assert.match(reportsOn('{ window: { start: "Thu 04:00", length: 168h } }').join(), /never closes/);
  });
});
