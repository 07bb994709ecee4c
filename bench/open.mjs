#!/usr/bin/env node
// How quickly the page of `leakscope open` shows and moves through a large snapshot, in a real Chromium.
//
//   node bench/open.mjs [--sizes 1m,10m] [--python PYTHON] [--rounds 10]
//
// For each size: a process of the web service's mix (heap_target.py), its snapshot in a file, the file opened. Measured are the time
// from starting the command to the first rows of types, the same until retained sizes are there, the time from a key or click to the
// new content being painted (p50 and p95 over all interactions), and the memory of the tab and of the daemon.

import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { parseSize, startTarget } from './target.mjs';

const LEAKSCOPE = join(dirname(fileURLToPath(import.meta.url)), '..', 'bin', 'leakscope');
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome'];
const PATIENCE_MS = 600_000;

/** A new one each round: few and many objects meet them, by one condition and by two. */
const QUERIES = [
  (round) => `retained>${1000 + round}`,
  (round) => `type:dict entries>${round}`,
  (round) => `size>${60 + round}`,
  (round) => `module:__main__ retained>${500 + round}`,
  (round) => `type:str size>${50 + round}`,
];

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1m,10m' },
    python: { type: 'string', default: process.env.PYTHON ?? 'python3' },
    rounds: { type: 'string', default: '10' },
  },
});

function findBrowser() {
  const named = process.env.CHROMIUM_PATH;
  if (named) return named;
  for (const name of BROWSERS) {
    const found = spawnSync('which', [name], { encoding: 'utf8' }).stdout.trim();
    if (found !== '') return found;
  }
  throw new Error('no Chromium here: install one, or name it in CHROMIUM_PATH');
}

async function makeSnapshot(size, folder) {
  const target = await startTarget(options.python, size);
  try {
    const file = join(folder, `${size}.heap`);
    const run = spawnSync(process.execPath, [LEAKSCOPE, 'snapshot', String(target.pid), '-o', file, '--json'], {
      encoding: 'utf8',
    });
    if (run.status !== 0) throw new Error(run.stdout + run.stderr);
    return file;
  } finally {
    target.stop();
  }
}

function startDaemon(file) {
  const child = spawn(process.execPath, [LEAKSCOPE, 'open', '--no-browser', '--json', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (part) => {
      text += part;
      const found = /"url": "([^"]+)"/.exec(text);
      if (found !== null) resolve(found[1]);
    });
    child.once('exit', (code) => reject(new Error(`leakscope open ended with ${code}`)));
  });
  return { child, url };
}

/** Until what the interaction asked for is in the page and painted, seen from inside the page. */
async function timed(page, act, isDone) {
  await page.evaluate(`window.benchDone = (async () => {
    await new Promise((resolve) => { window.benchStart = resolve; });
    const began = performance.now();
    const isDone = () => { try { return ${isDone}; } catch { return false; } };
    while (!isDone()) await new Promise((resolve) => requestAnimationFrame(resolve));
    return performance.now() - began;
  })(); undefined`);
  await page.evaluate('window.benchStart()');
  await act();
  return page.evaluate('window.benchDone');
}

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
const mib = (bytes) => Math.round(bytes / 2 ** 20);

/** VmHWM, in bytes. */
function peakOf(pid) {
  return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) * 1024;
}

async function measure(size, folder) {
  const file = await makeSnapshot(size, folder);
  const browser = await chromium.launch({ executablePath: findBrowser(), chromiumSandbox: false });
  const began = performance.now();
  const { child, url } = startDaemon(file);
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 } });
    page.setDefaultTimeout(PATIENCE_MS);
    await page.goto(`${await url}`);
    await page.evaluate("location.hash = '#/types'");
    await page.locator('.table-row').first().waitFor();
    const firstMs = performance.now() - began;
    await page.locator('main .state-loading').waitFor({ state: 'detached' });
    const wholeMs = performance.now() - began;
    const times = [];
    const byView = new Map();
    const go = (hash, isDone) =>
      timed(page, () => page.evaluate(`location.hash = ${JSON.stringify(hash)}`), isDone).then((ms) => {
        times.push(ms);
        const [view] = /^#\/[a-z]+/.exec(hash);
        byView.set(view, Math.max(ms, byView.get(view) ?? 0));
      });
    const rows = "document.querySelectorAll('main .table-row a').length > 0";
    // The first question of each kind builds what the next ones use.
    await go('#/dominators', "document.querySelectorAll('.tree-row').length > 0");
    await go('#/query?q=type:list', `document.querySelector('main h2').textContent === 'Query' && ${rows}`);
    times.length = 0;
    byView.clear();
    for (let round = 0; round < Number(options.rounds); round++) {
      await go('#/dominators', "document.querySelectorAll('.tree-row').length > 0");
      await go(
        `#/types?search=${'abcdeilst'[round % 9]}`,
        `document.querySelector('main h2').textContent === 'Types' && ${rows}`,
      );
      await go(
        `#/query?q=${encodeURIComponent(QUERIES[round % QUERIES.length](round))}`,
        `document.querySelector('main h2').textContent === 'Query' && ${rows} && document.querySelector('main .stale') === null`,
      );
      const address = await page.evaluate(
        `document.querySelectorAll('main .table-row a')[${round % 8}].getAttribute('href').match(/0x[0-9a-f]+/)[0]`,
      );
      await go(`#/object/${address}`, `document.querySelector('h1')?.textContent.includes('${address}')`);
    }
    times.sort((a, b) => a - b);
    const client = await page.context().newCDPSession(page);
    await client.send('HeapProfiler.collectGarbage');
    const { usedSize } = await client.send('Runtime.getHeapUsage');
    return {
      size,
      first_s: (firstMs / 1000).toFixed(1),
      whole_s: (wholeMs / 1000).toFixed(1),
      p50_ms: Math.round(quantile(times, 0.5)),
      p95_ms: Math.round(quantile(times, 0.95)),
      slowest: [...byView].map(([view, ms]) => `${view.slice(2)} ${Math.round(ms)}`).join(', '),
      tab_mb: mib(usedSize),
      daemon_mb: mib(peakOf(child.pid)),
    };
  } finally {
    await browser.close();
    child.kill('SIGINT');
  }
}

const folder = mkdtempSync(join(tmpdir(), 'leakscope-bench-open-'));
try {
  console.log(
    '| objects | first answer | retained sizes | p50 | p95 | slowest of each view, ms | memory of the tab | peak of the daemon |',
  );
  console.log('| ------: | -----------: | -------------: | --: | --: | --- | ----------------: | -----------------: |');
  for (const size of options.sizes.split(',').map(parseSize)) {
    const row = await measure(size, folder);
    console.log(
      `| ${row.size.toLocaleString('en-US')} | ${row.first_s} s | ${row.whole_s} s | ${row.p50_ms} ms | ${row.p95_ms} ms | ${row.slowest} | ${row.tab_mb} MB | ${row.daemon_mb} MB |`,
    );
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
