import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ProvisioningError } from '../../../src/errors.ts';
import type { CheckOptions, CheckResult } from '../../../src/render/check.ts';
import { checkSite } from '../../../src/render/check.ts';
import type { Renderer } from '../../../src/render/renderer.ts';
import { createRenderer } from '../../../src/render/renderer.ts';
import { createCaches, createTranslator } from '../../../src/render/translate.ts';
import type { Documents } from '../site/parsed-site.ts';
import { inOneLine, PLAIN, revisionOf } from '../site/parsed-site.ts';
import { refuseBad, standInButane } from './stand-in-butane.ts';

interface Checked extends CheckResult {
  /** What was rendered: profile and labels. */
  readonly rendered: readonly string[];
}

/** Checks a site with the real pipeline; only butane itself is a stand-in, which refuses documents that hold BAD. */
async function checked(documents: Documents, options: CheckOptions = {}): Promise<Checked> {
  const butane = standInButane(refuseBad);
  const renderer = createRenderer({
    translator: createTranslator(butane, createCaches(1e6)),
    serviceUrl: 'http://x',
    now: () => 0,
  });
  return checkedWith(documents, renderer, options);
}

async function checkedWith(documents: Documents, renderer: Renderer, options: CheckOptions = {}): Promise<Checked> {
  const served = { revision: revisionOf(documents), filesDir: '/files' };
  const rendered: string[] = [];
  const recording: Renderer = {
    ...renderer,
    render(of, request) {
      const labels = request.machine.entries.map(([key, value]) => `${key}=${value}`);
      rendered.push([request.profileId, ...labels].join(' '));
      return renderer.render(of, request);
    },
  };
  return { ...(await checkSite(served, recording, options)), rendered };
}

function shown({ reports }: Pick<Checked, 'reports'>): readonly string[] {
  return reports.map(({ profile, group, diagnostic }) => `${profile ?? '-'}/${group ?? '-'} ${inOneLine(diagnostic)}`);
}

describe('every profile is rendered', () => {
  test('for every group that names it, as a machine with the first of each of its labels', async () => {
    const { rendered, reports } = await checked({
      'profiles/web.bu': PLAIN,
      'profiles/db.bu': PLAIN,
      'groups/a.yaml': 'profile: web\nmatch: { mac: [525400a19caf, 525400a19cae], rack: r7 }',
      'groups/b.yaml': 'profile: db',
      'groups/c.yaml': 'profile: web\nmatch: { ip: 10.7.0.5, __proto__: x }',
    });
    assert.deepEqual([...rendered].sort(), ['db', 'web ip=10.7.0.5 __proto__=x', 'web mac=52:54:00:a1:9c:ae rack=r7']);
    assert.deepEqual(reports, []);
  });

  test('for a machine without labels when no group names it', async () => {
    const { rendered } = await checked({
      'profiles/web.bu': PLAIN,
      'groups/a.yaml': 'parameters: { x: 1 }\nmatch: { rack: r7 }',
    });
    assert.deepEqual(rendered, ['web']);
  });

  test('together with each group that only gives parameters and can match the same machine', async () => {
    const { rendered } = await checked({
      'profiles/web.bu': PLAIN,
      'groups/a.yaml': 'profile: web\nmatch: { rack: [r7, r8] }',
      'groups/b.yaml': 'parameters: { x: 1 }\nmatch: { zone: z }',
      'groups/c.yaml': 'parameters: { x: 2 }\nmatch: { rack: [r9, r8], kind: k }',
      'groups/d.yaml': 'parameters: { x: 3 }\nmatch: { rack: r9 }',
      'groups/e.yaml': 'profile: other\nmatch: { zone: y }',
    });
    assert.deepEqual([...rendered].sort(), ['web kind=k rack=r8', 'web rack=r7', 'web rack=r7 zone=z']);
  });

  test('but not for a machine that says more than a request may', async () => {
    const match = (prefix: string, count: number) =>
      Array.from({ length: count }, (_, index) => `${prefix}${index}: v`).join(', ');
    const { rendered } = await checked({
      'profiles/web.bu': PLAIN,
      'groups/a.yaml': `profile: web\nmatch: { ${match('a', 20)} }`,
      'groups/b.yaml': `parameters: { x: 1 }\nmatch: { ${match('b', 20)} }`,
    });
    assert.ok(rendered.some((line) => line.startsWith('web a0=v')));
    for (const line of rendered) assert.ok(line.split(' ').length <= 33, line);
  });
});

