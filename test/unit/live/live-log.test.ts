import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Diagnostic } from '../../../src/diagnostic.ts';
import type { Changes } from '../../../src/live/changes.ts';
import type { LiveLogger } from '../../../src/live/live-log.ts';
import { logEvents } from '../../../src/live/live-log.ts';
import type { Current } from '../../../src/live/reloaded.ts';
import type { CheckReport } from '../../../src/render/check.ts';
import { PLAIN, revisionOf } from '../site/parsed-site.ts';

const SECRET = 'correct-horse-battery-staple';
const NOTHING = { added: [], removed: [], changed: [] };
const UNCHANGED: Changes = { profiles: NOTHING, groups: NOTHING, fragments: NOTHING, files: NOTHING, settings: false };

/** What is logged, one line each. */
function setUp() {
  const lines: (readonly [level: string, message: string, fields: object])[] = [];
  const at = (level: string) => (fields: object, message: string) => void lines.push([level, message, fields]);
  const logger: LiveLogger = { info: at('info'), warn: at('warn'), error: at('error') };
  return { events: logEvents(logger), lines };
}

function report(severity: Diagnostic['severity'] = 'error', line = 3): CheckReport {
  const origin = { file: 'profiles/web.bu', line, column: 5 };
  return {
    profile: 'web',
    diagnostic: { severity, code: 'site-file', message: SECRET, path: '$.x', origin, hint: SECRET },
  };
}

function served(): Current {
  const revision = revisionOf({ 'profiles/web.bu': `${PLAIN}# ${SECRET}\n` });
  return {
    served: { revision, filesDir: '/files' },
    copy: { directory: '/files', fallback: false, remove: async () => undefined },
    source: 'site',
    loadedAt: new Date(),
    check: { complete: false, reports: [], outcomes: new Map(), unanswered: [] },
  };
}

describe('the log of a live site', () => {
  test('says what was served and what changed, leaving out what did not', () => {
    const { events, lines } = setUp();
    events.onServed(served(), undefined, false);
    const many = Array.from({ length: 21 }, (_, index) => `f${index}`);
    events.onServed(
      served(),
      { ...UNCHANGED, profiles: { ...NOTHING, changed: ['web'] }, files: { ...NOTHING, added: many }, settings: true },
      true,
    );
    const { id } = served().served.revision;
    const about = { revision: id, source: 'site', profiles: 1, groups: 0 };
    assert.deepEqual(lines, [
      ['info', 'revision served', { ...about, forced: false }],
      [
        'info',
        'revision served',
        {
          ...about,
          forced: true,
          changes: { profiles: { changed: ['web'] }, files: { added: '21 of them' }, settings: true },
        },
      ],
    ]);
  });

  test('says what a refused revision breaks and where its faults are, at most a hundred of each', () => {
    const { events, lines } = setUp();
    const broken = Array.from({ length: 150 }, (_, index) => ({ profile: `p${index}`, reason: 'it does not render' }));
    const reports = Array.from({ length: 150 }, (_, index) => report('error', index + 1));
    events.onRefused({ id: 'x', since: new Date(), reason: 'breaks', broken, reports });
    assert.equal(lines.length, 201);
    assert.deepEqual(lines[0], [
      'error',
      'the refused revision has a fault',
      { profile: 'web', group: undefined, code: 'site-file', path: '$.x', at: 'profiles/web.bu:1:5' },
    ]);
    assert.deepEqual(lines.at(-1), [
      'error',
      'revision refused; the served one stays',
      { revision: 'x', reason: 'breaks', broken: 150, reports: 150 },
    ]);
  });

  test('tells of errors that a check found, counts the doubts, and warns when it is not complete', () => {
    const { events, lines } = setUp();
    const result = { reports: [report(), report('warning')], unanswered: [report()], outcomes: new Map() };
    events.onChecked({ ...result, complete: true });
    events.onChecked({ ...result, complete: false });
    const counts = { reports: 2, errors: 1, unanswered: 1 };
    assert.deepEqual(
      lines.filter(([, message]) => message === 'the site was checked').map(([level, , fields]) => [level, fields]),
      [
        ['info', { complete: true, ...counts }],
        ['warn', { complete: false, ...counts }],
      ],
    );
    assert.equal(lines.filter(([, message]) => message === 'the site has a fault').length, 2);
  });

  test('never says what stands in the site', () => {
    const { events, lines } = setUp();
    events.onServed(served(), UNCHANGED, false);
    events.onRefused({ since: new Date(), reason: 'invalid', broken: [], reports: [report()] });
    events.onChecked({ complete: false, reports: [report()], unanswered: [report()], outcomes: new Map() });
    assert.ok(!JSON.stringify(lines).includes(SECRET));
  });
});
