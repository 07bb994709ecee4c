// What a snapshot copied, and when. Wire format, hence snake_case.

export interface CaptureFacts {
  readonly copied_bytes: number;
  /** Big raw data that was sized and not copied. */
  readonly skipped_bytes: number;
  /** In order; the last two are the pause. */
  readonly phases: readonly {
    readonly name: 'copy while running' | 'stop' | 'copy while stopped';
    readonly bytes: number;
    readonly ms: number;
  }[];
  /** Why nothing was copied before the pause. */
  readonly no_early_copy?: string;
}
