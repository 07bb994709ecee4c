// Source text and functions of the lines that allocate, read through the target's own view of the file system.

import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { functionAtLine } from '../source/function-at-line.ts';
import { readProcLink } from '../target/proc-file.ts';
import type { ProcessInfo } from '../target/process-info.ts';

interface TracedFile {
  readonly lines: readonly string[];
  /** Parsed at first need. */
  functionOf: ((line: number) => string) | 'not parsed' | undefined;
}

/** Larger source is generated or data: its lines are named, and not shown. */
const FILE_BYTES_LIMIT = 2 << 20;
const TOTAL_BYTES_LIMIT = 96 << 20;

export class TracedSource {
  readonly #pid: number;
  readonly #startedAtMs: number;
  readonly #directory: string;
  /** Whether the target's paths are ours too: then they can be read when it is gone. */
  readonly #sharesFiles: boolean;
  readonly #files = new Map<string, TracedFile | undefined>();
  readonly #changed = new Set<string>();
  #totalBytes = 0;

  constructor({ pid, uptimeSeconds }: ProcessInfo) {
    this.#pid = pid;
    this.#startedAtMs = Date.now() - uptimeSeconds * 1000;
    this.#directory = readProcLink(`/proc/${pid}/cwd`) ?? '/';
    const root = readProcLink(`/proc/${pid}/ns/mnt`);
    this.#sharesFiles = root !== undefined && root === readProcLink('/proc/self/ns/mnt');
  }

  /** Files modified after the process started, of those asked for: their lines may differ from what runs. */
  get changed(): ReadonlySet<string> {
    return this.#changed;
  }

  /** Text of a line without the space around it; undefined where there is none. */
  codeAt(file: string, line: number): string | undefined {
    const text = this.#file(file)?.lines[line - 1]?.trim();
    return text === '' ? undefined : text;
  }

  /** Qualified name of the function that runs the line; undefined where the source does not tell. */
  functionAt(file: string, line: number): string | undefined {
    const source = this.#file(file);
    if (source === undefined || line < 1 || line > source.lines.length) return undefined;
    if (source.functionOf === 'not parsed') {
      source.functionOf = functionAtLine({ path: file, module: '', text: source.lines.join('\n') });
    }
    return source.functionOf?.(line);
  }

  #file(file: string): TracedFile | undefined {
    const known = this.#files.get(file);
    if (known !== undefined || this.#files.has(file)) return known;
    const read = file.startsWith('<') ? undefined : this.#read(file);
    this.#files.set(file, read);
    return read;
  }

  #read(file: string): TracedFile | undefined {
    const path = resolve(this.#directory, file);
    for (const seenAs of [`/proc/${this.#pid}/root${path}`, ...(this.#sharesFiles ? [path] : [])]) {
      try {
        const stat = statSync(seenAs);
        if (!stat.isFile() || stat.size > FILE_BYTES_LIMIT || this.#totalBytes + stat.size > TOTAL_BYTES_LIMIT)
          continue;
        this.#totalBytes += stat.size;
        if (stat.mtimeMs > this.#startedAtMs + 1000) this.#changed.add(file);
        return { lines: readFileSync(seenAs, 'utf8').split(/\r\n|\r|\n/), functionOf: 'not parsed' };
      } catch {
        // Zipped, deleted or unreadable source: the line is still named, only its text is not.
      }
    }
    return undefined;
  }
}
