import { createHash } from 'node:crypto';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { PROBLEM_TYPE, ProblemSchema } from '../../../src/http/problem.ts';
import { PROBLEMS } from '../../../src/http/problems.ts';
import { parseAccept } from '../../../src/ignition/accept.ts';
import { compareSpecVersions, parseSpecVersion } from '../../../src/ignition/spec-version.ts';
import { readGrub, readIpxe, variablesOf } from '../boot-loaders.ts';
import type { Api, FuzzRequest } from './requests.ts';
import type { WireAnswer } from './wire.ts';

/** What an answer does wrong; undefined when nothing. */
export type Verdict = string | undefined;

/** Statuses of each API. Swagger UI's files are the one place with redirects, ranges and conditions. */
const STATUSES: Readonly<Record<Api | 'docs', readonly number[]>> = {
  machine: [200, 400, 404, 406, 503],
  operator: [200, 400, 401, 404, 503],
  docs: [200, 206, 302, 304, 400, 401, 404, 503],
};

const isProblem = new Ajv2020().compile({ ...ProblemSchema, additionalProperties: false });

/** Judges an answer to a request of which nothing is known but where it went. */
export function judge(api: Api, answer: WireAnswer, request?: FuzzRequest): Verdict {
  const docs = api === 'operator' && (request === undefined || request.target.startsWith('/docs'));
  const { status, headers, body } = answer;
  if (!STATUSES[docs ? 'docs' : api].includes(status)) return `the status ${status} is not documented`;
  if (status === 302 || status === 304 || status === 206) return undefined;
  const toHead = request?.method === 'HEAD';
  if (toHead) return headers.get('content-type') === undefined ? 'an answer to HEAD without a type' : undefined;
  if (status !== 200) return judgeProblem(answer);
  if (body.length === 0) return 'a success without a body';
  if (api === 'machine') return judgeMachine(answer, request);
  return headers.get('content-type')?.startsWith('application/json') ? judgeJson(body) : undefined;
}

function judgeProblem({ status, headers, body }: WireAnswer): Verdict {
  if (headers.get('content-type') !== PROBLEM_TYPE) return `an error of type ${headers.get('content-type')}`;
  const problem = parse(body);
  if (!isProblem(problem)) return 'an error that is not of the schema';
  const code = Object.entries(PROBLEMS).find(([each]) => isObject(problem) && problem.code === each);
  if (code === undefined || code[1].status !== status) return 'an error whose code has another status';
  return code[0] === 'internal' ? 'an unforeseen fault' : undefined;
}

function judgeJson(body: Buffer): Verdict {
  return isObject(parse(body)) ? undefined : 'a body that is no JSON object';
}

function judgeMachine(answer: WireAnswer, request: FuzzRequest | undefined): Verdict {
  const { headers, body } = answer;
  const type = headers.get('content-type') ?? '';
  if (type === 'text/plain; charset=utf-8' && !body.equals(ALIVE)) return judgeScript(answer);
  if (type.startsWith('text/plain')) {
    return body.toString() === 'pilotlight\n' ? undefined : 'a sign of life that is none';
  }
  const version = /^application\/vnd\.coreos\.ignition\+json; version=(\d+\.\d+\.\d+(?:-experimental)?)$/.exec(
    type,
  )?.[1];
  if (version === undefined) return `a config of type ${type}`;
  const config = parse(body);
  const inside = isObject(config) && isObject(config.ignition) ? config.ignition.version : undefined;
  if (inside !== version) return 'a config whose version is not that of its type';
  if (headers.get('etag') !== `"sha512-${createHash('sha512').update(body).digest('hex')}"`) return 'a wrong ETag';
  if (headers.get('content-length') !== String(body.length)) return 'a config without its length';
  if (headers.get('cache-control') !== 'private, no-store') return 'a config that may be stored';
  return request === undefined ? undefined : judgeVersion(version, request);
}

const ALIVE = Buffer.from('pilotlight\n');

/** Commands of our scripts, and of those that the odd site has: no value may be another one. */
const COMMANDS: ReadonlySet<string> = new Set([
  ...['#!ipxe', ':ask', ':wait', ':again', ':failed', 'echo', 'kernel', 'initrd', 'boot', 'imgfree', 'sleep', 'chain'],
  ...['goto', 'exit', 'shell', '||', 'if', 'fi', 'set', 'while', 'source', 'done'],
]);

/** Variables of the odd site's own scripts, and of the first script. */
const VARIABLES: ReadonlySet<string> = new Set(
  ['uuid', 'mac:hexhyp', 'domain:uristring', 'hostname:uristring', 'serial:uristring', 'buildarch:uristring'].map(
    (name) => `$\{${name}}`,
  ),
);

function judgeScript({ headers, body }: WireAnswer): Verdict {
  const script = body.toString('latin1');
  if (headers.get('content-length') !== String(body.length)) return 'a script without its length';
  if (headers.get('cache-control') !== 'private, no-store') return 'a script that may be stored';
  if (/[^\n\x20-\x7e]/.test(script)) return 'a script with odd characters';
  const forIpxe = script.startsWith('#!ipxe\n');
  const commands = forIpxe ? readIpxe(script) : readGrub(script);
  const odd = commands.find(([word = '']) => !COMMANDS.has(word));
  if (odd !== undefined) return `a script with the command ${odd[0]}`;
  const variable = forIpxe ? variablesOf(script).find((each) => !VARIABLES.has(each)) : undefined;
  return variable === undefined ? undefined : `a script with the variable ${variable}`;
}

function judgeVersion(version: string, request: FuzzRequest): Verdict {
  const valuesOf = (name: string) =>
    request.headers.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value.trim());
  const accepted = parseAccept(valuesOf('accept').join(', '), valuesOf('user-agent')[0]);
  const served = parseSpecVersion(version);
  if (accepted === undefined || served === undefined) return undefined;
  return compareSpecVersions(served, accepted) > 0 ? 'a config newer than the client accepts' : undefined;
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
