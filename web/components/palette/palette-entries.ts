// What the command palette offers, as data: what is open and what was typed go in, entries go out, best match first. What
// an entry does is done by command-palette.tsx.

import { formatByteRate } from '../../../src/base/units.ts';
import type { Finding } from '../../../src/diagnose/find-report.ts';
import type { OpenSnapshot, WatchedProcess } from '../../../src/protocol/web/workspace.ts';
import { ABOUT_SNAPSHOT, VIEWS } from '../../views/view-list.ts';
import { exportAddress, SNAPSHOT_EXPORTS } from '../snapshot-exports.ts';

export type PaletteAction =
  | {
      readonly act: 'go';
      readonly view: string;
      readonly subject?: string;
      readonly params?: Readonly<Record<string, string | number>>;
    }
  | { readonly act: 'watch' | 'stop watching' | 'take snapshot'; readonly pid: number }
  | { readonly act: 'mark'; readonly pid: number; readonly label: string }
  /** Puts this into the field, to be typed on. */
  | { readonly act: 'type'; readonly text: string }
  | { readonly act: 'save'; readonly address: string }
  | { readonly act: 'change theme' | 'show help' };

export interface PaletteEntry {
  readonly title: string;
  readonly detail: string;
  /** Keys that do the same without the palette: `g t`. */
  readonly keys?: string;
  readonly action: PaletteAction;
}

/** What there is to offer. */
export interface PaletteSources {
  readonly processes: readonly WatchedProcess[];
  readonly snapshots: readonly OpenSnapshot[];
  /** Those looked at. */
  readonly process: WatchedProcess | undefined;
  readonly snapshot: OpenSnapshot | undefined;
  /** Of the process looked at, worst first. */
  readonly findings: readonly Finding[];
  /** How long it would stand still for a snapshot, once that is known. */
  readonly pause: string | undefined;
  /** Where the reader is: another snapshot is looked at in the same view. */
  readonly view: string;
  readonly subject: string;
}

/** An entry with its texts in small letters: made once, looked through at every key. */
interface IndexedEntry {
  readonly entry: PaletteEntry;
  readonly title: string;
  readonly detail: string;
}

export type PaletteIndex = readonly IndexedEntry[];

/** Everything that is there whatever was typed; without anything typed, in this order. */
export function paletteIndex(sources: PaletteSources): PaletteIndex {
  return [
    ...suspectEntries(sources),
    ...processActions(sources.process, sources.pause),
    ...VIEWS.map(({ view, title, answers, key }) => entry(title, answers, { act: 'go', view }, `g ${key}`)),
    ...snapshotEntries(sources),
    ...processEntries(sources),
    ...exportEntries(sources.snapshot),
    entry('Change theme', 'system, light, dark', { act: 'change theme' }),
    entry('Help', 'keys and words', { act: 'show help' }, '?'),
  ].map((one) => ({ entry: one, title: one.title.toLowerCase(), detail: one.detail.toLowerCase() }));
}

/** What has every word that was typed, in any order; then what the typed text itself could be. */
export function findEntries(index: PaletteIndex, typed: string, sources: PaletteSources): readonly PaletteEntry[] {
  const words = typed
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return index.map((one) => one.entry);
  const found: { entry: PaletteEntry; distance: number }[] = [];
  for (const one of index) {
    const distance = distanceOf(one, words);
    if (distance !== undefined) found.push({ entry: one.entry, distance });
  }
  // The sort is stable: among equals, the order of the index.
  found.sort((a, b) => a.distance - b.distance);
  return [...found.map((one) => one.entry), ...typedEntries(typed.trim(), sources)];
}

/** 0 for each word that a word of the title begins with, 1 where it is within one, 2 for the detail; undefined for none. */
function distanceOf({ title, detail }: IndexedEntry, words: readonly string[]): number | undefined {
  let distance = 0;
  for (const word of words) {
    if (beginsWord(title, word)) continue;
    if (title.includes(word)) distance += 1;
    else if (detail.includes(word)) distance += 2;
    else return undefined;
  }
  return distance;
}

function beginsWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1]!)) return true;
  }
  return false;
}

function suspectEntries({ findings, process }: PaletteSources): PaletteEntry[] {
  if (process === undefined) return [];
  return findings.map(({ rank, verdict, holder, growth }) => {
    // The last step of its path says what it is: `global sessions`.
    const name = holder.path.split(' › ').at(-1) || holder.name;
    const detail = `${verdict}, ${formatByteRate(growth.bytes_per_minute)}, ${holder.name}`;
    return entry(`Suspect ${rank}: ${name}`, detail, {
      act: 'go',
      view: 'suspect',
      subject: String(rank),
      params: { p: process.pid },
    });
  });
}

function processActions(process: WatchedProcess | undefined, pause: string | undefined): PaletteEntry[] {
  if (process === undefined || process.exited) return [];
  const { pid, app, observing } = process;
  return [
    observing === undefined
      ? entry('Watch for growth', `${app}, a few snapshots`, { act: 'watch', pid })
      : entry('Stop watching', observing.stage, { act: 'stop watching', pid }),
    entry(
      'Take a snapshot now',
      pause === undefined ? `${app} stands still while it is copied` : `${app} stands still for ${pause}`,
      { act: 'take snapshot', pid },
    ),
    entry('Mark this moment…', 'in the charts: type what happened', { act: 'type', text: 'mark ' }),
  ];
}

function snapshotEntries({ snapshots, snapshot, view, subject }: PaletteSources): PaletteEntry[] {
  const place = ABOUT_SNAPSHOT.has(view) ? { view, subject } : { view: 'types', subject: '' };
  return snapshots.map(({ id, title, app, state }) => {
    const detail = [app ?? id, id === snapshot?.id ? 'looked at' : '', state === 'ready' ? '' : state];
    return entry(`Snapshot ${title}`, detail.filter((part) => part !== '').join(', '), {
      act: 'go',
      ...place,
      params: { s: id },
    });
  });
}

function processEntries({ processes, process }: PaletteSources): PaletteEntry[] {
  return processes.map(({ pid, app, exited }) => {
    const detail = [app, pid === process?.pid ? 'looked at' : '', exited ? 'ended' : ''];
    return entry(`Process ${pid}`, detail.filter((part) => part !== '').join(', '), {
      act: 'go',
      view: 'overview',
      params: { p: pid },
    });
  });
}

function exportEntries(snapshot: OpenSnapshot | undefined): PaletteEntry[] {
  if (snapshot?.state !== 'ready') return [];
  return SNAPSHOT_EXPORTS.map(({ format, meaning }) =>
    entry(`Save as ${meaning}`, `snapshot ${snapshot.title}`, {
      act: 'save',
      address: exportAddress(snapshot.id, format),
    }),
  );
}

function typedEntries(text: string, { process, snapshot }: PaletteSources): PaletteEntry[] {
  const label = /^mark\s+(\S.*)$/i.exec(text)?.[1];
  const marks =
    label === undefined || process === undefined || process.exited
      ? []
      : [entry(`Mark this moment as “${label}”`, process.app, { act: 'mark', pid: process.pid, label })];
  if (snapshot === undefined) return marks;
  const isAddress = /^0x[0-9a-f]{1,14}$/i.test(text);
  return [
    ...marks,
    ...(isAddress
      ? [entry(`Object ${text}`, 'by its address', { act: 'go', view: 'object', subject: text.toLowerCase() })]
      : []),
    entry(`Types with ${text} in their name`, 'search', { act: 'go', view: 'types', params: { search: text } }),
    entry(`Query ${text}`, 'objects that meet it', { act: 'go', view: 'query', params: { q: text } }),
  ];
}

function entry(title: string, detail: string, action: PaletteAction, keys?: string): PaletteEntry {
  return { title, detail, action, ...(keys === undefined ? {} : { keys }) };
}
