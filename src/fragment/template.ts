import type { Template as LiquidTemplate } from 'liquidjs';
import { Liquid, Output } from 'liquidjs';
import { installFilters } from './filters.ts';
import { holdsMarks, markValue } from './pieces.ts';
import { faultInExpression, faultInTemplate } from './template-syntax.ts';
import type { Value, ValueObject } from './value.ts';

/** All that a template can see. Every object in it is without prototype or plain data. */
export interface TemplateScope {
  readonly parameters: ValueObject;
  readonly machine: ValueObject;
  readonly labels: ValueObject;
  readonly profile: ValueObject;
  readonly group: ValueObject;
  readonly service: ValueObject;
  /** The element, in a layer with `each`. */
  readonly item?: Value;
  /** The element's number from 0, in a layer with `each`. */
  readonly index?: number;
}

/** The names at the root of a scope; any other name in a template is a fault that is found when the site is read. */
export const SCOPE_NAMES: readonly string[] = [
  'parameters',
  'machine',
  'labels',
  'profile',
  'group',
  'service',
  'item',
  'index',
];

/** A compiled template or expression. `reads` are the paths it may read from the scope; `undefined` stands for a part only known at render time. */
export interface Template {
  readonly reads: readonly (readonly (string | number | undefined)[])[];
  /**
   * Evaluates, within `timeMs` where that is less than the usual bound; typed when the template is one lone output, else
   * text. Throws {@link TemplateFault} or {@link TemplateLimit}.
   */
  evaluate(scope: TemplateScope, timeMs?: number): unknown;
}

/** A template that tells whether it is one lone output: then all of it is a value, and else its values are marked. */
export interface MarkedTemplate extends Template {
  readonly lone: boolean;
}

/** A template that cannot be compiled, or that fails for the values it is given. The message quotes no value. */
export class TemplateFault extends Error {
  override readonly name = 'TemplateFault';
  /** The name that was undefined, such as `machine.serial`, when that was the reason. */
  readonly undefinedName: string | undefined;
  constructor(message: string, undefinedName?: string, options?: ErrorOptions) {
    super(message, options);
    this.undefinedName = undefinedName;
  }
}

/** A template that used too much time or memory. */
export class TemplateLimit extends Error {
  override readonly name = 'TemplateLimit';
}

/** Bounds on one template: characters of source, milliseconds of one evaluation, and Liquid's count of allocations. */
export const TEMPLATE_LIMITS = { parseLimit: 256 * 1024, renderLimit: 1000, memoryLimit: 4_000_000 };

function createEngine(keepOutputType: boolean, outputEscape: (value: unknown) => string = textOnly): Liquid {
  const engine = new Liquid({
    strictVariables: true,
    strictFilters: true,
    ownPropertyOnly: true,
    // So that `if parameters.x` and `default` can ask whether an optional value is there.
    lenientIf: true,
    dynamicPartials: false,
    templates: {},
    keepOutputType,
    ...(keepOutputType ? {} : { outputEscape }),
    ...TEMPLATE_LIMITS,
  });
  installFilters(engine);
  return engine;
}

/** Liquid would write `[object Object]`, and run the items of a list together. */
function textOnly(value: unknown): string {
  if (typeof value === 'object' && value !== null) {
    const what = Array.isArray(value) ? 'a list' : 'a mapping';
    throw new TemplateFault(`${what} cannot stand inside text; write it with the filter join, json, yaml or toml`);
  }
  return value === null || value === undefined ? '' : String(value);
}

const textEngine = createEngine(false);
const typedEngine = createEngine(true);
const markingEngine = createEngine(false, (value) => markValue(textOnly(value)));

/** Tags that write nothing themselves, so that every value in the text is that of a marked output. */
const MARKABLE_TAGS: ReadonlySet<string> = new Set(
  'if elsif else endif unless endunless case when endcase for endfor break continue assign capture endcapture'.split(
    ' ',
  ),
);

/** True when a scalar holds anything that Liquid would act on. */
export function isTemplate(text: string): boolean {
  return text.includes('{{') || text.includes('{%');
}

/** Compiles a scalar's text. Throws {@link TemplateFault}. */
export function compileTemplate(text: string): Template {
  return compileWith(textEngine, text);
}

/**
 * The same, but text comes with its values marked for `readPieces`; a lone output is typed and has no marks. Takes only
 * tags that write nothing themselves.
 */
export function compileMarkedTemplate(text: string): MarkedTemplate {
  if (holdsMarks(text)) throw new TemplateFault('the text holds a noncharacter of Unicode');
  for (const [, tag = ''] of text.matchAll(/\{%-?\s*([^\s%}-]*)/g)) {
    if (!MARKABLE_TAGS.has(tag)) throw new TemplateFault(`the tag \`${tag.slice(0, 20)}\` cannot stand here`);
  }
  return compileWith(markingEngine, text);
}

function compileWith(writer: Liquid, text: string): MarkedTemplate {
  const parsed = attempt(() => writer.parse(text));
  refuse(attempt(() => faultInTemplate(text)));
  const [only] = parsed;
  const lone = parsed.length === 1 && only instanceof Output;
  const engine = lone ? typedEngine : writer;
  const templates = lone ? attempt(() => typedEngine.parse(text)) : parsed;
  const reads = readsOf(templates);
  return {
    reads,
    lone,
    evaluate: (scope, timeMs) => attempt(() => checked(engine.renderSync(templates, scope, within(timeMs))), reads),
  };
}

