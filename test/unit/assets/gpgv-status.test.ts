import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeStatus } from '../../../src/assets/gpgv-status.ts';

const KEY = '0123456789ABCDEF0123456789ABCDEF01234567';
const GOOD = `[GNUPG:] NEWSIG\n[GNUPG:] GOODSIG 89ABCDEF01234567 A <a@b.c>\n[GNUPG:] VALIDSIG ${KEY} 2026-01-01 1 0 4 0 1 8 00 ${KEY}\n`;

test('A signature is good when gpgv says so in every way', () => {
  assert.deepEqual(judgeStatus(GOOD, 0), { ok: true, fingerprints: [KEY] });
});

test('A signature is not good when any word or the exit code speaks against it', () => {
  const cases: readonly (readonly [status: string, exitCode: number | undefined, reason: RegExp])[] = [
    [GOOD, 1, /gpgv ended with 1/],
    [GOOD, undefined, /a signal/],
    ['', 0, /nothing of a good signature/],
    [GOOD.replaceAll('[GNUPG:] ', ''), 0, /nothing of a good signature/],
    [`${GOOD}[GNUPG:] BADSIG 89ABCDEF01234567 A\n`, 0, /not of what the file holds/],
    [`${GOOD}[GNUPG:] EXPKEYSIG 89ABCDEF01234567 A\n`, 0, /key 89ABCDEF01234567 has expired/],
    [`${GOOD}[GNUPG:] REVKEYSIG 89ABCDEF01234567 A\n`, 0, /was revoked/],
    [`${GOOD}[GNUPG:] EXPSIG 89ABCDEF01234567 A\n`, 0, /signature has expired/],
    ['[GNUPG:] ERRSIG 89ABCDEF01234567 1 8 00 1 9\n[GNUPG:] NO_PUBKEY 89ABCDEF01234567\n', 2, /not in the keyring/],
    ['[GNUPG:] NO_PUBKEY \u001b[31m\n', 2, /the key of the signature is not/],
    ['[GNUPG:] NODATA 4\n', 2, /no signature/],
  ];
  for (const [status, exitCode, reason] of cases) {
    const verdict = judgeStatus(status, exitCode);
    assert.ok(!verdict.ok, status);
    assert.match(verdict.reason, reason);
  }
});
