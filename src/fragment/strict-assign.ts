import type { Context, Liquid, TagToken, TopLevelToken } from 'liquidjs';
import { Tag, Value } from 'liquidjs';

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
