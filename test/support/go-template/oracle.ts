import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { JsonValue } from '../../../src/go-template/go-template.ts';

/** What Go makes of a template. */
export type GoAnswer =
  | { readonly ok: true; readonly output: Buffer }
  | { readonly ok: false; readonly stage: 'parse' | 'exec'; readonly error: string };

/** Which code points Go takes for something: the first and the last of each range. */
export type CodePointRange = readonly [first: number, last: number];

/** The program in test/go-template: Go's own text/template, which says what ours has to do. */
export interface Oracle {
  execute(template: string, data: JsonValue): Promise<GoAnswer>;
  characters(kind: 'printable' | 'name'): Promise<readonly CodePointRange[]>;
  close(): void;
}

interface RawAnswer {
  readonly ok: boolean;
  readonly output?: string;
  readonly stage?: 'parse' | 'exec';
  readonly error?: string;
  readonly ranges?: readonly CodePointRange[];
}

/** Starts the program; it answers in the order it is asked in. */
export function startOracle(program: string): Oracle {
  const child = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: { resolve(answer: RawAnswer): void; reject(error: Error): void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)));
  const end = (reason: string) => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`${program} ${reason}`));
  };
  child.on('error', ({ message }) => end(message));
  child.on('close', (code, signal) => end(`ended with ${code ?? signal}`));
  child.stdin.on('error', ({ message }) => end(message));
  const ask = (request: object): Promise<RawAnswer> =>
    new Promise((resolve, reject) => {
      waiting.push({ resolve, reject });
      child.stdin.write(`${JSON.stringify(request)}\n`);
    });
  return {
    async execute(template, data) {
      const { ok, output = '', stage = 'parse', error = '' } = await ask({ template, data });
      return ok ? { ok, output: Buffer.from(output, 'base64') } : { ok, stage, error };
    },
    async characters(kind) {
      return (await ask({ characters: kind, data: null })).ranges ?? [];
    },
    close() {
      child.stdin.end();
    },
  };
}
