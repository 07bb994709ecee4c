// GET /api/events: what happens, as server-sent events, from the state of everything on.

import type { Context } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { DaemonEvent } from '../protocol/web/events.ts';
import type { DaemonWorkspace } from './daemon-workspace.ts';
import { safeJson } from './safe-json.ts';

/** Proxies and browsers give up on a stream that says nothing. */
const HEARTBEAT_MS = 15_000;
/** Events that a browser which does not read them is behind at most, before its stream is ended: it asks anew. */
const QUEUE_LIMIT = 1_000;

export function eventStream(context: Context, workspace: DaemonWorkspace): Response {
  return streamSSE(context, async (stream) => {
    const queue: DaemonEvent[] = [{ event: 'workspace', workspace: workspace.describe() }];
    let wake: (() => void) | undefined;
    const stopListening = workspace.hub.listen((event) => {
      queue.push(event);
      wake?.();
    });
    stream.onAbort(() => wake?.());
    try {
      while (!stream.aborted && !stream.closed && queue.length <= QUEUE_LIMIT) {
        const event = queue.shift();
        if (event !== undefined) {
          await stream.writeSSE({ data: safeJson(event) });
          continue;
        }
        const isQuiet = await new Promise<boolean>((resolve) => {
          const timer = setTimeout(() => resolve(true), HEARTBEAT_MS);
          wake = () => {
            clearTimeout(timer);
            resolve(false);
          };
        });
        if (isQuiet) await stream.write(': still here\n\n');
      }
    } finally {
      stopListening();
    }
  });
}
