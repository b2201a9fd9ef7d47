import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parse } from 'yaml';
import { ProvisioningError } from '../../../src/errors.ts';
import { ENCODINGS, encodeUserData } from '../../../src/pointer/encode.ts';
import { isPlatform, PLATFORM_IDS, PLATFORMS, type PlatformId, platformOf } from '../../../src/pointer/platforms.ts';
import type { PointerParts } from '../../../src/pointer/pointer.ts';
import { makeUserData } from '../../../src/pointer/user-data.ts';
import { anyParts, BARE, FULL } from './parts.ts';

const ASKED = { format: 'user-data', variant: 'flatcar' } as const;

describe('the table of platforms', () => {
  test('names a source for whatever it says', () => {
    for (const id of PLATFORM_IDS) {
      assert.ok(isPlatform(id));
      const { encodings, limit, source, place } = platformOf(id);
      assert.match(source, /^https:\/\//, id);
      assert.notEqual(place, '', id);
      assert.equal(new Set(encodings).size, encodings.length, id);
      if (limit !== undefined) {
        assert.match(limit.source, /^https:\/\//, id);
        assert.ok(limit.bytes >= 1024, id);
      }
    }
  });

  test('has the limits that are known', () => {
    const limits = PLATFORM_IDS.flatMap((id) => {
      const { limit } = platformOf(isPlatform(id) ? id : undefined);
      return limit === undefined ? [] : [[id, limit.bytes, limit.of]];
    });
    assert.deepEqual(limits, [
      ['aws', 16_384, 'config'],
      ['azure', 65_535, 'base64'],
      ['gcp', 262_144, 'value'],
      ['hetzner', 32_768, 'value'],
      ['openstack', 65_535, 'base64'],
      ['vmware', 65_536, 'value'],
    ]);
  });

  test('knows a name of the prototype for no platform', () => {
    assert.deepEqual(['toString', '__proto__', '', 'AWS'].map(isPlatform), [false, false, false, false]);
  });
});

describe('an encoding', () => {
  test('loses nothing, wrapped or not', () => {
    const decoders = {
      plain: (bytes: Buffer) => bytes,
      base64: (bytes: Buffer) => Buffer.from(bytes.toString(), 'base64'),
      'gzip+base64': (bytes: Buffer) => gunzipSync(Buffer.from(bytes.toString(), 'base64')),
    };
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 500 }),
        fc.constantFrom(...ENCODINGS),
        fc.boolean(),
        (bytes, name, wrap) => {
          assert.deepEqual(decoders[name](encodeUserData(Buffer.from(bytes), name, wrap)), Buffer.from(bytes));
        },
      ),
    );
  });

  test('is one line, or lines of 76 characters that each end', () => {
    const config = Buffer.from('x'.repeat(200));
    assert.match(encodeUserData(config, 'base64').toString(), /^[A-Za-z0-9+/=]+$/);
    assert.match(
      encodeUserData(config, 'base64', true).toString(),
      /^(?:[A-Za-z0-9+/=]{76}\n)+[A-Za-z0-9+/=]{1,76}\n$/,
    );
    assert.equal(encodeUserData(Buffer.from('x'.repeat(57)), 'base64', true).length, 77);
  });
});

