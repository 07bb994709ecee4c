// What a real process holds beside memory, and which object holds each: on every interpreter, against what it says itself.

import { spawnSync } from 'node:child_process';
import * as v from 'valibot';
import { beforeAll, describe, expect, test } from 'vitest';
import { ProblemLog } from '../../src/base/problems.ts';
import type { ResourceGroup, ResourceOwner, ResourceReport } from '../../src/diagnose/resource-report.ts';
import { ResourceReportSchema } from '../../src/protocol/resources.ts';
import { AttachedTarget } from '../../src/session/attached-target.ts';
import { readKernelResources, resourceReport } from '../../src/session/resource-session.ts';
import { listPids, readProcessStat } from '../../src/target/process-info.ts';
import { targetProgram } from '../support/growing-target.ts';
import { anyInterpreter, type Interpreter, interpreters } from '../support/interpreters.ts';
import { startCommand, type TargetProcess } from '../support/target-process.ts';

interface Truth {
  readonly folder: string;
  readonly port: number;
  readonly segment_bytes?: number;
  readonly bare: readonly number[];
  readonly unowned_child: number;
  /** Descriptors or ids by the global that holds them. */
  readonly [holder: string]: number | string | readonly number[] | undefined;
}

/** Starts the program, captures it once, and lets it clean up. */
async function inspect(
  interpreter: Interpreter,
  args: readonly string[],
  container: readonly string[] = [],
): Promise<{ truth: Truth; report: ResourceReport; milliseconds: number }> {
  const command = [...container, interpreter.path, targetProgram('resources.py'), ...args];
  const program: TargetProcess = await startCommand(command);
  try {
    const pid = container.length === 0 ? program.pid : childOf(program.pid);
    const target = await AttachedTarget.attach(pid, new ProblemLog());
    try {
      let begun = performance.now();
      const kernel = readKernelResources(target);
      let milliseconds = performance.now() - begun;
      const capture = await target.capture();
      begun = performance.now();
      const report = resourceReport(target, capture, kernel);
      milliseconds += performance.now() - begun;
      return { truth: JSON.parse(program.firstLine) as Truth, report, milliseconds };
    } finally {
      target.close();
    }
  } finally {
    program.child.stdin?.write('\n');
    await program.nextLine().catch(() => {});
    await program.stop();
  }
}

function childOf(pid: number): number {
  return listPids().find((candidate) => readProcessStat(candidate)?.parentPid === pid)!;
}

/** Owners by the numbers of what they own. */
function ownersOf(groups: readonly ResourceGroup[]): Map<number, ResourceOwner> {
  const owners = new Map<number, ResourceOwner>();
  for (const { owners: listed } of groups) {
    for (const owner of listed) for (const number of owner.examples) owners.set(number, owner);
  }
  return owners;
}

/** Path, type and certainty of what each holder's descriptors or ids are shown as. */
const EXPECTED: Readonly<Record<string, readonly [path: string, type: string | RegExp, certain: boolean]>> = {
  files: ['module __main__ › global files › […]', '_io.TextIOWrapper', true],
  opened_raw: ['module __main__ › global opened_raw › […]', '_io.FileIO', true],
  borrowed: ['module __main__ › global files › […]', '_io.TextIOWrapper', true],
  ends: ['module __main__ › global ends › […]', 'multiprocessing.connection.Connection', true],
  wrapped: ['module __main__ › global wrapped › […]', 'ssl.SSLSocket', true],
  server: ['module __main__ › global server', 'socket.socket', true],
  clients: ["module __main__ › global clients › ['…'] › .connection", 'socket.socket', true],
  accepted: ['module __main__ › global accepted › […]', 'socket.socket', true],
  pipes: ['module __main__ › global pipes › […]', /_io\.Buffered(Reader|Writer)/, true],
  polls: ['module __main__ › global polls › […]', 'select.epoll', true],
  maps: ['module __main__ › global maps › […]', 'mmap.mmap', true],
  segments: ['module __main__ › global segments › […]', 'multiprocessing.shared_memory.SharedMemory', true],
  temporary: ['module __main__ › global temporary › […]', 'tempfile._TemporaryFileWrapper', true],
  unlinked: ['module __main__ › global unlinked › […]', '_io.BufferedWriter', true],
  databases: ['module __main__ › global databases › […]', 'sqlite3.Connection', true],
  folders: ['module __main__ › global folders › […]', 'posix.ScandirIterator', true],
  devices: ['module __main__ › global devices › […]', '__main__.Device', false],
  bare_fd: ['module __main__ › global bare_fd', 'int', false],
  children: ['module __main__ › global children › […]', 'subprocess.Popen', true],
  child_pipe: ['module __main__ › global children › […]', 'subprocess.Popen', true],
  workers: ['module __main__ › global workers › […]', /^multiprocessing\..*Process$/, true],
  threads: ['module __main__ › global threads › […]', 'threading.Thread', true],
};

