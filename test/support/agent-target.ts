// Python programs with the agent in them, for tests: it is imported from this repository, its socket is in a folder of
// the test's own.

import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startCommand, type TargetOptions, type TargetProcess } from './target-process.ts';

/** Folder of leakscope_agent.py. */
export const AGENT_FOLDER = fileURLToPath(new URL('../../agent', import.meta.url));

export interface AgentTarget extends TargetProcess {
  /** Folder of the socket. */
  readonly folder: string;
  readonly socketPath: string;
}

/** Runs `code`, which has to call `leakscope_agent.start()` and then print a line; stopping it removes its files. */
export async function startAgentTarget(
  python: string,
  code: string,
  options: TargetOptions = {},
): Promise<AgentTarget> {
  const root = mkdtempSync(join(tmpdir(), 'agent-'));
  const folder = join(root, 'sockets');
  const env = { PYTHONPATH: AGENT_FOLDER, PYTHONDONTWRITEBYTECODE: '1', LEAKSCOPE_AGENT_DIR: folder, ...options.env };
  try {
    const target = await startCommand([python, '-c', PREAMBLE + code, ...(options.args ?? [])], { ...options, env });
    return {
      ...target,
      folder,
      socketPath: join(folder, `agent-${target.pid}.sock`),
      async stop() {
        await target.stop();
        rmSync(root, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(root, { recursive: true, force: true });
    throw error;
  }
}

const PREAMBLE = `
import os, sys, time
import leakscope_agent
def start_agent(**options):
    leakscope_agent.start(directory=os.environ['LEAKSCOPE_AGENT_DIR'], **options)
`;

/** Sends `bytes` as they are and returns what comes back until the agent closes or a whole line came. */
export function sendRaw(path: string, bytes: Uint8Array | string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ path });
    let received = '';
    const done = (): void => {
      socket.destroy();
      resolve(received);
    };
    socket.setEncoding('utf8').on('data', (text: string) => {
      received += text;
      if (received.endsWith('\n')) done();
    });
    socket.on('end', done);
    // A refused sender may see the connection reset instead of its end.
    socket.on('error', (error) => (received === '' ? reject(error) : done()));
    socket.on('connect', () => socket.write(bytes));
  });
}
