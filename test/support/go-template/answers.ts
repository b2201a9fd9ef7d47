import { readFileSync, writeFileSync } from 'node:fs';
import type { JsonValue } from '../../../src/go-template/go-template.ts';
import type { CaseGroup } from './cases/group.ts';
import type { GoAnswer, Oracle } from './oracle.ts';

const FILE = 'test/go-template/answers.json';

/** Cases with what Go makes of each template: its output, in base64 where that is no UTF-8, or the stage it fails at. */
export interface AnsweredGroup {
  readonly subject: string;
  readonly data: JsonValue;
  readonly answers: readonly (readonly [template: string, answer: StoredAnswer])[];
}

/** An answer as it is stored. */
export type StoredAnswer =
  | { readonly output: string }
  | { readonly base64: string }
  | { readonly fails: 'parse' | 'exec' };

/** The cases that are stored. */
export function readAnswers(): readonly AnsweredGroup[] {
  return JSON.parse(readFileSync(FILE, 'utf8'));
}

/** Stores cases in place of those that are. */
export function writeAnswers(groups: readonly AnsweredGroup[]): void {
  const shown = groups.map(({ subject, data, answers }) => {
    const lines = answers.map((answer) => `   ${JSON.stringify(answer)}`).join(',\n');
    return ` {"subject": ${JSON.stringify(subject)},\n  "data": ${JSON.stringify(data)},\n  "answers": [\n${lines}\n  ]}`;
  });
  writeFileSync(FILE, `[\n${shown.join(',\n')}\n]\n`);
}

/** What Go makes of cases. */
export async function askGo(oracle: Oracle, groups: readonly CaseGroup[]): Promise<readonly AnsweredGroup[]> {
  return Promise.all(
    groups.map(async ({ subject, data, templates }) => {
      const answers = await Promise.all(
        templates.map(async (template) => [template, toStored(await oracle.execute(template, data))] as const),
      );
      return { subject, data, answers };
    }),
  );
}

/** An answer of Go out of a stored one. */
export function fromStored(answer: StoredAnswer): GoAnswer {
  if ('fails' in answer) return { ok: false, stage: answer.fails, error: '' };
  return { ok: true, output: 'output' in answer ? Buffer.from(answer.output) : Buffer.from(answer.base64, 'base64') };
}

function toStored(answer: GoAnswer): StoredAnswer {
  if (!answer.ok) return { fails: answer.stage };
  const output = answer.output.toString();
  return Buffer.from(output).equals(answer.output) ? { output } : { base64: answer.output.toString('base64') };
}
