// Why a process may not be read, and what to do about it: by the facts, and on this host as another user.

import { spawnSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { anyInterpreter } from '../../test/support/interpreters.ts';
import { bundleScript } from '../../test/support/node-script.ts';
import { startPython, type TargetProcess } from '../../test/support/target-process.ts';
import { type AccessFacts, explainRefusal, readAccessFacts } from './permission.ts';

let target: TargetProcess | undefined;
afterEach(async () => {
  await target?.stop();
  target = undefined;
});

const SAME_USER: AccessFacts = {
  uid: 1000,
  targetUid: 1000,
  targetUserName: 'web',
  targetDumpable: true,
  canTrace: false,
  yamaScope: 0,
  container: 'none',
  targetElsewhere: false,
};

describe('the remedy', () => {
  test.each<[Partial<AccessFacts>, RegExp, RegExp]>([
    [{ yamaScope: 1 }, /only its parent may read it/, /leakscope find -- CMD.*sudo.*sysctl kernel.yama.ptrace_scope=0/],
    [{ yamaScope: 2 }, /only CAP_SYS_PTRACE/, /sudo/],
    [{ yamaScope: 3 }, /ptrace_scope is 3/, /reboot/],
    [{ targetUid: 33, targetUserName: 'www-data' }, /belongs to the user www-data/, /as www-data, or: .*sudo/],
    [{ targetDumpable: false }, /non-dumpable/, /sudo/],
    [{ uid: 0, container: 'container' }, /lacks the capability CAP_SYS_PTRACE/, /--cap-add SYS_PTRACE/],
    [{ uid: 0, container: 'kubernetes' }, /lacks the capability/, /capabilities\.add: \[SYS_PTRACE\].*shareProcess/],
    [{ container: 'container', yamaScope: 1 }, /only its parent/, /--cap-add SYS_PTRACE/],
    [{}, /security module or a user namespace/, /sudo/],
  ])('for %j', (facts, reason, remedy) => {
    const explained = explainRefusal({ ...SAME_USER, ...facts });
    expect(explained.reason).toMatch(reason);
    expect(explained.remedy).toMatch(remedy);
  });
});

const READY = `print('ready', flush=True); input()`;

test('the facts of this host are read', async () => {
  target = await startPython(anyInterpreter().path, READY);
  const facts = readAccessFacts(target.pid);
  expect(facts).toMatchObject({ uid: process.geteuid?.(), targetUid: process.geteuid?.(), targetDumpable: true });
});

const cannotDrop =
  process.geteuid?.() !== 0 || spawnSync('setpriv', ['--version']).error !== undefined
    ? 'needs root and setpriv to become another user'
    : undefined;
if (cannotDrop !== undefined) console.log(`skipped: ${cannotDrop}`);

describe.skipIf(cannotDrop !== undefined)('as another user', () => {
  async function captureAs(how: readonly string[], pid: number) {
    const entry = new URL('../../test/fixtures/node/capture.ts', import.meta.url);
    const script = await bundleScript(fileURLToPath(entry));
    try {
      chmodSync(script.path.replace(/\/[^/]+$/, ''), 0o755);
      const result = spawnSync('setpriv', [...how, process.execPath, script.path, String(pid)], { encoding: 'utf8' });
      expect(result.stderr).toBe('');
      return JSON.parse(result.stdout) as { code: string; message: string; hint: string };
    } finally {
      script.remove();
    }
  }

  const NOBODY = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];

  test('a process of root is refused in words', async () => {
    target = await startPython(anyInterpreter().path, READY);
    const refused = await captureAs(NOBODY, target.pid);
    expect(refused.code).toBe('E_PERMISSION');
    expect(refused.message).toMatch(/belongs to the user root, not to you/);
    expect(refused.hint).toMatch(/sudo|SYS_PTRACE/);
  });

  test('root without CAP_SYS_PTRACE is told so', async () => {
    target = await startPython(anyInterpreter().path, READY);
    const refused = await captureAs(['--bounding-set', '-sys_ptrace', '--inh-caps', '-sys_ptrace'], target.pid);
    expect(refused.code).toBe('E_PERMISSION');
    expect(refused.message).toMatch(/lacks the capability CAP_SYS_PTRACE/);
    expect(refused.hint).toMatch(/SYS_PTRACE/);
  });
});

test.skipIf(cannotDrop !== undefined)('a process that made itself non-dumpable shows it', async () => {
  target = await startPython(
    anyInterpreter().path,
    `
import ctypes, os
os.setgid(65534); os.setuid(65534)
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)
${READY}`,
  );
  expect(readAccessFacts(target.pid)).toMatchObject({ targetUid: 65534, targetDumpable: false });
});
