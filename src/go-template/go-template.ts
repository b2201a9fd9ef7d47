import type { Diagnostic, Origin, Parsed } from '../diagnostic.ts';
import { type Bytes, countRunes, toBytes } from './bytes.ts';
import { execute } from './evaluator.ts';
import { TemplateFault } from './fault.ts';
import { Budget, GO_TEMPLATE_LIMITS, type GoTemplateLimits } from './limits.ts';
import { parseTemplates } from './parser.ts';
import { fromJson, type JsonValue } from './value.ts';

export { GO_TEMPLATE_LIMITS, type GoTemplateLimits } from './limits.ts';
export type { JsonValue } from './value.ts';

/** A template of Go's text/template that was parsed, and can be executed as often as one likes. */
export interface GoTemplate {
  /**
   * The output for a value, with `missingkey=error`. In bytes, since a template can cut a character in two. What is wrong
   * is a diagnostic with `template-value` or `template-limit`, and then there is no output at all. Messages quote the
   * template, never a value.
   */
  execute(data: JsonValue, limits?: GoTemplateLimits): Parsed<Buffer>;
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
    return {
      execute(data, limits = GO_TEMPLATE_LIMITS) {
        return guarded(source, file, () => {
          const output = execute(templates, fromJson(data, limits.depth), new Budget(limits));
          return Buffer.from(output, 'latin1');
        });
      },
    };
  });
}

function guarded<T>(source: Bytes, file: string, action: () => T): Parsed<T> {
  try {
    return { value: action(), diagnostics: [] };
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    const { code, message, offset = 0, hint } = error;
    const origin = originOf(source, file, offset);
    const diagnostic: Diagnostic = {
      severity: 'error',
      code,
      message,
      origin,
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
