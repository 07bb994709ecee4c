// What a snapshot of a live process would cost it, told without stopping it: `--dry-run` of every command that takes one.

import { ProblemLog } from '../base/problems.ts';
import { PAUSE_ESTIMATE_SCHEMA, type PauseEstimate } from '../protocol/pause-estimate.ts';
import { applicationOf } from '../target/python-processes.ts';
import { AttachedTarget } from './attached-target.ts';
import type { Progress, SnapshotOptions } from './session-options.ts';

/** Throws what attaching throws. */
export async function estimatePause(
  options: Pick<SnapshotOptions, 'pid' | 'precopy' | 'signal'> & {
    /** As a core file does; a snapshot only sizes big buffers. */
    readonly copiesRawData?: boolean;
  },
  progress: Progress,
): Promise<PauseEstimate> {
  const problems = new ProblemLog();
  progress.stage(`looking at process ${options.pid}`);
  const target = await AttachedTarget.attach(options.pid, problems, { mayStop: false });
  try {
    const estimate = await target.estimateCapture({ ...options, sizeRawData: options.copiesRawData !== true });
    const { info, interpreter } = target;
    const { leastPauseMs, availableBytes, whyNoEarlyCopy } = estimate;
    return {
      schema: PAUSE_ESTIMATE_SCHEMA,
      target: {
        pid: info.pid,
        python: `CPython ${interpreter.versionText}${interpreter.layout.freeThreaded ? ' free-threaded' : ''}`,
        app: applicationOf(info),
        uptime_seconds: Math.round(info.uptimeSeconds),
        rss_bytes: info.rssBytes,
      },
      pause_ms: tenths(estimate.pauseMs),
      early_copy: {
        possible: whyNoEarlyCopy === '',
        ...(whyNoEarlyCopy === '' ? {} : { reason: whyNoEarlyCopy }),
        ...(leastPauseMs === undefined ? {} : { least_pause_ms: tenths(leastPauseMs) }),
      },
      copy_bytes: estimate.copyBytes,
      skipped_bytes: estimate.skippedBytes,
      bytes_per_second: Math.round(estimate.bytesPerMs * 1000),
      threads: estimate.threads,
      needed_bytes: Math.round(estimate.neededBytes),
      ...(availableBytes === undefined ? {} : { available_bytes: availableBytes }),
      problems: problems.list().map((problem) => ({ ...problem, examples: [...problem.examples] })),
    };
  } finally {
    target.close();
  }
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
