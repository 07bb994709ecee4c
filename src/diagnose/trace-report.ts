// The answer of `leakscope trace` as data: which lines allocated the memory that is traced, and which of it grew.
// Field names are snake_case because this is the wire format (docs/schemas/trace.schema.json).

import type { Problem, ProblemLog } from '../base/problems.ts';
import { formatByteRate, formatBytes, formatCount, formatDuration } from '../base/units.ts';
import type { AllocationFilter } from './allocation-filter.ts';
import { findAllocationHolders, type LineHolders } from './allocation-holders.ts';
import {
  type AllocationChange,
  type AllocationFrame,
  type AllocationGroup,
  type AllocationKey,
  compareGroups,
  groupKey,
  groupOfEachTraceback,
  sortedGroups,
} from './allocation-statistics.ts';
import type { CaptureFacts } from './capture-facts.ts';
import type { Retention } from './retention.ts';
import type { TracedHeap } from './traced-heap.ts';
import type { UntracedGrowth } from './untraced-growth.ts';

export const TRACE_SCHEMA = 'leakscope.trace/1';

export type TraceKey = AllocationKey | 'function';

export interface TraceFrame {
  readonly file: string;
  /** 0 where a whole file is meant, or the line is not known. */
  readonly line: number;
  readonly function?: string;
  /** Text of the line. */
  readonly code?: string;
}

export interface TraceRow extends TraceFrame, Partial<LineHolders> {
  readonly bytes: number;
  readonly blocks: number;
  readonly average_bytes: number;
  readonly bytes_diff?: number;
  readonly blocks_diff?: number;
  readonly bytes_per_minute?: number;
  /** The traceback, oldest call first. */
  readonly frames?: readonly TraceFrame[];
}

export interface TraceFilter {
  readonly inclusive: boolean;
  readonly pattern?: string;
  readonly line?: number;
  readonly all_frames: boolean;
  readonly domain?: number;
  /** Applied without being asked for. */
  readonly is_default: boolean;
}

export interface TraceTarget {
  readonly pid: number;
  readonly python: string;
  readonly app: string;
  readonly uptime_seconds: number;
  readonly rss_bytes: number;
}

export interface TraceReport {
  readonly schema: typeof TRACE_SCHEMA;
  readonly target: TraceTarget;
  readonly summary: string;
  readonly notes: readonly string[];
  readonly observed_seconds: number;
  readonly by: TraceKey;
  readonly cumulative: boolean;
  /** Kept of each stack. */
  readonly frames: number;
  readonly traced: {
    readonly bytes: number;
    readonly blocks: number;
    readonly peak_bytes?: number;
    /** Of tracemalloc's own tables, about. */
    readonly table_bytes: number;
  };
  readonly growth?: TraceGrowth;
  readonly native?: UntracedGrowth;
  readonly filters: readonly TraceFilter[];
  readonly filtered_out: { readonly bytes: number; readonly blocks: number; readonly bytes_diff?: number };
  readonly rows: readonly TraceRow[];
  readonly other_rows: { readonly rows: number; readonly bytes: number; readonly bytes_diff?: number };
  readonly pauses_ms: readonly number[];
  readonly captures: readonly CaptureFacts[];
  /** The profile that was written, where one was asked for. */
  readonly export?: TraceExport;
  readonly problems: readonly Problem[];
}

export interface TraceExport {
  readonly format: 'pprof' | 'speedscope' | 'collapsed';
  readonly file: string;
  readonly file_bytes: number;
  /** Different stacks of calls. */
  readonly stacks: number;
  /** What the file gives of each stack, the first to be shown before the others. */
  readonly values: readonly string[];
  readonly open_with: string;
}

export interface TraceGrowth {
  readonly bytes: number;
  readonly blocks: number;
  readonly bytes_per_minute: number;
  readonly rss_bytes: number;
  readonly table_bytes: number;
  /** Of resident memory: what neither explains. */
  readonly unseen_bytes: number;
}

