import fc from 'fast-check';
import type { PointerParts } from '../../../src/pointer/pointer.ts';
import { CERTIFICATE } from '../../support/certificate.ts';

/** A pointer with nothing that can be left out. */
export const BARE: PointerParts = {
  url: 'https://boot.example/ignition/worker?mac=52-54-00-a1-9c-ae&rack=r7',
  following: 'replace',
  authorities: [],
  headers: [],
  httpTotalSeconds: 600,
};

/** A pointer with all there is. */
export const FULL: PointerParts = {
  ...BARE,
  pin: { sha512: '0123456789abcdef'.repeat(8), specVersion: '3.4.0' },
  authorities: [CERTIFICATE],
  headers: [{ name: 'Authorization', value: 'Bearer correct-horse-battery-staple' }],
};

/** Any pointer. */
export const anyParts: fc.Arbitrary<PointerParts> = fc
  .record({
    following: fc.constantFrom('replace' as const, 'merge' as const),
    pinned: fc.boolean(),
    certified: fc.boolean(),
    headers: fc.uniqueArray(
      fc.record({ name: fc.stringMatching(/^X-[A-Za-z0-9-]{1,20}$/), value: fc.stringMatching(/^[!-~]{1,40}$/) }),
      { selector: ({ name }) => name.toLowerCase(), maxLength: 3 },
    ),
    httpTotalSeconds: fc.integer({ min: 0, max: 86_400 }),
  })
  .map(({ pinned, certified, ...rest }) => ({
    ...BARE,
    ...rest,
    authorities: certified ? FULL.authorities : [],
    ...(pinned && FULL.pin !== undefined ? { pin: FULL.pin } : {}),
  }));
