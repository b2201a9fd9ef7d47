import { compileGoTemplate } from '../../../src/go-template/go-template.ts';
import type { FuzzCase } from './generate.ts';
import type { GoAnswer, Oracle } from './oracle.ts';

/** What ours makes of a template, in the words of the oracle; or a limit, of which Go has others. */
export type Ours =
  | { readonly ok: true; readonly output: Buffer }
  | { readonly ok: false; readonly stage: 'parse' | 'exec' | 'limit' };

/** How both ended when they agree; with a limit Go is not asked. */
export type Ending = 'output' | 'parse' | 'exec' | 'limit';

/** Compiles and executes a template as the service does. */
export function executeOurs({ template, data }: FuzzCase): Ours {
  const compiled = compileGoTemplate(template, 'x.tmpl');
  const isLimit = ({ code }: { readonly code: string }) => code === 'template-limit';
  if (compiled.value === undefined) return { ok: false, stage: compiled.diagnostics.some(isLimit) ? 'limit' : 'parse' };
  const { value, diagnostics } = compiled.value.execute(data);
  if (value !== undefined) return { ok: true, output: value };
  return { ok: false, stage: diagnostics.some(isLimit) ? 'limit' : 'exec' };
}

/** Executes a case with both. Throws with both answers when they differ. */
export async function compareWithGo(oracle: Oracle, tried: FuzzCase): Promise<Ending> {
  const ours = executeOurs(tried);
  if (!ours.ok && ours.stage === 'limit') return 'limit';
  const theirs = await oracle.execute(tried.template, tried.data);
  const difference = differenceOf(ours, theirs);
  if (difference !== undefined) throw new Error(difference);
  return ours.ok ? 'output' : ours.stage;
}

/** What differs, for the reader; undefined when the bytes are the same, or both fail at the same stage. */
export function differenceOf(ours: Ours, theirs: GoAnswer): string | undefined {
  if (ours.ok && theirs.ok && ours.output.equals(theirs.output)) return undefined;
  if (!ours.ok && !theirs.ok && ours.stage === theirs.stage) return undefined;
  return `ours: ${describe(ours)}\nGo's: ${describe(theirs)}`;
}

function describe(answer: Ours | GoAnswer): string {
  if (answer.ok) return JSON.stringify(answer.output.toString('latin1'));
  return `fails at ${answer.stage}${'error' in answer ? `: ${answer.error}` : ''}`;
}
