import { Type } from 'typebox';
import { type ErrorCode, ProvisioningError } from '../errors.ts';
import { PROBLEMS } from './problems.ts';

/** The media type of every error (RFC 9457). */
export const PROBLEM_TYPE = 'application/problem+json';

/** The body of every error. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'A page that explains this kind of problem, relative to the request' }),
    title: Type.String(),
    status: Type.Integer(),
    code: Type.String({ enum: Object.keys(PROBLEMS) }),
    detail: Type.String({ description: 'What is wrong here; never holds rendered content' }),
    instance: Type.String({ description: 'The request id, which the log has too' }),
  },
  { title: 'Problem' },
);

/** An error's body. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly instance: string;
}

/** Turns whatever was thrown into the one error the core knows; what nobody foresaw becomes `internal`, with its cause. */
export function toProvisioningError(error: unknown): ProvisioningError {
  if (error instanceof ProvisioningError) return error;
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? Number(error.statusCode) : 500;
  if (status >= 400 && status < 500) {
    return new ProvisioningError('request-invalid', 'the request is malformed', { cause: error });
  }
  return new ProvisioningError('internal', 'the service could not answer; its log tells more', { cause: error });
}

/** The body for an error. */
export function createProblem(error: ProvisioningError, requestId: string): Problem {
  const { status, title } = PROBLEMS[error.code];
  return {
    type: `/problems#${error.code}`,
    title,
    status,
    code: error.code,
    detail: error.message,
    instance: requestId,
  };
}