describe.each(interpreters().map((interpreter) => ({ label: interpreter.label, interpreter })))(
  'what CPython $label holds',
  ({ interpreter }) => {
    let truth: Truth;
    let report: ResourceReport;
    beforeAll(async () => {
      ({ truth, report } = await inspect(interpreter, []));
    });
    const group = (kind: string, name: string | RegExp): ResourceGroup => {
      const found = report.groups.find(
        (candidate) =>
          candidate.kind === kind && (typeof name === 'string' ? candidate.name === name : name.test(candidate.name)),
      );
      expect(found, `${kind}, ${name}: ${JSON.stringify(report.groups, undefined, 1)}`).toBeDefined();
      return found!;
    };

    test.each(Object.keys(EXPECTED))('%s', (holder) => {
      const numbers = truth[holder];
      // A build may lack sqlite3 or ssl, or a folder for shared memory.
      if (numbers === undefined) {
        console.warn(`${interpreter.label} made no ${holder}: not looked at`);
        return;
      }
      const [path, type, certain] = EXPECTED[holder]!;
      const said = ownersOf(report.groups.filter((candidate) => kindFits(holder, candidate.kind)));
      expect((numbers as readonly number[]).length).toBeGreaterThan(0);
      for (const number of numbers as readonly number[]) {
        const owner = said.get(number);
        expect(owner, `${holder} ${number}: ${JSON.stringify([truth, report.groups], undefined, 1)}`).toBeDefined();
        expect([owner!.path, owner!.certain]).toEqual([path, certain]);
        expect(owner!.type).toMatch(type);
      }
    });

    test('as the schema says', () => {
      v.parse(ResourceReportSchema, report);
    });

    test('descriptors that no object holds', () => {
      const devices = group('devices', '/dev/null');
      expect(devices.unowned_examples).toEqual(truth.bare);
      expect(devices.unowned).toBe(truth.bare.length);
    });

    test('sockets by state and peer', () => {
      const outgoing = group('sockets', `tcp to 127.0.0.1:${truth.port}`);
      expect(outgoing).toMatchObject({ count: 5, states: { CLOSE_WAIT: 2, ESTABLISHED: 3 }, unowned: 0 });
      expect(group('sockets', `tcp listening on 127.0.0.1:${truth.port}`).states).toEqual({ LISTEN: 1 });
      expect(group('sockets', `tcp accepted on :${truth.port}`)).toMatchObject({ count: 3, unowned: 0 });
    });

    test('files that are temporary, and those that are gone but open', () => {
      expect(group('deleted files', `files in ${truth.folder}`)).toMatchObject({ count: 1, unowned: 0 });
      const { bytes } = group('deleted files', `files in ${truth.folder}`);
      expect(bytes).toBeGreaterThanOrEqual(300_000);
      expect(bytes).toBeLessThan(400_000);
      expect(group('temporary files', `files in ${truth.folder}`).unowned).toBe(0);
    });

    test('mappings and shared memory', () => {
      expect(group('memory maps', 'shared anonymous memory')).toMatchObject({ count: 2, bytes: 3 << 20, unowned: 0 });
      const mapped = group('memory maps', `files in ${truth.folder}`);
      expect(mapped.owners).toContainEqual(
        expect.objectContaining({ path: 'module __main__ › global maps › […]', type: 'mmap.mmap', count: 1 }),
      );
      expect(mapped.unowned).toBe(0);
      expect(group('shared memory', 'POSIX semaphores').owners[0]).toMatchObject({
        path: 'module __main__ › global locks › […]',
        type: 'multiprocessing.synchronize.Lock',
      });
      const segments = group('shared memory', 'POSIX shared memory');
      expect(segments).toMatchObject({ count: 1, bytes: truth.segment_bytes, unowned: 0 });
      expect(segments.owners[0]!.path).toBe('module __main__ › global segments › […]');
    });

    test('System V shared memory, attached and left behind', () => {
      expect(group('shared memory', 'System V shared memory')).toMatchObject({ count: 1, bytes: 1 << 20 });
      const left = group('shared memory', 'System V shared memory that nobody is attached to');
      expect(left).toMatchObject({ count: 1, bytes: 2 << 20, unowned: 1 });
    });

    test('children, with how they ended', () => {
      const children = report.groups.filter(({ kind }) => kind === 'child processes');
      const zombies = children.filter(({ states }) => states?.['zombie (exit 3)'] === 1);
      expect(zombies).toHaveLength(1);
      expect(children.flatMap((candidate) => candidate.unowned_examples)).toContain(truth.unowned_child);
    });
  },
);