function within(timeMs: number = TEMPLATE_LIMITS.renderLimit) {
  return { renderLimit: Math.min(timeMs, TEMPLATE_LIMITS.renderLimit) };
}

/** A compiled condition, a layer's `when`. */
export interface Condition {
  readonly reads: Template['reads'];
  /** True when the condition holds. What the request does not have (a label, an optional parameter) counts as false. */
  holds(scope: TemplateScope, timeMs?: number): boolean;
}

/** Compiles a bare expression that yields a value, such as a layer's `each`. Throws {@link TemplateFault}. */
export function compileExpression(expression: string): Template {
  refuseBraces(expression);
  const templates = attempt(() => typedEngine.parse(`{{ ${expression} }}`));
  if (templates.length !== 1) throw new TemplateFault('this is no expression');
  refuse(attempt(() => faultInExpression(expression)));
  const reads = readsOf(templates);
  return {
    reads,
    evaluate: (scope, timeMs) =>
      attempt(() => checked(typedEngine.renderSync(templates, scope, within(timeMs))), reads),
  };
}

/** Compiles a bare condition, read by the rules of Liquid's own `if`. Throws {@link TemplateFault}. */
export function compileCondition(expression: string): Condition {
  refuseBraces(expression);
  const templates = attempt(() => textEngine.parse(`{% if ${expression} %}yes{% endif %}`));
  refuse(attempt(() => faultInExpression(expression)));
  const reads = readsOf(templates);
  return {
    reads,
    holds: (scope, timeMs) => attempt(() => textEngine.renderSync(templates, scope, within(timeMs)), reads) === 'yes',
  };
}

function refuse(fault: string | undefined): void {
  if (fault !== undefined) throw new TemplateFault(fault);
}

function refuseBraces(expression: string): void {
  if (/\}\}|%\}|\{\{|\{%/.test(expression)) {
    throw new TemplateFault('write the expression without {{ }}: parameters.gpu');
  }
}

function readsOf(templates: LiquidTemplate[]): Template['reads'] {
  return attempt(() => typedEngine.globalVariableSegmentsSync(templates)).map((segments) =>
    segments.map((segment) => (Array.isArray(segment) ? undefined : segment)),
  );
}

/** Lets only data out: functions, class instances and the like become faults. */
function checked(value: unknown, depth = 0): unknown {
  if (depth > 64) throw new TemplateFault('the value is nested too deeply');
  if (value === null || value === undefined) return null;
  if (Array.isArray(value)) return value.map((item) => checked(item, depth + 1));
  if (typeof value === 'object') {
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype !== null && prototype !== Object.prototype) {
      throw new TemplateFault('the template yields something that is no data');
    }
    const object: Record<string, unknown> = Object.create(null);
    for (const [key, item] of Object.entries(value)) object[key] = checked(item, depth + 1);
    return object;
  }
  if (typeof value === 'function' || typeof value === 'symbol') {
    throw new TemplateFault('the template yields something that is no data');
  }
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new TemplateFault('the template yields a number that is none, as after a division by zero');
  }
  if (typeof value === 'string' && /\p{Cs}/u.test(value)) {
    throw new TemplateFault('the template yields half of a character');
  }
  return value;
}

function attempt<T>(work: () => T, reads: Template['reads'] = []): T {
  try {
    return work();
  } catch (error) {
    const fault = translate(error);
    throw fault instanceof TemplateFault ? withoutValues(fault, reads) : fault;
  }
}

/** A name may be made of a value, as in `labels[parameters.key]`; what the author wrote of it is all that is told. */
function withoutValues(fault: TemplateFault, reads: Template['reads']): TemplateFault {
  const { undefinedName } = fault;
  if (undefinedName === undefined) return fault;
  const written = reads.some((segments) => {
    const name = segments.map((segment) => segment ?? '\0').join('.');
    return name === undefinedName || name.startsWith(`${undefinedName}.`);
  });
  if (written) return fault;
  const root = SCOPE_NAMES.find((name) => undefinedName.startsWith(`${name}.`));
  const shown = root === undefined ? 'a name that the template makes' : `a key of \`${root}\` that the template makes`;
  return new TemplateFault(`${shown} is not defined`, root, { cause: fault.cause });
}

/** What Liquid says of its limits, and what it means to an author. */
const LIMITS: readonly (readonly [said: string, means: string])[] = [
  ['template render', `the template takes longer than ${TEMPLATE_LIMITS.renderLimit} ms`],
  ['memory alloc', 'the template makes too much text, or too many items'],
];

function translate(error: unknown): Error {
  if (error instanceof TemplateFault || error instanceof TemplateLimit) return error;
  if (!(error instanceof Error)) return new TemplateFault('the template failed');
  const original = 'originalError' in error && error.originalError instanceof Error ? error.originalError : error;
  // Liquid appends its own position, which means nothing once the scalar has left its file.
  const message = original.message.replace(/, line:\d+, col:\d+$/, '');
  if (message.startsWith('parse length')) {
    return new TemplateFault(`the template is longer than ${TEMPLATE_LIMITS.parseLimit} characters`, undefined, {
      cause: error,
    });
  }
  const limit = LIMITS.find(([said]) => message.startsWith(said))?.[1];
  if (limit !== undefined) return new TemplateLimit(limit, { cause: error });
  if ('variableName' in original && typeof original.variableName === 'string') {
    return new TemplateFault(`\`${original.variableName}\` is not defined`, original.variableName, { cause: error });
  }
  return new TemplateFault(message, undefined, { cause: error });
}
