import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { formatDifference } from '../../../src/cli/diff.ts';
import type { Difference, MachineDifference } from '../../../src/live/difference.ts';
import { runCommand } from '../../support/command.ts';
import { requireProgram } from '../../support/programs.ts';
import { wrapButane } from '../../support/service.ts';
import { butaneProfile, scratchDirectory, writeSite } from '../../support/site.ts';

const NOTHING = { added: [], removed: [], changed: [] };
const UNCHANGED = { profiles: NOTHING, groups: NOTHING, fragments: NOTHING, files: NOTHING, settings: false };

function difference(more: Partial<Difference>): Difference {
  return { changes: UNCHANGED, machines: [], same: 0, patches: [], patchesLeftOut: 0, ...more };
}

/** What colours are made of. */
const STYLES = ['0', '1', '31', '34', '36'].map((code) => `\u001b[${code}m`);

const PATCH = '===\n--- from\n+++ to\n@@ -1,3 +1,3 @@\n {\n-  "a": 1\n+  "a": 2\n }\n';

describe('a difference as text', () => {
  test('says so when there is none', () => {
    assert.equal(
      formatDifference(difference({ same: 3 }), false),
      '0 of 3 combinations of profile and group get something else\n',
    );
  });

  test('has what was edited, then each patch below those that it is for, then those without one', () => {
    const text = formatDifference(
      difference({
        changes: {
          ...UNCHANGED,
          profiles: { added: ['new'], removed: ['old', 'older'], changed: [] },
          files: { ...NOTHING, changed: ['etc/motd'] },
          settings: true,
        },
        machines: [
          { profile: 'web', what: 'config', change: 'changes', patch: 0 },
          { profile: 'web', group: 'a', what: 'config', change: 'changes', patch: 0 },
          { profile: 'db', group: 'b', giving: 'zone', what: 'config', change: 'appears', patch: 1 },
          { profile: 'bad', what: 'config', change: 'stays-broken' },
        ],
        patches: [PATCH, PATCH.replace('2', '3')],
        patchesLeftOut: 2,
        same: 6,
      }),
      false,
    );
    assert.equal(
      text,
      [
        'profiles added: new',
        'profiles removed: old, older',
        'files changed: etc/motd',
        'site.yaml changed',
        '',
        'changes: web, web (a)',
        '@@ -1,3 +1,3 @@',
        ' {',
        '-  "a": 1',
        '+  "a": 2',
        ' }',
        '',
        'appears: db (b with zone)',
        '@@ -1,3 +1,3 @@',
        ' {',
        '-  "a": 1',
        '+  "a": 3',
        ' }',
        '',
        'stays-broken: bad',
        '(2 differences are not shown)',
        '',
        '4 of 10 combinations of profile and group get something else',
        '',
      ].join('\n'),
    );
  });

  test('names the first twenty of many', () => {
    const machines = Array.from(
      { length: 25 },
      (_, at): MachineDifference => ({ profile: `p${at}`, what: 'config', change: 'changes', patch: 0 }),
    );
    const text = formatDifference(difference({ machines, patches: [PATCH] }), false);
    assert.ok(text.includes('p19 and 5 more') && !text.includes('p20'));
  });

  test('lets nothing of a site act on a terminal, with colours or without', () => {
    const hostile = '\u001b[2J\u0007\u202e\u009b';
    const shown = difference({
      changes: { ...UNCHANGED, files: { ...NOTHING, added: [`etc/${hostile}`] } },
      machines: [{ profile: 'web', what: 'config', change: 'changes', patch: 0 }],
      patches: [PATCH.replace('"a": 2', `"${hostile}": 2`)],
    });
    const acts = (text: string) => ['\u001b', '\u0007', '\u202e', '\u009b'].some((each) => text.includes(each));
    assert.ok(!acts(formatDifference(shown, false)));
    const coloured = formatDifference(shown, true);
    assert.ok(!acts(STYLES.reduce((text, style) => text.replaceAll(style, ''), coloured)));
    assert.ok(coloured.includes('\u001b[31m-  "a": 1\u001b[0m'));
  });
});

