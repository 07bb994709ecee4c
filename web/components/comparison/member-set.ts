// Which of two or three snapshots a set of objects is in: in words, and as the question for its objects.

import type { Comparison } from '../../../src/protocol/web/heap-views.ts';

type Places = Comparison['sets'][number]['in'];

/** `titles` of the snapshots compared, oldest first. */
export function setInWords(places: Places, titles: readonly string[]): string {
  const [first, last] = [places[0]!, places.at(-1)!];
  const names = places.map((place) => titles[place]).join(' and ');
  const isRun = last - first + 1 === places.length;
  if (places.length === titles.length) return 'in all of them';
  if (!isRun) return `in ${names}, not in between`;
  if (last === titles.length - 1)
    return places.length === 1 ? `new in ${names}` : `new in ${titles[first]}, and stayed`;
  return first === 0 ? `only in ${names}: gone since` : `only in ${names}: came and went`;
}

/** Parameters of the query view that show the objects of a set: those of the newest snapshot it is in. */
export function objectsOfSet(
  places: Places,
  ids: readonly string[],
): { readonly s: string; readonly since: string; readonly also_in: string } {
  return {
    s: ids[places.at(-1)!]!,
    since: ids.filter((_, place) => !places.includes(place)).join(),
    also_in: places
      .slice(0, -1)
      .map((place) => ids[place])
      .join(),
  };
}

/** Most memory first. */
export function bySize(sets: Comparison['sets']): Comparison['sets'] {
  return sets.toSorted((a, b) => b.bytes - a.bytes || b.objects - a.objects);
}
