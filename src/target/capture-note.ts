// The note that `leakscope capture` adds to its core files: what the kernel said about the process in the pause, which
// an ELF core has no place for. With it a core answers exactly what a live process does about its resident memory.
// Names and numbers only: no arguments, no environment.

import { deflateSync, inflateSync } from 'node:zlib';
import type { ProblemLog } from '../base/problems.ts';
import type { ThreadRegisters } from './thread-registers.ts';

export const CAPTURE_NOTE_NAME = 'leakscope';
/** `lscp`, as far from the types of other notes as a name can be. */
export const CAPTURE_NOTE_TYPE = 0x6c736370;
const CAPTURE_NOTE_VERSION = 1;
/** smaps of a process with a million mappings. */
const MAX_NOTE_BYTES = 1 << 30;

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
  readonly threads: readonly ThreadRegisters[];
  /**
   * Resident pages without a file behind them, and those of them that other processes map too, read in the pause:
   * start, end pairs, ascending. Undefined where the kernel did not tell.
   */
  readonly resident: { readonly runs: readonly number[]; readonly shared: readonly number[] } | undefined;
}

export function encodeCaptureNote(note: Omit<CaptureNote, 'version'>): Uint8Array {
  // As differences: a heap with holes everywhere has millions of digits otherwise.
  const { resident } = note;
  const steps = resident && { runs: differences(resident.runs), shared: differences(resident.shared) };
  return deflateSync(JSON.stringify({ ...note, version: CAPTURE_NOTE_VERSION, resident: steps }));
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
  const { resident } = value;
  return { ...value, resident: resident && { runs: sums(resident.runs), shared: sums(resident.shared) } };
}

function differences(values: readonly number[]): number[] {
  return values.map((value, i) => value - (i === 0 ? 0 : values[i - 1]!));
}

function sums(steps: readonly number[]): number[] {
  let at = 0;
  return steps.map((step) => {
    at += step;
    return at;
  });
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
    (note.resident === undefined || isResident(note.resident))
  );
}

function isThread(value: unknown): value is ThreadRegisters {
  const thread = value as Partial<ThreadRegisters> | null;
  return (
    typeof thread?.tid === 'number' &&
    typeof thread.stackPointer === 'number' &&
    typeof thread.instructionPointer === 'number'
  );
}

function isResident(value: unknown): value is NonNullable<CaptureNote['resident']> {
  const resident = value as Partial<NonNullable<CaptureNote['resident']>> | null;
  return isSteps(resident?.runs) && isSteps(resident?.shared);
}

function isSteps(value: unknown): value is number[] {
  return Array.isArray(value) && value.length % 2 === 0 && value.every((step) => typeof step === 'number' && step >= 0);
}