function kindFits(holder: string, kind: string): boolean {
  if (holder === 'children' || holder === 'workers') return kind === 'child processes';
  if (holder === 'threads') return kind === 'threads';
  return kind !== 'child processes' && kind !== 'threads';
}

describe('a process in a PID namespace of its own', () => {
  const UNSHARE = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];

  test('has its threads and children by the numbers it knows itself', async ({ skip }) => {
    const probe = spawnSync(UNSHARE[0]!, [...UNSHARE.slice(1), 'true'], { encoding: 'utf8' });
    skip(probe.status !== 0, `no PID namespace can be made here: ${probe.stderr ?? probe.error?.message}`);
    const { truth, report } = await inspect(anyInterpreter(), [], UNSHARE);
    for (const holder of ['children', 'workers', 'threads']) {
      const [path, type] = EXPECTED[holder]!;
      const said = ownersOf(report.groups.filter(({ kind }) => kindFits(holder, kind)));
      for (const number of truth[holder] as readonly number[]) {
        expect(said.get(number)?.path, `${holder} ${number}: ${JSON.stringify(report.groups)}`).toBe(path);
        expect(said.get(number)!.type).toMatch(type);
      }
    }
  });
});

describe('ten thousand files', () => {
  const COUNT = 10_000;
  /** Measured: 0.2 s on an idle machine. */
  const LONGEST_MS = 5000;
  let found: Awaited<ReturnType<typeof inspect>>;
  beforeAll(async () => {
    found = await inspect(anyInterpreter(), ['--descriptors', `${COUNT}`]);
  });

  test('are one owner, found in bounded time', ({ skip }) => {
    const refused = found.truth.refused;
    skip(refused !== undefined, `the limit of descriptors cannot be raised here: ${refused}`);
    const devices = found.report.groups.find(({ name }) => name === '/dev/null')!;
    expect(devices).toMatchObject({ count: COUNT, unowned: 0 });
    expect(devices.owners).toEqual([
      expect.objectContaining({ path: 'module __main__ › global files › […]', type: '_io.FileIO', count: COUNT }),
    ]);
    expect(found.milliseconds).toBeLessThan(LONGEST_MS);
  });
});