const WORKER = {
  'profiles/worker.yaml':
    'parameters: { type: object, required: [hostname], properties: { hostname: { type: string }, n: { type: integer } } }\nbutane: { variant: flatcar, version: 1.1.0, h: "{{ parameters.hostname }}" }\n',
};

describe('a missing parameter', () => {
  test('is a fault of a group that stands for one machine, and stands there', async () => {
    for (const label of [
      'mac: 525400a19cae',
      'serial: s',
      'hostname: h',
      'ip: 10.7.0.5',
      `uuid: 4c4c4544-0035-4d10-8054-b4c04f4d3132`,
    ]) {
      const found = shown(await checked({ ...WORKER, 'groups/node1.yaml': `profile: worker\nmatch: { ${label} }` }));
      assert.deepEqual(found, [
        'worker/node1 groups/node1.yaml:1:1 error parameter-missing $.parameters.hostname: the parameter `hostname` is missing for the group node1',
      ]);
    }
  });

  test('is none of a group that stands for many, or of no group', async () => {
    assert.deepEqual(shown(await checked(WORKER)), []);
    assert.deepEqual(
      shown(await checked({ ...WORKER, 'groups/rack.yaml': 'profile: worker\nmatch: { rack: r7, arch: amd64 }' })),
      [],
    );
  });

  test('may come from a group that only gives parameters', async () => {
    const found = await checked({
      ...WORKER,
      'groups/all.yaml': 'parameters: { hostname: h }',
      'groups/node1.yaml': 'profile: worker\nmatch: { mac: 525400a19cae }',
    });
    assert.deepEqual(shown(found), []);
  });

  test('that is a label is a fault of the group too, at the template', async () => {
    const found = await checked({
      'profiles/w.yaml': 'butane:\n  variant: flatcar\n  version: 1.1.0\n  h: "{{ labels.rack }}"\n',
      'groups/node1.yaml': 'profile: w\nmatch: { mac: 525400a19cae }',
    });
    assert.deepEqual(shown(found), [
      'w/node1 profiles/w.yaml:4:6 error parameter-missing $.h: `labels.rack` is not defined for the group node1',
    ]);
  });
});

describe('a fault is reported', () => {
  test('once for its profile, however many groups run into it', async () => {
    const found = await checked({
      'profiles/web.bu': `${PLAIN}x: BAD\n`,
      'profiles/db.bu': `${PLAIN}x: BAD\n`,
      'groups/a.yaml': 'profile: web\nmatch: { rack: r7 }',
      'groups/b.yaml': 'profile: web\nmatch: { rack: r8 }',
    });
    assert.deepEqual(shown(found).toSorted(), [
      'db/- profiles/db.bu:3:4 error butane $.x: this is bad',
      'web/a profiles/web.bu:3:4 error butane $.x: this is bad',
    ]);
  });

  test('for each group that has its own', async () => {
    const found = await checked({
      ...WORKER,
      'groups/a.yaml': 'profile: worker\nmatch: { rack: r7 }\nparameters: { hostname: a, n: x }',
      'groups/b.yaml': 'profile: worker\nmatch: { rack: r8 }\nparameters: { hostname: b, n: y }',
    });
    assert.deepEqual(
      found.reports.map(({ group, diagnostic }) => `${group} ${diagnostic.origin?.file} ${diagnostic.code}`),
      ['a groups/a.yaml parameter-invalid', 'b groups/b.yaml parameter-invalid'],
    );
  });

  test('not again for a profile when it is one of the site', async () => {
    const found = await checked({
      'profiles/w.yaml': 'layers: [fragments/a.bu]\n',
      'profiles/web.bu': PLAIN,
      'fragments/a.bu': 'a: 1\na: 2\n',
      'groups/x.yaml': 'profile: nope\nmatch: { rack: r7 }',
    });
    assert.deepEqual(shown(found), [
      '-/- fragments/a.bu:2:1 error yaml-syntax: this key is written twice in one mapping',
      '-/- groups/x.yaml:1:10 error reference $.profile: there is no profile nope',
    ]);
  });

  test('where groups contradict each other for the machine of one of them', async () => {
    const found = await checked({
      'profiles/web.yaml':
        'parameters: { type: object, properties: { x: {} } }\nbutane: { variant: flatcar, version: 1.1.0 }',
      'groups/a.yaml': 'profile: web\nmatch: { rack: r7 }\nparameters: { x: 1 }',
      'groups/b.yaml': 'parameters: { x: 2 }\nmatch: { zone: z }',
    });
    const errors = found.reports.filter(({ diagnostic }) => diagnostic.severity === 'error');
    assert.deepEqual(
      errors.map(({ profile, diagnostic }) => `${profile} ${diagnostic.code}`),
      ['web selection'],
    );
    assert.ok(
      found.reports.some(({ diagnostic }) => diagnostic.severity === 'warning' && diagnostic.code === 'selection'),
    );
  });

  test('at the profile when it has no place of its own', async () => {
    const renderer = failing(new ProvisioningError('profile-broken', 'it is broken'));
    assert.deepEqual(shown(await checkedWith({ 'profiles/web.bu': PLAIN }, renderer)), [
      'web/- profiles/web.bu:1:1 error internal: it is broken',
    ]);
  });

  test('of the service itself when nobody foresaw it', async () => {
    const result = await checkedWith({ 'profiles/web.bu': PLAIN }, failing(new TypeError('x is not a function')));
    assert.deepEqual(shown(result), [
      'web/- profiles/web.bu:1:1 error internal: the render failed inside the service: x is not a function',
    ]);
  });
});

