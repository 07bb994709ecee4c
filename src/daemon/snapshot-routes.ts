// Routes about snapshots: protocol/web/workspace.ts and heap-views.ts list them.

import type { HttpBindings } from '@hono/node-server';
import type { Context, Hono } from 'hono';
import { stream } from 'hono/streaming';
import {
  CompletionsQuery,
  DominatorPathQuery,
  DominatorsQuery,
  MemoryMapQuery,
  ObjectsQuery,
  RelatedQuery,
  RetainingGraphQuery,
  TypesQuery,
} from '../protocol/web/heap-views.ts';
import { CompareQuery, ExportQuery } from '../protocol/web/workspace.ts';
import type { DaemonWorkspace } from './daemon-workspace.ts';
import type { SnapshotQuestion } from './questions.ts';
import { addressOf, jsonResponse, jsonTextResponse, queryOf, snapshotIdOf } from './route-input.ts';

export function addSnapshotRoutes(app: Hono, workspace: DaemonWorkspace): void {
  const { snapshots } = workspace;
  const ask = (path: string, question: (context: Context) => SnapshotQuestion): void => {
    app.get(`/api/snapshots/:id/${path}`, async (context) =>
      jsonTextResponse(await snapshots.ask({ snapshot: snapshotIdOf(context), question: question(context) })),
    );
  };
  app.delete('/api/snapshots/:id', (context) => {
    snapshots.close(snapshotIdOf(context));
    return jsonResponse({});
  });
  app.get('/api/compare', async (context) => {
    const { snapshots: ids } = queryOf(context, CompareQuery);
    return jsonTextResponse(await snapshots.ask({ compare: ids.split(',') }));
  });
  app.get('/api/snapshots/:id/export', (context) => exportResponse(context, workspace));
  ask('report', () => ({ ask: 'report' }));
  ask('rss', () => ({ ask: 'rss' }));
  ask('garbage', () => ({ ask: 'garbage' }));
  ask('gc', () => ({ ask: 'gc' }));
  ask('memory-map', (context) => ({ ask: 'memory map', query: queryOf(context, MemoryMapQuery) }));
  ask('types', (context) => ({ ask: 'types', query: queryOf(context, TypesQuery) }));
  ask('objects', (context) => ({ ask: 'objects', query: queryOf(context, ObjectsQuery) }));
  ask('query/completions', (context) => ({ ask: 'completions', query: queryOf(context, CompletionsQuery) }));
  ask('dominators', (context) => ({ ask: 'dominators', query: queryOf(context, DominatorsQuery) }));
  ask('dominators/path', (context) => ({ ask: 'dominator path', address: queryOf(context, DominatorPathQuery).of }));
  ask('retained-tree', () => ({ ask: 'retained tree' }));
  ask('objects/:address', (context) => ({ ask: 'object', address: addressOf(context) }));
  ask('objects/:address/retained-tree', (context) => ({ ask: 'retained tree', address: addressOf(context) }));
  for (const related of ['referrers', 'referents'] as const) {
    ask(`objects/:address/${related}`, (context) => ({
      ask: related,
      address: addressOf(context),
      query: queryOf(context, RelatedQuery),
    }));
  }
  ask('objects/:address/retaining-graph', (context) => ({
    ask: 'retaining graph',
    address: addressOf(context),
    query: queryOf(context, RetainingGraphQuery),
  }));
}

/** Always saved, never shown: a page of its own markup must not run as one of ours. */
function exportResponse(context: Context, { snapshots }: DaemonWorkspace): Response {
  const id = snapshotIdOf(context);
  const { format, table } = queryOf(context, ExportQuery);
  const { name, type } = snapshots.exportFile(id, format, table);
  context.header('content-type', type);
  context.header('content-disposition', `attachment; filename="${name}"`);
  return stream(context, async (out) => {
    const cancellation = new AbortController();
    out.onAbort(() => cancellation.abort());
    try {
      await snapshots.export(id, { format, table, signal: cancellation.signal }, async (bytes) => {
        await out.write(bytes);
      });
    } catch {
      // Cut off, so that the browser does not take a part for the whole.
      (context.env as HttpBindings).outgoing.destroy();
    }
  });
}
