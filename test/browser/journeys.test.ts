// The ways through the page that it is built for, from a bare `leakscope open` to the saved report: with the mouse, and
// with nothing but the keyboard.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Download, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { browser } from '../support/browser.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { type OpenPage, openPage, PATIENCE_MS } from '../support/open-page.ts';
import { startCommand, type TargetProcess } from '../support/target-process.ts';

const PROGRAM = `import time


class Ticket:
    def __init__(self, number):
        self.number = number
        self.notes = [number] * 30


tickets = {}


def open_ticket(number):
    tickets[number] = Ticket(number)


print('ready', flush=True)
number = 0
while True:
    for _ in range(20):
        open_ticket(number)
        number += 1
    time.sleep(0.01)
`;
const GROWING_LINE = PROGRAM.split('\n').findIndex((line) => line.includes('tickets[number]')) + 1;
/** More presses than any view has places to stop at. */
const PRESSES = 150;

describe.skipIf('missing' in browser)('from the picker to the saved report', { timeout: 4 * PATIENCE_MS }, () => {
  let folder: string;
  let target: TargetProcess;
  let opened: OpenPage;
  let page: Page;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'leakscope-journeys-'));
    writeFileSync(join(folder, 'tickets.py'), PROGRAM);
    target = await startCommand([anyInterpreter().path, join(folder, 'tickets.py')]);
  });

  beforeEach(async () => {
    opened = await openPage([]);
    page = opened.page;
    await page.getByRole('table', { name: 'Python processes' }).waitFor();
  }, 2 * PATIENCE_MS);

  afterEach(async () => {
    await opened?.close();
  });

  afterAll(async () => {
    await target?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The line is marked in its source, and beside it stands what to write instead. */
  const expectLineAndChange = async (): Promise<void> => {
    const marked = page.locator('.code-line.marked').first();
    await marked.waitFor();
    expect(await marked.textContent()).toContain('tickets[number] = Ticket(number)');
    await page.getByText(`tickets.py:${GROWING_LINE}`).first().waitFor();
    await page.locator('.diff-new').first().waitFor();
  };
  /** The report opens without the daemon, and without the network. */
  const expectReport = async (download: Download): Promise<void> => {
    const file = join(folder, 'saved.html');
    await download.saveAs(file);
    expect(readFileSync(file, 'utf8')).toContain('__main__.Ticket');
    const offline = await opened.offlinePage();
    await offline.goto(pathToFileURL(file).href);
    await offline.getByText('global tickets').first().waitFor();
    expect(opened.record.complaints).toEqual([]);
  };

  test('with the mouse', async () => {
    await page.getByRole('button', { name: new RegExp(`pid ${target.pid}$`) }).click();
    await page.getByRole('button', { name: 'Watch for growth' }).click();
    await page.getByRole('heading', { name: /It leaks/ }).waitFor();
    await page
      .getByRole('article', { name: /suspect 1/ })
      .getByRole('link', { name: /tickets/ })
      .first()
      .click();
    await page.getByRole('heading', { name: 'How it grows' }).waitFor();
    await expectLineAndChange();
    await page.locator('.retaining .node-object').waitFor();
    await page.getByRole('navigation').getByRole('link', { name: 'Snapshots' }).click();
    await page.getByText(/Expected/).waitFor();
    await page.getByRole('button', { name: 'Take a snapshot now' }).click();
    await page.getByRole('row').filter({ hasText: '__main__.Ticket' }).waitFor();
    await page.getByRole('navigation').getByRole('link', { name: 'Snapshots' }).click();
    await page.locator('.export-menu summary').last().click();
    const saved = page.waitForEvent('download');
    await page
      .getByRole('link', { name: /as HTML page/ })
      .last()
      .click();
    await expectReport(await saved);
  });

  test('with nothing but the keyboard', async () => {
    const { keyboard } = page;
    /** Presses Tab until what has the focus is called so. */
    const tabTo = async (name: RegExp): Promise<void> => {
      for (let press = 0; press < PRESSES; press++) {
        await keyboard.press('Tab');
        if (name.test(await page.evaluate<string>(FOCUSED_NAME))) return;
      }
      throw new Error(`Tab never came to ${name}`);
    };
    /** Finds a command by a few words; it is only given once it is the one that is chosen. */
    const command = async (words: string, title: string): Promise<void> => {
      await keyboard.press('Control+k');
      const commands = page.getByRole('dialog', { name: 'commands' });
      await commands.waitFor();
      await keyboard.type(words);
      await commands.getByRole('option', { selected: true }).filter({ hasText: title }).waitFor();
      await keyboard.press('Enter');
    };
    await tabTo(new RegExp(`pid ${target.pid}$`));
    await keyboard.press('Enter');
    await tabTo(/^Watch for growth/);
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: /It leaks/ }).waitFor();
    await command('suspect tickets', 'Suspect 1: global tickets');
    await page.getByRole('heading', { name: 'How it grows' }).waitFor();
    await expectLineAndChange();
    await command('take snapshot', 'Take a snapshot now');
    await page.getByRole('row').filter({ hasText: '__main__.Ticket' }).waitFor();
    await keyboard.press('/');
    await keyboard.type('Ticket');
    await tabTo(/^types: rows/);
    await keyboard.press('Enter');
    await page.getByRole('grid', { name: 'objects' }).waitFor();
    await tabTo(/^objects: rows/);
    await keyboard.press('ArrowDown');
    await keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Why is it alive?' }).waitFor();
    await page.locator('.retaining .node-object').waitFor();
    const saved = page.waitForEvent('download');
    await command('save html', 'Save as HTML');
    await expectReport(await saved);
  });
});

const FOCUSED_NAME = `(document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '').trim()`;