/** One stop of the target, summed up. */
export interface TraceLook {
  readonly atSeconds: number;
  readonly rssBytes: number;
  /** All that is traced, whatever the filters keep. */
  readonly bytes: number;
  readonly blocks: number;
  readonly peakBytes: number | undefined;
  readonly tableBytes: number;
  readonly maxFrames: number;
  /** Of what the filters keep; by line where functions are asked for. */
  readonly groups: readonly AllocationGroup[];
  readonly keptBytes: number;
  readonly keptBlocks: number;
}

/** A filter, and whether it was asked for. */
export interface AppliedFilter extends AllocationFilter {
  readonly isDefault: boolean;
}

/** What the source says of a line. */
export interface LineSource {
  functionAt(file: string, line: number): string | undefined;
  codeAt(file: string, line: number): string | undefined;
}

/** The objects of the last look, to say who holds what its lines allocated. */
export interface HeldTraces {
  readonly heap: TracedHeap;
  readonly retention: Retention;
  /** By trace: 1 where the filters keep it. */
  readonly kept: Uint8Array;
  /** Holders listed for each row. */
  readonly top: number;
}

export interface TraceFacts {
  readonly target: TraceTarget;
  /** One or two, oldest first. */
  readonly looks: readonly TraceLook[];
  readonly by: TraceKey;
  readonly cumulative: boolean;
  readonly filters: readonly AppliedFilter[];
  readonly source: LineSource;
  readonly notes: readonly string[];
  readonly pausesMs: readonly number[];
  readonly captures: readonly CaptureFacts[];
  /** Rows to list. */
  readonly top: number;
  readonly problems: ProblemLog;
  /** Where holders are asked for; not with cumulative sums. */
  readonly held?: HeldTraces | undefined;
  /** Where it is asked for, of two looks. */
  readonly native?: UntracedGrowth | undefined;
}

/** Resident growth that nothing traced explains is worth a note from this size and this share on. */
const NOTED_UNSEEN_BYTES = 4 << 20;
const NOTED_UNSEEN_SHARE = 0.3;

export function reportTrace(facts: TraceFacts): TraceReport {
  const { looks, by, source, target, top } = facts;
  const last = looks.at(-1)!;
  const before = looks.length > 1 ? looks[0]! : undefined;
  const minutes = before === undefined ? undefined : (last.atSeconds - before.atSeconds) / 60;
  const changes = before === undefined ? unchanged(last.groups) : compareGroups(before.groups, last.groups);
  const places = by === 'function' ? byFunction(changes, source, before !== undefined) : changes;
  const growth = before === undefined || minutes === undefined ? undefined : growthBetween(before, last, minutes);
  // Of two looks, only what changed is of interest; the order has it first.
  const listed = before === undefined ? places : places.filter(({ bytesDiff }) => bytesDiff !== 0);
  const shown = Math.min(top, listed.length);
  const shownPlaces = places.slice(0, shown);
  const holders = facts.held === undefined ? [] : holdersOf(shownPlaces, by, source, facts.held);
  const rows = shownPlaces.map((place, i) => ({ ...rowOf(place, by, source, minutes), ...holders[i] }));
  const report = {
    schema: TRACE_SCHEMA,
    target,
    notes: [...facts.notes, ...(facts.native === undefined ? notesOn(growth, target.pid) : [])],
    observed_seconds: minutes === undefined ? 0 : minutes * 60,
    by,
    cumulative: facts.cumulative,
    frames: last.maxFrames,
    traced: {
      bytes: last.bytes,
      blocks: last.blocks,
      ...(last.peakBytes === undefined ? {} : { peak_bytes: last.peakBytes }),
      table_bytes: last.tableBytes,
    },
    ...(growth === undefined ? {} : { growth }),
    ...(facts.native === undefined ? {} : { native: facts.native }),
    filters: facts.filters.map(filterOf),
    filtered_out: filteredOut(last, before),
    rows,
    other_rows: otherRows(places.slice(shown), before !== undefined),
    pauses_ms: facts.pausesMs,
    captures: facts.captures,
    problems: facts.problems.list(),
  } as const;
  return { ...report, summary: summarise(report) };
}

