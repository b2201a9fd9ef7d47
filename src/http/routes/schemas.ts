import { Type } from 'typebox';
import type { Diagnostic, Severity } from '../../diagnostic.ts';
import { PROBLEM_TYPE, ProblemSchema } from '../problem.ts';

/** What a diagnostic may weigh, the worst first. */
export const SEVERITIES: readonly Severity[] = ['error', 'warning', 'info'];

/** A diagnostic as the operator API shows it. */
export const ReportSchema = Type.Object(
  {
    severity: Type.String({ enum: [...SEVERITIES] }),
    code: Type.String(),
    message: Type.String(),
    path: Type.Optional(Type.String({ description: "Where in the document, in butane's spelling" })),
    file: Type.Optional(Type.String({ description: 'Relative to the site' })),
    line: Type.Optional(Type.Integer({ minimum: 1 })),
    column: Type.Optional(Type.Integer({ minimum: 1 })),
    hint: Type.Optional(Type.String()),
    profile: Type.Optional(Type.String()),
    group: Type.Optional(Type.String()),
  },
  { title: 'Report' },
);

/** What a diagnostic looks like in JSON, flat, with the place as three keys. */
export function reportJson(diagnostic: Diagnostic, about: { readonly profile?: string; readonly group?: string } = {}) {
  const { severity, code, message, path, origin, hint } = diagnostic;
  return {
    severity,
    code,
    message,
    ...(path === undefined ? {} : { path }),
    ...(origin === undefined ? {} : { file: origin.file, line: origin.line, column: origin.column }),
    ...(hint === undefined ? {} : { hint }),
    ...about,
  };
}

/** An error response in a route's schema. */
export function problemResponse(description: string) {
  return { description, content: { [PROBLEM_TYPE]: { schema: ProblemSchema } } };
}
