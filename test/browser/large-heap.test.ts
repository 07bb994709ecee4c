// A snapshot of a million objects in the page: every view of it answers, the end of a long table is reached, and the page keeps
// only windows of it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browser, launchBrowser } from '../support/browser.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { type OpenDaemon, openDaemon } from '../support/open-daemon.ts';
import { recordPage } from '../support/page-checks.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { startPython } from '../support/target-process.ts';

const PROGRAM = `
class User:
    def __init__(self, number):
        self.name = 'user %d' % number
        self.tags = [self.name]
users = {number: User(number) for number in range(260_000)}
print('ready', flush=True)
input()
`;
const USERS = 260_000;
const PATIENCE_MS = 180_000;
/** What the issue of the page allows the tab, in bytes. */
const TAB_BYTES = 300 * 2 ** 20;

describe.skipIf('missing' in browser)('a million objects', { timeout: 2 * PATIENCE_MS }, () => {
  let folder: string;
  let daemon: OpenDaemon;
  let chromium: Browser;
  let page: Page;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'leakscope-large-'));
    const heap = join(folder, 'large.heap');
    const target = await startPython(anyInterpreter().path, PROGRAM);
    try {
      expect((await runLeakscope(['snapshot', String(target.pid), '-o', heap])).exitCode).toBe(0);
    } finally {
      await target.stop();
    }
    daemon = await openDaemon([heap]);
    chromium = await launchBrowser();
    page = await chromium.newPage({ viewport: { width: 1280, height: 720 } });
    page.setDefaultTimeout(PATIENCE_MS);
  }, 2 * PATIENCE_MS);

  afterAll(async () => {
    await chromium?.close();
    await daemon?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test('is looked through from the first view to the last row', async () => {
    const record = recordPage(page);
    await page.goto(daemon.report.url);
    await page.getByRole('table', { name: 'holders' }).getByText('global users').first().waitFor();
    await page.evaluate("location.hash = '#/types'");
    await page.getByRole('row').filter({ hasText: '__main__.User' }).waitFor();
    await page.evaluate("location.hash = '#/dominators'");
    await page.locator('.tree-row').first().waitFor();
    await page.evaluate("location.hash = '#/garbage'");
    await page.getByRole('heading', { name: 'The collector' }).waitFor();
    await page.evaluate("location.hash = '#/query?q=type:__main__.User'");
    await page.getByText(`${USERS.toLocaleString('en-US')} objects`).waitFor();
    const rows = page.getByLabel('objects: rows');
    await rows.focus();
    await page.keyboard.press('End');
    const last = page.locator(`[aria-rowindex="${USERS + 1}"]`);
    await last.getByRole('link').waitFor();
    // Only what is in sight, and a little more, is there.
    expect(await page.locator('.table-row').count()).toBeLessThan(100);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /__main__\.User/ }).waitFor();
    await page.locator('.retaining .node-object').waitFor();
    const client = await page.context().newCDPSession(page);
    await client.send('HeapProfiler.collectGarbage');
    expect((await client.send('Runtime.getHeapUsage')).usedSize).toBeLessThan(TAB_BYTES);
    expect(record.complaints).toEqual([]);
  });
});
