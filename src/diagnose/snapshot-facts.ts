// What is known of where a graph came from: the header of report, diff and why. Wire format, hence snake_case.

export interface SnapshotFacts {
  /** The .heap or core file; absent when the graph was just read from a process. */
  readonly file?: string;
  readonly pid: number;
  /** `CPython 3.12.1`. */
  readonly python: string;
  /** `gunicorn worker [shop]`, `app.py`. */
  readonly app: string;
  /** ISO 8601, UTC. */
  readonly taken_at: string;
}
