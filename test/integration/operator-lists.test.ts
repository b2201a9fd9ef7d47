import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { NOTHING_SERVED } from '../../src/http/nothing-served.ts';
import { createOperatorApp } from '../../src/http/operator-app.ts';
import { readSiteRevision } from '../../src/service/workshop-process.ts';
import { afterTest } from '../support/after-test.ts';
import { ask, assertProblem, siteChecked, startTestService } from '../support/service.ts';
import { butaneProfile, writeSite } from '../support/site.ts';

const NUMBERS = Array.from({ length: 12 }, (_, index) => String(index + 10));

const SITE = Object.fromEntries([
  ...NUMBERS.map((number) => [`profiles/p${number}.bu`, butaneProfile('fcos', '1.5.0', number)]),
  ...NUMBERS.slice(0, 5).map((number) => [
    `profiles/x${number}.bu`,
    `${butaneProfile('fcos', '1.5.0')}unknown: true\n`,
  ]),
  ['profiles/hand.ign', '{"ignition": {"version": "3.4.0"}}\n'],
  ['profiles/made.yaml', 'butane: { variant: fcos, version: 1.5.0 }\n'],
  ...NUMBERS.map((number) => [`groups/g${number}.yaml`, `profile: p${number}\nmatch: { role: r${number} }\n`]),
  ['groups/more.yaml', 'profile: p10\nmatch: { rack: r1 }\n'],
  ['groups/rack.yaml', 'match: { rack: r2 }\n'],
]);

test('The lists of the operator API', async (t) => {
  const service = await startTestService(t, { site: await writeSite(t, SITE) });
  if (service === undefined) return;
  await siteChecked(service);
  const get = async (path: string) => {
    const answer = await ask(service.operator, path);
    assert.equal(answer.status, 200, `${path}: ${answer.body}`);
    return JSON.parse(answer.body.toString());
  };
  /** All entries of a list, page by page, and how many pages there were. */
  const walk = async (path: string, key: string, limit: number) => {
    const entries: Record<string, unknown>[] = [];
    let pages = 0;
    let after = '';
    for (;;) {
      const page = await get(`${path}${path.includes('?') ? '&' : '?'}limit=${limit}${after}`);
      assert.ok(page[key].length <= limit);
      entries.push(...page[key]);
      pages += 1;
      if (page.next === undefined) {
        assert.equal(entries.length, page.total);
        return { entries, pages };
      }
      after = `&after=${encodeURIComponent(page.next)}`;
    }
  };
  const ids = (entries: readonly Record<string, unknown>[]) => entries.map(({ id }) => id);

  for (const [path, key] of [
    ['/v1/profiles', 'profiles'],
    ['/v1/profiles?broken=true', 'profiles'],
    ['/v1/profiles?kind=butane&broken=false', 'profiles'],
    ['/v1/groups', 'groups'],
    ['/v1/reports', 'reports'],
    ['/v1/reports?severity=error', 'reports'],
  ] as const) {
    await t.test(`${path} is the same in pages of any size`, async () => {
      const whole = await walk(path, key, 1000);
      assert.equal(whole.pages, 1);
      assert.ok(whole.entries.length >= 5);
      for (const limit of [1, 2, 5]) {
        const paged = await walk(path, key, limit);
        assert.deepEqual(paged.entries, whole.entries);
        assert.equal(paged.pages, Math.ceil(whole.entries.length / limit));
      }
    });
  }

  await t.test('take filters', async () => {
    assert.equal((await get('/v1/profiles')).total, 19);
    assert.deepEqual(ids((await get('/v1/profiles?kind=ignition')).profiles), ['hand']);
    assert.deepEqual(ids((await get('/v1/profiles?kind=composed')).profiles), ['made']);
    assert.equal((await get('/v1/profiles?kind=butane')).total, 17);
    assert.deepEqual(ids((await get('/v1/profiles?broken=true')).profiles), ['x10', 'x11', 'x12', 'x13', 'x14']);
    assert.equal((await get('/v1/profiles?broken=false')).total, 14);
    assert.deepEqual(ids((await get('/v1/groups?profile=p10')).groups), ['g10', 'more']);
    assert.deepEqual(await get('/v1/groups?profile=nowhere'), { groups: [], total: 0 });
    const { reports } = await get('/v1/reports?profile=x11&severity=error');
    assert.deepEqual([reports.length, reports[0].profile], [1, 'x11']);
    assert.equal((await get('/v1/reports?severity=info')).total, 0);
    assert.equal((await get('/v1/reports?group=nowhere')).total, 0);
  });

  await t.test('refuse what they do not know, and say what they do', async () => {
    const cases: readonly (readonly [path: string, says: RegExp])[] = [
      ['/v1/profiles?limit=0', /^the query key `limit` must be a whole number from 1 to 1000$/],
      ['/v1/groups?limit=1001', /`limit` must be a whole number from 1 to 1000$/],
      ['/v1/reports?limit=s3cr3t', /`limit` must be/],
      ['/v1/reports?limit=1&limit=2', /`limit` must be/],
      ['/v1/profiles?kind=s3cr3t', /^the query key `kind` must be one of butane, ignition, composed, matchbox$/],
      ['/v1/profiles?broken=s3cr3t', /`broken` must be true or false$/],
      ['/v1/reports?severity=s3cr3t', /`severity` must be one of error, warning, info$/],
      ['/v1/groups?kind=s3cr3t', /^the query key `kind` is not known here; known are profile, limit, after$/],
      ['/v1/groups?s3cr3t%20s3cr3t=1', /^the query key is not known here; known are profile, limit, after$/],
      ['/v1/groups?__proto__=1', /`__proto__` is not known here/],
      ['/v1/groups?profile=', /`profile` must/],
      ['/v1/reports?after=s3cr3t', /^the query key `after` must/],
    ];
    for (const [path, says] of cases) {
      const detail = assertProblem(await ask(service.operator, path), 400, 'request-invalid');
      assert.match(detail, says);
      assert.ok(!detail.includes('s3cr3t'));
    }
  });
});

