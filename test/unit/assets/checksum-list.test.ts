import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseChecksumList } from '../../../src/assets/checksum-list.ts';

const A = 'a'.repeat(64);
const B = 'B1'.repeat(32);

function read(text: string) {
  const { entries, faults } = parseChecksumList(text, 'sha256');
  return { entries: entries.map(({ name, digest, line }) => [name, digest, line]), faults };
}

test('A list is read in both forms that coreutils writes', () => {
  const text = [
    '# a comment',
    `${A}  vmlinuz`,
    `${B} *a/b c.img`,
    `SHA256 (d) (e) = ${A}`,
    '',
    `${A}  ./x/y`,
    `${A}   spaces `,
    `${A}  crlf\r`,
  ];
  assert.deepEqual(read(text.join('\n')), {
    entries: [
      ['vmlinuz', A, 2],
      ['a/b c.img', B.toLowerCase(), 3],
      ['d) (e', A, 4],
      ['x/y', A, 6],
      [' spaces ', A, 7],
      ['crlf', A, 8],
    ],
    faults: [],
  });
});

test('An escaped name is what it was, and a name with a backslash that is not escaped stays as it is', () => {
  const text = `\\${A}  a\\\\n\\nb\n\\SHA256 (c\\rd) = ${A}\n${A}  e\\nf\n`;
  assert.deepEqual(
    read(text).entries.map(([name]) => name),
    ['a\\n\nb', 'c\rd', 'e\\nf'],
  );
});

test('A line that says nothing is a fault with its number', () => {
  const cases: readonly (readonly [line: string, fault: RegExp])[] = [
    ['vmlinuz', /no line of a list/],
    [`${A} vmlinuz`, /no line of a list/],
    [A, /no line of a list/],
    [`${A}  `, /no line of a list/],
    ['abc  x', /has 64 digits, and this one 3/],
    [`${A}${A}  x`, /has 64 digits, and this one 128/],
    [`SHA512 (x) = ${A}${A}`, /no SHA256 digest/],
    [`\\${A}  a\\tb`, /escape that is none/],
    [`\\${A}  a\\`, /escape that is none/],
    [`${A}  /etc/passwd`, /leads out/],
    [`${A}  a/../../b`, /leads out/],
    [`${A}  ./`, /leads out/],
  ];
  for (const [line, fault] of cases) {
    const { entries, faults } = read(`\n${line}\n`);
    assert.deepEqual(entries, [], line);
    assert.equal(faults[0]?.line, 2);
    assert.match(faults[0]?.message ?? '', fault, line);
  }
});

test('A list of SHA-512 wants the digits of SHA-512', () => {
  assert.equal(parseChecksumList(`${A}${A}  x\n`, 'sha512').entries.length, 1);
  assert.equal(parseChecksumList(`${A}  x\n`, 'sha512').faults.length, 1);
});
