import { type Bytes, toText } from './bytes.ts';
import { TemplateFault } from './fault.ts';
import type { Budget } from './limits.ts';
import type { GoValue } from './value.ts';

/** The variables of a template while it is executed: a stack, on which the last of a name hides the others. */
export class Variables {
  readonly #stack: { readonly name: Bytes; value: GoValue }[];
  readonly #budget: Budget;

  /** `$` is the value that the template is executed with. */
  constructor(data: GoValue, budget: Budget) {
    this.#stack = [{ name: '$', value: data }];
    this.#budget = budget;
  }

  /** How many there are, to come back to. */
  get size(): number {
    return this.#stack.length;
  }

  /** Forgets all but the first `size`. */
  shrink(size: number): void {
    this.#stack.length = size;
  }

  push(name: Bytes, value: GoValue): void {
    this.#stack.push({ name, value });
  }

  get(name: Bytes): GoValue {
    return this.#find(name).value;
  }

  assign(name: Bytes, value: GoValue): void {
    this.#find(name).value = value;
  }

  /** Gives another value to the last but `count - 1`. */
  replace(count: number, value: GoValue): void {
    const variable = this.#stack.at(-count);
    if (variable !== undefined) variable.value = value;
  }

  #find(name: Bytes): { value: GoValue } {
    const index = this.#stack.findLastIndex((variable) => variable.name === name);
    this.#budget.step((this.#stack.length - index) >> 5);
    const found = this.#stack[index];
    if (found === undefined) {
      throw new TemplateFault('template-value', `there is no variable ${toText(name)} here`);
    }
    return found;
  }
}
