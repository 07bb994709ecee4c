// The daemon over HTTP: the guard and the headers around every request, the files of the page, the routes below /api.

import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { LeakscopeError } from '../base/errors.ts';
import { redirectPage } from '../base/redirect-page.ts';
import type { DaemonWorkspace } from './daemon-workspace.ts';
import { eventStream } from './event-stream.ts';
import { errorReport, statusOf } from './failures.ts';
import type { PageFiles } from './page-files.ts';
import { addProcessRoutes } from './process-routes.ts';
import { MisunderstoodQuery } from './query-client.ts';
import type { GuardDecision, RequestGuard } from './request-guard.ts';
import { jsonResponse } from './route-input.ts';
import { SECURITY_HEADERS } from './security-headers.ts';
import { addSnapshotRoutes } from './snapshot-routes.ts';

/** The longest request is a mark's label. */
const BODY_BYTES_LIMIT = 16 << 10;

export interface HttpAppOptions {
  readonly workspace: DaemonWorkspace;
  readonly guard: RequestGuard;
  readonly page: PageFiles;
  /** A browser was let in: the token is used up. */
  readonly onAdmitted: () => void;
}

export function createHttpApp({ workspace, guard, page, onAdmitted }: HttpAppOptions): Hono {
  const app = new Hono();
  app.use(async (context, next) => {
    await next();
    // Last, so that nothing below says otherwise.
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) context.res.headers.set(name, value);
  });
  app.use(async (context, next) => {
    const { req } = context;
    const url = new URL(req.url);
    const decision = guard.decide({
      method: req.method,
      path: url.pathname + url.search,
      host: req.header('host'),
      origin: req.header('origin'),
      secFetchSite: req.header('sec-fetch-site'),
      secFetchMode: req.header('sec-fetch-mode'),
      secFetchDest: req.header('sec-fetch-dest'),
      contentType: req.header('content-type'),
      cookie: req.header('cookie'),
    });
    if (decision.decision === 'allow') return next();
    if (decision.decision === 'admit') {
      onAdmitted();
      return admission(decision);
    }
    const { status, reason } = decision;
    if (url.pathname.startsWith('/api/')) return jsonResponse(errorReport(forbidden(reason)), status);
    return new Response(`leakscope: ${reason}\n`, { status, headers: { 'content-type': 'text/plain; charset=utf-8' } });
  });
  app.use(
    bodyLimit({
      maxSize: BODY_BYTES_LIMIT,
      onError: () => jsonResponse(errorReport(new LeakscopeError('E_USAGE', 'the request is too long')), 413),
    }),
  );
  app.get('/api/workspace', () => jsonResponse(workspace.describe()));
  app.get('/api/events', (context) => eventStream(context, workspace));
  addProcessRoutes(app, workspace);
  addSnapshotRoutes(app, workspace);
  app.all('/api/*', () => {
    throw new LeakscopeError('E_NO_MATCH', 'there is no such address');
  });
  app.get('*', (context) => {
    const file = page.find(new URL(context.req.url).pathname);
    if (file === undefined) return new Response('not found\n', { status: 404 });
    return new Response(file.bytes, { headers: { 'content-type': file.type } });
  });
  app.onError((error) => {
    if (error instanceof MisunderstoodQuery) return jsonResponse(error.detail, 422);
    const report = errorReport(error);
    return jsonResponse(report, statusOf(report.error.code));
  });
  return app;
}

/** Gives the cookie, and leads on: the token must not stay in the address, where a screenshot or the history would keep it. */
function admission({ setCookie, isFromElsewhere }: Extract<GuardDecision, { readonly decision: 'admit' }>): Response {
  if (!isFromElsewhere) return new Response(null, { status: 303, headers: { location: '/', 'set-cookie': setCookie } });
  // A redirect would go on with the navigation that began elsewhere, for which browsers hold the cookie back; a page of ours
  // begins anew.
  const headers = { 'content-type': 'text/html; charset=utf-8', 'set-cookie': setCookie };
  return new Response(redirectPage('/'), { headers });
}

function forbidden(reason: string): LeakscopeError {
  return new LeakscopeError('E_FORBIDDEN', reason);
}
