// The page of a real heap in a real browser, opened from its file with the network off: it loads nothing, complains of
// nothing, keeps nobody out, fits a desk's screen and a phone's, in light and in dark, and its tables sort.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browser, launchBrowser, newPage } from '../support/browser.ts';
import { EXPORTED_TARGET } from '../support/exported-target.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { type PageRecord, recordPage, seriousViolations } from '../support/page-checks.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { startPython } from '../support/target-process.ts';

const DESK: BrowserContextOptions = { viewport: { width: 1280, height: 720 } };
const PHONE: BrowserContextOptions = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

if ('missing' in browser) console.warn(`the page is not tried: ${browser.missing}`);

describe.skipIf('missing' in browser)('the page', () => {
  let folder: string;
  let url: string;
  let chromium: Browser | undefined;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'leakscope-test-'));
    const file = join(folder, 'report.html');
    url = pathToFileURL(file).href;
    const target = await startPython(anyInterpreter().path, EXPORTED_TARGET);
    try {
      const run = await runLeakscope(['export', String(target.pid), '--format', 'html', '-o', file]);
      expect(run.exitCode, run.stderr).toBe(0);
    } finally {
      await target.stop();
    }
    chromium = await launchBrowser();
  });
  afterAll(async () => {
    await chromium?.close();
    rmSync(folder, { recursive: true });
  });

  async function open(options: BrowserContextOptions): Promise<{ readonly page: Page; readonly record: PageRecord }> {
    const page = await newPage(chromium!, { ...options, offline: true });
    const record = recordPage(page);
    await page.goto(url);
    return { page, record };
  }

  test.each([
    ['light', 'a desk', DESK],
    ['dark', 'a desk', DESK],
    ['light', 'a phone', PHONE],
    ['dark', 'a phone', PHONE],
  ] as const)('%s, on %s', async (colorScheme, _, options) => {
    const { page, record } = await open({ ...options, colorScheme });
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toContain('Memory of');
    expect(await page.locator('svg:visible').count()).toBe(1);
    expect(await page.getByText('module __main__ › global users', { exact: true }).first().isVisible()).toBe(true);
    expect(await seriousViolations(page)).toEqual([]);
    // Nothing sticks out sideways.
    expect(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth')).toBeLessThanOrEqual(0);
    const paper = await page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(paper).toBe(colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(21, 25, 30)');
    expect(record.requests).toEqual([url]);
    expect(record.complaints).toEqual([]);
    await page.close();
  });

  test('a table sorts by a column, both ways, by keyboard too', async () => {
    const { page, record } = await open(DESK);
    const types = page.getByRole('region', { name: 'What the memory is' });
    const values = (): Promise<number[]> =>
      types.locator('tbody td:first-child').evaluateAll((cells) => cells.map((cell) => Number(cell.dataset.value)));
    const sorted = [...(await values())].sort((a, b) => b - a);
    expect(new Set(sorted).size).toBeGreaterThan(5);
    const button = types.getByRole('button', { name: 'Objects' });
    await button.click();
    expect(await values()).toEqual(sorted);
    await button.focus();
    await page.keyboard.press('Enter');
    expect(await values()).toEqual(sorted.reverse());
    expect(await types.getByRole('columnheader', { name: 'Objects' }).getAttribute('aria-sort')).toBe('ascending');
    expect(record.complaints).toEqual([]);
    await page.close();
  });
});
