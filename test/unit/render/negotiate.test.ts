import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ReportEntry, Translation } from '../../../src/butane/butane.ts';
import { ProvisioningError } from '../../../src/errors.ts';
import type { SpecVersion } from '../../../src/ignition/spec-version.ts';
import { parseSpecVersion } from '../../../src/ignition/spec-version.ts';
import { isAcceptable, negotiate, notAcceptable, refuseNewerChildren } from '../../../src/render/negotiate.ts';
import { createCaches, createTranslator } from '../../../src/render/translate.ts';
import { parseLayer } from '../../support/nodes.ts';
import { refusal, standInButane, translated } from './stand-in-butane.ts';

function version(text: string): SpecVersion {
  const parsed = parseSpecVersion(text);
  assert.ok(parsed);
  return parsed;
}

test('a client can read what is not newer than it says, and everything when it says nothing', () => {
  const cases: readonly (readonly [string, string | undefined, boolean])[] = [
    ['3.4.0', undefined, true],
    ['3.4.0', '3.4.0', true],
    ['3.3.0', '3.4.0', true],
    ['3.4.0', '3.3.0', false],
    ['3.10.0', '3.9.0', false],
    ['3.7.0-experimental', '3.7.0', true],
    ['3.7.0', '3.7.0-experimental', false],
    ['3.4.0', '2.4.0', false],
    ['nonsense', '3.4.0', false],
    ['nonsense', undefined, true],
  ];
  for (const [spec, accepts, acceptable] of cases) {
    assert.equal(
      isAcceptable(spec, accepts === undefined ? undefined : version(accepts)),
      acceptable,
      `${spec} ${accepts}`,
    );
  }
});

describe('the refusal of an old client', () => {
  test('names both versions and the keys', () => {
    const error = notAcceptable('3.4.0', version('3.3.0'), ['storage.files.0', 'x']);
    assert.equal(error.code, 'spec-not-acceptable');
    assert.equal(
      error.message,
      'the client accepts Ignition specs up to 3.3.0, and the config needs 3.4.0 for storage.files.0, x',
    );
  });

  test('says nothing of keys where none are known', () => {
    assert.match(notAcceptable('3.4.0', version('3.3.0'), []).message, /needs 3\.4\.0$/);
  });

  test('names at most twenty', () => {
    const keys = Array.from({ length: 23 }, (_, index) => `k${index}`);
    assert.match(notAcceptable('3.4.0', version('3.3.0'), keys.slice(0, 20)).message, /k18, k19$/);
    const { message } = notAcceptable('3.4.0', version('3.3.0'), keys);
    assert.match(message, /k19 and 3 more$/);
    assert.doesNotMatch(message, /k20/);
  });
});

const CONFIG = { ignition: { version: '3.4.0' }, systemd: { units: [{ name: 'a.service', enabled: true }] } };
const OLDER = { ...CONFIG, ignition: { version: '3.3.0' } };

/** Negotiates a flatcar 1.1.0 document, which is spec 3.4.0, when the older translation is the one given. */
async function negotiated(
  accepts: string | undefined,
  older: Translation,
  {
    document = 'variant: flatcar\nversion: 1.1.0\nx: 1\n',
    config = CONFIG as object,
    entries = [] as readonly ReportEntry[],
  } = {},
) {
  const butane = standInButane(({ source }) => (source.toString() === 'first' ? translated(config, entries) : older));
  const translator = createTranslator(butane, createCaches(1_000_000));
  const input = { source: 'first', strict: false, filesDir: '/files', filesDigest: '' };
  const { key, content } = await translator.translate(input);
  assert.ok(content.ok);
  const first = { key, content };
  const outcome = await negotiate(
    first,
    parseLayer(document),
    input,
    accepts === undefined ? undefined : version(accepts),
    translator,
  ).then(
    (result) => ({ result, error: undefined }),
    (error: unknown) => ({ result: undefined, error }),
  );
  return { ...outcome, first, asked: butane.asked.slice(1) };
}

describe('a client gets', () => {
  test('the config as it is, without any work, when it can read it or says nothing', async () => {
    for (const accepts of [undefined, '3.4.0', '3.6.0']) {
      const { result, first, asked } = await negotiated(accepts, refusal([]));
      assert.equal(result, first);
      assert.deepEqual(asked, []);
    }
  });

  test('the document translated at the newest version that it can read', async () => {
    const { result, asked } = await negotiated('3.3.0', translated(OLDER));
    assert.deepEqual(asked, ['variant: flatcar\nversion: "1.0.0"\nx: 1\n']);
    assert.equal(result?.content.specVersion, '3.3.0');
    assert.equal(result?.content.body.toString(), `${JSON.stringify(OLDER)}\n`);
  });

  test('that also when the older version complains about what the newer one complained about', async () => {
    const entries: readonly ReportEntry[] = [{ severity: 'warning', path: '$.x', message: 'unused key x' }];
    const { result } = await negotiated('3.3.0', translated(OLDER, entries), { entries });
    assert.equal(result?.content.specVersion, '3.3.0');
  });
});

