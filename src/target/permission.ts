// Turns a refused access to another process into E_PERMISSION with the remedy for this host and container.
// The rules are those of ptrace(2), "Ptrace access mode checking", and of the Yama security module.

import { LeakscopeError } from '../base/errors.ts';
import { errnoCode, meansGone, readProcText } from './proc-file.ts';
import { type ProcessInfo, readProcessInfo, statusField } from './process-info.ts';

/** What decides whether this process may read that one. */
export interface AccessFacts {
  /** Our effective user. */
  readonly uid: number;
  readonly targetUid: number;
  readonly targetUserName: string;
  readonly targetDumpable: boolean;
  /** CAP_SYS_PTRACE among our effective capabilities. */
  readonly canTrace: boolean;
  /** /proc/sys/kernel/yama/ptrace_scope, or undefined where Yama is not built in. */
  readonly yamaScope: number | undefined;
  /** We run inside a container; `kubernetes` where its service account is mounted. */
  readonly container: 'none' | 'container' | 'kubernetes';
  /** The target sits in another PID namespace than ours: most likely in a container, seen from the host. */
  readonly targetElsewhere: boolean;
}

const CAP_SYS_PTRACE = 19;

/** Gathers the facts for a target that may already be unreadable. */
export function readAccessFacts(pid: number, target: ProcessInfo | undefined = readProcessInfo(pid)): AccessFacts {
  const status = readProcText('/proc/self/status') ?? '';
  const capabilities = BigInt(`0x${statusField(status, 'CapEff')?.trim() || '0'}`);
  const yama = readProcText('/proc/sys/kernel/yama/ptrace_scope');
  return {
    uid: process.geteuid?.() ?? -1,
    targetUid: target?.uid ?? -1,
    targetUserName: target?.userName ?? 'unknown',
    targetDumpable: target?.dumpable ?? true,
    canTrace: ((capabilities >> BigInt(CAP_SYS_PTRACE)) & 1n) === 1n,
    yamaScope: yama === undefined ? undefined : Number(yama),
    container: detectContainer(),
    targetElsewhere: target !== undefined && target.nsPid !== target.pid,
  };
}

/** Whether, and in which kind of container, this process runs. A guess from the marks that runtimes leave. */
export function detectContainer(): AccessFacts['container'] {
  if (readProcText('/var/run/secrets/kubernetes.io/serviceaccount/namespace') !== undefined) return 'kubernetes';
  if (process.env.KUBERNETES_SERVICE_HOST !== undefined) return 'kubernetes';
  if (readProcText('/.dockerenv') !== undefined || readProcText('/run/.containerenv') !== undefined) return 'container';
  const cgroup = readProcText('/proc/1/cgroup') ?? '';
  if (/docker|kubepods|containerd|libpod|lxc/.test(cgroup)) return /kubepods/.test(cgroup) ? 'kubernetes' : 'container';
  return 'none';
}

/** The one sentence that says why, and the one that says what to do. */
export function explainRefusal(facts: AccessFacts): { readonly reason: string; readonly remedy: string } {
  const remedy = traceRemedy(facts);
  if (facts.yamaScope === 3) {
    return {
      reason: 'this kernel forbids reading other processes (kernel.yama.ptrace_scope is 3)',
      remedy: 'it stays so until a reboot with another value; starting the program from leakscope does not help either',
    };
  }
  if (facts.uid === 0 && !facts.canTrace) {
    return {
      reason: 'this root user lacks the capability CAP_SYS_PTRACE, as in a default container',
      remedy,
    };
  }
  if (facts.uid !== facts.targetUid && facts.uid !== 0) {
    return {
      reason: `it belongs to the user ${facts.targetUserName}, not to you`,
      remedy: `run leakscope as ${facts.targetUserName}, or: ${remedy}`,
    };
  }
  if (!facts.targetDumpable) {
    return {
      reason: 'it is marked non-dumpable (it changed its user, is not readable as a file, or asked for it)',
      remedy,
    };
  }
  if (facts.yamaScope === 1) {
    return {
      reason: 'only its parent may read it (kernel.yama.ptrace_scope is 1)',
      remedy: `start it from leakscope (leakscope find -- CMD …), or: ${remedy}, or: sysctl kernel.yama.ptrace_scope=0`,
    };
  }
  if (facts.yamaScope === 2) {
    return { reason: 'only CAP_SYS_PTRACE may read it (kernel.yama.ptrace_scope is 2)', remedy };
  }
  return { reason: 'the kernel refused the access (a security module or a user namespace)', remedy };
}

function traceRemedy(facts: AccessFacts): string {
  if (facts.container === 'kubernetes') {
    return (
      'give the container securityContext.capabilities.add: [SYS_PTRACE] ' +
      '(and the pod shareProcessNamespace: true when leakscope runs beside it)'
    );
  }
  if (facts.container === 'container') {
    return 'start the container with --cap-add SYS_PTRACE, or run leakscope on the host as root';
  }
  return facts.uid === 0 ? 'run leakscope with CAP_SYS_PTRACE, as full root has it' : 'run leakscope with sudo';
}

/**
 * The error to throw for a failed access to `pid`: E_PERMISSION with reason and remedy, E_NO_SUCH_PROCESS when it is
 * gone, or the given error itself when it is neither.
 */
export function permissionError(pid: number, error: unknown, what: string): unknown {
  const code = errnoCode(error);
  if (meansGone(error)) {
    return new LeakscopeError('E_NO_SUCH_PROCESS', `there is no process ${pid}`, {
      hint: 'leakscope ps lists the Python processes of this host',
      cause: error,
    });
  }
  if (code !== 'EACCES' && code !== 'EPERM') return error;
  const { reason, remedy } = explainRefusal(readAccessFacts(pid));
  return new LeakscopeError('E_PERMISSION', `process ${pid} does not let us read ${what}: ${reason}`, {
    hint: remedy,
    cause: error,
  });
}
