// Ends the walk along a chain of links that bites its own tail, in constant memory (Brent 1980, "An improved Monte Carlo
// factorization algorithm", section 2): a link is kept and compared with all that follow, and replaced after twice as
// many steps each time.

import type { Address } from '../graph/heap-graph.ts';

/** One serves any number of chains, one after the other. */
export class LoopGuard {
  #kept: Address = 0;
  #steps = 0;
  #limit = 1;

  start(first: Address): void {
    this.#kept = first;
    this.#steps = 0;
    this.#limit = 1;
  }

  /** Whether the chain has been at `link` before; says so within thrice the length of tail and loop. */
  isLoop(link: Address): boolean {
    if (link === this.#kept) return true;
    if (++this.#steps === this.#limit) {
      this.#kept = link;
      this.#steps = 0;
      this.#limit *= 2;
    }
    return false;
  }
}
