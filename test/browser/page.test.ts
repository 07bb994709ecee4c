// The page of `leakscope open` in a real browser, on a real process that leaks: every view, the journey from the picker to
// the line and its fix, by mouse and by keyboard alone; nothing serious for axe, no complaint of the console.

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browser } from '../support/browser.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { LAPTOP, type OpenPage, openPage, PATIENCE_MS } from '../support/open-page.ts';
import { seriousViolations } from '../support/page-checks.ts';
import { startCommand, type TargetProcess } from '../support/target-process.ts';

const PROGRAM = `import gc
import time


class Session:
    def __init__(self, user):
        self.user = user
        self.history = [user] * 20


class Evil:
    pass


Evil.__name__ = Evil.__qualname__ = '<img src=x onerror=alert(1)>'

sessions = {}
evils = [Evil() for _ in range(50)]


def handle(number):
    sessions[number] = Session('secret-%d' % number)


def litter():
    ring = []
    ring.append(ring)


def main():
    gc.disable()
    number = 0
    for _ in range(100):
        litter()
    print('ready', flush=True)
    while True:
        for _ in range(20):
            handle(number)
            number += 1
        time.sleep(0.01)


main()
`;
const GROWING_LINE = PROGRAM.split('\n').findIndex((line) => line.includes('sessions[number]')) + 1;

const SIZES = { laptop: LAPTOP, phone: { width: 390, height: 844 } } as const;
/** Elements that reach beyond the screen, but for those in a frame that scrolls by itself. */
const WIDER_THAN_SCREEN = `(() => {
  const wide = document.documentElement.scrollWidth - innerWidth > 1;
  const reaches = (element) => element.getBoundingClientRect().right > innerWidth + 1;
  const scrolls = (element) => {
    for (let at = element.parentElement; at !== null && at !== document.body; at = at.parentElement) {
      if (getComputedStyle(at).overflowX !== 'visible') return true;
    }
    return false;
  };
  const all = [...document.querySelectorAll('body *')];
  return wide ? all.filter((e) => reaches(e) && !scrolls(e)).map((e) => e.outerHTML.slice(0, 120)) : [];
})()`;

if ('missing' in browser) console.warn(`the page is not tried: ${browser.missing}`);

test('the bundle of the page is at most 250 KB gzipped', () => {
  const folder = join(import.meta.dirname, '../../dist/web');
  const bytes = ['index.html', 'page.js', 'page.css'].reduce(
    (sum, name) => sum + gzipSync(readFileSync(join(folder, name))).length,
    0,
  );
  expect(statSync(join(folder, 'page.js')).size).toBeGreaterThan(100_000);
  expect(bytes).toBeLessThan(250 * 1024);
});

