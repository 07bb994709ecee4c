// The Python processes of this machine, to open one.

import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { formatBytes, formatDuration } from '../../src/base/units.ts';
import type { PsReport } from '../../src/protocol/ps.ts';
import { useAnswer } from '../state/answer.ts';
import type { ApiFailure } from '../state/api.ts';
import { openProcess } from '../state/process-actions.ts';
import { linkTo } from '../state/route.ts';
import { workspace } from '../state/workspace.ts';
import { Answered, Empty, Failure } from './states.tsx';
import { PlainTable } from './tables/plain-table.tsx';

export function ProcessPicker(): JSX.Element {
  const [version, setVersion] = useState(0);
  const [opening, setOpening] = useState<number>();
  const [failure, setFailure] = useState<ApiFailure>();
  const answer = useAnswer<PsReport>('/api/processes', version);
  const open = async (pid: number): Promise<void> => {
    setOpening(pid);
    setFailure(undefined);
    try {
      await openProcess(pid);
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
            <PlainTable<PsReport['processes'][number]>
              label="Python processes"
              rows={processes}
              rowKey={({ pid }) => String(pid)}
              columns={[
                { key: 'app', title: 'Application', render: ({ app }) => app },
                { key: 'python', title: 'Python', render: ({ python }) => python },
                { key: 'pid', title: 'PID', align: 'right', render: ({ pid }) => pid },
                { key: 'rss', title: 'RSS', align: 'right', render: ({ rss_bytes }) => formatBytes(rss_bytes) },
                {
                  key: 'age',
                  title: 'Age',
                  align: 'right',
                  render: ({ uptime_seconds }) => formatDuration(uptime_seconds),
                },
                {
                  key: 'open',
                  title: <span class="visually-hidden">open it</span>,
                  align: 'right',
                  render: ({ pid, app }) =>
                    opened.has(pid) ? (
                      <a href={linkTo('overview', '', { p: pid })}>is open</a>
                    ) : (
                      <button
                        type="button"
                        class="button"
                        aria-label={`Look at it: ${app}, pid ${pid}`}
                        disabled={opening !== undefined}
                        onClick={() => void open(pid)}
                      >
                        {opening === pid ? 'Opening…' : 'Look at it'}
                      </button>
                    ),
                },
              ]}
            />
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
