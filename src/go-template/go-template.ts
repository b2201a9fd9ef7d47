import type { Diagnostic, Origin, Parsed } from '../diagnostic.ts';
import { type Bytes, countRunes, toBytes, toText } from './bytes.ts';
import { execute, type OutputMark } from './evaluator.ts';
import { TemplateFault } from './fault.ts';
import { Printer } from './format/printer.ts';
import { Budget, GO_TEMPLATE_LIMITS, type GoTemplateLimits } from './limits.ts';
import { parseTemplates } from './parser.ts';
import { fromJson, type JsonValue } from './value.ts';

export { GO_TEMPLATE_LIMITS, type GoTemplateLimits } from './limits.ts';
export type { JsonValue } from './value.ts';

/** A template of Go's text/template that was parsed, and can be executed as often as one likes. */
export interface GoTemplate {
  /**
   * The output for a value, with `missingkey=error`. In bytes, since a template can cut a character in two. What is wrong
   * is a diagnostic with `template-value` or `template-limit`, and then there is no output at all; `path` names a value
   * that is missing, as `.a.b`. Messages quote the template, never a value.
   */
  execute(data: JsonValue, limits?: GoTemplateLimits): Parsed<Buffer>;
  /** The same, with the place in the template that each byte of the output comes from. */
  trace(data: JsonValue, limits?: GoTemplateLimits): Parsed<TracedOutput>;
}

/** What a template gave, and where that comes from. */
export interface TracedOutput {
  readonly output: Buffer;
  /** The place in the template of a byte of the output. */
  originOf(offset: number): Origin;
  /** The bytes that actions made, in their order: the first of each piece, and the one behind it. */
  filledIn(): readonly (readonly [from: number, to: number])[];
}

/**
 * Parses a template. What is wrong is one diagnostic with `template-syntax`, or with `template-limit` for a template that
 * is too large or too deep; `file` is what it names.
 */
export function compileGoTemplate(
  text: string,
  file: string,
  limits: GoTemplateLimits = GO_TEMPLATE_LIMITS,
): Parsed<GoTemplate> {
  const source = toBytes(text);
  return guarded(source, file, () => {
    if (source.length > limits.sourceBytes) {
      throw new TemplateFault('template-limit', `the template has more than ${limits.sourceBytes} bytes`);
    }
    const templates = parseTemplates(source, limits);
    const run = (data: JsonValue, limits: GoTemplateLimits, marks?: OutputMark[]) =>
      Buffer.from(execute(templates, fromJson(data, limits.depth), new Budget(limits), marks), 'latin1');
    return {
      execute: (data, limits = GO_TEMPLATE_LIMITS) => guarded(source, file, () => run(data, limits)),
      trace: (data, limits = GO_TEMPLATE_LIMITS) =>
        guarded(source, file, () => {
          const marks: OutputMark[] = [];
          const output = run(data, limits, marks);
          return {
            output,
            originOf: (offset) => originOf(source, file, templateOffset(marks, offset)),
            filledIn: () =>
              marks.flatMap(({ output: from, literal }, index) =>
                literal ? [] : [[from, marks[index + 1]?.output ?? output.length] as const],
              ),
          };
        }),
    };
  });
}

/** The byte of the template that a byte of the output comes from; the first one that made it, where many did. */
function templateOffset(marks: readonly OutputMark[], offset: number): number {
  const mark = marks.findLast(({ output }) => output <= offset);
  if (mark === undefined) return 0;
  return mark.literal ? mark.template + offset - mark.output : mark.template;
}

function guarded<T>(source: Bytes, file: string, action: () => T): Parsed<T> {
  try {
    return { value: action(), diagnostics: [] };
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    const { code, message, offset = 0, hint, path } = error;
    const origin = originOf(source, file, offset);
    const diagnostic: Diagnostic = {
      severity: 'error',
      code,
      message,
      origin,
      ...(path === undefined ? {} : { path }),
      ...(hint === undefined ? {} : { hint }),
    };
    return { diagnostics: [diagnostic] };
  }
}

function originOf(source: Bytes, file: string, offset: number): Origin {
  const before = source.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { file, line: before.split('\n').length, column: countRunes(before.slice(lineStart)) + 1 };
}

/** A value as Go's `fmt` prints it by `%v`: a number as a float64, a mapping in the order of its keys. */
export function formatGoValue(value: JsonValue): string {
  const printer = new Printer(new Budget(GO_TEMPLATE_LIMITS));
  printer.print(fromJson(value, GO_TEMPLATE_LIMITS.depth), 'v');
  return toText(printer.text);
}
