import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isLabelKey, isMachineKey, LABEL_LIMITS, MACHINE_KEYS, normaliseLabel } from '../../../src/machine/label.ts';
import { anyText } from '../any-text.ts';

function normal(key: string, text: string): string | undefined {
  const value = normaliseLabel(key, text);
  return value.ok ? value.value : undefined;
}

/** Spellings of one value, by the spelling in which it is compared. */
type Spellings = Readonly<Record<string, readonly string[]>>;

function spelledAs(key: string, spellings: Spellings): void {
  for (const [value, texts] of Object.entries(spellings)) {
    for (const text of [value, ...texts]) {
      test(`${JSON.stringify(text)} is ${value}`, () => assert.equal(normal(key, text), value));
    }
  }
}

function refused(key: string, texts: readonly string[]): void {
  for (const text of texts) {
    test(`${JSON.stringify(text)} is none`, () => assert.equal(normal(key, text), undefined));
  }
}

describe('a MAC address:', () => {
  spelledAs('mac', {
    '52:54:00:a1:9c:ae': [
      '52:54:00:A1:9C:AE',
      '52-54-00-a1-9c-ae',
      '52-54-00-A1-9C-AE',
      '5254.00a1.9cae',
      '5254.00A1.9CAE',
      '525400a19cae',
      '525400A19CAE',
      '52:54:0:a1:9c:ae',
      '52-54-0-a1-9c-ae',
    ],
    '01:02:03:04:05:06': ['1:2:3:4:5:6', '010203040506'],
    '02:00:00:ff:fe:00:00:01': ['0200.00ff.fe00.0001', '02-00-00-FF-FE-00-00-01', '020000fffe000001'],
    '80:00:02:08:fe:80:00:00:00:00:00:00:00:11:75:00:00:70:aa:bb': [
      '80-00-02-08-fe-80-00-00-00-00-00-00-00-11-75-00-00-70-aa-bb',
      '80000208fe80000000000000001175000070aabb',
    ],
  });
  refused('mac', [
    ' ',
    'x',
    '52:54:00:a1:9c',
    '52:54:00:a1:9c:ae:01',
    '52:54:00-a1-9c-ae',
    '52:54:00:a1:9c:ae:',
    ':52:54:00:a1:9c:ae',
    '52::54:00:a1:9c',
    '52:54:00:a1:9c:ag',
    '52:54:00:a1:9c:0ae',
    '52 54 00 a1 9c ae',
    ' 52:54:00:a1:9c:ae',
    '52:54:00:a1:9c:ae\n',
    '525400a19ca',
    '525400a19caeaa',
    '5254:00a1:9cae',
    '52.54.00.a1.9c.ae',
    '5254.00a19cae',
    '\u0024{net0/mac}',
    '52:54:00:a1:9c:ae,52:54:00:a1:9c:af',
  ]);

  test('every spelling of one address is compared as one', () => {
    const octets = fc.constantFrom(6, 8, 20).chain((length) => fc.uint8Array({ minLength: length, maxLength: length }));
    fc.assert(
      fc.property(octets, fc.boolean(), (bytes, upper) => {
        const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, '0'));
        const written = [hex.join(':'), hex.join('-'), hex.join(''), hex.join('').replace(/....(?=.)/g, '$&.')];
        for (const text of written) {
          assert.equal(normal('mac', upper ? text.toUpperCase() : text), hex.join(':'));
        }
      }),
    );
  });
});

describe('a UUID:', () => {
  spelledAs('uuid', {
    '4c4c4544-0035-4d10-8054-b4c04f4d3132': [
      '4C4C4544-0035-4D10-8054-B4C04F4D3132',
      '4c4c454400354d108054b4c04f4d3132',
      '{4C4C4544-0035-4D10-8054-B4C04F4D3132}',
    ],
    '00000000-0000-0000-0000-000000000000': [],
  });
  refused('uuid', [
    'Not Settable',
    '4c4c4544-0035-4d10-8054-b4c04f4d313',
    '4c4c4544-0035-4d10-8054-b4c04f4d31322',
    '4c4c4544-0035-4d10-8054-b4c04f4d313g',
    ' 4c4c4544-0035-4d10-8054-b4c04f4d3132',
    'urn:uuid:4c4c4544-0035-4d10-8054-b4c04f4d3132',
  ]);
});

describe('an address:', () => {
  spelledAs('ip', {
    '10.7.0.5': ['::ffff:10.7.0.5', '::FFFF:0a07:0005', '0:0:0:0:0:ffff:10.7.0.5'],
    '2001:db8::1': ['2001:DB8:0:0:0:0:0:1', '2001:0db8::0001', '2001:db8::1%eth0', '2001:db8::0.0.0.1'],
    'fe80::1': ['fe80::1%eth0', 'fe80::1%25eth0', 'FE80:0::1%2'],
    '::1': ['0:0:0:0:0:0:0:1'],
    '::': ['::0', '0::0'],
    '2001:db8::1:0:0:1': ['2001:db8:0:0:1:0:0:1'],
    '64:ff9b::c000:201': ['64:ff9b::192.0.2.1'],
  });
  refused('ip', [
    ' ',
    '10',
    '10.7',
    '10.7.0',
    '10.7.0.256',
    '10.7.0.5.6',
    '010.7.0.5',
    '0x0a.7.0.5',
    '168230917',
    '10.7.0.5/24',
    '10.7.0.5:80',
    '[::1]',
    ':::1',
    '2001:db8::1::2',
    '12345::',
    'localhost',
    '%eth0',
  ]);
});

