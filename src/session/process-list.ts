// The Python processes of this host, as `leakscope ps` tells them.

import { PS_SCHEMA, type PsReport } from '../protocol/ps.ts';
import { listPythonProcesses } from '../target/python-processes.ts';

export function listProcesses(): PsReport {
  const { processes, unreadable } = listPythonProcesses();
  return {
    schema: PS_SCHEMA,
    processes: processes.map((process) => ({
      pid: process.pid,
      parent_pid: process.parentPid,
      python: process.python,
      app: process.application,
      user: process.user,
      uptime_seconds: Math.round(process.uptimeSeconds),
      rss_bytes: process.rssBytes,
      supported: process.supported,
      ...(process.note === undefined ? {} : { note: process.note }),
    })),
    unreadable_processes: unreadable,
  };
}
