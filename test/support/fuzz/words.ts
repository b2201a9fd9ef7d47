import fc from 'fast-check';

/** Texts that mean something to a language or a parser on the way. */
const HOSTILE: readonly string[] = [
  '',
  ' ',
  '\t',
  '{{ parameters }}',
  '{% include "/etc/passwd" %}',
  '../../etc/passwd',
  '..\\..\\windows',
  '/etc/shadow',
  'file:///etc/passwd',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  'NaN',
  '-1',
  '1e309',
  '<script>alert(1)</script>',
  '$(id)',
  '`id`',
  "'; DROP TABLE machines; --",
  '%00',
  '%',
  '%2e%2e%2f',
  '\u0000',
  '\r\nX-Injected: yes',
  '\u2028',
  '\ud800',
  '\ufffd',
  '🔥',
  'ü'.repeat(120),
  'a'.repeat(256),
  'a'.repeat(257),
  'ff:ff:ff:ff:ff:ff',
];

/** Any text, mostly short. */
export const anyText: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.constantFrom(...HOSTILE), weight: 4 },
  { arbitrary: fc.string({ maxLength: 12 }), weight: 3 },
  { arbitrary: fc.string({ unit: 'binary', maxLength: 12 }), weight: 2 },
);

/** Text that may stand in a header line: no control characters, no more than Latin-1. */
export const headerText: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.string({ maxLength: 30 }), weight: 3 },
  {
    arbitrary: fc.string({
      unit: fc.integer({ min: 0xa0, max: 0xff }).map((code) => String.fromCharCode(code)),
      maxLength: 8,
    }),
    weight: 1,
  },
  { arbitrary: fc.constantFrom(...HOSTILE.filter((text) => /^[\x20-\x7e]*$/.test(text))), weight: 2 },
);

/** Text that a label may have as its value. */
const word = fc.oneof(
  fc.string({ maxLength: 12 }),
  fc.constantFrom(...HOSTILE.filter((text) => /^[\x20-\x7eü]*$/.test(text))),
);

/** A text of the kind that is meant, and now and then any other. */
const usually = (usual: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.oneof({ arbitrary: usual, weight: 12 }, { arbitrary: anyText, weight: 1 });

const octets = fc
  .constantFrom(6, 6, 6, 8, 8, 7)
  .chain((length) => fc.array(fc.integer({ min: 0, max: 255 }), { minLength: length, maxLength: length }));

/** A MAC address in some spelling, now and then with an octet too few or too many. */
const mac = fc.tuple(octets, fc.constantFrom(':', '-', '.', '')).map(([bytes, separator]) => {
  const hex = bytes.map((byte) => byte.toString(16).padStart(2, '0'));
  return separator === '.' ? (hex.join('').match(/.{1,4}/g) ?? []).join('.') : hex.join(separator);
});

const knownMac = fc.constantFrom('52:54:00:a1:9c:ae', '52-54-00-A1-9C-AF', '5254.00a1.9db0', '525400a19cb0');
const uuid = fc.oneof(
  fc.uuid(),
  fc.uuid().map((text) => `{${text.toUpperCase()}}`),
  fc.uuid().map((text) => text.replaceAll('-', '')),
);

/** Few enough values that butane does not become the bottleneck, since each makes a config of its own. */
const spoken = fc.oneof(
  {
    arbitrary: fc.constantFrom(
      'hello',
      'a b',
      '"',
      '{{',
      'x\ny',
      'ü',
      '$HOME',
      '- item',
      '0644',
      '||',
      `$\{uuid}`,
      ';reboot',
    ),
    weight: 60,
  },
  { arbitrary: anyText, weight: 1 },
);

const labelOf: Readonly<Record<string, fc.Arbitrary<string>>> = {
  mac: usually(fc.oneof({ arbitrary: knownMac, weight: 3 }, { arbitrary: mac, weight: 1 })),
  uuid: usually(uuid),
  serial: usually(word),
  hostname: usually(fc.domain()),
  arch: usually(fc.constantFrom('amd64', 'x86_64', 'X64', 'aarch64', 'riscv64')),
  ip: usually(fc.oneof(fc.ipV4(), fc.ipV6())),
  rack: fc.constantFrom('r7', 'r8', 'R7', ''),
  role: fc.constantFrom('gpu', 'twins', 'none'),
  mode: fc.constantFrom('rescue', 'broken', 'needy', 'large', 'boot', 'own'),
  say: spoken,
};

/** Keys as often as they are said; the address may be given to one of the APIs only. */
const KEYS = Object.keys(labelOf).flatMap((key) => (key === 'ip' ? [key] : [key, key, key]));

/** A label: a key and its value as the machine means them. */
export const label: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  {
    arbitrary: fc
      .constantFrom(...KEYS)
      .chain((key) => (labelOf[key] ?? anyText).map((value): readonly [string, string] => [key, value])),
    weight: 40,
  },
  { arbitrary: fc.tuple(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_./-]{0,8}$/), word), weight: 8 },
  { arbitrary: fc.tuple(fc.string({ maxLength: 6 }), anyText), weight: 1 },
  { arbitrary: fc.tuple(anyText, anyText), weight: 1 },
);

/** Ids of the site that is fuzzed, and others. */
export const id: fc.Arbitrary<string> = fc.oneof(
  {
    arbitrary: fc.constantFrom(
      'overlaybd',
      'overlaybd-containerd',
      'fcos',
      'rescue',
      'worker',
      'node1',
      'rack-7',
      'odd-boot',
      'odd-broken',
      'odd-own',
      'odd-deep',
      'odd-echo',
      'odd-embedded',
      'odd-large',
      'odd-needy',
      'odd-typed',
      'odd-unreadable',
    ),
    weight: 12,
  },
  { arbitrary: anyText, weight: 1 },
);

const version = fc.oneof(
  { arbitrary: fc.integer({ min: 0, max: 7 }).map((minor) => `3.${minor}.0`), weight: 6 },
  {
    arbitrary: fc.constantFrom('1', '2.0.0', '2.4.0', '3', '3.9.0', '4.0.0', '3.4.0-experimental', '', '"3.3.0"'),
    weight: 2,
  },
  { arbitrary: headerText, weight: 1 },
);

/** What stands in `Accept`: what releases of Ignition send, what other clients send, and noise. */
export const accept: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: version.map((each) => `application/vnd.coreos.ignition+json;version=${each}, */*;q=0.1`), weight: 5 },
  {
    arbitrary: fc
      .array(
        fc.tuple(
          fc.constantFrom('application/vnd.coreos.ignition+json', 'APPLICATION/VND.COREOS.IGNITION+JSON', '*/*', 'x/y'),
          version,
          fc.constantFrom('', '; q=0', ';q=0.5', ';q="1', ';;', ';version=3.0.0'),
        ),
        { maxLength: 6 },
      )
      .map((ranges) => ranges.map(([type, each, rest]) => `${type}; version=${each}${rest}`).join(',')),
    weight: 2,
  },
  {
    arbitrary: fc.constantFrom('*/*', 'application/json', ',', ';', '"', 'a'.repeat(5000), 'x/y,'.repeat(70)),
    weight: 1,
  },
  { arbitrary: headerText, weight: 1 },
);
