// What /proc says about one process: identity, age, size, owner. Reads no memory of the target.
// A process is identified by (pid, start time): a PID alone may be reused.

import { readFileSync, statSync } from 'node:fs';
import { uptime } from 'node:os';
import { listProcFolder, readProcLink, readProcText } from './proc-file.ts';

/** USER_HZ, the unit of times in /proc/PID/stat: 100 on every Linux port leakscope supports. */
const TICKS_PER_SECOND = 100;

/** Fields of /proc/PID/stat or /proc/PID/task/TID/stat. */
export interface ProcessStat {
  readonly pid: number;
  /** Up to 15 bytes; may hold spaces, parentheses and newlines. */
  readonly comm: string;
  /** One letter: R running, S sleeping, D disk sleep, T stopped, t traced, Z zombie, X dead. */
  readonly state: string;
  readonly parentPid: number;
  readonly threads: number;
  /** Start after boot, in clock ticks: with the PID, the identity of the process. */
  readonly startTimeTicks: number;
}

/** One process as /proc shows it to this user. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parentPid: number;
  readonly startTimeTicks: number;
  readonly uptimeSeconds: number;
  readonly rssBytes: number;
  /** Effective user id, which decides who may read the process. */
  readonly uid: number;
  /** Name of `uid` on this host, or the number as text. */
  readonly userName: string;
  /** Words of the command line. They may hold secrets: never show them, only what application-name.ts derives. */
  readonly argv: readonly string[];
  readonly comm: string;
  /** Target of /proc/PID/exe (a path in the target's mount namespace), or undefined when not allowed. */
  readonly exe: string | undefined;
  /** PID inside the innermost PID namespace of the process. */
  readonly nsPid: number;
  readonly state: string;
  readonly threads: number;
  /** False when the kernel guards the process (PR_SET_DUMPABLE 0: after setuid, or by its own wish). */
  readonly dumpable: boolean;
}

/** Parses a stat line. The comm may hold ") R 1": the last parenthesis ends it. */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 0 || close < open) return undefined;
  const pid = Number(text.slice(0, open));
  // proc(5) counts from 1: state is field 3, ppid 4, num_threads 20, starttime 22.
  const fields = text.slice(close + 2).split(' ');
  const startTimeTicks = Number(fields[19]);
  if (!Number.isInteger(pid) || !Number.isFinite(startTimeTicks) || fields.length < 20) return undefined;
  return {
    pid,
    comm: text.slice(open + 1, close),
    state: fields[0]!,
    parentPid: Number(fields[1]),
    threads: Number(fields[17]),
    startTimeTicks,
  };
}

/** The stat line of a process, or undefined when there is none with this PID. */
export function readProcessStat(pid: number): ProcessStat | undefined {
  const text = readProcText(`/proc/${pid}/stat`);
  return text === undefined ? undefined : parseProcessStat(text);
}

/** Whether `pid` is still the process that started at `startTimeTicks`, and has not ended (a zombie has no memory). */
export function sameProcess(pid: number, startTimeTicks: number): boolean {
  const stat = readProcessStat(pid);
  if (stat === undefined || stat.startTimeTicks !== startTimeTicks) return false;
  // A main thread that called pthread_exit is a zombie while its other threads run on.
  if (stat.state !== 'Z' && stat.state !== 'X') return true;
  return stat.threads > 1;
}

/** Value of `Key:` in /proc/PID/status text. */
export function statusField(status: string, key: string): string | undefined {
  const match = new RegExp(`^${key}:[ \\t]*(.*)$`, 'm').exec(status);
  return match?.[1];
}

/** Facts about a process, or undefined when there is no process `pid` (or it ended meanwhile). */
export function readProcessInfo(pid: number): ProcessInfo | undefined {
  const stat = readProcessStat(pid);
  const status = readProcText(`/proc/${pid}/status`);
  if (stat === undefined || status === undefined) return undefined;
  const uid = Number((statusField(status, 'Uid') ?? '').split(/\s+/)[1] ?? -1);
  const nsPids = (statusField(status, 'NSpid') ?? String(pid)).trim().split(/\s+/);
  const cmdline = readProcText(`/proc/${pid}/cmdline`) ?? '';
  return {
    pid,
    parentPid: stat.parentPid,
    startTimeTicks: stat.startTimeTicks,
    uptimeSeconds: Math.max(0, uptime() - stat.startTimeTicks / TICKS_PER_SECOND),
    rssBytes: rssFromStatus(status),
    uid,
    userName: userName(uid),
    argv: splitArguments(cmdline),
    comm: stat.comm,
    exe: readProcLink(`/proc/${pid}/exe`),
    nsPid: Number(nsPids[nsPids.length - 1]),
    state: stat.state,
    threads: stat.threads,
    dumpable: isDumpable(pid, uid),
  };
}

/** Resident set size in bytes, or undefined when the process is gone. Cheap enough to poll. */
export function readRss(pid: number): number | undefined {
  const status = readProcText(`/proc/${pid}/status`);
  return status === undefined ? undefined : rssFromStatus(status);
}

/** PIDs of every process this user can see, ascending. */
export function listPids(): number[] {
  return (listProcFolder('/proc') ?? [])
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
}

function rssFromStatus(status: string): number {
  return Number.parseInt(statusField(status, 'VmRSS') ?? '0', 10) * 1024;
}

/** Splits /proc/PID/cmdline at its NULs; a title written over it (setproctitle) is padded with NULs at the end. */
function splitArguments(cmdline: string): string[] {
  const trimmed = cmdline.replace(/\0+$/, '');
  return trimmed === '' ? [] : trimmed.split('\0');
}

/** Files of a non-dumpable process belong to root, whoever runs it: proc(5). */
function isDumpable(pid: number, uid: number): boolean {
  const environ = statSync(`/proc/${pid}/environ`, { throwIfNoEntry: false });
  return environ === undefined || uid === 0 || environ.uid === uid;
}

function userName(uid: number): string {
  let passwd: string;
  try {
    passwd = readFileSync('/etc/passwd', 'utf8');
  } catch {
    // A minimal image has no user database; the number still names the user.
    return String(uid);
  }
  for (const line of passwd.split('\n')) {
    const fields = line.split(':');
    if (Number(fields[2]) === uid && fields[2] !== '') return fields[0]!;
  }
  return String(uid);
}
