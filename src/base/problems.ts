// Broken input is data: torn reads, wild pointers and absurd lengths are counted here, beside the result.

/** One kind of problem, how often it was met, and the first few places. */
export interface Problem {
  readonly code: string;
  readonly message: string;
  readonly count: number;
  /** Up to `EXAMPLES_KEPT` places (addresses, files), for a bug report. */
  readonly examples: readonly string[];
}

const EXAMPLES_KEPT = 3;
/** Different codes kept; the code set is fixed in the source, so a cap is only a guard against misuse. */
const CODES_KEPT = 100;

/** Counts problems by code; memory stays bounded whatever the input holds. */
export class ProblemLog {
  readonly #byCode = new Map<string, { message: string; count: number; examples: string[] }>();

  add(code: string, message: string, example?: string): void {
    let entry = this.#byCode.get(code);
    if (entry === undefined) {
      if (this.#byCode.size >= CODES_KEPT) return;
      entry = { message, count: 0, examples: [] };
      this.#byCode.set(code, entry);
    }
    entry.count++;
    if (example !== undefined && entry.examples.length < EXAMPLES_KEPT) entry.examples.push(example);
  }

  /** Adds an address as the example, in hexadecimal. */
  addAt(code: string, message: string, address: number): void {
    this.add(code, message, `0x${address.toString(16)}`);
  }

  /** Adds what another log has counted. */
  addAll(other: ProblemLog): void {
    for (const { code, message, count, examples } of other.list()) {
      this.add(code, message);
      const entry = this.#byCode.get(code);
      if (entry === undefined) continue;
      entry.count += count - 1;
      entry.examples.push(...examples.slice(0, EXAMPLES_KEPT - entry.examples.length));
    }
  }

  list(): Problem[] {
    return [...this.#byCode].map(([code, p]) => ({
      code,
      message: p.message,
      count: p.count,
      examples: [...p.examples],
    }));
  }
}
