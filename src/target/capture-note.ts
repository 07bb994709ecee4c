// The note that `leakscope capture` adds to its core files: what the kernel said about the process in the pause, which
// an ELF core has no place for. With it a core answers exactly what a live process does about its resident memory.
// Names and numbers only: no arguments, no environment.

import { deflateSync, inflateSync } from 'node:zlib';
import type { ProblemLog } from '../base/problems.ts';
import type { Address } from '../graph/heap-graph.ts';

export const CAPTURE_NOTE_NAME = 'leakscope';
/** `lscp`, as far from the types of other notes as a name can be. */
export const CAPTURE_NOTE_TYPE = 0x6c736370;
const CAPTURE_NOTE_VERSION = 1;
/** smaps of a process with a million mappings. */
const MAX_NOTE_BYTES = 1 << 30;

/** Where a thread stood. */
export interface CapturedThread {
  readonly tid: number;
  readonly stackPointer: Address;
  readonly instructionPointer: Address;
}

export interface CaptureNote {
  readonly version: number;
  /** Version of leakscope that wrote the core. */
  readonly tool: string;
  readonly pid: number;
  /** `gunicorn worker [shop]`, `app.py`. */
  readonly app: string;
  /** `CPython 3.12.1`. */
  readonly python: string;
  /** When the process was paused, ISO 8601, UTC. */
  readonly takenAt: string;
  readonly pauseMs: number;
  /** Text of /proc/PID/smaps, read in the pause. */
  readonly smaps: string;
  readonly threads: readonly CapturedThread[];
  /**
   * The resident (or swapped) pages of each private writable region, read in the pause: the start of the region, then
   * start, end pairs. For file-backed regions only the pages that differ from the file.
   */
  readonly present: readonly { readonly region: Address; readonly runs: readonly number[] }[];
}

export function encodeCaptureNote(note: Omit<CaptureNote, 'version'>): Uint8Array {
  // Runs as differences: a heap with holes everywhere has millions of digits otherwise.
  const present = note.present.map(({ region, runs }) => ({
    region,
    runs: runs.map((at, i) => at - (i === 0 ? region : runs[i - 1]!)),
  }));
  return deflateSync(JSON.stringify({ ...note, version: CAPTURE_NOTE_VERSION, present }));
}

/** The note of a core, or undefined, counted as a problem, where it cannot be read. */
export function decodeCaptureNote(bytes: Uint8Array, problems: ProblemLog): CaptureNote | undefined {
  let value: unknown;
  try {
    value = JSON.parse(inflateSync(bytes, { maxOutputLength: MAX_NOTE_BYTES }).toString());
  } catch {
    // Cut off, forged, or larger than any process makes it.
    value = undefined;
  }
  if (!isCaptureNote(value)) {
    problems.add(
      'capture-note',
      'the note of leakscope in the core file cannot be read, or a newer leakscope wrote it',
    );
    return undefined;
  }
  const present = value.present.map(({ region, runs }) => {
    let at = region;
    return {
      region,
      runs: runs.map((step) => {
        at += step;
        return at;
      }),
    };
  });
  return { ...value, present };
}

function isCaptureNote(value: unknown): value is CaptureNote {
  if (typeof value !== 'object' || value === null) return false;
  const note = value as Record<string, unknown>;
  return (
    note.version === CAPTURE_NOTE_VERSION &&
    ['tool', 'app', 'python', 'takenAt', 'smaps'].every((key) => typeof note[key] === 'string') &&
    Number.isFinite(Date.parse(note.takenAt as string)) &&
    typeof note.pid === 'number' &&
    typeof note.pauseMs === 'number' &&
    Array.isArray(note.threads) &&
    note.threads.every(isThread) &&
    Array.isArray(note.present) &&
    note.present.every(isPresence)
  );
}

function isThread(value: unknown): value is CapturedThread {
  const thread = value as Partial<CapturedThread> | null;
  return (
    typeof thread?.tid === 'number' &&
    typeof thread.stackPointer === 'number' &&
    typeof thread.instructionPointer === 'number'
  );
}

function isPresence(value: unknown): value is CaptureNote['present'][number] {
  const presence = value as Partial<CaptureNote['present'][number]> | null;
  return (
    typeof presence?.region === 'number' &&
    Array.isArray(presence.runs) &&
    presence.runs.length % 2 === 0 &&
    presence.runs.every((step) => typeof step === 'number' && step >= 0)
  );
}
