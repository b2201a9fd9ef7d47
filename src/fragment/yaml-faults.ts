import type { YAMLError, Node as YamlNode } from 'yaml';
import { isScalar } from 'yaml';

/** A YAML fault in words an author can act on; `offset` is where to point, in UTF-16 units from the text's start. */
export interface YamlFault {
  readonly message: string;
  readonly offset: number;
  readonly hint?: string;
}

type Describe = (fault: YAMLError, text: string, nodes: readonly YamlNode[]) => YamlFault;

const INDENT_HINT = 'items of one list, and keys of one mapping, start in the same column; use spaces';

const TEMPLATE_HINT = 'quote a value that starts with a template: "{{ parameters.name }}"';

/** What each of the parser's error codes means to an author; codes that are not here keep the parser's own words. */
const DESCRIPTIONS: Readonly<Record<string, Describe>> = {
  BLOCK_AS_IMPLICIT_KEY: (fault, text) => {
    const start = lineStart(text, fault.pos[0]);
    const indent = /^[ ]*/.exec(text.slice(start))?.[0].length ?? 0;
    const offset = start + indent;
    const item = text.startsWith('- ', offset);
    if (fault.pos[0] > offset && !item) {
      return {
        message: 'a second ": " in one line',
        offset: fault.pos[0],
        hint: 'quote a value that contains ": "',
      };
    }
    return {
      message: `wrong indentation: this ${item ? 'list item' : 'line'} stands in column ${indent + 1}, where nothing it could belong to starts`,
      offset,
      hint: INDENT_HINT,
    };
  },
  BAD_INDENT: (fault, text) => ({
    message: 'wrong indentation: this line does not line up with anything above it',
    offset: firstText(text, fault.pos[0]),
    hint: INDENT_HINT,
  }),
  TAB_AS_INDENT: (fault) => ({
    message: 'a tab is used as indentation',
    offset: fault.pos[0],
    hint: 'indent with spaces',
  }),
  DUPLICATE_KEY: (fault) => ({ message: 'this key is written twice in one mapping', offset: fault.pos[0] }),
  MISSING_CHAR: (fault, _text, nodes) => {
    const open = nodes.find((node) => isScalar(node) && node.range?.[1] === fault.pos[0]);
    if (/closing/.test(fault.message) && open?.range) {
      return { message: 'the quote that opens here is never closed', offset: open.range[0] };
    }
    return { message: fault.message, offset: fault.pos[0] };
  },
  BAD_SCALAR_START: (fault, text) => ({
    message: `a value must not start with \`${text.charAt(fault.pos[0])}\``,
    offset: fault.pos[0],
    hint: 'quote the value',
  }),
  UNEXPECTED_TOKEN: (fault, text) => {
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
export function describeYamlFault(fault: YAMLError, text: string, nodes: readonly YamlNode[]): YamlFault {
  const describe = DESCRIPTIONS[fault.code];
  if (describe !== undefined) return describe(fault, text, nodes);
  return { message: fault.message, offset: fault.pos[0] };
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

function firstText(text: string, offset: number): number {
  const rest = /^[ \t\r\n]*/.exec(text.slice(offset))?.[0].length ?? 0;
  return Math.min(offset + rest, text.length);
}
