// Nobody but the user's own browser gets an answer of `leakscope open`: asked over real connections, with the headers
// that other pages, other hosts and other programs would send.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ErrorReportSchema } from '../../src/protocol/error.ts';
import { OpenReportSchema } from '../../src/protocol/open.ts';
import type { Workspace } from '../../src/protocol/web/workspace.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { type OpenDaemon, openDaemon } from '../support/open-daemon.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { startPython, type TargetProcess } from '../support/target-process.ts';

/** A type whose name is markup, as only a program that means harm would have it. */
const TARGET = `
evil = type('<script>alert(1)</script>', (), {'__module__': '<img src=x onerror=alert(2)>'})
kept = [evil() for _ in range(100)]
print('ready', flush=True)
input()
`;

const folder = mkdtempSync(join(tmpdir(), 'leakscope-open-'));
const heap = join(folder, 'evil.heap');
let target: TargetProcess;
let daemon: OpenDaemon;

beforeAll(async () => {
  target = await startPython(anyInterpreter().path, TARGET);
  expect((await runLeakscope(['snapshot', String(target.pid), '-o', heap])).exitCode).toBe(0);
  daemon = await openDaemon([heap, String(target.pid)]);
  expect(v.is(OpenReportSchema, daemon.report)).toBe(true);
});
afterAll(async () => {
  await daemon?.stop();
  await target?.stop();
  rmSync(folder, { recursive: true });
});

const PATHS = ['/', '/api/workspace', '/api/events', '/api/snapshots/s1/types', '/api/snapshots/s1/export?format=html'];

test('without the token nothing is answered, and what is refused tells nothing', async () => {
  for (const path of [...PATHS, '/?token=', '/?token=guessed']) {
    const answer = await daemon.ask(path, { withCookie: false });
    expect(answer.status, path).toBe(403);
    expect(answer.text).not.toContain('evil');
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  }
  const report: unknown = JSON.parse((await daemon.ask('/api/workspace', { withCookie: false })).text);
  expect(v.is(ErrorReportSchema, report)).toBe(true);
  expect(report).toMatchObject({ error: { code: 'E_FORBIDDEN' } });
});

test('the token lets one browser in, once', async () => {
  const { pathname, search } = new URL(daemon.report.url);
  // A page elsewhere that learned the address gets no cookie for it.
  const foreign = await daemon.ask(pathname + search, { headers: { 'sec-fetch-site': 'cross-site' } });
  expect(foreign.status).toBe(403);
  const answer = await daemon.enter();
  expect(answer.status).toBe(303);
  // To an address without the token.
  expect(answer.headers.location).toBe('/');
  expect(answer.headers['set-cookie']?.[0]).toMatch(/; HttpOnly; SameSite=Strict$/);
  expect((await daemon.get<Workspace>('/api/workspace')).processes.map(({ pid }) => pid)).toEqual([target.pid]);
  const again = await daemon.ask(pathname + search, { withCookie: false });
  expect(again.status).toBe(403);
  expect(again.headers['set-cookie']).toBeUndefined();
});

test('a name that was made to point here is not ours (DNS rebinding), on every route', async () => {
  const port = new URL(daemon.base).port;
  for (const path of PATHS) {
    for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', `127.0.0.1.evil.example:${port}`]) {
      expect((await daemon.ask(path, { headers: { host } })).status, `${host}${path}`).toBe(403);
    }
  }
});

test('other origins and sites are refused, on reads and event streams too', async () => {
  for (const path of PATHS) {
    for (const origin of ['http://evil.example', 'null', 'http://127.0.0.1:1', daemon.base.replace('http', 'https')]) {
      expect((await daemon.ask(path, { headers: { origin } })).status, `${origin} ${path}`).toBe(403);
    }
    for (const site of ['cross-site', 'same-site']) {
      expect((await daemon.ask(path, { headers: { 'sec-fetch-site': site } })).status, `${site} ${path}`).toBe(403);
    }
  }
});

test('an upgrade is a request like any other', async () => {
  const headers = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
  const asked = { ...headers, 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==', origin: 'http://evil.example' };
  expect((await daemon.ask('/api/events', { headers: asked })).status).toBe(403);
});

test('what changes something comes from the page, as JSON', async () => {
  const path = `/api/processes/${target.pid}/marks`;
  const right = { origin: daemon.base, 'content-type': 'application/json', 'sec-fetch-site': 'same-origin' };
  const body = '{"label":"deployed"}';
  const mark = (headers: Record<string, string>) => daemon.ask(path, { method: 'POST', body, headers });
  const { origin: _origin, ...withoutOrigin } = right;
  expect((await mark(withoutOrigin)).status).toBe(403);
  expect((await mark({ ...right, origin: 'http://evil.example' })).status).toBe(403);
  // What a form of another page can send without being asked first.
  for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
    expect((await mark({ ...right, 'content-type': type })).status, type).toBe(415);
  }
  expect((await mark(right)).status).toBe(200);
  for (const method of ['OPTIONS', 'PUT', 'PATCH', 'TRACE']) {
    const answer = await daemon.ask(path, { method, headers: right });
    expect(answer.status, method).toBe(405);
    expect(answer.headers['access-control-allow-methods']).toBeUndefined();
  }
  // Known paths with another method do nothing.
  expect((await daemon.ask('/api/workspace', { method: 'POST', body: '{}', headers: right })).status).toBe(404);
});

