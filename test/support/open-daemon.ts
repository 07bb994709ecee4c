// Starts `leakscope open` as its users do, and talks to it with whatever headers a test wants.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import type { OpenReport } from '../../src/protocol/open.ts';
import type { DaemonEvent } from '../../src/protocol/web/events.ts';

const LEAKSCOPE = join(import.meta.dirname, '../../bin/leakscope');

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Without the cookie, where it is false. */
  readonly withCookie?: boolean;
}

export interface OpenDaemon {
  readonly report: OpenReport;
  readonly child: ChildProcess;
  /** `http://127.0.0.1:4312` */
  readonly base: string;
  /** Exchanges the token for the cookie. */
  enter(): Promise<Answer>;
  /** `NAME=VALUE`, once `enter` was called. */
  cookie(): string;
  ask(path: string, options?: AskOptions): Promise<Answer>;
  /** Parsed; fails where the status is not 2xx. */
  get<T>(path: string): Promise<T>;
  /** As the page sends what changes something. */
  send<T>(method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<T>;
  /** Asks again until `accept` does. */
  until<T>(path: string, accept: (answer: T) => boolean): Promise<T>;
  /** Events from now on, until `isLast`. */
  events(isLast: (event: DaemonEvent) => boolean): Promise<DaemonEvent[]>;
  /** As Ctrl-C does; resolves with the exit code when the process is gone. */
  interrupt(): Promise<number | null>;
  /** Kills what is left. */
  stop(): Promise<void>;
}

/** Asked again this often, in milliseconds. */
const POLL_MS = 100;

export async function openDaemon(words: readonly string[]): Promise<OpenDaemon> {
  const child = spawn(process.execPath, [LEAKSCOPE, 'open', '--no-browser', '--json', ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  const exited = new Promise<number | null>((resolve) => {
    child.once('exit', (code) => resolve(code));
  });
  const report = await readReport(child, () => errors);
  const url = new URL(report.url);
  const { port } = url;
  let cookie = '';

  const ask = (path: string, { method = 'GET', headers = {}, body, withCookie = true }: AskOptions = {}) =>
    new Promise<Answer>((resolve, reject) => {
      const target = report.socket === undefined ? { host: '127.0.0.1', port } : { socketPath: report.socket };
      const sent = httpRequest(
        {
          ...target,
          path,
          method,
          headers: {
            host: url.host,
            // Without it, Node sends what follows a DELETE as another request.
            ...(body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }),
            ...(withCookie && cookie !== '' ? { cookie } : {}),
            ...headers,
          },
        },
        (response) => {
          collect(response).then(
            (text) => resolve({ status: response.statusCode!, headers: response.headers, text }),
            reject,
          );
        },
      );
      sent.once('error', reject);
      sent.end(body);
    });
  const parsed = <T>(path: string, answer: Answer): T => {
    if (answer.status >= 300) throw new Error(`${path} answered ${answer.status}: ${answer.text}`);
    return JSON.parse(answer.text) as T;
  };
  const get = async <T>(path: string): Promise<T> => parsed<T>(path, await ask(path));

  return {
    report,
    child,
    base: url.origin,
    ask,
    get,
    cookie: () => cookie,
    enter: async () => {
      const answer = await ask(url.pathname + url.search);
      cookie = answer.headers['set-cookie']?.[0]?.split(';')[0] ?? '';
      return answer;
    },
    send: async <T>(method: 'POST' | 'DELETE', path: string, body: unknown = {}) =>
      parsed<T>(
        path,
        await ask(path, {
          method,
          body: JSON.stringify(body),
          headers: { origin: url.origin, 'sec-fetch-site': 'same-origin', 'content-type': 'application/json' },
        }),
      ),
    until: async <T>(path: string, accept: (answer: T) => boolean) => {
      for (;;) {
        const answer = await get<T>(path);
        if (accept(answer)) return answer;
        await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      }
    },
    events: (isLast) =>
      new Promise((resolve, reject) => {
        const found: DaemonEvent[] = [];
        let rest = '';
        const sent = httpRequest(
          { host: '127.0.0.1', port, path: '/api/events', headers: { host: url.host, cookie } },
          (response) => {
            response.setEncoding('utf8').on('data', (text: string) => {
              const parts = (rest + text).split('\n\n');
              rest = parts.pop()!;
              for (const part of parts) {
                if (!part.startsWith('data: ')) continue;
                const event = JSON.parse(part.slice('data: '.length)) as DaemonEvent;
                found.push(event);
                if (!isLast(event)) continue;
                sent.destroy();
                resolve(found);
                return;
              }
            });
            response.once('error', () => reject(new Error(`the stream ended after ${found.length} events`)));
            response.once('end', () => reject(new Error(`the stream ended after ${found.length} events`)));
          },
        );
        sent.once('error', reject);
        sent.end();
      }),
    interrupt: () => {
      child.kill('SIGINT');
      return exited;
    },
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await exited;
    },
  };
}

/** The report is one JSON object, printed over several lines. */
async function readReport(child: ChildProcess, errors: () => string): Promise<OpenReport> {
  let text = '';
  child.stdout!.setEncoding('utf8');
  for (;;) {
    const [data] = (await Promise.race([
      once(child.stdout!, 'data'),
      once(child, 'exit').then(([code]) => {
        throw new Error(`leakscope open ended with ${code}: ${text}${errors()}`);
      }),
    ])) as [string];
    text += data;
    if (text.endsWith('}\n')) return JSON.parse(text) as OpenReport;
  }
}

async function collect(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  for await (const part of response) text += part;
  return text;
}
