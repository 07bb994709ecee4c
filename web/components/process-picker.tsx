// The Python processes of this machine, to open one.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { formatBytes, formatDuration } from '../../src/base/units.ts';
import type { PsReport } from '../../src/protocol/ps.ts';
import type { WatchedProcess } from '../../src/protocol/web/workspace.ts';
import { useAnswer } from '../state/answer.ts';
import { type ApiFailure, send } from '../state/api.ts';
import { goTo, linkTo } from '../state/route.ts';
import { workspace } from '../state/workspace.ts';
import { Answered, Empty, Failure } from './states.tsx';

export function ProcessPicker(): JSX.Element {
  const [version, setVersion] = useState(0);
  const [opening, setOpening] = useState<number>();
  const [failure, setFailure] = useState<ApiFailure>();
  const answer = useAnswer<PsReport>('/api/processes', version);
  const open = async (pid: number): Promise<void> => {
    setOpening(pid);
    setFailure(undefined);
    try {
      await send<WatchedProcess>('POST', '/api/processes', { pid });
      goTo('overview', '', { p: pid });
    } catch (error) {
      setFailure(error as ApiFailure);
    } finally {
      setOpening(undefined);
    }
  };
  const opened = new Set(workspace.value?.processes.map(({ pid }) => pid));
  return (
    <>
      {failure === undefined ? null : <Failure failure={failure} />}
      <Answered answer={answer} what="looking for Python processes">
        {({ processes }) =>
          processes.length === 0 ? (
            <Empty title="No Python process runs here that you may see.">
              <p>
                Start one, or open a file: <code>leakscope open a.heap</code>
              </p>
            </Empty>
          ) : (
            <div class="table-scroll">
              <table class="plain" aria-label="Python processes">
                <thead>
                  <tr>
                    <th scope="col">Application</th>
                    <th scope="col">Python</th>
                    <th scope="col" class="right">
                      PID
                    </th>
                    <th scope="col" class="right">
                      RSS
                    </th>
                    <th scope="col" class="right">
                      Age
                    </th>
                    <th scope="col">
                      <span class="visually-hidden">open it</span>
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {processes.map((process) => (
                    <tr key={process.pid}>
                      <td>{process.app}</td>
                      <td>{process.python}</td>
                      <td class="right">{process.pid}</td>
                      <td class="right">{formatBytes(process.rss_bytes)}</td>
                      <td class="right">{formatDuration(process.uptime_seconds)}</td>
                      <td class="right">
                        {opened.has(process.pid) ? (
                          <a href={linkTo('overview', '', { p: process.pid })}>is open</a>
                        ) : (
                          <button
                            type="button"
                            class="button"
                            aria-label={`Look at it: ${process.app}, pid ${process.pid}`}
                            disabled={opening !== undefined}
                            onClick={() => void open(process.pid)}
                          >
                            {opening === process.pid ? 'Opening…' : 'Look at it'}
                          </button>
                        )}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )
        }
      </Answered>
      <p class="below">
        <button type="button" class="button quiet" onClick={() => setVersion(version + 1)}>
          Look again
        </button>
      </p>
    </>
  );
}