describe('user data', () => {
  test('is within the limit of every platform, whatever a pointer has', () => {
    fc.assert(
      fc.property(anyParts, fc.constantFrom(...PLATFORM_IDS), (parts, id) => {
        assert.ok(isPlatform(id));
        const { bytes, limit } = makeUserData(parts, { ...ASKED, platform: id });
        assert.ok(bytes <= (limit?.bytes ?? 1024 * 1024));
      }),
    );
  });

  for (const [id, of] of [
    ['aws', 'config'],
    ['openstack', 'base64'],
    ['hetzner', 'value'],
  ] as const) {
    test(`of ${id} is taken up to the last byte of its ${of}, and refused with the first beyond`, () => {
      const { limit } = PLATFORMS[id];
      const sizeOf = (length: number) => makeUserData(long(length), { ...ASKED }).content.length;
      const room = of === 'base64' ? Math.floor(limit.bytes / 4) * 3 : limit.bytes;
      const fits = room - sizeOf(0);
      const made = makeUserData(long(fits), { ...ASKED, platform: id });
      assert.equal(made.bytes, of === 'base64' ? Math.floor(limit.bytes / 4) * 4 : limit.bytes);
      const over = of === 'base64' ? 4 - (limit.bytes % 4) : 1;
      assert.throws(
        () => makeUserData(long(fits + 1), { ...ASKED, platform: id }),
        (error) =>
          error instanceof ProvisioningError &&
          error.code === 'pointer-too-large' &&
          error.message.includes(`, ${over} more than the ${limit.bytes} that ${id} takes; `),
      );
    });
  }

  test('that is too large says what to do, and no value of a header', () => {
    const parts = {
      ...FULL,
      headers: [{ name: 'Authorization', value: 'correct-horse'.repeat(6000) }],
      authorities: [...FULL.authorities, ...FULL.authorities],
    };
    for (const format of ['user-data', 'ignition', 'butane'] as const) {
      assert.throws(
        () => makeUserData(parts, { format, variant: 'fcos', platform: 'vmware' }),
        (error) => {
          assert.ok(error instanceof ProvisioningError);
          assert.match(error.message, /upload it as gzip\+base64/);
          assert.match(error.message, /only the authority .* instead of 2 certificates/);
          assert.match(error.message, /shorter headers/);
          assert.ok(!error.message.includes('correct-horse'));
          return true;
        },
      );
    }
    assert.ok(makeUserData(parts, { ...ASKED, platform: 'vmware', encoding: 'gzip+base64' }).bytes < 65_536);
  });

  test('is not encoded in a way that the platform does not take', () => {
    assert.throws(
      () => makeUserData(BARE, { ...ASKED, platform: 'hetzner', encoding: 'base64' }),
      /hetzner takes no user data as base64, only as plain/,
    );
    assert.equal(makeUserData(BARE, { ...ASKED, platform: 'aws', encoding: 'base64' }).encoding, 'base64');
  });

  test('is wrapped only where it is base64', () => {
    for (const request of [
      { ...ASKED, platform: 'aws' },
      { ...ASKED, platform: 'vmware', format: 'ignition' },
      { ...ASKED, platform: 'vmware', format: 'butane' },
    ] as const) {
      assert.throws(() => makeUserData(BARE, { ...request, wrap: true }), /only base64 can be wrapped/);
    }
    assert.match(makeUserData(BARE, { ...ASKED, platform: 'vmware', wrap: true }).content.toString(), /^.{76}\n/);
  });

  test('as Ignition is the same on every platform, and as plain user data too', () => {
    const expected = makeUserData(FULL, ASKED).content;
    for (const id of PLATFORM_IDS) {
      const platform = { platform: id as PlatformId };
      assert.deepEqual(makeUserData(FULL, { ...ASKED, ...platform, format: 'ignition' }).content, expected);
    }
  });
});

describe('Butane', () => {
  const versionOf = (parts: PointerParts, variant: 'flatcar' | 'fcos') =>
    parse(makeUserData(parts, { format: 'butane', variant }).content.toString()).version;

  test('has the oldest version that has all that is needed', () => {
    assert.equal(versionOf(BARE, 'fcos'), '1.0.0');
    assert.equal(versionOf(FULL, 'fcos'), '1.1.0');
    assert.equal(versionOf(FULL, 'flatcar'), '1.0.0');
  });

  test('is refused for a client that reads nothing that the variant gives', () => {
    const accepts = { major: 3, minor: 1, patch: 0 };
    assert.throws(
      () => makeUserData(BARE, { format: 'butane', variant: 'flatcar', accepts }),
      /accepts Ignition specs up to 3\.1\.0, and the oldest Butane of flatcar gives 3\.3\.0/,
    );
    assert.ok(makeUserData(BARE, { format: 'butane', variant: 'fcos', accepts }).content.length > 0);
  });
});

/** A pointer whose URL has so many more characters. */
function long(characters: number): PointerParts {
  return { ...BARE, url: `${BARE.url}${'x'.repeat(characters)}` };
}
