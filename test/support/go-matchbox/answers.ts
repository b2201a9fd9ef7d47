import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { QUESTIONS, type QuestionKind } from './cases.ts';

const FILE = 'test/go-matchbox/answers.json';

/** What Go makes of one input; no value where it refuses it. */
export interface Answered {
  readonly kind: QuestionKind;
  readonly input: Buffer;
  readonly ok: boolean;
  readonly value: unknown;
}

/** The answers that are stored. */
export function readAnswers(): readonly Answered[] {
  const stored: readonly [QuestionKind, string, unknown?][] = JSON.parse(readFileSync(FILE, 'utf8'));
  return stored.map(([kind, input, ...values]) => ({
    kind,
    input: Buffer.from(input, encodingOf(kind)),
    ok: values.length > 0,
    value: values[0],
  }));
}

/** Stores answers in place of those that are. */
export function writeAnswers(answers: readonly Answered[]): void {
  const lines = answers.map(({ kind, input, ok, value }) =>
    JSON.stringify([kind, input.toString(encodingOf(kind)), ...(ok ? [value] : [])]),
  );
  // Every character beyond ASCII as an escape, so that no editor changes one.
  const escaped = lines.map((line) => line.replace(/[^ -~]/g, escapeCharacter));
  writeFileSync(FILE, `[\n${escaped.join(',\n')}\n]\n`);
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Asks the program in test/go-matchbox every question. */
export async function askGo(program: string): Promise<readonly Answered[]> {
  const asked = Object.entries(QUESTIONS).flatMap(([kind, inputs]) =>
    inputs.map((input) => ({ kind: kind as QuestionKind, input })),
  );
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.stdin.end(
    asked.map(({ kind, input }) => `${JSON.stringify({ kind, input: input.toString('base64') })}\n`).join(''),
  );
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${program} ended with ${code}`);
  const lines = Buffer.concat(chunks).toString('utf8').trimEnd().split('\n');
  return asked.map((question, index) => {
    // JSON.stringify writes no -0.
    const { ok, value } = JSON.parse(lines[index] ?? '{}', (_key, each) => (Object.is(each, -0) ? 0 : each));
    return { ...question, ok, value: ok ? (value ?? null) : undefined };
  });
}

function encodingOf(kind: QuestionKind): 'latin1' | 'utf8' {
  return kind === 'content-type' ? 'latin1' : 'utf8';
}
