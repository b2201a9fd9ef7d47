import { TemplateFault } from './fault.ts';

/** Bounds on one template and one execution of it, so that none can hold the thread, the memory or the stack. */
export interface GoTemplateLimits {
  /** Bytes of the template itself. */
  readonly sourceBytes: number;
  /** Actions, parentheses and blocks inside of each other, in the template. */
  readonly nesting: number;
  /** Templates, blocks, pipelines and values inside of each other, while it is executed. */
  readonly depth: number;
  /** Actions and commands that are executed, each round of a `range` again. */
  readonly steps: number;
  /** Bytes of the output and of every text that is made on the way to it. */
  readonly bytes: number;
}

/** Far more than a config takes, and far less than a machine waits for. */
export const GO_TEMPLATE_LIMITS: GoTemplateLimits = {
  sourceBytes: 1024 * 1024,
  nesting: 200,
  depth: 500,
  steps: 1_000_000,
  bytes: 8 * 1024 * 1024,
};

/** What is left of the limits of one execution. Every method throws a TemplateFault when nothing is. */
export class Budget {
  readonly #limits: GoTemplateLimits;
  #steps = 0;
  #bytes = 0;
  #depth = 0;

  constructor(limits: GoTemplateLimits) {
    this.#limits = limits;
  }

  /** Takes steps; work that depends on a length costs a step for each kilobyte. */
  step(count = 1): void {
    this.#steps += count;
    if (this.#steps > this.#limits.steps) throw exceeded(`takes more than ${this.#limits.steps} steps`);
  }

  /** Takes bytes that are about to be made. */
  write(count: number): void {
    this.#bytes += count;
    if (this.#bytes > this.#limits.bytes) throw exceeded(`makes more than ${this.#limits.bytes} bytes`);
  }

  /** Goes one level deeper; `leave` has to follow. */
  enter(): void {
    this.#depth += 1;
    if (this.#depth > this.#limits.depth) throw exceeded(`goes more than ${this.#limits.depth} levels deep`);
  }

  /** Comes back from where `enter` went. */
  leave(): void {
    this.#depth -= 1;
  }
}

function exceeded(what: string): TemplateFault {
  return new TemplateFault('template-limit', `the template ${what}`, {
    hint: 'a template that calls itself, or a range in a range, may have no end',
  });
}
