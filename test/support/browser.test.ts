// The browser that other tests use is found and opens a page, or the reason is printed; a page's faults are found.

import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browser, findBrowser, launchBrowser, newPage } from './browser.ts';
import { recordPage, seriousViolations } from './page-checks.ts';

if ('missing' in browser) console.warn(`pages are not tried in a browser: ${browser.missing}`);

test('a browser is looked for by its name, must run, and must be there if it was asked for', () => {
  const folder = mkdtempSync(join(tmpdir(), 'leakscope-test-'));
  const program = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\n${text}\n`);
    chmodSync(path, 0o755);
    return path;
  };
  try {
    program('chromium', 'echo "install the snap first" >&2; exit 1');
    const chrome = program('google-chrome', 'echo "Google Chrome 120.0.1"');
    const other = program('other', 'echo "Chromium 119.0"');
    const useless = program('useless', 'echo 2.0');
    expect(findBrowser({ PATH: folder })).toEqual({ path: chrome });
    expect(findBrowser({ PATH: folder, CHROMIUM_PATH: other })).toEqual({ path: other });
    for (const path of [useless, join(folder, 'none'), 'chromium']) {
      expect(() => findBrowser({ PATH: folder, CHROMIUM_PATH: path })).toThrow(path);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe.skipIf('missing' in browser)('in the browser', () => {
  let chromium: Browser;
  beforeAll(async () => {
    chromium = await launchBrowser();
  });
  afterAll(() => chromium?.close());

  test('requests, errors and what axe finds are recorded', async () => {
    const page = await newPage(chromium);
    const record = recordPage(page);
    await page.setContent(`<!doctype html><html lang="en"><title>t</title><main><h1>x</h1><img src="http://127.0.0.1:9/none.png">
      <p style="color:#bbb">pale</p></main><script>console.error('told'); undefined.thrown</script></html>`);
    await expect.poll(() => record.requests, { timeout: 30_000 }).toContain('http://127.0.0.1:9/none.png');
    await expect.poll(() => record.complaints.join('\n'), { timeout: 30_000 }).toMatch(/told.*thrown/s);
    const rules = (await seriousViolations(page)).map((violation) => violation.replace(/:.*/s, ''));
    expect(rules.sort()).toEqual(['color-contrast', 'image-alt']);
    await page.close();
  });
});
