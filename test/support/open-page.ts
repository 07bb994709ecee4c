// The page of `leakscope open` in a real browser, with what its tests do on it again and again.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions, Page } from 'playwright-core';
import { launchBrowser, newPage } from './browser.ts';
import { type OpenDaemon, openDaemon } from './open-daemon.ts';
import { type PageRecord, recordPage } from './page-checks.ts';

/** For a test or its preparation, in milliseconds: a loaded machine takes its time; what is waited for is always a condition. */
export const PATIENCE_MS = 120_000;
export const LAPTOP = { width: 1280, height: 720 } as const;

/** Where screenshots and drawings go, for people to look at; nowhere by default. */
const SCREENSHOTS = process.env.LEAKSCOPE_SCREENSHOTS;

export interface OpenPage {
  readonly daemon: OpenDaemon;
  readonly page: Page;
  readonly record: PageRecord;
  /** Goes to a view by its address: `types?search=dict`. Does not wait for what it shows. */
  goTo(view: string): Promise<void>;
  /** Waits until nothing in the view is on its way any more. */
  settled(): Promise<void>;
  /** What a button saves. */
  saved(button: RegExp | string): Promise<Buffer>;
  /** A screenshot, where they are asked for. */
  keep(name: string): Promise<void>;
  /** Another page of the same browser, which cannot reach the daemon: for files that were saved. */
  offlinePage(): Promise<Page>;
  close(): Promise<void>;
}

/** Starts `leakscope open` with `words` and a browser of its own, and enters the page. */
export async function openPage(words: readonly string[], options: BrowserContextOptions = {}): Promise<OpenPage> {
  const daemon = await openDaemon(words);
  const chromium = await launchBrowser().catch(async (error: unknown) => {
    await daemon.stop();
    throw error;
  });
  const page = await newPage(chromium, { viewport: LAPTOP, acceptDownloads: true, ...options });
  const record = recordPage(page);
  await page.goto(daemon.report.url);
  return {
    daemon,
    page,
    record,
    goTo: async (view) => {
      await page.evaluate(`location.hash = ${JSON.stringify(`#/${view}`)}`);
    },
    settled: async () => {
      await page.locator('main .state-loading, main .stale').first().waitFor({ state: 'hidden' });
    },
    saved: async (button) => {
      const download = page.waitForEvent('download');
      await page.getByRole('button', { name: button }).click();
      const bytes = readFileSync(await (await download).path());
      if (SCREENSHOTS !== undefined) {
        mkdirSync(SCREENSHOTS, { recursive: true });
        writeFileSync(join(SCREENSHOTS, (await download).suggestedFilename()), bytes);
      }
      return bytes;
    },
    keep: async (name) => {
      if (SCREENSHOTS === undefined) return;
      mkdirSync(SCREENSHOTS, { recursive: true });
      await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true });
    },
    offlinePage: () => newPage(chromium, { viewport: LAPTOP, offline: true }),
    close: async () => {
      await chromium.close();
      await daemon.stop();
    },
  };
}