/** A change, and the line that stands for it. */
interface Place extends AllocationChange {
  readonly function?: string | undefined;
}

function unchanged(groups: readonly AllocationGroup[]): AllocationChange[] {
  return sortedGroups(groups).map((group) => ({ ...group, bytesDiff: 0, blocksDiff: 0 }));
}

/** Sums lines up by the function that runs them; the line that counts most stands for its function. */
function byFunction(lines: readonly AllocationChange[], source: LineSource, isCompared: boolean): Place[] {
  const sums = new Map<string, Place>();
  // The lines come in the order of what is asked for: the first of a function counts most.
  for (const line of lines) {
    const { name, key } = functionOf(line.frames, source);
    const sum = sums.get(key);
    sums.set(
      key,
      sum === undefined
        ? { ...line, function: name }
        : {
            ...sum,
            bytes: sum.bytes + line.bytes,
            blocks: sum.blocks + line.blocks,
            bytesDiff: sum.bytesDiff + line.bytesDiff,
            blocksDiff: sum.blocksDiff + line.blocksDiff,
          },
    );
  }
  const weight = (place: Place): number => (isCompared ? Math.abs(place.bytesDiff) : place.bytes);
  return [...sums.values()].sort((a, b) => weight(b) - weight(a) || b.bytes - a.bytes || b.blocks - a.blocks);
}

function functionOf(frames: readonly AllocationFrame[], source: LineSource): { name: string | undefined; key: string } {
  const { file, line } = frames[0]!;
  const name = source.functionAt(file, line);
  return { name, key: name === undefined ? `${file}:${line}` : `${file} ${name}` };
}

/** Who holds the blocks of each place. */
function holdersOf(places: readonly Place[], by: TraceKey, source: LineSource, held: HeldTraces): LineHolders[] {
  const keyOf = (frames: readonly AllocationFrame[]): string =>
    by === 'function' ? functionOf(frames, source).key : groupKey(frames);
  const rows = new Map(places.map(({ frames }, row) => [keyOf(frames), row]));
  const { traces } = held.heap;
  const rowOfTraceback = groupOfEachTraceback(
    traces.tracebacks,
    by === 'function' ? 'line' : by,
    (frames) => rows.get(keyOf(frames)) ?? -1,
  );
  const rowOf = new Int32Array(traces.count);
  for (let i = 0; i < traces.count; i++) rowOf[i] = held.kept[i] === 0 ? -1 : rowOfTraceback[traces.tracebackOf[i]!]!;
  const { heap, retention, top } = held;
  return findAllocationHolders({ heap, retention, rowOf, rows: places.length, top });
}

function rowOf(place: Place, by: TraceKey, source: LineSource, minutes: number | undefined): TraceRow {
  const { frames, bytes, blocks, bytesDiff, blocksDiff } = place;
  // Where the blocks were allocated: the most recent call.
  const { file, line } = frames.at(-1)!;
  return {
    ...frameOf(file, line, source),
    bytes,
    blocks,
    average_bytes: blocks === 0 ? 0 : bytes / blocks,
    ...(minutes === undefined
      ? {}
      : { bytes_diff: bytesDiff, blocks_diff: blocksDiff, bytes_per_minute: bytesDiff / minutes }),
    ...(by === 'traceback' ? { frames: frames.map((frame) => frameOf(frame.file, frame.line, source)) } : {}),
  };
}

/** A line with what the source says of it. */
export function frameOf(file: string, line: number, source: LineSource): TraceFrame {
  const name = line === 0 ? undefined : source.functionAt(file, line);
  const code = line === 0 ? undefined : source.codeAt(file, line);
  return {
    file,
    line,
    ...(name === undefined ? {} : { function: name }),
    ...(code === undefined ? {} : { code }),
  };
}

function growthBetween(before: TraceLook, last: TraceLook, minutes: number): TraceGrowth {
  const bytes = last.bytes - before.bytes;
  const rss = last.rssBytes - before.rssBytes;
  const tables = last.tableBytes - before.tableBytes;
  return {
    bytes,
    blocks: last.blocks - before.blocks,
    bytes_per_minute: bytes / minutes,
    rss_bytes: rss,
    table_bytes: tables,
    unseen_bytes: rss - bytes - tables,
  };
}

