// All that one run of `leakscope open` has open: processes, snapshots, who listens. Told changes go out together.

import { accessSync, constants, readFileSync, statSync } from 'node:fs';
import { LeakscopeError } from '../base/errors.ts';
import { fileError } from '../base/replaced-file.ts';
import { VERSION } from '../base/version.ts';
import type { PauseEstimate } from '../protocol/pause-estimate.ts';
import type { PsReport } from '../protocol/ps.ts';
import type { SourceExcerpt } from '../protocol/web/source-views.ts';
import type { OpenSnapshot, WatchedProcess as ProcessView, Workspace } from '../protocol/web/workspace.ts';
import { readProcessInfo } from '../target/process-info.ts';
import { findPythonProcess } from '../target/python-processes.ts';
import { EventHub } from './event-hub.ts';
import { SnapshotStore } from './snapshot-store.ts';
import { runTask } from './task-run.ts';
import type { Task } from './tasks.ts';
import { WatchedProcess } from './watched-process.ts';

const SAMPLE_MS = 1000;
/** Changes within this time are told once. */
const TELL_MS = 100;
/** Lines of source shown before and after the one asked for. */
const LINES_AROUND = 12;
const SOURCE_BYTES_LIMIT = 2 << 20;

export interface WorkspaceOptions {
  readonly showValues: boolean;
  readonly sysroot: string | undefined;
}

export class DaemonWorkspace {
  readonly hub = new EventHub();
  readonly snapshots: SnapshotStore;
  readonly #processes = new Map<number, WatchedProcess>();
  readonly #options: WorkspaceOptions;
  readonly #closing = new AbortController();
  readonly #sampling: NodeJS.Timeout;
  #telling: NodeJS.Timeout | undefined;

  constructor(options: WorkspaceOptions) {
    this.#options = options;
    this.snapshots = new SnapshotStore(() => this.#changed());
    this.#sampling = setInterval(() => {
      for (const process of this.#processes.values()) process.sample();
    }, SAMPLE_MS);
  }

  describe(): Workspace {
    return {
      version: VERSION,
      processes: [...this.#processes.values()].map((process) => process.describe()),
      snapshots: this.snapshots.list(),
      shows_values: this.#options.showValues,
    };
  }

  /** Throws E_FILE_READ; what else is wrong with the file is told of the snapshot. */
  openFile(path: string): OpenSnapshot {
    try {
      accessSync(path, constants.R_OK);
    } catch (error) {
      throw fileError('E_FILE_READ', `cannot read ${path}`, error);
    }
    return this.snapshots.openFile(path, this.#options.sysroot);
  }

  /** Throws E_NO_SUCH_PROCESS, E_PERMISSION, E_NOT_PYTHON and the like. A process that is open is given as it is. */
  async openProcess(pid: number): Promise<ProcessView> {
    const open = this.#processes.get(pid);
    if (open !== undefined && !open.describe().exited) return open.describe();
    const info = readProcessInfo(pid);
    const found = info === undefined ? undefined : findPythonProcess(pid);
    // An attempt to attach says best what is wrong with it.
    if (info === undefined || found === undefined || !found.supported) {
      await this.estimate(pid);
      throw new LeakscopeError('E_NOT_PYTHON', `process ${pid} cannot be watched`, {
        hint: 'leakscope ps lists the Python processes',
      });
    }
    const process = new WatchedProcess(found, info, {
      hub: this.hub,
      snapshots: this.snapshots,
      showValues: this.#options.showValues,
      changed: () => this.#changed(),
    });
    this.#processes.set(pid, process);
    process.sample();
    this.#changed();
    return process.describe();
  }

  process(pid: number): WatchedProcess {
    const process = this.#processes.get(pid);
    if (process !== undefined) return process;
    throw new LeakscopeError('E_NO_MATCH', `process ${pid} is not open`, { hint: 'open it first' });
  }

  async closeProcess(pid: number): Promise<void> {
    const process = this.process(pid);
    this.#processes.delete(pid);
    this.#changed();
    await process.close();
  }

  takeSnapshot(pid: number): OpenSnapshot {
    const process = this.process(pid);
    process.requireAlive();
    return this.snapshots.take(pid, (files) => process.addSources(files));
  }

  async estimate(pid: number): Promise<PauseEstimate> {
    return (await this.run({ kind: 'estimate', pid })) as PauseEstimate;
  }

  async listProcesses(): Promise<PsReport> {
    return (await this.run({ kind: 'list processes' })) as PsReport;
  }

  /** Of the files the process is known to run; what does not run any has to be looked at first. */
  scan(pid: number): Promise<unknown> {
    const files = [...this.process(pid).sources].filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
    if (files.length === 0) {
      throw new LeakscopeError('E_NO_MATCH', `no source file of process ${pid} is known yet`, {
        hint: 'take a snapshot or watch it: that tells which files it runs',
      });
    }
    return this.run({ kind: 'scan', files });
  }

  /** Only of files that findings name or that the process runs. */
  async source(pid: number, file: string, line: number): Promise<SourceExcerpt> {
    if (!this.process(pid).sources.has(file)) {
      throw new LeakscopeError('E_NO_MATCH', `${file} is not a source file of process ${pid}`);
    }
    const lines = readSource(file).split(/\r\n|\r|\n/);
    const at = Math.min(Math.max(1, line), lines.length);
    const first = Math.max(1, at - LINES_AROUND);
    const fix = (await this.run({ kind: 'fix', path: file, line: at })) as SourceExcerpt['fix'];
    return {
      file,
      first_line: first,
      lines: lines.slice(first - 1, at + LINES_AROUND),
      line: at,
      ...(fix === undefined ? {} : { fix }),
    };
  }

  /** Ends everything that goes on; every target runs on. */
  async close(): Promise<void> {
    clearInterval(this.#sampling);
    clearTimeout(this.#telling);
    this.#closing.abort();
    await Promise.all([...this.#processes.values()].map((process) => process.close()));
    await this.snapshots.closeAll();
  }

  /** In a thread of its own, which the end of the daemon ends. */
  run(task: Task): Promise<unknown> {
    return runTask(task, { signal: this.#closing.signal });
  }

  #changed(): void {
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined;
      this.hub.emit({ event: 'workspace', workspace: this.describe() });
    }, TELL_MS);
  }
}

function readSource(file: string): string {
  try {
    if (statSync(file).size > SOURCE_BYTES_LIMIT) {
      throw new LeakscopeError('E_FILE_READ', `${file} is too large to be shown`);
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw fileError('E_FILE_READ', `cannot read ${file}`, error);
  }
}
