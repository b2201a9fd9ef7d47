import type { Bytes } from './bytes.ts';

/** The variables that are defined where the parser is, inner ones on top. */
export class Scope {
  readonly #names: Bytes[] = ['$'];
  readonly #counts = new Map<Bytes, number>([['$', 1]]);

  /** How many there are, to come back to. */
  get size(): number {
    return this.#names.length;
  }

  has(name: Bytes): boolean {
    return this.#counts.has(name);
  }

  push(name: Bytes): void {
    this.#names.push(name);
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  /** Forgets all but the first `size`. */
  shrink(size: number): void {
    while (this.#names.length > size) {
      const name = this.#names.pop() ?? '';
      const count = (this.#counts.get(name) ?? 0) - 1;
      if (count > 0) this.#counts.set(name, count);
      else this.#counts.delete(name);
    }
  }
}
