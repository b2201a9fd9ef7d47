import type { Context, Liquid, TagToken, TopLevelToken } from 'liquidjs';
import { CaptureTag, Tag, Value } from 'liquidjs';

/** Liquid's `assign`, but for a name that is not defined: that is a fault here as it is everywhere else. */
export class StrictAssign extends Tag {
  readonly #name: ReturnType<Tag['tokenizer']['readIdentifier']>;
  readonly #value: Value;

  constructor(token: TagToken, remaining: TopLevelToken[], liquid: Liquid) {
    super(token, remaining, liquid);
    this.#name = this.tokenizer.readIdentifier();
    this.tokenizer.skipBlank();
    this.tokenizer.assert(this.#name.content !== '' && this.tokenizer.peek() === '=', 'assign needs NAME = VALUE');
    this.tokenizer.advance();
    this.#value = new Value(this.tokenizer.readFilteredValue(), liquid);
  }

  override *render(context: Context): Generator<unknown, void, unknown> {
    context.bottom()[this.#name.content] = yield this.#value.value(context, false);
  }

  *arguments() {
    yield this.#value;
  }

  *localScope() {
    yield this.#name;
  }
}

/** Liquid's `capture`, but what it captures counts as memory, so that it cannot double a text without end. */
export class CountedCapture extends CaptureTag {
  override *render(context: Context): Generator<unknown, void, string> {
    const before = { ...context.bottom() };
    yield* super.render(context);
    for (const [name, value] of Object.entries(context.bottom())) {
      if (typeof value === 'string' && before[name] !== value) context.memoryLimit.use(value.length);
    }
  }
}
