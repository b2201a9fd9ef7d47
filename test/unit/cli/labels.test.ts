import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LabelFlags, queryOf } from '../../../src/cli/labels.ts';
import { ProvisioningError } from '../../../src/errors.ts';

function query(flags: LabelFlags): Readonly<Record<string, string>> {
  return { ...queryOf(flags) };
}

test('label flags are read as a query is', () => {
  assert.deepEqual(query({}), {});
  assert.deepEqual(
    query({
      mac: '525400a19cae',
      uuid: 'u',
      serial: 's',
      hostname: 'h',
      arch: 'a',
      ip: 'i',
      label: ['rack=r7', 'zone=z'],
    }),
    { mac: '525400a19cae', uuid: 'u', serial: 's', hostname: 'h', arch: 'a', ip: 'i', rack: 'r7', zone: 'z' },
  );
});

test('a value goes on after its first equals sign, and may be empty', () => {
  assert.deepEqual(query({ label: ['a=b=c', 'd=', 'e= f '] }), { a: 'b=c', d: '', e: ' f ' });
  assert.deepEqual(query({ mac: '' }), { mac: '' });
});

test('a label without a key or a value is wrong usage', () => {
  for (const label of ['', 'rack', '=', '=r7']) {
    assert.throws(
      () => queryOf({ label: [label] }),
      (error) =>
        error instanceof ProvisioningError && error.code === 'label-invalid' && /KEY=VALUE/.test(error.message),
      label,
    );
  }
});

test('a label that is given twice is wrong usage, also when one is a flag of its own', () => {
  for (const flags of [{ label: ['a=1', 'a=1'] }, { mac: '525400a19cae', label: ['mac=525400a19caf'] }]) {
    assert.throws(() => queryOf(flags), { code: 'label-invalid', message: /given twice/ });
  }
});

test('keys that objects have by themselves are keys like any other', () => {
  const flags = queryOf({ label: ['__proto__=x', 'constructor=y'] });
  assert.deepEqual(Object.entries(flags), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
  assert.throws(() => queryOf({ label: ['toString=1', 'toString=2'] }), /given twice/);
});
