// Inside the thread that holds the snapshots: requests in, answers out.

import { type MessagePort, parentPort } from 'node:worker_threads';
import { assert } from '../base/assert.ts';
import { QueryError } from '../query/query-syntax.ts';
import { describeFailure, failureError } from './failures.ts';
import { QueryEngine } from './query-engine.ts';
import type { QueryReply, QueryRequest } from './query-messages.ts';
import { safeJson } from './safe-json.ts';

export function runQueryThread(): void {
  assert(parentPort !== null, 'the thread was started as a program');
  const port: MessagePort = parentPort;
  const engine = new QueryEngine();
  port.on('message', (request: QueryRequest) => {
    switch (request.request) {
      case 'open':
        engine.open(request.id, request.loaded);
        return;
      case 'analysed':
        takeSteps(engine.analysed(request.id, request.analysis));
        return;
      case 'remember':
        engine.remember(request.id, request.memory);
        return;
      case 'settle':
        engine.settle(request.id, failureError(request.failure));
        return;
      case 'close':
        engine.close(request.id);
        return;
      case 'answer':
        void reply(engine, request).then((answer) => port.postMessage(answer));
    }
  });
}

/** Between one step and the next, what was asked meanwhile is answered. */
function takeSteps(steps: Iterator<undefined>): void {
  setImmediate(() => {
    try {
      if (steps.next().done !== true) takeSteps(steps);
    } catch {
      // No memory for it, for one: whoever asks for the same is told.
    }
  });
}

async function reply(
  engine: QueryEngine,
  { number, question }: Extract<QueryRequest, { readonly request: 'answer' }>,
): Promise<QueryReply> {
  try {
    return { number, json: safeJson(await engine.answer(question)) };
  } catch (error) {
    if (error instanceof QueryError) {
      const { message, hint, start, end } = error;
      return { number, queryError: { message, start, end, ...(hint === undefined ? {} : { hint }) } };
    }
    return { number, failure: describeFailure(error) };
  }
}
