import { Tokenizer, TokenKind } from 'liquidjs';

/**
 * What Liquid would pass over without a word in a template: half a comparison counts as false, and what follows a value
 * counts as nothing, so a slip would silently change who gets what. Undefined when all of the text counts.
 */
export function faultInTemplate(text: string): string | undefined {
  for (const token of new Tokenizer(text).readTopLevelTokens()) {
    const expression = expressionIn(token);
    const fault = expression === undefined ? undefined : faultInExpression(expression);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** The same for a bare expression, such as `parameters.disks | sort: "name"` or `labels.rack == "r7" and parameters.gpu`. */
export function faultInExpression(text: string): string | undefined {
  const tokenizer = new Tokenizer(text);
  let operator: string | undefined;
  let hasValue = false;
  for (const token of tokenizer.readExpressionTokens()) {
    if (token.kind === TokenKind.Quoted && !/^(["']).*\1$/s.test(token.getText())) return UNCLOSED;
    const isOperator = token.kind === TokenKind.Operator;
    const isPrefix = isOperator && token.getText() === 'not';
    if (isOperator && !isPrefix) {
      operator = token.getText();
      if (!hasValue) return needsBoth(operator);
      hasValue = false;
    } else if (hasValue) return MISSING_OPERATOR;
    else hasValue = !isPrefix;
  }
  tokenizer.skipBlank();
  const rest = tokenizer.remaining();
  const quote = /^["']/.exec(rest)?.[0];
  if (quote !== undefined && !rest.slice(1).includes(quote)) return UNCLOSED;
  if (!hasValue) return operator === undefined ? 'a value is expected' : needsBoth(operator);
  if (rest === '') return undefined;
  if (!rest.startsWith('|')) return MISSING_OPERATOR;
  tokenizer.readFilters();
  tokenizer.skipBlank();
  return tokenizer.end() ? undefined : `nothing can stand at \`${tokenizer.remaining().slice(0, 40)}\``;
}

const UNCLOSED = 'the quote that opens here is never closed';

const MISSING_OPERATOR = 'between two values an operator is missing, such as ==';

function needsBoth(operator: string): string {
  return `\`${operator}\` needs a value on both sides`;
}

/** Tags whose whole argument is one expression. */
const EXPRESSION_TAGS: ReadonlySet<string> = new Set(['if', 'elsif', 'unless', 'case', 'echo']);

function expressionIn(token: ReturnType<Tokenizer['readTopLevelTokens']>[number]): string | undefined {
  if ('content' in token && token.kind === TokenKind.Output) return String(token.content);
  if (!('name' in token && 'args' in token)) return undefined;
  if (EXPRESSION_TAGS.has(token.name)) return token.args;
  return token.name === 'assign' ? /^[^=]*=(.*)$/s.exec(token.args)?.[1] : undefined;
}