describe('a client is refused, and never given less,', () => {
  const cases: Readonly<Record<string, readonly [Parameters<typeof negotiated>, RegExp]>> = {
    'when the older version is refused': [
      ['3.3.0', refusal([{ severity: 'error', path: '$.storage.luks.0.cex', message: 'x' }])],
      /needs 3\.4\.0 for storage\.luks\.0\.cex$/,
    ],
    'when the older version does not know a key': [
      ['3.3.0', translated(OLDER, [{ severity: 'warning', path: '$.a.b', message: 'unused key b' }])],
      / for a\.b$/,
    ],
    'naming each key once, in one order': [
      [
        '3.3.0',
        refusal([
          { severity: 'error', path: '$.b', message: 'x' },
          { severity: 'error', path: '$.a', message: 'x' },
          { severity: 'warning', path: '$.b', message: 'y' },
        ]),
      ],
      / for a, b$/,
    ],
    'when the older version has a complaint without a place': [
      ['3.3.0', translated(OLDER, [{ severity: 'warning', message: 'careful' }])],
      / for the whole config$/,
    ],
    'when the result would have another effect': [
      ['3.3.0', translated({ ignition: { version: '3.3.0' }, systemd: { units: [{ name: 'a.service' }] } })],
      / for systemd\.units\.0\.enabled$/,
    ],
    'naming what butane complained about once, and not again what is missing below it': [
      [
        '3.3.0',
        translated({ ignition: { version: '3.3.0' } }, [
          { severity: 'warning', path: '$.systemd', message: 'unused key systemd' },
        ]),
      ],
      / for systemd$/,
    ],
    'when the result is still too new': [['3.3.0', translated(CONFIG)], /needs 3\.4\.0$/],
    'when its variant has no version that is old enough, with the reason': [
      ['3.2.0', translated(OLDER)],
      /needs 3\.4\.0: no version of flatcar gives an older spec than 3\.3\.0$/,
    ],
    'when the variant is not known': [
      ['3.3.0', translated(OLDER), { document: 'variant: nope\nversion: 1.0.0' }],
      /needs 3\.4\.0: no version of nope/,
    ],
    'when the config carries another one that is too new': [
      [
        '3.4.0',
        translated(OLDER),
        {
          config: {
            ignition: { version: '3.3.0', config: { merge: [{ source: 'data:,{"ignition":{"version":"3.5.0"}}' }] } },
          },
        },
      ],
      /needs 3\.5\.0 for ignition\.config\.merge\.0$/,
    ],
  };
  for (const [title, [parameters, message]] of Object.entries(cases)) {
    test(title, async () => {
      const { error } = await negotiated(...parameters);
      assert.ok(error instanceof ProvisioningError, String(error));
      assert.equal(error.code, 'spec-not-acceptable');
      assert.match(error.message, message);
    });
  }

  test('and what is nobody’s fault is passed on', async () => {
    const busy = new ProvisioningError('queue-full', 'busy');
    const butane = standInButane(({ source }) => {
      if (source.toString() === 'first') return translated(CONFIG);
      throw busy;
    });
    const translator = createTranslator(butane, createCaches(1_000_000));
    const input = { source: 'first', strict: false, filesDir: '/files', filesDigest: '' };
    const { key, content } = await translator.translate(input);
    assert.ok(content.ok);
    const document = parseLayer('variant: flatcar\nversion: 1.1.0');
    await assert.rejects(negotiate({ key, content }, document, input, version('3.3.0'), translator), busy);
  });
});

test('of several configs inside, the newest version and every place are named', () => {
  const child = (spec: string) => ({ source: `data:,${JSON.stringify({ ignition: { version: spec } })}` });
  const body = (merge: readonly object[]) =>
    Buffer.from(JSON.stringify({ ignition: { version: '3.0.0', config: { merge } } }));
  assert.doesNotThrow(() => refuseNewerChildren(body([child('3.3.0')]), version('3.3.0')));
  assert.throws(() => refuseNewerChildren(body([child('3.10.0'), child('3.0.0'), child('3.9.0')]), version('3.3.0')), {
    code: 'spec-not-acceptable',
    message:
      'the client accepts Ignition specs up to 3.3.0, and the config needs 3.10.0 for ignition.config.merge.0, ignition.config.merge.2',
  });
});
