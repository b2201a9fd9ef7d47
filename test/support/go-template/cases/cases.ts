import fc from 'fast-check';
import { fuzzCase } from '../generate.ts';
import { CONTROL } from './control.ts';
import { FORMATS } from './formats.ts';
import { FUNCTIONS } from './functions.ts';
import type { CaseGroup } from './group.ts';
import { MACHINES } from './machines.ts';
import { SYNTAX } from './syntax.ts';

const GENERATED = 400;

/** Every case that is written by hand. */
export const WRITTEN: readonly CaseGroup[] = [...MACHINES, ...SYNTAX, ...CONTROL, ...FUNCTIONS, ...FORMATS];

/** Cases that were drawn; which ones depends on the version of fast-check. */
export function drawCases(): readonly CaseGroup[] {
  return fc
    .sample(fuzzCase, { numRuns: GENERATED, seed: 1 })
    .map(({ template, data }, index) => ({ subject: `drawn ${index + 1}`, data, templates: [template] }));
}
