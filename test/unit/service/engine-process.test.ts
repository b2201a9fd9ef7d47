import assert from 'node:assert/strict';
import { test } from 'node:test';
import { leadsNowhere } from '../../../src/service/engine-process.ts';

test('a URL that no machine can be told is told apart', () => {
  for (const url of ['http://0.0.0.0:8080', 'https://[::]', 'http://[fe80::a9fe:a9fe]:80', 'http://[FEBF:0::1]']) {
    assert.equal(leadsNowhere(url), true, url);
  }
  for (const url of [
    'http://127.0.0.1:8080',
    'http://[::1]',
    'http://[fec0::1]',
    'https://fe80.example',
    'http://10.0.0.0',
  ]) {
    assert.equal(leadsNowhere(url), false, url);
  }
});