function notesOn(growth: TraceGrowth | undefined, pid: number): string[] {
  if (growth === undefined || growth.unseen_bytes < NOTED_UNSEEN_BYTES) return [];
  const share = growth.unseen_bytes / growth.rss_bytes;
  if (share < NOTED_UNSEEN_SHARE) return [];
  return [
    `${formatBytes(growth.unseen_bytes)} of the growth of resident memory (${Math.round(share * 100)} %) was not allocated ` +
      `through Python’s allocators, or is freed and not given back: leakscope rss ${pid} --for 1m tells which`,
  ];
}

function filterOf({ inclusive, pattern, line, allFrames, domain, isDefault }: AppliedFilter): TraceFilter {
  return {
    inclusive,
    ...(pattern === undefined ? {} : { pattern }),
    ...(line === undefined ? {} : { line }),
    all_frames: allFrames === true,
    ...(domain === undefined ? {} : { domain }),
    is_default: isDefault,
  };
}

function filteredOut(last: TraceLook, before: TraceLook | undefined): TraceReport['filtered_out'] {
  const bytes = last.bytes - last.keptBytes;
  return {
    bytes,
    blocks: last.blocks - last.keptBlocks,
    ...(before === undefined ? {} : { bytes_diff: bytes - (before.bytes - before.keptBytes) }),
  };
}

function otherRows(places: readonly Place[], isCompared: boolean): TraceReport['other_rows'] {
  const sum = (pick: (place: Place) => number): number => places.reduce((total, place) => total + pick(place), 0);
  return {
    rows: places.length,
    bytes: sum(({ bytes }) => bytes),
    ...(isCompared ? { bytes_diff: sum(({ bytesDiff }) => bytesDiff) } : {}),
  };
}

function summarise(report: Omit<TraceReport, 'summary'>): string {
  const { rows, traced, growth, observed_seconds, cumulative } = report;
  if (growth !== undefined)
    return summariseGrowth(growth, rows, { time: formatDuration(observed_seconds), cumulative });
  const first = rows[0];
  if (first === undefined) return 'the filters leave no traced memory';
  const amount = `${formatBytes(first.bytes)} in ${formatCount(first.blocks)} blocks`;
  // A block counts at every frame: shares would not add up.
  if (cumulative) return `${placeName(first)} allocated the most, itself or by what it called: ${amount}`;
  const share = Math.round((first.bytes / traced.bytes) * 100);
  return `${placeName(first)} allocated the most: ${amount}, ${share} % of what is traced`;
}

function summariseGrowth(
  growth: TraceGrowth,
  rows: readonly TraceRow[],
  { time, cumulative }: { readonly time: string; readonly cumulative: boolean },
): string {
  const grown = rows.find(({ bytes_diff = 0 }) => bytes_diff > 0);
  const { bytes_diff: bytes = 0, bytes_per_minute: rate = 0 } = grown ?? {};
  if (growth.bytes <= 0) {
    const most = grown === undefined ? '' : `; ${placeName(grown)} grew by ${formatBytes(bytes)} all the same`;
    return `traced memory did not grow in ${time}${most}`;
  }
  if (grown === undefined) {
    return `traced memory grew by ${formatBytes(growth.bytes)} in ${time}, none of it in what the filters keep`;
  }
  const amount = `by ${formatBytes(bytes)} in ${time} (${formatByteRate(rate)})`;
  if (cumulative) return `${placeName(grown)} grew most, itself or in what it called: ${amount}`;
  const share = bytes > growth.bytes ? 'more than all' : `${Math.round((bytes / growth.bytes) * 100)} %`;
  return `${placeName(grown)} grew most: ${amount}, ${share} of the growth of traced memory`;
}

/** `/srv/shop/users.py:12 in remember`. */
function placeName({ file, line, function: name }: TraceFrame): string {
  return `${file}${line === 0 ? '' : `:${line}`}${name === undefined ? '' : ` in ${name}`}`;
}
