import { expect, test } from 'vitest';
import { type GuardedRequest, RequestGuard } from './request-guard.ts';

const OPTIONS = {
  hosts: new Set(['127.0.0.1:4312', 'localhost:4312']),
  anyPort: false,
  scheme: 'http',
  cookieName: 'leakscope-4312',
} as const;

const READ: GuardedRequest = {
  method: 'GET',
  path: '/api/workspace',
  host: '127.0.0.1:4312',
  origin: undefined,
  secFetchSite: 'same-origin',
  secFetchMode: undefined,
  secFetchDest: undefined,
  contentType: undefined,
  cookie: undefined,
};

function admitted(): { readonly guard: RequestGuard; readonly cookie: string } {
  const guard = new RequestGuard(OPTIONS);
  const decision = guard.decide({ ...READ, path: `/?token=${guard.token}`, secFetchSite: 'none' });
  if (decision.decision !== 'admit') throw new Error(`not admitted: ${JSON.stringify(decision)}`);
  expect(decision.setCookie).toMatch(/^leakscope-4312=[\w-]{43}; Path=\/; HttpOnly; SameSite=Strict$/);
  return { guard, cookie: decision.setCookie.split(';')[0]! };
}

test('the cookie lets in, and nothing else does', () => {
  const { guard, cookie } = admitted();
  expect(guard.decide({ ...READ, cookie })).toEqual({ decision: 'allow' });
  expect(guard.decide({ ...READ, cookie: `other=1; ${cookie}; more=2` })).toEqual({ decision: 'allow' });
  for (const wrong of [undefined, '', 'leakscope-4312=', `${cookie}x`, cookie.slice(0, -1), `x${cookie}`]) {
    expect(guard.decide({ ...READ, cookie: wrong })).toMatchObject({ decision: 'refuse', status: 403 });
  }
});

test('the token works once, and only for the page itself', () => {
  const guard = new RequestGuard(OPTIONS);
  const page = { ...READ, secFetchSite: 'none' };
  const path = `/?token=${guard.token}`;
  for (const wrong of ['/?token=', '/?token=x', `/?token=${guard.token}x`, `/api/workspace?token=${guard.token}`]) {
    expect(guard.decide({ ...page, path: wrong }), wrong).toMatchObject({ decision: 'refuse' });
  }
  expect(guard.decide({ ...page, path, method: 'HEAD' })).toMatchObject({ decision: 'refuse' });
  expect(guard.decide({ ...page, path, secFetchSite: 'cross-site' })).toMatchObject({ decision: 'refuse' });
  expect(guard.decide({ ...page, path, host: 'evil.example' })).toMatchObject({ decision: 'refuse' });
  expect(guard.decide({ ...page, path })).toMatchObject({ decision: 'admit', isFromElsewhere: false });
  expect(guard.decide({ ...page, path })).toMatchObject({ decision: 'refuse', status: 403 });
});

test('a file that leads to the address with the token lets in, as a window and nothing else', () => {
  const guard = new RequestGuard(OPTIONS);
  const path = `/?token=${guard.token}`;
  const window = { ...READ, path, secFetchSite: 'cross-site', secFetchMode: 'navigate', secFetchDest: 'document' };
  for (const [mode, dest] of [
    ['navigate', 'iframe'],
    ['navigate', undefined],
    ['no-cors', 'image'],
    ['no-cors', 'script'],
    ['cors', 'empty'],
  ] as const) {
    const asked = { ...window, secFetchMode: mode, secFetchDest: dest };
    expect(guard.decide(asked), `${mode} ${dest}`).toMatchObject({ decision: 'refuse', status: 403 });
  }
  for (const wrong of [
    { path: '/' },
    { path: '/?token=x' },
    { path: `/api/workspace?token=${guard.token}` },
    { host: 'evil.example' },
    { origin: 'null' },
    { method: 'POST', origin: 'http://127.0.0.1:4312', contentType: 'application/json' },
  ]) {
    expect(guard.decide({ ...window, ...wrong }), JSON.stringify(wrong)).toMatchObject({ decision: 'refuse' });
  }
  const decision = guard.decide(window);
  expect(decision).toMatchObject({ decision: 'admit', isFromElsewhere: true });
  expect(guard.decide(window)).toMatchObject({ decision: 'refuse' });
  // Inside, another site leads nowhere, with the cookie or without.
  const cookie = decision.decision === 'admit' ? decision.setCookie.split(';')[0] : '';
  expect(guard.decide({ ...window, path: '/', cookie })).toMatchObject({ decision: 'refuse' });
});

test('with the cookie, too: no other host, origin or site', () => {
  const { guard, cookie } = admitted();
  const read = { ...READ, cookie };
  for (const host of [undefined, '', 'evil.example', '127.0.0.1', '127.0.0.1:4313', '127.0.0.1:4312.evil.example']) {
    expect(guard.decide({ ...read, host }), `${host}`).toMatchObject({ decision: 'refuse', status: 403 });
  }
  expect(guard.decide({ ...read, host: 'LOCALHOST:4312' })).toEqual({ decision: 'allow' });
  for (const origin of [
    'null',
    'http://evil.example',
    'https://127.0.0.1:4312',
    'http://127.0.0.1:4313',
    'http://localhost:4312',
  ]) {
    expect(guard.decide({ ...read, origin }), origin).toMatchObject({ decision: 'refuse', status: 403 });
  }
  for (const secFetchSite of ['cross-site', 'same-site', 'anything']) {
    expect(guard.decide({ ...read, secFetchSite }), secFetchSite).toMatchObject({ decision: 'refuse' });
  }
});

test('what changes something needs the origin and JSON, and methods are few', () => {
  const { guard, cookie } = admitted();
  const write = {
    ...READ,
    cookie,
    method: 'POST',
    origin: 'http://127.0.0.1:4312',
    contentType: 'application/json',
  };
  expect(guard.decide(write)).toEqual({ decision: 'allow' });
  expect(guard.decide({ ...write, secFetchSite: undefined })).toEqual({ decision: 'allow' });
  expect(guard.decide({ ...write, origin: undefined })).toMatchObject({ status: 403 });
  expect(guard.decide({ ...write, secFetchSite: 'none' })).toMatchObject({ status: 403 });
  for (const contentType of [undefined, 'text/plain', 'application/x-www-form-urlencoded', 'application/jsonx']) {
    expect(guard.decide({ ...write, contentType }), contentType).toMatchObject({ status: 415 });
  }
  for (const method of ['OPTIONS', 'PUT', 'PATCH', 'TRACE', 'CONNECT', 'get']) {
    expect(guard.decide({ ...write, method }), method).toMatchObject({ decision: 'refuse', status: 405 });
  }
});

test('over a socket the port is that of the tunnel, and the name still ours', () => {
  const guard = new RequestGuard({ ...OPTIONS, hosts: new Set(['localhost']), anyPort: true });
  const page = { ...READ, path: `/?token=${guard.token}`, secFetchSite: 'none' };
  expect(guard.decide({ ...page, host: 'evil.example:8000' })).toMatchObject({ decision: 'refuse' });
  expect(guard.decide({ ...page, host: 'localhost:8000', origin: 'http://localhost:9000' })).toMatchObject({
    decision: 'refuse',
  });
  expect(guard.decide({ ...page, host: 'localhost:8000' })).toMatchObject({ decision: 'admit' });
});
