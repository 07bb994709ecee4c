// The report on a started command that ended before there was enough evidence: inconclusive, with the reason.

import { formatDuration } from '../base/units.ts';
import { FIND_SCHEMA, type FindReport } from '../diagnose/find-report.ts';
import type { PythonProcess } from '../target/python-processes.ts';

/** `seconds` is how long it was observed; `ending` is how the command ended, undefined while the command itself still runs. */
export function endedEarlyReport(python: PythonProcess, seconds: number, ending: string | undefined): FindReport {
  const age = python.uptimeSeconds + seconds;
  const how = ending === undefined ? '' : ` (${ending})`;
  return {
    schema: FIND_SCHEMA,
    target: {
      pid: python.pid,
      python: python.python,
      app: python.application,
      uptime_seconds: age,
      rss_bytes: python.rssBytes,
    },
    verdict: 'inconclusive',
    summary: `not enough evidence: the program ended${how} after ${formatDuration(age)}`,
    observed_seconds: seconds,
    growth: { bytes_per_minute: 0, objects_per_minute: 0, rss_bytes_per_minute: 0 },
    pauses_ms: [],
    captures: [],
    heap: { objects: 0, bytes: 0, garbage_objects: 0, garbage_bytes: 0 },
    findings: [],
    not_leaking: [],
    resident: [],
    problems: [],
  };
}
