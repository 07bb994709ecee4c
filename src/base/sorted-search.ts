// Binary search in ascending columns.

/** Index of `value` in `ascending`, or -1. */
export function indexInAscending(ascending: ArrayLike<number>, value: number): number {
  let low = 0;
  let high = ascending.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = ascending[middle]!;
    if (found === value) return middle;
    if (found < value) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

/** Whether `value` lies in one of the runs: start, end (exclusive) pairs in ascending order. */
export function isInRuns(runs: ArrayLike<number>, value: number): boolean {
  let low = 0;
  let high = runs.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    if (value < runs[middle * 2]!) high = middle - 1;
    else if (value >= runs[middle * 2 + 1]!) low = middle + 1;
    else return true;
  }
  return false;
}