/** Runs the command with the real butane; undefined when it is not there. */
async function run(t: TestContext, args: readonly string[], butane = requireProgram(t, 'butane')) {
  if (butane === undefined) return undefined;
  return runCommand(['diff', '--butane', butane, ...args]);
}

const SITE = {
  'profiles/web.bu': butaneProfile('fcos', '1.5.0', 'one\ntwo\n'),
  'profiles/db.bu': butaneProfile('fcos', '1.5.0'),
};

describe('the command', () => {
  test('shows the lines that change in a file of a machine', async (t) => {
    const [from, to] = [
      await writeSite(t, SITE),
      await writeSite(t, { ...SITE, 'profiles/web.bu': butaneProfile('fcos', '1.5.0', 'one\n2\n') }),
    ];
    const result = await run(t, [from, to]);
    if (result === undefined) return;
    assert.equal(result.code, 0);
    assert.deepEqual(
      result.out.split('\n').filter((line) => /^[+-]/.test(line)),
      ['-            "two",', '+            "2",'],
    );
    assert.ok(result.out.startsWith('profiles changed: web\n'));
    assert.ok(result.out.endsWith('1 of 2 combinations of profile and group get something else\n'));
  });

  test('exits with 1 for a difference when it is told to, and with 0 without one', async (t) => {
    const [from, to] = [
      await writeSite(t, SITE),
      await writeSite(t, { ...SITE, 'profiles/web.bu': butaneProfile('fcos', '1.5.0', 'x') }),
    ];
    const [same, other] = [await run(t, ['--exit-code', from, from]), await run(t, ['--exit-code', from, to])];
    assert.deepEqual([same?.code, other?.code], same === undefined ? [undefined, undefined] : [0, 1]);
  });

  test('gives JSON on request', async (t) => {
    const [from, to] = [
      await writeSite(t, SITE),
      await writeSite(t, { ...SITE, 'profiles/new.bu': SITE['profiles/db.bu'] }),
    ];
    const result = await run(t, ['--format', 'json', from, to]);
    if (result === undefined) return;
    const { changes, machines, same } = JSON.parse(result.out);
    assert.deepEqual([changes.profiles.added, machines.length, machines[0].change, same], [['new'], 1, 'appears', 2]);
  });

  test('says in which of the two sites a fault is', async (t) => {
    const [from, to] = [await writeSite(t, SITE), await writeSite(t, { ...SITE, 'groups/a.yaml': 'profile: [' })];
    const result = await run(t, [from, `${to}/`]);
    if (result === undefined) return;
    assert.deepEqual([result.code, result.out], [1, '']);
    assert.ok(result.err.includes(`${to}/groups/a.yaml`), result.err);
  });

  test('fails for a site that is not there, on either side', async (t) => {
    const [site, missing] = [await writeSite(t, SITE), join(await scratchDirectory(t), 'missing')];
    for (const pair of [
      [site, missing],
      [missing, site],
    ]) {
      const result = await run(t, pair);
      if (result === undefined) return;
      assert.deepEqual([result.code, result.out], [1, '']);
      assert.match(result.err, /missing cannot be read/);
    }
    await mkdir(missing);
  });

  test('never tells of a difference that butane only failed to make', async (t) => {
    const butane = await wrapButane(t, 'case "$text" in *crash*) exit 7;; esac');
    if (butane === undefined) return;
    const [from, to] = [
      await writeSite(t, SITE),
      await writeSite(t, { ...SITE, 'profiles/new.bu': butaneProfile('fcos', '1.5.0', 'crash') }),
    ];
    const result = await run(t, [from, to], butane);
    assert.deepEqual([result?.code, result?.out], [1, '']);
    assert.match(result?.err ?? '', /1 configs of .* could not be made: butane failed/);
  });
});
