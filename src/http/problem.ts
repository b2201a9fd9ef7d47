import { Type } from 'typebox';
import { type ErrorCode, ProvisioningError } from '../errors.ts';

/** How one error code is answered. */
interface ProblemKind {
  readonly status: 400 | 401 | 404 | 406 | 409 | 500 | 503;
  readonly title: string;
}

/**
 * The only place with status codes. To a booting machine 4xx means "stop, somebody has to come" and 5xx means "ask
 * again", so our own faults and an author's are 503; Ignition knows no other way to wait.
 */
export const PROBLEMS: Readonly<Record<ErrorCode, ProblemKind>> = {
  'request-invalid': { status: 400, title: 'The request cannot be understood' },
  'request-timeout': { status: 503, title: 'The request did not arrive in time' },
  'label-invalid': { status: 400, title: 'A label has no possible value' },
  'route-not-found': { status: 404, title: 'There is nothing at this path' },
  'profile-not-found': { status: 404, title: 'There is no such profile' },
  'group-not-found': { status: 404, title: 'There is no such group' },
  'machine-unknown': { status: 404, title: 'No group selects a profile for this machine' },
  'parameter-missing': { status: 404, title: 'The profile needs a value that nobody gave for this machine' },
  'spec-not-acceptable': { status: 406, title: 'The client is too old for this config' },
  unauthorized: { status: 401, title: 'A bearer token is needed' },
  'selection-ambiguous': { status: 503, title: 'Groups contradict each other for this machine' },
  'profile-broken': { status: 503, title: 'The profile has faults' },
  'site-invalid': { status: 503, title: 'The site has faults' },
  'revision-not-found': { status: 404, title: 'There is no such revision' },
  'revision-refused': { status: 409, title: 'The new revision breaks what the served one gives' },
  'not-ready': { status: 503, title: 'The service is not ready' },
  'queue-full': { status: 503, title: 'Too much is waiting to be rendered' },
  'render-timeout': { status: 503, title: 'The config was not ready in time' },
  'butane-failed': { status: 503, title: 'butane failed' },
  'butane-missing': { status: 503, title: 'butane is missing' },
  'config-invalid': { status: 503, title: 'The service is configured wrongly' },
  internal: { status: 503, title: 'Something went wrong inside the service' },
};

/** The media type of every error (RFC 9457). */
export const PROBLEM_TYPE = 'application/problem+json';

/** The body of every error. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'A name for this kind of problem' }),
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
    type: `urn:pilotlight:problem:${error.code}`,
    title,
    status,
    code: error.code,
    detail: error.message,
    instance: requestId,
  };
}
