// Who allocated what a holder gained, where the process ran under tracemalloc: the stacks, most memory first.

import type { JSX } from 'preact';
import { formatBytes, formatCount } from '../../src/base/units.ts';
import type { Finding } from '../../src/diagnose/find-report.ts';

export function Allocations({ of }: { of: NonNullable<Finding['allocations']> }): JSX.Element {
  const { blocks, bytes, tracebacks, other_tracebacks } = of;
  return (
    <>
      <p>
        {formatBytes(bytes)} in {formatCount(blocks)} blocks since the first snapshot.
      </p>
      <ol class="tracebacks">
        {tracebacks.map((traceback) => (
          <li key={traceback.frames.map(({ file, line }) => `${file}:${line}`).join()}>
            <strong class="figure">{formatBytes(traceback.bytes)}</strong>{' '}
            <span class="faint figure">{formatCount(traceback.blocks)} blocks</span>
            <ul class="list-plain frames">
              {/* The last frame allocated. */}
              {traceback.frames.toReversed().map((frame) => (
                <li key={`${frame.file}:${frame.line}`}>
                  <code>
                    {frame.file}:{frame.line}
                  </code>{' '}
                  <span class="faint">{frame.function === undefined ? '' : `in ${frame.function}`}</span>
                  {frame.code === undefined ? null : <code class="frame-code">{frame.code}</code>}
                </li>
              ))}
            </ul>
          </li>
        ))}
      </ol>
      {other_tracebacks.tracebacks === 0 ? null : (
        <p class="faint">
          and {formatCount(other_tracebacks.tracebacks)} other stacks with {formatBytes(other_tracebacks.bytes)}
        </p>
      )}
    </>
  );
}