test('requests are short, and what they hold is checked', async () => {
  const headers = { origin: daemon.base, 'content-type': 'application/json' };
  const post = (path: string, body: string) => daemon.ask(path, { method: 'POST', body, headers });
  const marks = `/api/processes/${target.pid}/marks`;
  expect((await post(marks, JSON.stringify({ label: 'x'.repeat(100_000) }))).status).toBe(413);
  for (const body of ['', '{', '[]', 'null', '{"label":""}', '{"label":1}', '{"label":"a","more":1}']) {
    expect((await post(marks, body)).status, body).toBe(400);
  }
  for (const path of [
    '/api/snapshots/s1/types?limit=501',
    '/api/snapshots/s1/types?sort=constructor',
    '/api/snapshots/s1/objects/12',
    `/api/snapshots/s1/objects/0x10/retaining-graph?expand=${Array(17).fill('0x10').join()}`,
    '/api/snapshots/s1/objects/0x10/retaining-graph?expand=0x10,,0x20',
    '/api/snapshots/__proto__/types',
    '/api/processes/1%2f../timeline',
    '/api/compare?snapshots=s1',
  ]) {
    expect((await daemon.ask(path)).status, path).toBe(400);
  }
  expect((await daemon.ask('/api/snapshots/s99/types')).status).toBe(404);
  expect((await daemon.ask(`/api/processes/${target.pid}/source?file=/etc/passwd&line=1`)).status).toBe(404);
});

test('no path leads out of the page’s folder', async () => {
  for (const path of [
    '/../package.json',
    '/%2e%2e/package.json',
    '/..%2f..%2fetc/passwd',
    '//etc/passwd',
    '/assets/../../leakscope.js',
  ]) {
    const text = await rawRequest(path);
    expect(text, path).toMatch(/^HTTP\/1\.1 404/);
    expect(text).not.toMatch(/root:|"name": "leakscope"/);
  }
});

/** As it stands: clients normalise paths before they send them. */
function rawRequest(path: string): Promise<string> {
  const { hostname, port, host } = new URL(daemon.base);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nCookie: ${daemon.cookie()}\r\nConnection: close\r\n\r\n`);
    });
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
    socket.once('close', () => resolve(text));
    socket.once('error', reject);
  });
}

test('names of the target are data: no markup in JSON, no script allowed, nothing shown that is to be saved', async () => {
  const answer = await daemon.ask('/api/snapshots/s1/types?search=%3Cscript');
  expect(answer.text).not.toMatch(/[<>]/);
  expect(JSON.parse(answer.text)).toMatchObject({
    rows: [{ name: '<img src=x onerror=alert(2)>.<script>alert(1)</script>', objects: 100 }],
  });
  const page = await daemon.ask('/api/snapshots/s1/export?format=html');
  expect(page.headers['content-disposition']).toMatch(/^attachment; filename="leakscope-[\w.-]+"$/);
  expect(page.text).not.toContain('<script>alert');
  for (const { headers } of [answer, page, await daemon.ask('/'), await daemon.ask('/nowhere.js')]) {
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(headers['x-frame-options']).toBe('DENY');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['content-security-policy']).toMatch(/default-src 'none'/);
    expect(headers['content-security-policy']).not.toMatch(/unsafe|\*|http/);
    expect(headers['access-control-allow-origin']).toBeUndefined();
  }
  expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
});

test('listens where others could reach it only with TLS and a name', async () => {
  for (const [words, message] of [
    [['--host', '0.0.0.0'], /needs TLS/],
    [['--host', '192.0.2.1'], /needs TLS/],
    [['--host', '0.0.0.0', '--tls-cert', 'a.pem', '--tls-key', 'b.pem'], /by which name/],
    [['--host', '127.0.0.1', '--tls-cert', 'a.pem'], /go together/],
    [['--port', '99999'], /is not a port/],
  ] as const) {
    const run = await runLeakscope(['open', '--no-browser', heap, ...words]);
    expect(run.exitCode, words.join(' ')).toBe(2);
    expect(run.stderr).toMatch(message);
  }
});

test('a Unix socket is its user’s alone, and goes with the daemon', async () => {
  const path = join(folder, 'open.sock');
  const other = await openDaemon(['--unix', path, heap]);
  try {
    expect(other.report.socket).toBe(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await other.enter()).status).toBe(303);
    expect((await other.ask('/api/workspace')).status).toBe(200);
    expect((await other.ask('/api/workspace', { headers: { host: 'localhost:8000' } })).status).toBe(200);
    expect((await other.ask('/api/workspace', { headers: { host: 'evil.example' } })).status).toBe(403);
    const taken = await runLeakscope(['open', '--no-browser', '--unix', path, heap]);
    expect(taken.stderr).toMatch(/exists already/);
    expect(await other.interrupt()).toBe(0);
    expect(statSync(path, { throwIfNoEntry: false })).toBeUndefined();
  } finally {
    await other.stop();
  }
});

test('with TLS the cookie is only sent over it', async (context) => {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'],
    ...['-subj', '/CN=localhost', '-keyout', key, '-out', cert],
  ]);
  if (made.status !== 0) {
    context.skip('openssl, which makes the certificate, is not here');
    return;
  }
  const other = await openDaemon(['--tls-cert', cert, '--tls-key', key, heap]);
  try {
    expect(other.report.url).toMatch(/^https:\/\/127\.0\.0\.1:\d+\/\?token=/);
    const fetched = spawnSync('curl', ['--silent', '--include', '--insecure', other.report.url], { encoding: 'utf8' });
    if (fetched.error === undefined) expect(fetched.stdout).toMatch(/SameSite=Strict; Secure/);
  } finally {
    await other.stop();
  }
});
