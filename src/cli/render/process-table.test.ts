import { expect, test } from 'vitest';
import { PS_SCHEMA, type PsProcess, type PsReport } from '../../protocol/ps.ts';
import { renderProcesses } from './process-table.ts';
import { createRenderStyle } from './render-style.ts';

const worker: PsProcess = {
  pid: 4242,
  parent_pid: 4200,
  python: 'CPython 3.12.1',
  app: 'gunicorn worker [shop]',
  user: 'www-data',
  uptime_seconds: 11_520,
  rss_bytes: 812 * 2 ** 20,
  supported: true,
};

const script: PsProcess = {
  ...worker,
  pid: 99,
  python: 'CPython 3.14.0 free-threaded',
  app: 'python -m shop.maintenance.jobs.rebuild_search_index_of_every_tenant',
  user: 'root',
  uptime_seconds: 41,
  rss_bytes: 9 * 2 ** 20,
  note: 'belongs to root; run leakscope as root, or with sudo, or inside its container with CAP_SYS_PTRACE added',
};

function text(processes: readonly PsProcess[], columns: number, unreadable_processes = 0): string {
  const report: PsReport = { schema: PS_SCHEMA, processes: [...processes], unreadable_processes };
  return renderProcesses(report, createRenderStyle({ columns }));
}

test('one line per process', () => {
  expect(text([worker, script], 140)).toMatchInlineSnapshot(`
    " PID     RSS          UP  USER      PYTHON                        APPLICATION
    4242  812 MB  3 h 12 min  www-data  CPython 3.12.1                gunicorn worker [shop]
      99  9.0 MB        41 s  root      CPython 3.14.0 free-threaded  python -m shop.maintenance.jobs.rebuild_search_index_of_every_tenant

    99: belongs to root; run leakscope as root, or with sudo, or inside its container with CAP_SYS_PTRACE added
    "
  `);
});

test('the application gives way in 80 columns', () => {
  expect(text([worker, script], 80)).toMatchInlineSnapshot(`
    " PID     RSS          UP  USER      PYTHON                        APPLICATION
    4242  812 MB  3 h 12 min  www-data  CPython 3.12.1                gunicor…[shop]
      99  9.0 MB        41 s  root      CPython 3.14.0 free-threaded  python …tenant

    99: belongs to root; run leakscope as root, or with sudo, or inside its
      container with CAP_SYS_PTRACE added
    "
  `);
});

test('none', () => {
  expect(text([], 80)).toMatchInlineSnapshot(`
    "No Python process runs here that this user can see.
    "
  `);
});

test('what could not be seen is said', () => {
  expect(text([worker], 140, 12)).toContain('12 processes of other users could not be looked into');
});

test('a process title cannot act on the terminal', () => {
  expect(text([{ ...worker, app: 'x\u001b[2J\ny' }], 140)).toContain('x\\x1b[2J\\x0ay');
});