describe.skipIf('missing' in browser)('the page', { timeout: 4 * PATIENCE_MS }, () => {
  let folder: string;
  let target: TargetProcess;
  let opened: OpenPage;
  let page: Page;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'leakscope-page-'));
    writeFileSync(join(folder, 'sessions.py'), PROGRAM);
    target = await startCommand([anyInterpreter().path, '-X', 'tracemalloc=3', join(folder, 'sessions.py')]);
    opened = await openPage([String(target.pid)], { colorScheme: 'light' });
    page = opened.page;
    await page.getByRole('button', { name: 'Watch for growth' }).waitFor();
  }, 2 * PATIENCE_MS);

  afterAll(async () => {
    await opened?.close();
    await target?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const goTo = async (view: string): Promise<void> => {
    await opened.goTo(view);
    await opened.settled();
  };
  const savedText = async (button: RegExp): Promise<string> => (await opened.saved(button)).toString();

  test('from the process to the suspect, its line and its fix', async () => {
    await page.getByRole('button', { name: 'Watch for growth' }).click();
    const suspect = page.getByRole('article', { name: /suspect 1/ });
    await suspect.waitFor();
    await page.getByRole('heading', { name: /It leaks/ }).waitFor();
    expect(await suspect.textContent()).toContain('sessions');
    // The line that grows it is marked in its source, and what to write instead stands beside it.
    const marked = suspect.locator('.code-line.marked');
    await marked.waitFor();
    expect(await marked.textContent()).toContain('sessions[number] = Session');
    expect(await suspect.textContent()).toContain(`sessions.py:${GROWING_LINE}`);
    await suspect.locator('.diff-new').first().waitFor();
    await opened.keep('overview');
    await suspect
      .getByRole('link', { name: /sessions/ })
      .first()
      .click();
    await page.getByRole('heading', { name: 'How it grows' }).waitFor();
    await page.locator('.chart canvas').waitFor();
    await page.locator('.retaining .node-object').waitFor();
    await page.getByText(/paths? leads? to it\. /).waitFor();
    await page.locator('.icicle-bar').first().waitFor();
    // It runs under tracemalloc: who allocated what it holds stands there too.
    await page.locator('.tracebacks').getByText('self.history = [user] * 20').waitFor();
    expect(page.url()).toContain('#/suspect/1');
    await opened.settled();
    await opened.keep('suspect');
  });

  test('a moment is marked, and the chart saved as a drawing', async () => {
    await goTo('overview');
    await page.getByLabel('mark this moment as').fill('load on');
    await page.getByRole('button', { name: 'Mark now' }).click();
    const svg = await savedText(/^save as SVG: resident memory: RSS/);
    expect(svg).toContain('<polyline');
    expect(svg).toContain('load on');
    const png = await opened.saved(/^save as PNG: resident memory: RSS/);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
  });

  test('a snapshot is taken, its pause told first, and saved as a page', async () => {
    await goTo('snapshots');
    await page.getByText(/Expected/).waitFor();
    await page.getByRole('button', { name: 'Take a snapshot now' }).click();
    await page.getByRole('grid', { name: 'types' }).waitFor();
    await goTo('snapshots');
    await page.locator('.export-menu summary').last().click();
    const saved = page.waitForEvent('download');
    await page
      .getByRole('link', { name: /as HTML page/ })
      .last()
      .click();
    const html = readFileSync(await (await saved).path(), 'utf8');
    expect(html).toContain('__main__.Session');
    expect(html).not.toContain('secret-');
  });

  test('the palette goes to a suspect, marks, takes a snapshot and saves it', async () => {
    await goTo('overview');
    const dialog = page.getByRole('dialog', { name: 'commands' });
    const choose = async (typed: string, title: string): Promise<void> => {
      await page.locator('body').press('Control+k');
      await dialog.waitFor();
      await page.keyboard.type(typed);
      await dialog.getByRole('option', { selected: true }).filter({ hasText: title }).waitFor();
    };
    await choose('sessions suspect', 'Suspect 1: global sessions');
    await opened.keep('palette');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'How it grows' }).waitFor();
    expect(page.url()).toContain('#/suspect/1');
    await choose('mark from the palette', 'Mark this moment as “from the palette”');
    await page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'hidden' });
    const timeline = `/api/processes/${target.pid}/timeline`;
    expect(await page.evaluate(`fetch('${timeline}').then((answer) => answer.text())`)).toContain('from the palette');
    // What it costs the process is said before.
    await choose('take snapshot now', 'stands still for');
    await page.keyboard.press('Enter');
    await page.getByRole('grid', { name: 'types' }).getByText('__main__.Session').waitFor();
    expect(page.url()).toContain('s=s');
    await choose('json save', 'Save as JSON report');
    const saved = page.waitForEvent('download');
    await page.keyboard.press('Enter');
    expect(JSON.parse(readFileSync(await (await saved).path(), 'utf8'))).toHaveProperty('holders');
    await choose('domin', 'Dominators');
    expect(await dialog.getByRole('option', { selected: true }).locator('kbd').textContent()).toBe('g d');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'hidden' });
  });

  test('a snapshot that is being taken is never shown as the one before', async () => {
    await goTo('types');
    // What the address asks for, and what is shown once that was drawn.
    await page.evaluate(`window.askedAndShown = new Promise((resolve) => {
      const look = () => {
        const asked = new URLSearchParams(location.hash.split('?')[1]).get('s');
        resolve([asked, document.querySelector('select[aria-label=snapshot]').value]);
      };
      const onceDrawn = () => requestAnimationFrame(() => requestAnimationFrame(look));
      addEventListener('hashchange', onceDrawn, { once: true });
    }); undefined`);
    await page.locator('body').press('Control+k');
    await page.keyboard.type('take snapshot now');
    await page.getByRole('option', { selected: true }).filter({ hasText: 'Take a snapshot now' }).waitFor();
    await page.keyboard.press('Enter');
    const [asked, shown] = await page.evaluate<[string, string]>('window.askedAndShown');
    expect(asked).toMatch(/^s\d+$/);
    expect(shown).toBe(asked);
    await page.getByRole('grid', { name: 'types' }).waitFor();
  });

  test('types are searched, sorted and opened', async () => {
    await goTo('types');
    await page.getByLabel('search types').fill('Session');
    const row = page.getByRole('row').filter({ hasText: '__main__.Session' });
    await row.waitFor();
    await opened.keep('types');
    await row.getByRole('link').click();
    await page.getByRole('grid', { name: 'objects' }).getByRole('row').nth(2).waitFor();
    expect(page.url()).toContain('q=type');
  });

  test('a query completes, and says where it is wrong', async () => {
    await goTo('query');
    const field = page.getByRole('combobox', { name: 'query' });
    await field.fill('');
    await field.pressSequentially('is:garb');
    await page.getByRole('option', { name: /garbage/ }).waitFor();
    await field.press('Tab');
    await field.press('Enter');
    await page.getByRole('grid', { name: 'objects' }).getByRole('link', { name: 'list' }).first().waitFor();
    await field.fill('retained>huge');
    await field.press('Enter');
    await page
      .getByRole('alert')
      .getByText(/retained needs a size/i)
      .waitFor();
    await field.fill('type:dict entries>10 under:__main__');
    await field.press('Enter');
    await page.getByRole('grid', { name: 'objects' }).getByText('global sessions').first().waitFor();
    await opened.keep('query');
  });

  test('an object says why it is alive and what it retains', async () => {
    await goTo('query?q=type:dict+entries%3E10+under:__main__');
    await page.getByRole('grid', { name: 'objects' }).getByRole('link', { name: 'dict' }).first().click();
    await page.getByRole('heading', { name: 'Why is it alive?' }).waitFor();
    await page.locator('.retaining .node-object').waitFor();
    await opened.settled();
    await opened.keep('object');
    await page.getByRole('link', { name: 'Show in the dominator tree' }).click();
    await page.locator('.tree-row.target').waitFor();
    await opened.keep('dominators');
  });

  test('names of the program are text, whatever they hold', async () => {
    await goTo('types?search=onerror');
    await page.getByText('<img src=x onerror=alert(1)>').first().waitFor();
    expect(await page.locator('main img').count()).toBe(0);
  });

  test('snapshots are compared', async () => {
    await goTo('compare');
    const holders = page.getByRole('table', { name: 'holders that gained' });
    await holders.getByText('global sessions').first().waitFor();
    // Three of those that were taken: what came after the first and stayed is the leak.
    await page.getByRole('group', { name: 'snapshots to compare' }).getByRole('checkbox').first().check();
    const sets = page.getByRole('table', { name: 'sets of objects' });
    await sets.getByRole('row', { name: /, and stayed/ }).waitFor();
    await holders.locator('.entry-bars').filter({ hasText: /→.*→/ }).first().waitFor();
    await opened.keep('compare');
    const svg = await savedText(/^save as SVG: Which objects/);
    expect(svg).toContain('in all of them');
    expect(svg).toMatch(/<rect x="\d+" y="\d+" width="[\d.]+" height="14" fill="#/);
    expect(await savedText(/^save as SVG: holders that gained/)).toContain('global sessions');
    // Each set leads to its objects.
    const row = sets.getByRole('row', { name: /, and stayed/ });
    const count = await row.getByRole('cell').last().textContent();
    await row.getByRole('link').click();
    await page.getByText(`${count} objects,`).waitFor();
    await page.getByText(/^Only objects that are in .* too, but not in/).waitFor();
    await opened.keep('compare-set');
  });

  test('memory, garbage, resources and the scan of the source', async () => {
    await goTo('memory');
    await page.locator('.memory-picture canvas').waitFor();
    await page.locator('.memory-picture canvas').focus();
    await page.keyboard.press('ArrowRight');
    await page.getByText(/% in use/).waitFor();
    await page.getByRole('radio', { name: 'owner' }).check();
    await page
      .getByRole('list', { name: 'legend' })
      .getByRole('button', { name: /global sessions/ })
      .waitFor();
    await opened.keep('memory');
    expect(await savedText(/^save as SVG: resident memory/)).toContain('live objects');
    await goTo('garbage');
    await page.getByRole('table', { name: 'cycles' }).getByText('list').first().waitFor();
    await page.getByText('off (gc.disable)').waitFor();
    await opened.keep('garbage');
    await goTo('resources');
    await page
      .getByText(/open descriptors/)
      .first()
      .waitFor();
    await opened.keep('resources');
    await goTo('scan');
    await page.getByText(`line ${GROWING_LINE}`).first().waitFor();
    await opened.keep('scan');
  });

  test('by the keyboard alone: palette, view, table, object, help', async () => {
    await goTo('overview');
    await page.locator('body').press('Control+k');
    await page.getByRole('dialog', { name: 'commands' }).waitFor();
    await page.keyboard.type('domin');
    await page.keyboard.press('Enter');
    const first = page.locator('.tree-row').first();
    await first.waitFor();
    await first.focus();
    await page.keyboard.press('ArrowRight');
    await page.locator('.tree-row[aria-level="2"]').first().waitFor();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'What it retains' }).waitFor();
    // From the view, not from a field: `g t` goes to the types, `/` into their search field.
    await page.locator('#view').focus();
    await page.keyboard.press('g');
    await page.keyboard.press('t');
    await page.getByRole('grid', { name: 'types' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('Session');
    await page.getByRole('row').filter({ hasText: '__main__.Session' }).waitFor();
    await page.getByLabel('types: rows').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('grid', { name: 'objects' }).waitFor();
    await page.locator('#view').focus();
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'help' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });
  });

  test.each([
    ['light', 'laptop'],
    ['dark', 'laptop'],
    ['dark', 'phone'],
    ['light', 'phone'],
  ] as const)('keeps nobody out: %s, %s', async (scheme, size) => {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize(SIZES[size]);
    const found: string[] = [];
    const views = ['overview', 'suspect/1', 'types', 'dominators', 'query', 'compare'];
    for (const view of [...views, 'memory', 'memory?by=owner', 'garbage', 'resources', 'scan', 'snapshots']) {
      await goTo(view);
      for (const violation of await seriousViolations(page)) found.push(`${view}: ${violation}`);
      // Nothing but tables and drawings, which scroll in their own frames, is wider than the screen.
      const wider = await page.evaluate<string[]>(WIDER_THAN_SCREEN);
      found.push(...wider.map((element) => `${view}: wider than the screen: ${element}`));
      await opened.keep(`${scheme}-${size}-${view.replaceAll(/[^a-z0-9]+/g, '-')}`);
    }
    await page.locator('body').press('Control+k');
    await page.getByRole('option', { name: /^Suspect 1/ }).waitFor();
    found.push(...(await seriousViolations(page)).map((violation) => `palette: ${violation}`));
    found.push(...(await page.evaluate<string[]>(WIDER_THAN_SCREEN)).map((element) => `palette: wider: ${element}`));
    await opened.keep(`${scheme}-${size}-palette`);
    await page.keyboard.press('Escape');
    expect(found).toEqual([]);
  });

  test('the console has nothing to complain of, and nothing came from elsewhere', () => {
    // The query that could not be read was answered with 422, which the browser notes.
    const { daemon, record } = opened;
    const complaints = record.complaints.filter((text) => !text.includes('422'));
    expect(complaints).toEqual([]);
    expect(record.requests.filter((url) => !url.startsWith(daemon.base) && !/^(?:blob|data):/.test(url))).toEqual([]);
  });
});
