import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHistory } from '../../../src/live/history.ts';

test('the last fifty revisions are remembered, the newest first, and who read the list keeps what it read', () => {
  const history = createHistory();
  assert.equal(history.records.length, 0);
  for (let index = 0; index < 60; index += 1) {
    history.add({ id: `${index}`, at: new Date(index), outcome: 'served', source: 'site', forced: false });
  }
  const { records } = history;
  assert.deepEqual([records.length, records[0]?.id, records.at(-1)?.id], [50, '59', '10']);
  history.add({ at: new Date(), outcome: 'refused', source: 'site', forced: false });
  assert.equal(records[0]?.id, '59');
  assert.equal(history.records[0]?.outcome, 'refused');
});