describe('an architecture', () => {
  spelledAs('arch', {
    amd64: ['x86_64', 'X86_64', 'x86-64', 'x64', 'AMD64'],
    arm64: ['aarch64', 'AArch64', 'ARM64'],
    riscv64: ['RISCV64'],
    i386: [],
    constructor: [],
  });
});

describe('other labels', () => {
  test('a serial number has no space around it and is otherwise as it is', () => {
    assert.equal(normal('serial', '  VMware-42 1d  AB \u00a0'), 'VMware-42 1d  AB');
  });

  test('a host name is in lower case', () =>
    assert.equal(normal('hostname', 'Node1.Rack-7.Example'), 'node1.rack-7.example'));

  test('a free label is as it is', () => {
    for (const text of ['r7', ' R7 ', '07', '~', 'x86_64', '52-54-00-A1-9C-AE', 'ü😀', '{{ x }}', '__proto__']) {
      assert.equal(normal('rack', text), text);
    }
  });
});

describe('no label', () => {
  const hostile: Readonly<Record<string, string>> = {
    'a NUL': 'a\0b',
    'a line feed': 'a\n',
    'a carriage return': '\ra',
    'a tab': 'a\tb',
    'an escape': '\u001b[31m',
    DEL: '\u007f',
    'a C1 control': '\u009b31m',
    'NEL, which YAML takes for a line break': 'a\u0085b',
    'a line separator': 'a\u2028b',
    'a paragraph separator': 'a\u2029b',
    'what was not UTF-8': 'a\ufffdb',
    'half of a surrogate pair': 'a\ud83d',
    'the other half': '\ude00',
  };
  for (const [what, text] of Object.entries(hostile)) {
    test(`holds ${what}`, () => {
      for (const key of ['rack', 'serial', 'hostname', 'arch', 'mac']) assert.equal(normal(key, text), undefined, key);
    });
  }

  test('is longer than its limit', () => {
    for (const key of ['rack', 'serial', 'hostname', 'arch']) {
      assert.equal(normal(key, 'a'.repeat(LABEL_LIMITS.valueLength)), 'a'.repeat(256));
      assert.equal(normal(key, 'a'.repeat(LABEL_LIMITS.valueLength + 1)), undefined);
    }
  });
});

test('what is wrong with a value is said without the value', () => {
  const secret = 'correct-horse';
  for (const [key, text] of [
    ['mac', secret],
    ['uuid', secret],
    ['ip', secret],
    ['rack', `${secret}\0`],
    ['rack', secret.repeat(50)],
  ] as const) {
    const value = normaliseLabel(key, text);
    assert.ok(!value.ok && value.problem !== '' && !value.problem.includes(secret), key);
  }
});

test('a value in its one spelling stays what it is', () => {
  const text = fc.oneof(anyText(40), fc.ipV4(), fc.ipV6(), fc.uuid(), fc.stringMatching(/^[0-9A-F]{12}$/));
  fc.assert(
    fc.property(fc.constantFrom(...MACHINE_KEYS, 'rack'), text, (key, written) => {
      const value = normal(key, written);
      if (value !== undefined) assert.equal(normal(key, value), value);
    }),
    { numRuns: 1000 },
  );
});

test('a key is made of letters, digits, and some punctuation inside', () => {
  for (const key of [
    'a',
    'A',
    '0',
    '_',
    '__proto__',
    'constructor',
    'topology.kubernetes.io/zone',
    'a-b',
    'a'.repeat(64),
  ]) {
    assert.ok(isLabelKey(key), key);
  }
  for (const key of [
    '',
    ' ',
    '-a',
    '.a',
    '/a',
    'a b',
    'a=b',
    'a:b',
    'ä',
    'a\n',
    'a\0',
    '\ud83d',
    '😀',
    'a'.repeat(65),
  ]) {
    assert.ok(!isLabelKey(key), JSON.stringify(key));
  }
});

test('only the labels that are documented are understood', () => {
  assert.deepEqual([...MACHINE_KEYS], ['mac', 'uuid', 'serial', 'hostname', 'arch', 'ip']);
  for (const key of MACHINE_KEYS) assert.ok(isMachineKey(key));
  for (const key of ['MAC', 'rack', '__proto__', 'constructor', 'toString', 'length', '0', '']) {
    assert.ok(!isMachineKey(key), key);
  }
});
