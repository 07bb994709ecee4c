// Talks to the agent inside a process (agent/leakscope_agent.py) over its Unix socket: one line of JSON each way, and
// for a snapshot the bytes of the file between. Finds the socket among those the process listens on, wherever its folder is.

import { lstatSync, type Stats } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { cancelled, LeakscopeError } from '../base/errors.ts';
import { listProcFolder, readProcLink } from './proc-file.ts';
import { type ProcessInfo, readProcessInfo } from './process-info.ts';
import { readSockets } from './sockets.ts';

/** What an agent answers; each command has fields of its own (docs/agent.md). */
export type AgentResult = Readonly<Record<string, unknown>>;

export interface AskOptions {
  /** Fields of the request beside `command`. */
  readonly parameters?: Readonly<Record<string, string | number | boolean>>;
  /** How long the answer may take, in milliseconds; 60 s unless given. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface StreamOptions extends AskOptions {
  /** Takes the bytes of the answer in order; the agent waits for it. */
  readonly onBytes: (bytes: Uint8Array) => Promise<void>;
}

const REPLY_TIMEOUT_MS = 60_000;
/** Statistics of a thousand tracebacks are far below. */
const REPLY_BYTES_LIMIT = 32 << 20;
/** The agent sends pieces of at most 1 MiB. */
const FRAME_BYTES_LIMIT = 1 << 26;

/** Path of the socket of the agent that runs in `pid`, as this process can open it; undefined where none listens. */
export function findAgentSocket(pid: number): string | undefined {
  const info = readProcessInfo(pid);
  return info === undefined ? undefined : socketOf(info);
}

/**
 * Sends one command and returns its result. Throws E_NO_SUCH_PROCESS; E_NO_AGENT where no agent listens; E_AGENT when it
 * refuses, with its own words, or does not answer as agents do; E_CANCELLED.
 */
export async function askAgent(pid: number, command: string, options: AskOptions = {}): Promise<AgentResult> {
  const conversation = await Conversation.open(pid, options);
  try {
    conversation.send(command, options.parameters);
    return resultOf(pid, await conversation.readLine());
  } finally {
    conversation.close();
  }
}

/** As `askAgent`, for commands that answer with bytes before their result. */
export async function streamFromAgent(pid: number, command: string, options: StreamOptions): Promise<AgentResult> {
  const conversation = await Conversation.open(pid, options);
  try {
    conversation.send(command, { ...options.parameters, stream: true });
    resultOf(pid, await conversation.readLine());
    while (true) {
      const header = await conversation.readBytes(4);
      const length = new DataView(header.buffer, header.byteOffset, 4).getUint32(0, true);
      if (length === 0) break;
      if (length > FRAME_BYTES_LIMIT) throw badAnswer(pid, 'it sends pieces that are too large');
      await options.onBytes(await conversation.readBytes(length));
    }
    return resultOf(pid, await conversation.readLine());
  } finally {
    conversation.close();
  }
}

/** The process listens on it, and only its user can have put it there. */
function socketOf(info: ProcessInfo): string | undefined {
  const { pid } = info;
  const own = ownSocketInodes(pid);
  for (const [inode, socket] of readSockets(pid)) {
    if (socket.protocol !== 'unix' || socket.state !== 'LISTEN') continue;
    if (!socket.local.startsWith('/') || !socket.local.endsWith(`/agent-${info.nsPid}.sock`)) continue;
    if (own !== undefined && !own.has(inode)) continue;
    // Its folder is named as the process sees it, which may be in a container.
    const path = `/proc/${pid}/root${socket.local}`;
    const file = statsOf(path);
    const folder = statsOf(dirname(path));
    if (file === undefined || folder === undefined || !file.isSocket() || !folder.isDirectory()) continue;
    const isTrusted = (stats: Stats): boolean => stats.uid === info.uid || stats.uid === 0;
    if (isTrusted(file) && isTrusted(folder) && (folder.mode & 0o022) === 0) return path;
  }
  return undefined;
}

/** Sockets among the open files of the process; undefined where they may not be seen. */
function ownSocketInodes(pid: number): Set<number> | undefined {
  const names = listProcFolder(`/proc/${pid}/fd`);
  if (names === undefined) return undefined;
  const inodes = new Set<number>();
  for (const name of names) {
    const match = /^socket:\[(\d+)\]$/.exec(readProcLink(`/proc/${pid}/fd/${name}`) ?? '');
    if (match !== null) inodes.add(Number(match[1]));
  }
  return inodes;
}

