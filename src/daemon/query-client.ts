// The thread that holds the snapshots, seen from the one that serves.

import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { LeakscopeError } from '../base/errors.ts';
import type { QueryError } from '../protocol/web/heap-views.ts';
import { failureError } from './failures.ts';
import { transferable } from './heap-analysis.ts';
import type { QueryReply, QueryRequest } from './query-messages.ts';
import type { Question } from './questions.ts';

/** Beside this file in the bundle. */
const WORKER = fileURLToPath(new URL('./daemon-query.js', import.meta.url));

/** A query that was not understood; not a failure of leakscope's. */
export class MisunderstoodQuery extends Error {
  readonly detail: QueryError;

  constructor(detail: QueryError) {
    super(detail.message);
    this.detail = detail;
  }
}

interface Waiting {
  readonly resolve: (json: string) => void;
  readonly reject: (error: unknown) => void;
}

export class QueryClient {
  readonly #worker = new Worker(WORKER, { name: 'leakscope queries' });
  readonly #waiting = new Map<number, Waiting>();
  #next = 1;
  #ended: unknown;

  constructor() {
    this.#worker.on('message', (reply: QueryReply) => {
      const waiting = this.#waiting.get(reply.number);
      this.#waiting.delete(reply.number);
      if (waiting === undefined) return;
      if ('json' in reply) waiting.resolve(reply.json);
      else if ('failure' in reply) waiting.reject(failureError(reply.failure));
      else waiting.reject(new MisunderstoodQuery(reply.queryError));
    });
    this.#worker.once('error', (error) => this.#end(error));
    this.#worker.once('exit', () => this.#end(new LeakscopeError('E_CANCELLED', 'leakscope open has ended')));
  }

  /** Hands over columns; they cannot be used here any more. */
  tell(request: Exclude<QueryRequest, { readonly request: 'answer' }>): void {
    this.#worker.postMessage(request, transferable(request));
  }

  /** The answer as JSON. Throws MisunderstoodQuery, or LeakscopeError. */
  ask(question: Question): Promise<string> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended);
    return new Promise((resolve, reject) => {
      const number = this.#next++;
      this.#waiting.set(number, { resolve, reject });
      this.#worker.postMessage({ request: 'answer', number, question } satisfies QueryRequest);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #end(reason: unknown): void {
    this.#ended ??= reason;
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }
}
