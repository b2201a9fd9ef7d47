import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseUnit, splitCommand, unitMeaning, withoutSettings } from '../../../src/adopt/unit-text.ts';

test('settings are read as systemd does, lines that go on joined and comments left out', () => {
  const text = '# a\n[Service]\nExecStart=/bin/a \\\n  # not this\n  b \\\n  c\n\n; d\nType = oneshot\n';
  assert.deepEqual(
    parseUnit(text).map(({ section, key, value, line, lastLine }) => [section, key, value, line, lastLine]),
    [
      ['Service', 'ExecStart', '/bin/a b c', 3, 6],
      ['Service', 'Type', 'oneshot', 9, 9],
    ],
  );
});

test('units that differ in their writing only mean the same', () => {
  assert.deepEqual(unitMeaning('[Unit]\nA=1\n\n[Service]\nB = 2\n'), unitMeaning('# c\n[Unit]\nA=1\n[Service]\nB=2'));
  assert.notDeepEqual(unitMeaning('[Unit]\nA=1\nA=2\n'), unitMeaning('[Unit]\nA=2\nA=1\n'));
});

test('commands are split at blanks, but not within quotes', () => {
  assert.deepEqual(splitCommand('-/bin/sh -c "a b" \'c d\' e'), ['/bin/sh', '-c', 'a b', 'c d', 'e']);
  assert.equal(splitCommand('/bin/sh "a'), undefined);
});

test('a unit loses settings with the section that they leave empty', () => {
  const text = '[Unit]\nA=1\n[Service]\n# c\nB=2\nB=3 \\\n  4\n';
  const drop = (key: string) =>
    withoutSettings(
      text,
      parseUnit(text).filter((setting) => setting.key === key),
    );
  assert.equal(drop('A'), '[Service]\n# c\nB=2\nB=3 \\\n  4\n');
  assert.equal(drop('B'), '[Unit]\nA=1\n[Service]\n# c\n');
  assert.equal(withoutSettings(text, parseUnit(text)), undefined);
});
