import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type FrameOptions, formatDiagnostic } from '../../../src/cli/code-frame.ts';
import { printable, styled } from '../../../src/cli/terminal.ts';
import type { Diagnostic } from '../../../src/diagnostic.ts';

const TEXT = 'one: 1\ntwo: 2\nthree: 3\nfour: 4\nfive: 5\nsix: 6\n';

function formatted(
  diagnostic: Partial<Diagnostic>,
  text: string | Buffer = TEXT,
  options: Partial<FrameOptions> = {},
): string {
  return formatDiagnostic(
    { severity: 'error', code: 'butane', message: 'it is wrong', ...diagnostic },
    { documents: new Map([['a.bu', Buffer.from(text)]]), colour: false, frame: true, ...options },
  );
}

function at(line: number, column: number): Pick<Diagnostic, 'origin'> {
  return { origin: { file: 'a.bu', line, column } };
}

/** The line that the caret points at, and the character above it. */
function pointedAt(output: string): string | undefined {
  const lines = output.split('\n');
  const index = lines.findIndex((line) => /^\s*\| *\^$/.test(line));
  const caret = lines[index]?.indexOf('^') ?? -1;
  return [...(lines[index - 1] ?? '')][caret];
}

describe('a code frame', () => {
  test('shows the place between the lines around it, and what to do', () => {
    assert.equal(
      formatted({ ...at(3, 8), path: '$.three', hint: 'write four' }, TEXT, { about: 'profile web' }),
      [
        'error: it is wrong',
        '  --> a.bu:3:8 ($.three; profile web)',
        '  1 | one: 1',
        '  2 | two: 2',
        '  3 | three: 3',
        '    |        ^',
        '  4 | four: 4',
        '  5 | five: 5',
        '  hint: write four',
        '',
      ].join('\n'),
    );
  });

  test('begins with the first line and ends with the last', () => {
    assert.match(formatted(at(1, 1)), /\n {2}1 \| one: 1\n {4}\| \^\n {2}2 \| two: 2\n {2}3 \| three: 3\n$/);
    assert.match(formatted(at(6, 1)), /\n {2}4 \| four: 4\n {2}5 \| five: 5\n {2}6 \| six: 6\n {4}\| \^\n/);
  });

  test('lines up line numbers of different width', () => {
    const output = formatted(at(9, 1), 'x\n'.repeat(12));
    assert.match(output, /\n {3}7 \| x\n {3}8 \| x\n {3}9 \| x\n {5}\| \^\n {2}10 \| x\n {2}11 \| x\n/);
  });

  test('points at the character, whatever stands before it', () => {
    const cases: readonly (readonly [string, number, string])[] = [
      ['a: X', 4, 'X'],
      ['ü😀: X', 5, 'X'],
      ['\ta: X', 5, 'X'],
      ['a\u001b: X', 5, 'X'],
      ['\ufeffa: X', 4, 'X'],
      ['a: X\r', 4, 'X'],
    ];
    for (const [text, column, character] of cases) {
      const [first = '', ...rest] = formatted(at(1, column), text).split('\n').slice(2);
      const caret = rest[0]?.indexOf('^') ?? -1;
      assert.equal([...first][caret], character, JSON.stringify(text));
    }
    assert.equal(pointedAt(formatted(at(3, 8))), '3');
  });

  test('cuts a long line around the place', () => {
    const output = formatted(at(1, 5001), `${'a'.repeat(5000)}X${'b'.repeat(5000)}\n`);
    for (const line of output.split('\n')) assert.ok(line.length < 180, line);
    assert.equal(pointedAt(output), 'X');
  });

  test('is left out where it is not wanted, or the file is not there', () => {
    assert.equal(formatted(at(3, 8), TEXT, { frame: false }), 'error: it is wrong\n  --> a.bu:3:8\n');
    assert.equal(formatted({ origin: { file: 'b.bu', line: 1, column: 1 } }), 'error: it is wrong\n  --> b.bu:1:1\n');
    assert.equal(formatted({}), 'error: it is wrong\n');
    assert.equal(formatted({}, TEXT, { about: 'profile web' }), 'error: it is wrong\n  (profile web)\n');
  });

  test('stays calm about a place that is not in the file', () => {
    for (const [line, column] of [
      [100, 1],
      [1, 1000],
      [0, 0],
    ] as const) {
      assert.match(formatted(at(line, column)), /^error: it is wrong\n/);
    }
    assert.match(formatted(at(1, 1), ''), /^error: it is wrong\n/);
    assert.match(formatted(at(1, 1), Buffer.from([0xff, 0xfe])), /^error: it is wrong\n/);
  });

  test('has colours only where they are wanted', () => {
    const output = formatted({ ...at(3, 8), severity: 'warning', hint: 'h' }, TEXT, { colour: true });
    assert.ok(output.includes('\u001b[33mwarning\u001b[0m'));
    assert.ok(output.includes('\u001b[31m^\u001b[0m'));
    assert.ok(!formatted({ ...at(3, 8), hint: 'h' }).includes('\u001b'));
    assert.equal(styled('x', 'red', false), 'x');
  });
});

describe('nothing in a site can act on a terminal', () => {
  const hostile = '\u001b[2J\u001b]0;title\u0007\u009b31m\b\r\u202e\u2066\u200b\u2028\u0000\u007f';
  const acts = /(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/u;

  for (const [where, diagnostic] of Object.entries<Partial<Diagnostic>>({
    message: { message: `x${hostile}` },
    path: { path: `$.${hostile}`, ...at(1, 1) },
    hint: { hint: hostile },
    file: { origin: { file: hostile, line: 1, column: 1 } },
  })) {
    test(`by its ${where}`, () => assert.equal(acts.exec(formatted(diagnostic))?.[0], undefined));
  }

  test('by the lines that are shown', () => {
    const output = formatted(at(2, 3), `${hostile}\nx${hostile}y\n${hostile}`);
    assert.equal(acts.exec(output)?.[0], undefined);
    assert.ok(output.includes('\\u{1b}[2J'));
  });

  test('and a tab keeps some room, a line break its line', () => {
    assert.equal(printable('a\tb\nc'), 'a  b\nc');
    assert.equal(printable('ü😀é'), 'ü😀é');
  });
});
