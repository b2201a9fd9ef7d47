import type { Bytes } from './bytes.ts';
import type { Constant } from './constants.ts';

/** Every node knows the byte of the template that it begins at. */
interface Located {
  readonly at: number;
}

/** What is written between the words of a control, or alone in an action: commands, each given what the one before gave. */
export interface Pipeline extends Located {
  readonly kind: 'pipeline';
  /** The variables that get the result, with their `$`; two at most, and two only for `range`. */
  readonly variables: readonly Bytes[];
  /** With `=` and not `:=`. */
  readonly assigns: boolean;
  readonly commands: readonly Command[];
}

/** A function with its arguments, or a lone operand. */
export interface Command extends Located {
  readonly first: Operand;
  readonly rest: readonly Operand[];
}

/** One thing a command consists of. */
export type Operand =
  | Pipeline
  | (Located & { readonly kind: 'dot' | 'nil' })
  | (Located & { readonly kind: 'boolean'; readonly value: boolean })
  | (Located & { readonly kind: 'number'; readonly value: Constant })
  | (Located & { readonly kind: 'string'; readonly value: Bytes })
  | (Located & { readonly kind: 'function'; readonly name: string })
  | (Located & { readonly kind: 'field'; readonly fields: readonly Bytes[] })
  | (Located & { readonly kind: 'variable'; readonly name: Bytes; readonly fields: readonly Bytes[] })
  | (Located & { readonly kind: 'chain'; readonly operand: Operand; readonly fields: readonly Bytes[] });

/** An `if` or `with`, or an `else if` or `else with` of it. */
export interface Branch {
  readonly pipeline: Pipeline;
  readonly body: readonly Node[];
}

/** An `if` or `with`; a chain of `else if` is one of them. */
export interface Conditional extends Located {
  readonly kind: 'if' | 'with';
  readonly branches: readonly Branch[];
  readonly otherwise: readonly Node[];
}

/** A `range`; `otherwise` is for when there is nothing to go through. */
export interface Range extends Located {
  readonly kind: 'range';
  readonly pipeline: Pipeline;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[];
}

/** A `template`, or the place of a `block`. */
export interface TemplateCall extends Located {
  readonly kind: 'template';
  readonly name: Bytes;
  readonly pipeline: Pipeline | undefined;
}

/** One thing a template consists of. */
export type Node =
  | (Located & { readonly kind: 'text'; readonly text: Bytes })
  | (Located & { readonly kind: 'action'; readonly pipeline: Pipeline })
  | (Located & { readonly kind: 'break' | 'continue' })
  | Conditional
  | Range
  | TemplateCall;

/** All templates of one text by their names; the text itself is the one without a name. */
export type TemplateSet = ReadonlyMap<Bytes, readonly Node[]>;
