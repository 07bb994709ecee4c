// A cache with a bound: what was asked for least recently goes first.

export class RecentlyUsed<Key, Value> {
  readonly #limit: number;
  /** The least recently used first: a Map keeps the order in which keys came. */
  readonly #entries = new Map<Key, Value>();

  /** Keeps `limit` values, at least one. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value !== undefined || this.#entries.has(key)) this.set(key, value as Value);
    return value;
  }

  has(key: Key): boolean {
    return this.#entries.has(key);
  }

  set(key: Key, value: Value): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    if (this.#entries.size > this.#limit) this.#entries.delete(this.#entries.keys().next().value!);
  }

  /** What is kept, or what `make` gives, which is kept from now on. */
  getOrMake(key: Key, make: () => Value): Value {
    if (this.#entries.has(key)) return this.get(key) as Value;
    const value = make();
    this.set(key, value);
    return value;
  }
}
