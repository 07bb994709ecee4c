// Says in one sentence why a process cannot be read, and what works instead.

import { LeakscopeError } from '../base/errors.ts';
import type { MemoryRegion } from '../cpython/memory-reader.ts';
import type { ProcessInfo } from '../target/process-info.ts';

/** The refusal for a process without a CPython runtime that can be found. */
export function refuseOtherInterpreter(
  pid: number,
  info: ProcessInfo,
  regions: readonly MemoryRegion[],
): LeakscopeError {
  const files = new Set(regions.map((region) => region.path.slice(region.path.lastIndexOf('/') + 1)));
  const has = (pattern: RegExp): boolean => [...files].some((name) => pattern.test(name));
  if (has(/^(libpypy|pypy)/)) {
    return new LeakscopeError('E_NOT_CPYTHON', `process ${pid} runs PyPy, whose heap is laid out in another way`, {
      hint: 'leakscope reads CPython 3.8 to 3.15; for PyPy, use its own gc.dump_rpy_heap',
    });
  }
  const old = [...files]
    .map((name) => /python(2\.\d|3\.[0-7])(\D|$)/.exec(name)?.[1])
    .find((version) => version !== undefined);
  if (old !== undefined) {
    return new LeakscopeError('E_PYTHON_TOO_OLD', `process ${pid} runs Python ${old}`, {
      hint: 'leakscope reads CPython 3.8 to 3.15',
    });
  }
  return new LeakscopeError('E_NOT_PYTHON', `process ${pid} (${info.comm}) runs no CPython interpreter`, {
    hint: 'leakscope ps lists the Python processes; a wrapper script may have started the one you mean as its child',
  });
}