/** A renderer that fails so many times and then has nothing to say against anything. */
function failing(error: unknown, times = Number.POSITIVE_INFINITY): Renderer {
  let left = times;
  const rendered = {
    profile: 'web',
    groups: [],
    layers: [],
    diagnostics: [],
    body: Buffer.alloc(0),
    specVersion: '3.4.0',
    sha512: '',
    timings: { selectMs: 0, composeMs: 0, translateMs: 0 },
  };
  const render = () => {
    left -= 1;
    return left >= 0 ? Promise.reject(error) : Promise.resolve(rendered);
  };
  const boot = () => {
    throw error;
  };
  return { recall: () => undefined, render, renderInFull: render, boot };
}

describe('a service that is busy', () => {
  const documents = { 'profiles/web.bu': PLAIN };

  for (const code of ['queue-full', 'render-timeout', 'butane-failed', 'butane-missing', 'not-ready'] as const) {
    test(`is asked again after ${code}`, async () => {
      const busy = new ProvisioningError(code, 'busy');
      const result = await checkedWith(documents, failing(busy, 2), { retryDelaysMs: [1, 1] });
      assert.deepEqual([result.complete, result.reports, result.unanswered], [true, [], []]);
      assert.equal(result.rendered.length, 3);
    });
  }

  test('for good leaves the check incomplete, and is no fault of the site', async () => {
    const busy = new ProvisioningError('butane-failed', 'butane failed: it crashed');
    const result = await checkedWith(documents, failing(busy), { retryDelaysMs: [1] });
    assert.deepEqual([result.complete, result.reports], [false, []]);
    assert.deepEqual(shown({ reports: result.unanswered }), [
      'web/- profiles/web.bu:1:1 error internal: butane failed: it crashed',
    ]);
    assert.equal(result.rendered.length, 2);
  });
});

describe('a check', () => {
  const documents: Documents = {
    'profiles/web.bu': PLAIN,
    'profiles/bad.bu': `${PLAIN}x: BAD\n`,
    ...Object.fromEntries(
      Array.from({ length: 20 }, (_, index) => [`groups/g${index}.yaml`, `profile: web\nmatch: { n: v${index} }`]),
    ),
  };

  test('tells how far it is', async () => {
    const progress: string[] = [];
    await checked(documents, { onProgress: (done, total) => progress.push(`${done}/${total}`) });
    assert.equal(progress.length, 21);
    assert.deepEqual([progress[0], progress.at(-1)], ['1/21', '21/21']);
  });

  test('finds the same however many renders it does at once', async () => {
    const [one, many] = await Promise.all([checked(documents), checked(documents, { concurrency: 8 })]);
    assert.deepEqual(shown(many).toSorted(), shown(one).toSorted());
    assert.deepEqual([...many.rendered].sort(), [...one.rendered].sort());
  });

  test('ends early when it is told to', async () => {
    const stop = new AbortController();
    const { rendered, complete } = await checked(documents, {
      signal: stop.signal,
      onProgress: (done) => {
        if (done === 3) stop.abort();
      },
    });
    assert.equal(rendered.length, 3);
    assert.equal(complete, false);
  });
});
