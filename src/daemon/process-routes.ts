// Routes about processes: protocol/web/workspace.ts lists them.

import type { Hono } from 'hono';
import * as v from 'valibot';
import { MarkRequest, ObservationRequest, OpenProcessRequest } from '../protocol/web/workspace.ts';
import type { DaemonWorkspace } from './daemon-workspace.ts';
import { bodyOf, jsonResponse, pidOf, queryOf } from './route-input.ts';

const SourceQuery = v.strictObject({
  file: v.pipe(v.string(), v.minLength(1), v.maxLength(4096)),
  line: v.pipe(v.string(), v.digits(), v.transform(Number)),
});
const Nothing = v.strictObject({});

export function addProcessRoutes(app: Hono, workspace: DaemonWorkspace): void {
  app.get('/api/processes', async () => jsonResponse(await workspace.listProcesses()));
  app.post('/api/processes', async (context) => {
    const { pid } = await bodyOf(context, OpenProcessRequest);
    return jsonResponse(await workspace.openProcess(pid));
  });
  app.delete('/api/processes/:pid', async (context) => {
    await workspace.closeProcess(pidOf(context));
    return jsonResponse({});
  });
  app.get('/api/processes/:pid/timeline', (context) => jsonResponse(workspace.process(pidOf(context)).timeline));
  app.post('/api/processes/:pid/marks', async (context) => {
    const { label } = await bodyOf(context, MarkRequest);
    return jsonResponse(workspace.process(pidOf(context)).mark(label));
  });
  app.get('/api/processes/:pid/pause-estimate', async (context) => {
    const { pid } = workspace.process(pidOf(context));
    return jsonResponse(await workspace.estimate(pid));
  });
  app.post('/api/processes/:pid/snapshots', async (context) => {
    await bodyOf(context, Nothing);
    return jsonResponse(workspace.takeSnapshot(pidOf(context)), 202);
  });
  app.post('/api/processes/:pid/observation', async (context) => {
    const { seconds } = await bodyOf(context, ObservationRequest);
    const process = workspace.process(pidOf(context));
    process.observe(seconds);
    return jsonResponse(process.describe(), 202);
  });
  app.delete('/api/processes/:pid/observation', (context) => {
    const process = workspace.process(pidOf(context));
    process.stopObserving();
    return jsonResponse(process.describe());
  });
  app.get('/api/processes/:pid/findings', (context) => jsonResponse(workspace.process(pidOf(context)).report));
  app.get('/api/processes/:pid/scan', async (context) => jsonResponse(await workspace.scan(pidOf(context))));
  app.get('/api/processes/:pid/source', async (context) => {
    const { file, line } = queryOf(context, SourceQuery);
    return jsonResponse(await workspace.source(pidOf(context), file, line));
  });
}
