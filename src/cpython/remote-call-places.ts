// Where CPython 3.14 and later looks for a script that another process asks it to run (PEP 768). Only read here: who
// writes there is target/remote-execution.ts.

import type { Address } from '../graph/heap-graph.ts';
import type { Interpreter } from './interpreter.ts';
import type { MemoryImage } from './memory-image.ts';

/** Fields of the main thread of the main interpreter, which is the one that is asked. */
export interface RemoteCallPlaces {
  /** int32: 1 asks the thread to run the script; the thread sets it back to 0 before it does. */
  readonly pendingCall: Address;
  /** Path of the script, as bytes with a 0 behind them. */
  readonly scriptPath: Address;
  /** Bytes at `scriptPath`. */
  readonly scriptPathSize: number;
  /** Machine word of flags that the thread reads between instructions. */
  readonly evalBreaker: Address;
  /** The one of them that says: look at what you have been asked. */
  readonly pleaseStopBit: bigint;
}

/** `_PY_EVAL_PLEASE_STOP_BIT`. */
const PLEASE_STOP_BIT = 1n << 5n;

/** What a target says about being asked. */
export type RemoteCallSupport =
  | { readonly kind: 'allowed'; readonly places: RemoteCallPlaces }
  /** Switched off: PYTHON_DISABLE_REMOTE_DEBUG, -X disable-remote-debug. */
  | { readonly kind: 'disabled' }
  /** CPython before 3.14, or one built without it. */
  | { readonly kind: 'unsupported' };

/** Paths are short; a size beyond this is no size. */
const LONGEST_PATH = 1 << 16;

/** Reads what the interpreter says of itself (`_Py_DebugOffsets.debugger_support`), in living memory. */
export function remoteCallSupport(
  image: MemoryImage,
  { layout, runtimeAddress, interpreters }: Interpreter,
): RemoteCallSupport {
  const main = interpreters[0];
  if (main === undefined || layout.at('_Py_DebugOffsets.debugger_support.eval_breaker') < 0)
    return { kind: 'unsupported' };
  const said = (field: string): number =>
    image.u64(runtimeAddress + layout.need(`_Py_DebugOffsets.debugger_support.${field}`));
  const pathSize = said('debugger_script_path_size');
  // A build without it leaves its part of the thread's state out.
  if (pathSize === 0 || pathSize > LONGEST_PATH) return { kind: 'unsupported' };
  if (image.i32(main.address + said('remote_debugging_enabled')) !== 1) return { kind: 'disabled' };
  const thread = image.pointer(main.address + layout.need('PyInterpreterState.threads.main'));
  if (thread === 0) return { kind: 'unsupported' };
  const support = thread + said('remote_debugger_support');
  return {
    kind: 'allowed',
    places: {
      pendingCall: support + said('debugger_pending_call'),
      scriptPath: support + said('debugger_script_path'),
      scriptPathSize: pathSize,
      evalBreaker: thread + said('eval_breaker'),
      pleaseStopBit: PLEASE_STOP_BIT,
    },
  };
}
