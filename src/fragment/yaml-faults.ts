import type { YAMLError, Node as YamlNode } from 'yaml';
import { isCollection, isScalar } from 'yaml';

/** A YAML fault in words an author can act on; `offset` is where to point, in UTF-16 units from the text's start. */
export interface YamlFault {
  readonly message: string;
  readonly offset: number;
  readonly hint?: string;
}

/** Everything that the parser made of a document that is at fault. */
export interface FaultyDocument {
  readonly text: string;
  readonly nodes: readonly YamlNode[];
  readonly faults: readonly YAMLError[];
}

type Describe = (fault: YAMLError, document: FaultyDocument) => YamlFault;

const INDENT_HINT = 'items of one list, and keys of one mapping, start in the same column; use spaces';

const TEMPLATE_HINT = 'quote a value that starts with a template: "{{ parameters.name }}"';

const QUOTE_HINT = 'quote a value that contains ": "';

/** What each of the parser's error codes means to an author; codes that are not here keep the parser's own words. */
const DESCRIPTIONS: Readonly<Record<string, Describe>> = {
  BLOCK_AS_IMPLICIT_KEY: (fault, { text, faults }) => {
    const spread = faults.find(({ code, pos }) => code === 'MULTILINE_IMPLICIT_KEY' && pos[0] === fault.pos[0]);
    if (spread !== undefined) return misplacedLine(text, spread.pos[1] - 1);
    const line = textOfLine(text, fault.pos[0]);
    if (fault.pos[0] === line || text.startsWith('- ', line)) return misplacedLine(text, fault.pos[0]);
    return { message: 'a second ": " in one line', offset: fault.pos[0], hint: QUOTE_HINT };
  },
  MULTILINE_IMPLICIT_KEY: (fault) => ({ message: 'a key needs a colon and a space after it', offset: fault.pos[0] }),
  BAD_INDENT: (fault, document) => {
    const offset = firstText(document.text, fault.pos[0]);
    return (
      unclosedBracket(fault, document) ?? {
        message: 'wrong indentation: this line does not line up with anything above it',
        offset,
        hint: INDENT_HINT,
      }
    );
  },
  TAB_AS_INDENT: (fault) => ({
    message: 'a tab is used as indentation',
    offset: fault.pos[0],
    hint: 'indent with spaces',
  }),
  DUPLICATE_KEY: (fault) => ({ message: 'this key is written twice in one mapping', offset: fault.pos[0] }),
  MISSING_CHAR: (fault, { text, nodes }) => {
    if (/without - indicator/.test(fault.message)) return misplacedLine(text, fault.pos[0]);
    const open = nodes.find((node) => isScalar(node) && node.range?.[1] === fault.pos[0]);
    if (/closing/.test(fault.message) && open?.range) {
      return { message: 'the quote that opens here is never closed', offset: open.range[0] };
    }
    return { message: fault.message, offset: fault.pos[0] };
  },
  BAD_SCALAR_START: (fault, { text }) => ({
    message: `a value must not start with \`${text.charAt(fault.pos[0])}\``,
    offset: fault.pos[0],
    hint: 'quote the value',
  }),
  UNEXPECTED_TOKEN: (fault, { text }) => {
    const start = lineStart(text, fault.pos[0]);
    if (/:\s+\{\{/.test(text.slice(start, fault.pos[0]))) {
      return { message: 'text follows a template that is not quoted', offset: fault.pos[0], hint: TEMPLATE_HINT };
    }
    if (/^[ ]*$/.test(text.slice(start, fault.pos[0]))) {
      return {
        message: 'wrong indentation: this line does not belong to what stands above it',
        offset: fault.pos[0],
        hint: INDENT_HINT,
      };
    }
    return { message: fault.message, offset: fault.pos[0] };
  },
};

/** Turns one error of the `yaml` package into words and a place that help its author. */
export function describeYamlFault(fault: YAMLError, document: FaultyDocument): YamlFault {
  const describe = DESCRIPTIONS[fault.code];
  if (describe !== undefined) return describe(fault, document);
  return { message: fault.message, offset: fault.pos[0] };
}

/** The line at `offset` starts where nothing above it does. */
function misplacedLine(text: string, offset: number): YamlFault {
  const at = textOfLine(text, offset);
  const column = at - lineStart(text, at) + 1;
  const what = text.startsWith('- ', at) ? 'list item' : 'line';
  const message = `wrong indentation: this ${what} stands in column ${column}, where nothing it could belong to starts`;
  return { message, offset: at, hint: INDENT_HINT };
}

/** The innermost bracket that a fault about the end of a flow collection is about, when it is closed nowhere. */
function unclosedBracket(fault: YAMLError, { text, nodes, faults }: FaultyDocument): YamlFault | undefined {
  const closing = /^Flow .* end with a (.)/.exec(fault.message)?.[1];
  if (closing === undefined) return undefined;
  const closedLater = faults.some(({ code, pos }) => code === 'UNEXPECTED_TOKEN' && text.charAt(pos[0]) === closing);
  if (closedLater) return undefined;
  const opening = closing === ']' ? '[' : '{';
  const starts = nodes.flatMap((node) => (isCollection(node) && node.range ? [node.range[0]] : []));
  const open = starts
    .filter((start) => start < fault.pos[0] && text.charAt(start) === opening)
    .sort((a, b) => b - a)[0];
  return open === undefined
    ? undefined
    : { message: `the \`${opening}\` that opens here is never closed`, offset: open };
}

/** The first character in the line of `offset` that is no indentation. */
function textOfLine(text: string, offset: number): number {
  const start = lineStart(text, offset);
  return start + (/^[ ]*/.exec(text.slice(start))?.[0].length ?? 0);
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

function firstText(text: string, offset: number): number {
  const rest = /^[ \t\r\n]*/.exec(text.slice(offset))?.[0].length ?? 0;
  return Math.min(offset + rest, text.length);
}
