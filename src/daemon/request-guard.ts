// Who may ask the daemon anything: decided for every request, of whatever kind, before its route is looked at.
//
// localhost is no boundary: any page in the browser can send requests to it, and a name that an attacker owns can be made
// to point at it (DNS rebinding). So: the Host must be one of ours (CVE-2018-7160 and its like), the Origin, where the
// browser sends one, must be the same, what the browser says of where the request comes from must agree, and nothing is
// answered without the cookie that the one-time token of the printed URL was exchanged for.

import { randomBytes, timingSafeEqual } from 'node:crypto';

/** What of a request decides. */
export interface GuardedRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly host: string | undefined;
  readonly origin: string | undefined;
  readonly secFetchSite: string | undefined;
  readonly secFetchMode: string | undefined;
  readonly secFetchDest: string | undefined;
  readonly contentType: string | undefined;
  readonly cookie: string | undefined;
}

export type GuardDecision =
  | { readonly decision: 'allow' }
  /** The token was right: give the cookie, and lead on to the page. Whether a file or another site led here. */
  | { readonly decision: 'admit'; readonly setCookie: string; readonly isFromElsewhere: boolean }
  | { readonly decision: 'refuse'; readonly status: 400 | 403 | 405 | 415; readonly reason: string };

export interface GuardOptions {
  /** Authorities that are ours, `127.0.0.1:4312`; with `anyPort`, host names alone. */
  readonly hosts: ReadonlySet<string>;
  /** Over a Unix socket, the port is that of whatever tunnel leads to it. */
  readonly anyPort: boolean;
  readonly scheme: 'http' | 'https';
  readonly cookieName: string;
}

const TOKEN_BYTES = 32;
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'DELETE']);

export class RequestGuard {
  readonly #options: GuardOptions;
  readonly #token = randomBytes(TOKEN_BYTES).toString('base64url');
  readonly #session = randomBytes(TOKEN_BYTES).toString('base64url');
  #isTokenUsed = false;

  constructor(options: GuardOptions) {
    this.#options = options;
  }

  /** To be shown once, to the user alone. */
  get token(): string {
    return this.#token;
  }

  decide(request: GuardedRequest): GuardDecision {
    const { method, host } = request;
    if (!METHODS.has(method)) return refuse(405, `there is nothing to do with ${method} here`);
    if (host === undefined || !this.#isOurs(host))
      return refuse(403, 'this address is not the one leakscope listens at');
    const origin = `${this.#options.scheme}://${host.toLowerCase()}`;
    if (request.origin !== undefined && request.origin.toLowerCase() !== origin) {
      return refuse(403, 'another page asked for this');
    }
    const isRead = method === 'GET' || method === 'HEAD';
    // `none` is a person at the address bar, or another program that opened the browser.
    const sites = isRead ? ['same-origin', 'none'] : ['same-origin'];
    if (request.secFetchSite !== undefined && !sites.includes(request.secFetchSite)) {
      // The browser is started with a file that leads here, which is another site to it. The token is what counts then, and
      // only where the answer fills a window: a frame, an image or a script of another page gets nothing.
      const isWindow = request.secFetchMode === 'navigate' && request.secFetchDest === 'document';
      return isWindow && tokenOf(request.path) !== null
        ? this.#admit(request, true)
        : refuse(403, 'another site asked for this');
    }
    if (!isRead) {
      if (request.origin === undefined) return refuse(403, 'what changes something needs an Origin');
      if (!/^application\/json\s*(;|$)/i.test(request.contentType ?? '')) {
        return refuse(415, 'what changes something needs content-type: application/json');
      }
    }
    if (this.#hasCookie(request.cookie)) return { decision: 'allow' };
    return this.#admit(request, false);
  }

  #isOurs(host: string): boolean {
    const authority = host.toLowerCase();
    const { hosts, anyPort } = this.#options;
    if (!anyPort) return hosts.has(authority);
    return hosts.has(authority.replace(/:\d{1,5}$/, ''));
  }

  #hasCookie(header: string | undefined): boolean {
    const name = `${this.#options.cookieName}=`;
    return (header ?? '')
      .split(';')
      .map((part) => part.trim())
      .some((part) => part.startsWith(name) && isEqual(part.slice(name.length), this.#session));
  }

  #admit({ method, path }: GuardedRequest, isFromElsewhere: boolean): GuardDecision {
    const given = tokenOf(path);
    if (given === null) {
      return refuse(403, 'open the address that leakscope printed: it holds the token that lets this browser in');
    }
    // Only loading the page itself: whatever else fetches the address must not use the token up.
    if (method !== 'GET' || !path.startsWith('/?')) return refuse(403, 'the token opens the page itself only');
    if (!isEqual(given, this.#token)) return refuse(403, 'this token is not the one that leakscope printed');
    if (this.#isTokenUsed) {
      return refuse(403, 'this address was opened already, and works once: start leakscope open again for another');
    }
    this.#isTokenUsed = true;
    const { cookieName, scheme } = this.#options;
    const secure = scheme === 'https' ? '; Secure' : '';
    const setCookie = `${cookieName}=${this.#session}; Path=/; HttpOnly; SameSite=Strict${secure}`;
    return { decision: 'admit', setCookie, isFromElsewhere };
  }
}

function tokenOf(path: string): string | null {
  const query = path.indexOf('?');
  return query < 0 ? null : new URLSearchParams(path.slice(query)).get('token');
}

function refuse(status: 400 | 403 | 405 | 415, reason: string): GuardDecision {
  return { decision: 'refuse', status, reason };
}

/** In a time that does not tell how much of it is right. */
function isEqual(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
