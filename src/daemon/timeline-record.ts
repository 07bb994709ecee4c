// What was sampled of a process since it was opened, thinned out when it gets long: the last minutes in full, what lies
// before at ever wider distances, so that days fit.

import type { Mark, ProcessSample, Timeline } from '../protocol/web/events.ts';

/** Samples kept; when there are more, every other one of the older half goes. */
const SAMPLES_LIMIT = 1_200;
const MARKS_LIMIT = 500;

export class TimelineRecord {
  #samples: ProcessSample[] = [];
  #marks: Mark[] = [];

  add(sample: ProcessSample): void {
    this.#samples.push(sample);
    if (this.#samples.length <= SAMPLES_LIMIT) return;
    const half = SAMPLES_LIMIT / 2;
    this.#samples = this.#samples.filter((_, i) => i >= half || i % 2 === 0);
  }

  mark(mark: Mark): void {
    this.#marks.push(mark);
    if (this.#marks.length > MARKS_LIMIT) this.#marks.shift();
  }

  list(): Timeline {
    return { samples: this.#samples, marks: this.#marks };
  }
}