test('A cursor of reports that were replaced is refused, and one of ids goes on', async (t) => {
  const directory = await writeSite(t, SITE);
  const served = { revision: await readSiteRevision(directory), filesDir: directory };
  const report = { diagnostic: { severity: 'error', code: 'schema', message: 'a' }, profile: 'p10' } as const;
  let current = served;
  let items = [report, report, report];
  const site = {
    ...NOTHING_SERVED.site,
    current: () => current,
    ready: true,
    loadedAt: new Date(),
    get reports() {
      return { complete: true, items };
    },
  };
  const app = await createOperatorApp({ ...NOTHING_SERVED, site, version: '0', logger: pino({ level: 'silent' }) });
  afterTest(t, () => app.close());
  const get = async (url: string) => {
    const { statusCode, body } = await app.inject({ url, headers: { host: 'localhost' } });
    return { status: statusCode, ...JSON.parse(body) };
  };
  const { next } = await get('/v1/reports?limit=1');
  assert.equal((await get(`/v1/reports?after=${next}`)).reports.length, 2);
  const { next: nextProfile } = await get('/v1/profiles?limit=1');
  items = [report, report, report, report];
  assert.equal((await get(`/v1/reports?after=${next}`)).status, 404);
  items = [report, report, report];
  current = { ...served, revision: { ...served.revision, id: 'f'.repeat(64) } };
  const { status, code, detail } = await get(`/v1/reports?after=${next}`);
  assert.deepEqual([status, code], [404, 'revision-not-found']);
  assert.match(detail, /^the list has changed since the answer that `after` is from; ask again without it$/);
  assert.equal((await get(`/v1/profiles?after=${nextProfile}`)).status, 200);
});
