// Where a target keeps its interpreter, as far as the files it maps can tell: what attachInterpreter starts from.

import type { Address } from '../graph/heap-graph.ts';
import type { Architecture } from './layouts/layout-build.ts';

export interface PythonRuntimeLocation {
  /** Address of `_PyRuntime`. */
  readonly runtimeAddress: Address;
  /** PY_VERSION_HEX, where the binary says it. */
  readonly versionHex?: number | undefined;
  readonly freeThreaded?: boolean | undefined;
  /** From the names of the executable or library, where the binary does not say it. */
  readonly versionHint?:
    | { readonly major: number; readonly minor: number; readonly micro?: number | undefined }
    | undefined;
  readonly arch: Architecture;
  /** The file that holds the interpreter. */
  readonly modulePath: string;
  /** Added to the file's addresses. */
  readonly imageBias: number;
  /** Static variables whose symbols were kept, by name (`arenas`, `interned`, …). */
  readonly symbols: Readonly<Record<string, Address>>;
}
