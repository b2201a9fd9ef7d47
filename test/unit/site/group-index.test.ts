import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Selector } from '../../../src/machine/selector.ts';
import { matches } from '../../../src/machine/selector.ts';
import { candidates, indexGroups } from '../../../src/site/group-index.ts';
import { machineOf } from './parsed-site.ts';

const KEYS = ['mac', 'uuid', 'serial', 'hostname', 'ip', 'arch', 'rack', 'zone', '__proto__', 'constructor'] as const;

/** Two values for each key, in the spelling in which they are compared. */
function nth(key: string, number: number): string {
  if (key === 'mac') return `02:00:00:00:00:0${number}`;
  if (key === 'uuid') return `00000000-0000-0000-0000-00000000000${number}`;
  if (key === 'ip') return `10.0.0.${number}`;
  return `v${number}`;
}

const NUMBER = fc.constantFrom(1, 2);

const SELECTOR: fc.Arbitrary<Selector> = fc
  .uniqueArray(fc.constantFrom(...KEYS), { maxLength: 4 })
  .chain((keys) =>
    fc.tuple(
      ...keys.map((key) =>
        fc
          .uniqueArray(NUMBER, { minLength: 1, maxLength: 2 })
          .map((numbers) => [key, numbers.map((number) => nth(key, number)).sort()] as const),
      ),
    ),
  )
  .map((entries) => new Map(entries));

const MACHINE = fc
  .uniqueArray(fc.constantFrom(...KEYS), { maxLength: KEYS.length })
  .chain((keys) => fc.tuple(...keys.map((key) => NUMBER.map((number) => [key, nth(key, number)] as const))))
  .map((entries) => {
    const labels: Record<string, string> = Object.create(null);
    for (const [key, value] of entries) labels[key] = value;
    return machineOf(labels);
  });

test('no group that matches is ever missed, and none is named twice', () => {
  fc.assert(
    fc.property(fc.array(SELECTOR, { maxLength: 12 }), MACHINE, (selectors, machine) => {
      const groups = selectors.map((selector, index) => [`g${index}`, selector] as const);
      const found = candidates(indexGroups(groups), machine);
      const wanted = groups.filter(([, selector]) => matches(selector, machine)).map(([id]) => id);
      assert.deepEqual(
        wanted.filter((id) => !found.includes(id)),
        [],
      );
      assert.equal(new Set(found).size, found.length);
    }),
    { numRuns: 400 },
  );
});

describe('an index', () => {
  const fleet = Array.from({ length: 1000 }, (_, index): readonly [string, Selector] => {
    const mac = `02:00:00:00:${(index >> 8).toString(16).padStart(2, '0')}:${(index & 255).toString(16).padStart(2, '0')}`;
    return [
      `n${index}`,
      new Map([
        ['mac', [mac]],
        ['rack', ['r7']],
      ]),
    ];
  });
  const all: readonly (readonly [string, Selector])[] = [
    ...fleet,
    ['everyone', new Map()],
    ['rack', new Map([['rack', ['r7']]])],
    [
      'zone',
      new Map([
        ['zone', ['z']],
        ['rack', ['r7']],
      ]),
    ],
  ];
  const index = indexGroups(all);

  test('names of a fleet of a thousand only the few that can match', () => {
    assert.deepEqual(candidates(index, machineOf({ mac: '02:00:00:00:01:00', rack: 'r7' })), [
      'everyone',
      'n256',
      'rack',
      'zone',
    ]);
    assert.deepEqual(candidates(index, machineOf({ zone: 'z' })), ['everyone']);
    assert.deepEqual(candidates(index, machineOf({})), ['everyone']);
  });

  test('does not take what objects have by themselves for a label', () => {
    for (const key of ['__proto__', 'constructor']) {
      assert.deepEqual(candidates(indexGroups([['g', new Map([[key, ['x']]])]]), machineOf({})), []);
      assert.deepEqual(candidates(indexGroups([['g', new Map([['rack', [key]]])]]), machineOf({ rack: key })), ['g']);
    }
  });

  test('of no groups names none', () =>
    assert.deepEqual(candidates(indexGroups([]), machineOf({ mac: '525400a19cae' })), []));
});
