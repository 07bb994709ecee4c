// Where the daemon listens: a free port of the loopback interface, a Unix socket of its user alone, or, with TLS, an
// address that others reach.

import { chmodSync, readFileSync, statSync, unlinkSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createConnection, isIP } from 'node:net';
import { LeakscopeError } from '../base/errors.ts';
import { fileError } from '../base/replaced-file.ts';
import type { GuardOptions } from './request-guard.ts';

export interface ListenOptions {
  /** 0 for any that is free. */
  readonly port: number;
  readonly host: string;
  /** Path of a socket, instead of port and host. */
  readonly unix: string | undefined;
  /** PEM files. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  /** Names the server is reached by, beside `host`. */
  readonly names: readonly string[];
}

export interface Listening {
  /** Without a path: `http://127.0.0.1:4312`. */
  readonly base: string;
  readonly guard: GuardOptions;
  close(): Promise<void>;
}

/** Throws E_USAGE for an address that must not be listened at, E_FILE_READ, or what the system says. */
export function checkAddress({ host, tls, unix, names }: ListenOptions): void {
  if (unix !== undefined || isLoopback(host)) return;
  if (tls === undefined) {
    throw new LeakscopeError('E_USAGE', `others could read along at ${host}: that needs TLS`, {
      hint: 'give --tls-cert and --tls-key, or leave --host away and use ssh -L to get here',
    });
  }
  if ((host === '0.0.0.0' || host === '::') && names.length === 0) {
    throw new LeakscopeError('E_USAGE', `${host} is every address: say by which name this host is reached`, {
      hint: 'for example --name leakscope.example.org',
    });
  }
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** `listener` is asked for once it is known what the guard has to accept. */
export async function listen(
  options: ListenOptions,
  listener: (guard: GuardOptions) => RequestListener,
): Promise<Listening> {
  checkAddress(options);
  const { unix, tls } = options;
  const scheme = tls === undefined ? 'http' : 'https';
  const server = tls === undefined ? createHttpServer() : createHttpsServer(readCertificate(tls));
  if (unix === undefined) await listenAt(server, () => server.listen(options.port, options.host));
  else await listenAtSocket(server, unix);
  const port = unix === undefined ? (server.address() as AddressInfo).port : undefined;
  const guard = port === undefined ? socketGuard(scheme) : guardOf(options, scheme, port);
  server.on('request', listener(guard));
  return {
    base: `${scheme}://${port === undefined ? 'localhost' : authority(options.host, port, scheme)}`,
    guard,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Event streams stay open for as long as their pages do.
        server.closeAllConnections();
      }),
  };
}

type Scheme = GuardOptions['scheme'];

function guardOf({ host, names }: ListenOptions, scheme: Scheme, port: number): GuardOptions {
  const own = isLoopback(host) ? [host, 'localhost', '127.0.0.1', '::1'] : [host];
  return {
    hosts: new Set([...own, ...names].map((name) => authority(name, port, scheme).toLowerCase())),
    anyPort: false,
    scheme,
    cookieName: `leakscope-${port}`,
  };
}

function socketGuard(scheme: Scheme): GuardOptions {
  return { hosts: new Set(['localhost', '127.0.0.1', '[::1]']), anyPort: true, scheme, cookieName: 'leakscope-socket' };
}

/** As a Host header has it: an IPv6 address in brackets, and no port where it is the scheme's own. */
function authority(host: string, port: number, scheme: Scheme): string {
  const name = isIP(host) === 6 ? `[${host}]` : host;
  return port === (scheme === 'http' ? 80 : 443) ? name : `${name}:${port}`;
}

function listenAt(server: Server, start: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('listening', resolve);
    server.once('error', (error) =>
      reject(new LeakscopeError('E_USAGE', `cannot listen there: ${error.message}`, { cause: error })),
    );
    start();
  });
}

/** Nobody but the user may connect, not even for the moment between its making and a chmod. */
async function listenAtSocket(server: Server, path: string): Promise<void> {
  await removeStale(path);
  const before = process.umask(0o177);
  try {
    await listenAt(server, () => server.listen(path));
  } finally {
    process.umask(before);
  }
  chmodSync(path, 0o600);
}

/** A socket that nobody listens at any more is left over; anything else is somebody's. */
async function removeStale(path: string): Promise<void> {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats === undefined) return;
  if (!stats.isSocket() || (await isListening(path))) {
    throw new LeakscopeError('E_USAGE', `${path} exists already`, { hint: 'choose another path for --unix' });
  }
  unlinkSync(path);
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const connection = createConnection(path);
    connection.once('connect', () => {
      connection.destroy();
      resolve(true);
    });
    connection.once('error', () => resolve(false));
  });
}

function readCertificate({ cert, key }: NonNullable<ListenOptions['tls']>): { cert: Buffer; key: Buffer } {
  const read = (path: string): Buffer => {
    try {
      return readFileSync(path);
    } catch (error) {
      throw fileError('E_FILE_READ', `cannot read ${path}`, error);
    }
  };
  return { cert: read(cert), key: read(key) };
}
