import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { RE2JS } from 're2js';
import type { Diagnostic, DiagnosticCode } from '../diagnostic.ts';
import { locate } from '../fragment/locate.ts';
import { suggest } from '../fragment/nearest.ts';
import type { Node, PathSegment } from '../fragment/node.ts';
import { formatPath } from '../fragment/node.ts';
import type { Value } from '../fragment/value.ts';

/** One thing that a schema finds wrong with a value. */
export interface SchemaFault {
  readonly path: readonly PathSegment[];
  /** The key that is too much or missing, where the fault is about one. */
  readonly key?: string;
  readonly kind: 'missing' | 'unknown' | 'wrong';
  /** Says what was expected; quotes no value. */
  readonly message: string;
}

/** A compiled JSON Schema 2020-12. `check` fills schema defaults into the value it is given. */
export interface CompiledSchema {
  check(value: Value): readonly SchemaFault[];
}

/** One compiler for all schemas: what it compiles for itself, such as the schema of schemas, takes longer than most. */
let shared: Ajv2020 | undefined;

function createCompiler(): Ajv2020 {
  const ajv = new Ajv2020({
    allErrors: true,
    verbose: true,
    useDefaults: true,
    ownProperties: true,
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allowUnionTypes: true,
    validateFormats: true,
    logger: false,
    code: { regExp: linear },
  });
  addFormats.default(ajv);
  return ajv;
}

/**
 * Compiles a JSON Schema 2020-12 with formats checked. Throws an Error whose message says what is wrong with the schema
 * (an unknown keyword, type or format counts, since a typo would otherwise check nothing).
 */
export function compileSchema(schema: object): CompiledSchema {
  // What a schema names itself by is remembered, and could be meant to stand for something else.
  const named = /"\$(?:id|anchor|dynamicAnchor)"/.test(JSON.stringify(schema));
  const compiler = named || shared === undefined ? createCompiler() : shared;
  if (!named) shared = compiler;
  try {
    const validate: ValidateFunction = compiler.compile(schema);
    return {
      check(value) {
        if (validate(value)) return [];
        return (validate.errors ?? []).map(describe).filter((fault) => fault !== undefined);
      },
    };
  } finally {
    // It would remember every schema of every revision.
    compiler.removeSchema(schema);
  }
}

/** The same for a schema that is known to compile: it does at its first use, since most profiles are not asked for at once. */
export function compileSchemaLater(schema: object): CompiledSchema {
  let compiled: CompiledSchema | undefined;
  return {
    check(value) {
      compiled ??= compileSchema(schema);
      return compiled.check(value);
    },
  };
}

/** A `pattern` that cannot be used. */
export class PatternFault extends Error {
  readonly pattern: string;
  constructor(pattern: string, options: ErrorOptions) {
    super('this pattern cannot be used; it must do without look-around and back references', options);
    this.pattern = pattern;
  }
}

/**
 * Compiles a pattern for an engine whose time grows with the text alone. JavaScript's own takes minutes for thirty
 * characters and a pattern such as `^([a-z]+-?)+$`, and no machine gets an answer meanwhile.
 */
function linear(pattern: string): RE2JS {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(pattern));
  } catch (cause) {
    throw new PatternFault(pattern, { cause });
  }
}

/** What Ajv would write into code that it generates for others to run; this code is never taken anywhere. */
linear.code = 'undefined';

/** Keywords that only repeat what the faults below them say. */
const SUMMARIES = new Set(['if', 'allOf', 'then', 'else', 'propertyNames']);

function describe(error: ErrorObject): SchemaFault | undefined {
  if (SUMMARIES.has(error.keyword)) return undefined;
  const path = error.instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  const params: Readonly<Record<string, unknown>> = error.params;
  switch (error.keyword) {
    case 'required':
      return {
        path,
        key: String(params.missingProperty),
        kind: 'missing',
        message: `\`${params.missingProperty}\` is missing`,
      };
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const key = String(params.additionalProperty ?? params.unevaluatedProperty);
      return { path, key, kind: 'unknown', message: `unknown key \`${key}\`` };
    }
    case 'enum': {
      const allowed = Array.isArray(params.allowedValues)
        ? params.allowedValues.map((each) => JSON.stringify(each))
        : [];
      return { path, kind: 'wrong', message: `must be one of ${allowed.join(', ')}` };
    }
    case 'pattern':
      return {
        path,
        // Of a name it is told at what stands under it.
        ...(error.propertyName === undefined ? {} : { key: error.propertyName }),
        kind: 'wrong',
        message: expectationOf(error) ?? error.message ?? 'must match a pattern',
      };
    case 'type':
      return { path, kind: 'wrong', message: `must be ${typeNames(params.type)}` };
    case 'format':
      return { path, kind: 'wrong', message: `must be ${FORMAT_NAMES[String(params.format)] ?? `a ${params.format}`}` };
    case 'const':
      return { path, kind: 'wrong', message: `must be ${JSON.stringify(params.allowedValue)}` };
    default:
      return { path, kind: 'wrong', message: error.message ?? `fails ${error.keyword}` };
  }
}

/** What a schema of ours says about a pattern, since nobody reads one. */
function expectationOf({ parentSchema }: ErrorObject): string | undefined {
  const comment: unknown = parentSchema?.$comment;
  return typeof comment === 'string' && comment.startsWith('must be ') ? comment : undefined;
}

/** Formats whose names read badly after "must be". */
const FORMAT_NAMES: Readonly<Record<string, string>> = {
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  uri: 'a URI',
  uuid: 'a UUID',
  email: 'an e-mail address',
  hostname: 'a host name',
  'date-time': 'a date and time (RFC 3339)',
};

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  null: 'null',
};

function typeNames(type: unknown): string {
  const names = Array.isArray(type) ? type.map(String) : String(type).split(',');
  return names.map((name) => TYPE_NAMES[name] ?? name).join(' or ');
}

/** A text that looks like a number or a yes has to be quoted to stay one. */
function quoteHint({ message }: SchemaFault, node: Node): string | undefined {
  return message === 'must be a text' && node.kind === 'scalar' && node.plain ? 'quote it' : undefined;
}

/** Places schema faults in the document that the value came from: an unknown key at the key, a missing one at its parent. `keysAt` tells the keys that the mapping at a path may have. */
export function schemaDiagnostics(
  faults: readonly SchemaFault[],
  root: Node,
  code: DiagnosticCode,
  keysAt: (path: readonly PathSegment[]) => readonly string[] = () => [],
): Diagnostic[] {
  return faults.map((fault) => {
    const path = fault.key === undefined ? fault.path : [...fault.path, fault.key];
    const location = locate(root, path);
    const origin = fault.kind === 'unknown' ? location.keyOrigin : location.node.origin;
    const hint =
      fault.kind === 'unknown' ? suggest(fault.key ?? '', keysAt(fault.path)) : quoteHint(fault, location.node);
    return {
      severity: 'error',
      code,
      message: fault.message,
      path: formatPath(path),
      origin,
      ...(hint === undefined ? {} : { hint }),
    };
  });
}
