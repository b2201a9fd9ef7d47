import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { CERTIFICATE } from '../../support/certificate.ts';
import { runCommand } from '../../support/command.ts';
import { requireProgram } from '../../support/programs.ts';
import { butaneProfile, scratchDirectory, writeSite } from '../../support/site.ts';

const SECRET = 'correct-horse-battery-staple';

const SITE = {
  'profiles/web.bu': butaneProfile('flatcar', '1.1.0'),
  'profiles/broken.bu': 'variant: flatcar\nversion: 1.1.0\nstorage: { files: [{ path: etc }] }\n',
};

async function pointer(t: TestContext, profile: string, ...flags: readonly string[]) {
  const site = await writeSite(t, SITE);
  return runCommand(['pointer', profile, '--site', site, '--public-url', 'https://boot.example', ...flags]);
}

async function file(t: TestContext, content: string): Promise<string> {
  const path = join(await scratchDirectory(t), 'file');
  await writeFile(path, content);
  return path;
}

describe('pointer', () => {
  test('prints the pointer alone, with the labels in their one spelling', async (t) => {
    const { code, out, err } = await pointer(
      t,
      'web',
      '--mac',
      '52:54:00:A1:9C:AE',
      '--label',
      'rack=r 7',
      '--ip',
      '::1',
    );
    assert.deepEqual([code, err], [0, '']);
    assert.equal(
      out,
      '{"ignition":{"version":"3.0.0","config":{"replace":{"source":"https://boot.example/ignition/web?mac=52-54-00-a1-9c-ae&rack=r%207"}},"timeouts":{"httpTotal":600}}}\n',
    );
  });

  test('takes authorities and headers out of files, and tells nobody else of them', async (t) => {
    const flags = [
      '--ca',
      await file(t, CERTIFICATE),
      '--header',
      `Authorization=${await file(t, `Bearer ${SECRET}\n`)}`,
    ];
    const { code, out, err } = await pointer(t, 'web', ...flags, '--merge', '--platform', 'openstack');
    assert.equal(code, 0);
    const { version, config, security } = JSON.parse(out).ignition;
    assert.equal(version, '3.1.0');
    assert.deepEqual(config.merge[0].httpHeaders, [{ name: 'Authorization', value: `Bearer ${SECRET}` }]);
    assert.equal(await (await fetch(security.tls.certificateAuthorities[0].source)).text(), CERTIFICATE);
    assert.match(err, /^note: .*\/run\/ignition\.json\n$/);
  });

  test('says which version a pin is of, and needs butane for nothing else', async (t) => {
    if (requireProgram(t, 'butane') === undefined) return;
    const { out, err } = await pointer(t, 'web', '--pin');
    assert.match(err, /^note: the pointer is pinned .* at spec 3\.4\.0: renew it/);
    const older = await pointer(t, 'web', '--pin', '--spec', '3.3.0');
    assert.match(older.err, / at spec 3\.3\.0: /);
    assert.notEqual(out, older.out);
    assert.equal((await pointer(t, 'web', '--butane', '/nonexistent')).code, 0);
    assert.equal((await pointer(t, 'web', '--butane', '/nonexistent', '--pin')).code, 1);
  });

  const faults: readonly (readonly [title: string, profile: string, flags: readonly string[], problem: RegExp])[] = [
    ['a profile that is not there', 'other', [], /^error: there is no profile other; the site has broken, web\n$/],
    [
      'one that does not render, when it is pinned',
      'broken',
      ['--pin'],
      /profiles\/broken\.bu:3[\s\S]*does not render/,
    ],
    [
      'a client that is too old for the pin',
      'web',
      ['--pin', '--spec', '3.0.0'],
      /up to 3\.0\.0, and the config needs/,
    ],
    [
      'a client that is too old for the Butane',
      'web',
      ['--format', 'butane', '--spec', '3.0.0'],
      /flatcar gives 3\.3\.0/,
    ],
    ['a URL that leads nowhere', 'web', ['--public-url', 'http://0.0.0.0:8080'], /set --public-url/],
    [
      'a file that is not there',
      'web',
      ['--ca', '/nonexistent'],
      /^error: \/nonexistent cannot be read: it does not exist\n$/,
    ],
  ];
  for (const [title, profile, flags, problem] of faults) {
    test(`is refused for ${title}`, async (t) => {
      if (flags.includes('--pin') && requireProgram(t, 'butane') === undefined) return;
      const { code, out, err } = await pointer(t, profile, ...flags);
      assert.deepEqual([code, out], [1, ''], err);
      assert.match(err, problem);
      assert.doesNotMatch(err, /\n {4}at /, 'no stack');
    });
  }

  test('tells of an authority that no machine trusts any more', async (t) => {
    t.mock.timers.enable({ apis: ['Date'], now: Date.parse(new X509Certificate(CERTIFICATE).validFrom) + 1000 });
    const ca = await file(t, CERTIFICATE);
    assert.doesNotMatch((await pointer(t, 'web', '--ca', ca)).err, /no machine trusts/);
    t.mock.timers.setTime(Date.parse(new X509Certificate(CERTIFICATE).validTo) + 1000);
    const { code, err } = await pointer(t, 'web', '--ca', ca);
    assert.equal(code, 0);
    assert.match(err, /^note: no machine trusts certificate 1 of .*: it ended at \d{4}-/m);
  });

  test('prints nothing of what is too large', async (t) => {
    const header = await file(t, SECRET.repeat(290));
    const flags = ['--header', `A=${header}`, '--header', `B=${header}`, '--header', `C=${header}`];
    const { code, out, err } = await pointer(t, 'web', '--platform', 'aws', ...flags);
    assert.deepEqual([code, out], [1, '']);
    assert.match(
      err,
      /^error: the pointer has \d+ bytes before it is encoded, \d+ more than the 16384 that aws takes; /,
    );
    assert.ok(!err.includes(SECRET));
  });
});