function statsOf(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    // Gone, or not to be seen: then it is not ours to use.
    return undefined;
  }
}

function noAgent(pid: number): LeakscopeError {
  return new LeakscopeError('E_NO_AGENT', `no leakscope agent runs in process ${pid}`, {
    hint: 'start the program with `python -m leakscope_agent`, or call leakscope_agent.start() in it; `leakscope agent` tells where the module is',
  });
}

function badAnswer(pid: number, what: string, cause?: unknown): LeakscopeError {
  return new LeakscopeError('E_AGENT', `the agent in process ${pid} did not answer: ${what}`, { cause });
}

function resultOf(pid: number, line: string): AgentResult {
  let reply: unknown;
  try {
    reply = JSON.parse(line);
  } catch (error) {
    throw badAnswer(pid, 'what it sends is no JSON', error);
  }
  const { ok, result, error } = (reply ?? {}) as { ok?: unknown; result?: unknown; error?: { message?: unknown } };
  if (ok === true) return typeof result === 'object' && result !== null ? (result as AgentResult) : {};
  const message = typeof error?.message === 'string' ? error.message.slice(0, 1000) : 'it gave no reason';
  throw new LeakscopeError('E_AGENT', `the agent in process ${pid} refused: ${message}`);
}

/** One connection, read as lines and as runs of bytes. */
class Conversation {
  readonly #pid: number;
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  #chunks: Buffer[] = [];
  #size = 0;
  #ended = false;
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  private constructor(pid: number, socket: Socket, options: AskOptions) {
    this.#pid = pid;
    this.#socket = socket;
    this.#timeoutMs = options.timeoutMs ?? REPLY_TIMEOUT_MS;
    socket.on('data', (bytes: Buffer) => {
      this.#chunks.push(bytes);
      this.#size += bytes.length;
      // The agent waits while what it sent is not taken.
      if (this.#size > FRAME_BYTES_LIMIT) socket.pause();
      this.#wake?.();
    });
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#end());
    socket.on('error', (error) => {
      this.#failure ??= error;
      this.#end();
    });
    const abort = (): void => {
      socket.destroy(cancelled());
    };
    options.signal?.addEventListener('abort', abort, { once: true });
    socket.once('close', () => options.signal?.removeEventListener('abort', abort));
  }

  static async open(pid: number, options: AskOptions): Promise<Conversation> {
    const info = readProcessInfo(pid);
    if (info === undefined) {
      throw new LeakscopeError('E_NO_SUCH_PROCESS', `no process ${pid}`, {
        hint: 'leakscope ps lists the Python processes',
      });
    }
    const path = socketOf(info);
    if (path === undefined) throw noAgent(pid);
    if (options.signal?.aborted) throw cancelled();
    const socket = createConnection({ path });
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', (error) => reject(badAnswer(pid, error.message, error)));
    });
    return new Conversation(pid, socket, options);
  }

  send(command: string, parameters: AskOptions['parameters'] = {}): void {
    this.#socket.write(`${JSON.stringify({ ...parameters, command })}\n`);
  }

  async readLine(): Promise<string> {
    let searched = 0;
    while (true) {
      const all = this.#joined();
      const at = all.indexOf(10, searched);
      if (at >= 0) return this.#take(at + 1).toString('utf8', 0, at);
      searched = all.length;
      if (searched > REPLY_BYTES_LIMIT) throw badAnswer(this.#pid, 'its answer is too long');
      await this.#more();
    }
  }

  async readBytes(length: number): Promise<Uint8Array> {
    while (this.#size < length) await this.#more();
    return this.#take(length);
  }

  close(): void {
    this.#socket.destroy();
  }

  #end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  #joined(): Buffer {
    const all = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }

  #take(length: number): Buffer {
    const all = this.#joined();
    this.#chunks = [all.subarray(length)];
    this.#size = all.length - length;
    return all.subarray(0, length);
  }

  async #more(): Promise<void> {
    const before = this.#size;
    if (this.#socket.isPaused()) this.#socket.resume();
    if (!this.#ended) {
      await new Promise<void>((resolve, reject) => {
        const late = badAnswer(this.#pid, `nothing came in ${Math.round(this.#timeoutMs / 1000)} s`);
        const timer = setTimeout(() => reject(late), this.#timeoutMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    if (this.#size === before && this.#ended) {
      if (this.#failure instanceof LeakscopeError) throw this.#failure;
      throw badAnswer(this.#pid, this.#failure?.message ?? 'it closed the connection', this.#failure);
    }
  }
}
