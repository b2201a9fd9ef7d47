import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { recogniseFormat } from '../../../src/site/site-format-file.ts';
import { writeSite } from '../../support/site.ts';

describe('the format of a directory with', () => {
  const cases: readonly (readonly [title: string, paths: readonly string[], format: 'matchbox' | 'pilotlight'])[] = [
    ['groups and profiles in JSON', ['groups/a.json', 'profiles/b.json', 'ignition/c.ign'], 'matchbox'],
    ['groups in JSON alone', ['groups/a.json'], 'matchbox'],
    ['profiles in JSON alone', ['profiles/a.json'], 'matchbox'],
    ['files that neither reads beside them', ['groups/a.json', 'groups/README', 'profiles/a.json.bak'], 'matchbox'],
    ['hidden files beside them', ['groups/a.json', 'groups/.a.yaml', 'profiles/.b.bu'], 'matchbox'],
    ['a site.yaml beside them', ['groups/a.json', 'site.yaml'], 'matchbox'],
    ['hidden JSON alone', ['groups/.a.json'], 'pilotlight'],
    ['groups in YAML and profiles in JSON', ['groups/a.yaml', 'profiles/a.json'], 'pilotlight'],
    ['profiles in Butane and groups in JSON', ['groups/a.json', 'profiles/a.bu'], 'pilotlight'],
    ['profiles in Ignition and in JSON', ['profiles/a.json', 'profiles/a.ign'], 'pilotlight'],
    ['a profile in TOML', ['profiles/a.toml', 'profiles/a.json'], 'pilotlight'],
    ['nothing', [], 'pilotlight'],
    ['nothing but documents', ['ignition/a.yaml', 'generic/b'], 'pilotlight'],
    ['a site', ['profiles/a.bu', 'groups/a.yaml'], 'pilotlight'],
  ];
  for (const [title, paths, format] of cases) {
    test(`${title} is ${format}`, async (t) => {
      const site = await writeSite(t, Object.fromEntries(paths.map((path) => [path, '{}'])));
      assert.equal(await recogniseFormat(site), format);
    });
  }

  test('no such directory is pilotlight, whose reader then says what is wrong', async () => {
    assert.equal(await recogniseFormat('/nonexistent/site'), 'pilotlight');
  });
});
