import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { machineOfQuery } from '../../../../src/site/matchbox/query.ts';
import { explainInMatchbox, selectGroup } from '../../../../src/site/matchbox/selection.ts';
import { matchboxRevision } from './matchbox-site.ts';

interface Drawn {
  readonly name: string;
  readonly selector: Readonly<Record<string, string>>;
}

/** Few keys and values, so that groups meet. */
const key = fc.constantFrom('a', 'b', 'B', 'os', 'z', 'ä', '\u{1f600}', '\uffee');
const value = fc.constantFrom('', '1', '2', 'installed', ',', '=', 'ä', '\u{1f600}', '\uffee');
const selector = fc.dictionary(key, value, { maxKeys: 4 });
const groups: fc.Arbitrary<readonly Drawn[]> = fc
  .array(selector, { maxLength: 12 })
  .map((selectors) => selectors.map((each, index) => ({ name: `g${String(index).padStart(2, '0')}`, selector: each })));

/** matchbox's own way: sort all by the number of keys and the text, backwards, and take the first that matches. */
function oracle(all: readonly Drawn[], labels: Readonly<Record<string, string>>): string | undefined {
  const text = (each: Drawn) =>
    Object.entries(each.selector)
      .map(([name, wanted]) => Buffer.from(`${name}=${wanted}`))
      .sort(Buffer.compare)
      .reduce(
        (sum, part, index) => Buffer.concat(index === 0 ? [part] : [sum, Buffer.from(','), part]),
        Buffer.alloc(0),
      );
  const size = (each: Drawn) => Object.keys(each.selector).length;
  return [...all]
    .sort((a, b) => size(b) - size(a) || Buffer.compare(text(b), text(a)) || (a.name < b.name ? -1 : 1))
    .find((each) => Object.entries(each.selector).every(([name, wanted]) => (labels[name] ?? '') === wanted))?.name;
}

test('Of any groups the one is selected that matchbox takes', () => {
  const property = fc.property(groups, fc.dictionary(key, value, { maxKeys: 6 }), (all, labels) => {
    const files = all.map(({ name, selector }) => [`groups/${name}.json`, JSON.stringify({ selector })]);
    const revision = matchboxRevision(Object.fromEntries(files));
    const query = Object.entries(labels).map(
      ([name, text]) => `${encodeURIComponent(name)}=${encodeURIComponent(text)}`,
    );
    const machine = machineOfQuery(query.join('&'));
    const selected = selectGroup(revision, machine);
    assert.equal(selected?.id, oracle(all, labels));
    const outcome = { ok: false } as Parameters<typeof explainInMatchbox>[2];
    const verdicts = explainInMatchbox(revision, machine, outcome);
    const deciding = verdicts.filter(({ verdict }) => verdict === 'decides').map(({ group }) => group.id);
    assert.deepEqual(deciding, selected === undefined ? [] : [selected.id]);
    const matching = all.filter((each) =>
      Object.entries(each.selector).every(([name, wanted]) => (labels[name] ?? '') === wanted),
    );
    const said = verdicts.filter(({ verdict }) => verdict !== 'does-not-match').map(({ group }) => group.id);
    assert.deepEqual(
      said,
      matching.map(({ name }) => name),
    );
  });
  fc.assert(property, { numRuns: 2000, seed: 1 });
});

test('A MAC in a selector is found in each of its forms, and under the key that the selector has', () => {
  const revision = matchboxRevision({
    'groups/lower.json': '{"selector":{"mac":"52-DA-00-89-D8-10"}}',
    'groups/upper.json': '{"selector":{"MAC":"52da.0089.d811"}}',
  });
  const found = (query: string) => selectGroup(revision, machineOfQuery(query))?.id;
  for (const form of ['52:da:00:89:d8:10', '52-DA-00-89-D8-10', '52da.0089.d810', '52da0089d810']) {
    assert.equal(found(`mac=${form}`), 'lower', form);
    assert.equal(found(`MAC=${form}`), undefined, form);
  }
  assert.equal(found('MAC=52:DA:00:89:D8:11'), 'upper');
  assert.equal(found('mac=52:DA:00:89:D8:11'), undefined);
});
