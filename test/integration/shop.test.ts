// The example from its source to its cure: scan names the planted causes and nothing else, fix removes them, a proof shows
// the growth of both, and find calls the fixed service healthy while it is visited.

import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FindReport } from '../../src/diagnose/find-report.ts';
import type { FixProof } from '../../src/protocol/fix-proof.ts';
import type { ScanReport } from '../../src/protocol/scan.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { startCommand } from '../support/target-process.ts';

const EXAMPLE = join(import.meta.dirname, '../../examples/shop');

/** Serves the shop and visits it as fast as it answers, in one process. */
const VISITED = `
import http.client, itertools, threading
from http.server import ThreadingHTTPServer
from shop.server import Handler

server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
visitor = http.client.HTTPConnection(*server.server_address[:2])
print("visited", flush=True)
for user in itertools.count():
    for path in ("/users/%d" % user, "/products/%d?user=%d" % (user % 400, user)):
        visitor.request("GET", path)
        visitor.getresponse().read()
`;
/** Until the bounds that the fixes set are reached. */
const FILLING_MS = 8_000;

const here = process.cwd();
let shop: string;

beforeAll(() => {
  shop = mkdtempSync(join(tmpdir(), 'leakscope-shop-'));
  cpSync(EXAMPLE, shop, { recursive: true, filter: (path) => !path.includes('__pycache__') });
  writeFileSync(join(shop, 'visited.py'), VISITED);
  process.chdir(shop);
});

afterAll(() => {
  process.chdir(here);
  rmSync(shop, { recursive: true, force: true });
});

async function scanned(): Promise<readonly string[]> {
  const { stdout } = await runLeakscope(['scan', '--json', '--no-cache', 'shop']);
  const report = JSON.parse(stdout) as ScanReport;
  return report.findings.map(({ rule, path, line, confidence }) => `${path}:${line} ${rule} ${confidence}`);
}

test('scan finds the planted causes and nothing else', async () => {
  const lines = (file: string) => readFileSync(join(shop, 'shop', file), 'utf8').split('\n');
  const lineOf = (file: string, text: string) => lines(file).findIndex((line) => line.includes(text)) + 1;
  expect(await scanned()).toEqual([
    `shop/events.py:${lineOf('events.py', '.append(listener)')} instance-attr-grows high`,
    `shop/pricing.py:${lineOf('pricing.py', '@lru_cache')} cache-on-method high`,
    `shop/users.py:${lineOf('users.py', 'user_cache[user_id] =')} dict-cache high`,
  ]);
});

test('a fix is proved by a run without it and one with it', async () => {
  const python = anyInterpreter().path;
  const before = readFileSync(join(shop, 'shop/users.py'), 'utf8');
  const words = ['fix', 'shop/users.py:27', '--prove', '--for', '6s', '--json', '--', python, 'visited.py'];
  const { stdout, exitCode } = await runLeakscope(words);
  const proof = JSON.parse(stdout) as FixProof;
  expect(proof.summary).toMatch(/^shop\.users\.user_cache grew .* and no longer grows/);
  expect([proof.verdict, exitCode]).toEqual(['proved', 0]);
  const cache = proof.holders.find(({ name }) => name === 'shop.users.user_cache');
  expect(cache?.entries_per_minute_before).toBeGreaterThan(1000);
  expect(cache?.entries_per_minute_after).toBe(0);
  expect(readFileSync(join(shop, 'shop/users.py'), 'utf8')).toBe(before);
}, 400_000);

test('all fixes made, nothing is found, and the service no longer leaks', async () => {
  await runLeakscope(['fix', '--unsafe', '--apply', '--no-cache', 'shop']);
  expect(await scanned()).toEqual([]);
  const target = await startCommand([anyInterpreter().path, 'visited.py'], { cwd: shop });
  try {
    await new Promise((resolve) => setTimeout(resolve, FILLING_MS));
    const { stdout } = await runLeakscope(['find', String(target.pid), '--for', '8s', '--json']);
    const report = JSON.parse(stdout) as FindReport;
    expect([report.verdict, report.findings.map(({ holder }) => holder.name)]).toEqual(['healthy', []]);
  } finally {
    await target.stop();
  }
});
