// Descriptors, threads and children of a process that leaks each of them.

import { afterEach, expect, test } from 'vitest';
import { anyInterpreter } from '../../test/support/interpreters.ts';
import { startPython, type TargetProcess } from '../../test/support/target-process.ts';
import { memoryLimit, readAvailableMemory, readMemoryLimits } from './memory-limit.ts';
import { readResources } from './resources.ts';
import { formatEndpoint } from './sockets.ts';

let target: TargetProcess | undefined;
afterEach(async () => {
  await target?.stop();
  target = undefined;
});

const LEAKS = `
import os, socket, subprocess, sys, tempfile, threading, time
files = [open(os.devnull) for _ in range(3)] + [open(sys.executable, 'rb') for _ in range(4)]
folder = tempfile.mkdtemp()
temporary = [tempfile.TemporaryFile(dir=folder) for _ in range(5)]
server = socket.create_server(('127.0.0.1', 0)); port = server.getsockname()[1]
clients = [socket.create_connection(('127.0.0.1', port)) for _ in range(6)]
accepted = [server.accept()[0] for _ in clients]
for connection in accepted[:2]: connection.close()
pairs = [socket.socketpair() for _ in range(2)]
plain = socket.socket()
six = socket.create_server(('::1', 0), family=socket.AF_INET6)
pipes = [os.pipe() for _ in range(3)]
poll = __import__('select').epoll()
for i in range(4): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
children = [subprocess.Popen(['true']) for _ in range(3)] + [subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])]
time.sleep(0.5)
print(port, six.getsockname()[1], folder, flush=True)
sys.stdin.read(1)
children[-1].kill()
os.rmdir(folder)
print('done', flush=True)
`;

test('what a process holds is grouped by what it is for', async () => {
  target = await startPython(anyInterpreter().path, LEAKS);
  const [port, sixPort, folder] = target.firstLine.split(' ');
  const resources = readResources(target.pid);
  target.child.stdin?.write('\n');
  expect(await target.nextLine()).toBe('done');
  const groups = Object.fromEntries(resources.descriptorGroups.map((group) => [group.name, group]));
  expect(groups['/dev/null']?.count).toBe(3);
  expect(groups[anyInterpreter().path]?.count).toBe(4);
  expect(groups[`files in ${folder}`]?.count).toBe(5);
  expect(groups[`tcp listening on 127.0.0.1:${port}`]?.count).toBe(1);
  expect(groups[`tcp listening on [::1]:${sixPort}`]?.count).toBe(1);
  expect(groups[`tcp to 127.0.0.1:${port}`]).toMatchObject({ count: 6, states: { ESTABLISHED: 4, CLOSE_WAIT: 2 } });
  expect(groups[`tcp accepted on :${port}`]).toMatchObject({ count: 4, states: { ESTABLISHED: 4 } });
  // Two pairs; Node gives a child its standard input and output as unix sockets too.
  expect(groups['unix sockets']?.count).toBeGreaterThanOrEqual(4);
  expect(groups['unconnected sockets']?.count).toBe(1);
  expect(groups.pipes?.count).toBeGreaterThanOrEqual(6);
  expect(groups.eventpoll?.count).toBe(1);
  expect(resources.descriptorGroups.reduce((sum, group) => sum + group.count, 0)).toBe(resources.descriptors.length);
  expect(resources.threadCount).toBe(5);
  expect(resources.zombies).toBe(3);
  expect(resources.children.filter((child) => child.state !== 'Z').map((child) => child.name)).toEqual(['python -c …']);
  expect(resources.descriptorLimit).toBeGreaterThan(0);
});

test('resources of a process that is gone are an error in words', async () => {
  target = await startPython(anyInterpreter().path, `print('ready', flush=True); input()`);
  await target.stop();
  const { pid } = target;
  expect(() => readResources(pid)).toThrow(expect.objectContaining({ code: 'E_NO_SUCH_PROCESS' }));
});

test('an endpoint is written as people write it', () => {
  expect(formatEndpoint('0100007F:1F40')).toBe('127.0.0.1:8000');
  expect(formatEndpoint('00000000:0000')).toBe('0.0.0.0:0');
  expect(formatEndpoint('00000000000000000000000001000000:1F40')).toBe('[::1]:8000');
  expect(formatEndpoint('00000000000000000000000000000000:0050')).toBe('[::]:80');
  expect(formatEndpoint('0000000000000000FFFF00000100007F:0050')).toBe('127.0.0.1:80');
  expect(formatEndpoint('B80D0120000000000000000001000000:0050')).toBe('[2001:db8::1]:80');
  expect(formatEndpoint('B80D0120010000000000000000000000:0050')).toBe('[2001:db8:0:1::]:80');
  expect(formatEndpoint('B80D012001000000020000000300CDAB:0050')).toBe('[2001:db8:0:1:0:2:abcd:3]:80');
});

test('the limit that bites first is named', async () => {
  const code = `
import resource
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30)); print('ready', flush=True); input()`;
  target = await startPython(anyInterpreter().path, code);
  const limit = memoryLimit(target.pid)!;
  expect(limit).toMatchObject({ kind: 'address-space', limitBytes: 1 << 30 });
  expect(limit.usedBytes).toBeGreaterThan(4 << 20);
  const host = readMemoryLimits(target.pid).find((other) => other.kind === 'host')!;
  expect(host.limitBytes).toBeGreaterThan(host.usedBytes);
  expect(readAvailableMemory()).toBeGreaterThan(0);
});
