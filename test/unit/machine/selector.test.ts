import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseMachine } from '../../../src/machine/machine.ts';
import type { Selector } from '../../../src/machine/selector.ts';
import { canBothMatch, matches, mismatches, selectorKey } from '../../../src/machine/selector.ts';

function selector(entries: Readonly<Record<string, string | readonly string[]>>): Selector {
  return new Map(Object.entries(entries).map(([key, values]) => [key, [values].flat()]));
}

function machine(labels: Readonly<Record<string, string>>) {
  return parseMachine(labels, { from: 'query' });
}

describe('a selector', () => {
  test('without keys matches every machine', () => {
    assert.ok(matches(selector({}), machine({})));
    assert.ok(matches(selector({}), machine({ rack: 'r7' })));
  });

  const wanted = selector({ rack: ['r7', 'r8'], mac: '52:54:00:a1:9c:ae' });
  const mac = '525400A19CAE';
  const cases: readonly (readonly [Readonly<Record<string, string>>, readonly string[]])[] = [
    [{ rack: 'r7', mac }, []],
    [{ rack: 'r8', mac, zone: 'z' }, []],
    [{ rack: 'r9', mac }, ['rack different']],
    [{ rack: 'R7', mac }, ['rack different']],
    [{ mac }, ['rack absent']],
    [{ rack: '', mac }, ['rack absent']],
    [{ rack: 'r7' }, ['mac absent']],
    [{ rack: 'x', mac: '52:54:00:a1:9c:af' }, ['rack different', 'mac different']],
    [{}, ['rack absent', 'mac absent']],
  ];
  for (const [labels, missed] of cases) {
    test(`${missed.length === 0 ? 'matches' : `does not match (${missed.join(', ')})`} ${JSON.stringify(labels)}`, () => {
      const found = mismatches(wanted, machine(labels)).map(({ key, reason }) => `${key} ${reason}`);
      assert.deepEqual(found, missed);
      assert.equal(matches(wanted, machine(labels)), missed.length === 0);
    });
  }

  test('that asks for what objects have by themselves does not match a machine without it', () => {
    for (const key of ['__proto__', 'constructor', 'toString']) {
      assert.deepEqual(mismatches(new Map([[key, ['x']]]), machine({})), [{ key, reason: 'absent' }]);
      assert.ok(matches(new Map([[key, ['x']]]), machine(JSON.parse(`{"${key}": "x"}`))));
    }
  });
});

test('equal selectors have one key, whatever the order they were written in', () => {
  assert.equal(selectorKey(selector({ a: '1', b: ['2', '3'] })), selectorKey(selector({ b: ['2', '3'], a: '1' })));
  assert.equal(selectorKey(selector({})), selectorKey(new Map()));
});

test('different selectors have different keys', () => {
  const all = [
    selector({}),
    selector({ a: '1' }),
    selector({ a: '2' }),
    selector({ b: '1' }),
    selector({ a: ['1', '2'] }),
    selector({ a: '1,2' }),
    selector({ a: '1', b: '1' }),
    selector({ a: '1","2' }),
    new Map([['a","b', ['1']]]),
  ];
  assert.equal(new Set(all.map(selectorKey)).size, all.length);
});

describe('two selectors', () => {
  const cases: readonly (readonly [string, Selector, Selector, boolean])[] = [
    ['without keys can both match', selector({}), selector({}), true],
    ['of which one has no keys can both match', selector({}), selector({ a: '1' }), true],
    ['with different keys can both match', selector({ a: '1' }), selector({ b: '1' }), true],
    ['with one value in common can both match', selector({ a: ['1', '2'] }), selector({ a: ['2', '3'] }), true],
    ['without a value in common cannot', selector({ a: ['1', '2'] }), selector({ a: '3' }), false],
    ['with one key in conflict cannot', selector({ a: '1', b: '1' }), selector({ a: '1', b: '2', c: '3' }), false],
  ];
  for (const [title, a, b, expected] of cases) {
    test(title, () => {
      assert.equal(canBothMatch(a, b), expected);
      assert.equal(canBothMatch(b, a), expected);
    });
  }

  test('can both match exactly when some machine matches both', () => {
    const value = fc.constantFrom('1', '2', '3');
    const values = fc.uniqueArray(value, { minLength: 1, maxLength: 2 }).map((list) => list.sort());
    const some = fc.dictionary(fc.constantFrom('a', 'b', 'c'), values, { maxKeys: 3 }).map(selector);
    const machines = ['', '1', '2', '3'].flatMap((a) =>
      ['', '1', '2', '3'].flatMap((b) => ['', '1', '2', '3'].map((c) => machine({ a, b, c }))),
    );
    fc.assert(
      fc.property(some, some, (a, b) => {
        const exists = machines.some((each) => matches(a, each) && matches(b, each));
        assert.equal(canBothMatch(a, b), exists);
      }),
      { numRuns: 300 },
    );
  });
});

describe('an address is wanted', () => {
  const at = (ip: string) => machine({ ip });

  test('by itself, by a network and by a range', () => {
    const wanted = selector({ ip: ['192.0.2.7', '10.7.0.0/16', '2001:db8::1-2001:db8::9'] });
    for (const ip of ['192.0.2.7', '10.7.255.255', '2001:db8::9']) assert.ok(matches(wanted, at(ip)), ip);
    for (const ip of ['192.0.2.8', '10.8.0.0', '2001:db8::a']) assert.ok(!matches(wanted, at(ip)), ip);
    assert.deepEqual(mismatches(wanted, machine({})), [{ key: 'ip', reason: 'absent' }]);
  });

  test('and two networks can both match where they overlap', () => {
    const both = (a: string, b: string) => canBothMatch(selector({ ip: a }), selector({ ip: b }));
    assert.ok(both('10.0.0.0/8', '10.7.0.0/16'));
    assert.ok(both('10.0.0.0/8', '10.7.0.1'));
    assert.ok(!both('10.6.0.0/16', '10.7.0.0/16'));
  });
});
