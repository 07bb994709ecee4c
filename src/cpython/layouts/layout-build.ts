// What one generated layout says: the offsets of one CPython release as built for one architecture.

export type Architecture = 'x86-64' | 'aarch64';

/**
 * Structure name → its size and fields on one line: `56 ma_used=16 ma_keys=32 state.kind=32:2+3 ht_cached_keys=888`.
 * A field is `name=offset`, with `:bit+width` for bit fields and `#size` for arrays and embedded structures, in bytes.
 */
export type StructTable = Readonly<Record<string, string>>;

export interface LayoutBuild {
  /** `3.12.1`. */
  readonly version: string;
  /** PY_VERSION_HEX of the release. */
  readonly versionHex: number;
  readonly freeThreaded: boolean;
  readonly arch: Architecture;
  /** Worked out from other builds instead of measured. */
  readonly derived: boolean;
  readonly structs: StructTable;
}
