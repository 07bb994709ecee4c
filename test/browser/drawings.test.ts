// The drawings of the page of `leakscope open` in a real browser, on a `.heap` file: what an object retains, and who keeps
// it alive. They are saved as they are shown, moved through by the arrow keys, and keep nobody out.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Locator, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ObjectsAnswer } from '../../src/protocol/web/heap-views.ts';
import { browser } from '../support/browser.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { type OpenPage, openPage, PATIENCE_MS } from '../support/open-page.ts';
import { seriousViolations } from '../support/page-checks.ts';
import { runLeakscope } from '../support/run-leakscope.ts';
import { startPython } from '../support/target-process.ts';

const PROGRAM = `
class Shared:
    pass
class Holder:
    def __init__(self, shared):
        self.shared = shared
class Shop:
    def __init__(self):
        self.orders = [['order', number] for number in range(3000)]
        self.users = {number: ['user', number] for number in range(1000)}
def fill():
    shared = Shared()
    return [Holder(shared) for _ in range(30)]
shop = Shop()
holders = fill()
boxes = [[holder] for holder in holders]
print('ready', flush=True)
input()
`;

describe.skipIf('missing' in browser)('the drawings', { timeout: 2 * PATIENCE_MS }, () => {
  let folder: string;
  let opened: OpenPage;
  let page: Page;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'leakscope-drawings-'));
    const heap = join(folder, 'shop.heap');
    const target = await startPython(anyInterpreter().path, PROGRAM);
    try {
      expect((await runLeakscope(['snapshot', String(target.pid), '-o', heap])).exitCode).toBe(0);
    } finally {
      await target.stop();
    }
    opened = await openPage([heap]);
    page = opened.page;
    await page.getByRole('table', { name: 'holders' }).waitFor();
  }, 2 * PATIENCE_MS);

  afterAll(async () => {
    await opened?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Goes to the only object of that type. */
  const openObject = async (type: string): Promise<void> => {
    const found = await page.evaluate(
      async (name) =>
        (await (await fetch(`/api/snapshots/s1/objects?q=type:__main__.${name}`)).json()) as ObjectsAnswer,
      type,
    );
    await opened.goTo(`object/${found.rows[0]!.address}`);
    await page.getByRole('heading', { name: new RegExp(`__main__\\.${type} `) }).waitFor();
    await opened.settled();
  };
  const openedList = async (): Promise<Locator> => {
    const list = page.locator('.icicle-list > ul');
    if (!(await list.isVisible())) await page.getByText('As a list').click();
    return list;
  };
  const focused = (): Locator => page.locator(':focus');
  const tabStops = (drawing: string): Promise<number> => page.locator(`${drawing} [tabindex="0"]`).count();

  test('what an object retains is moved through and zoomed by keys', async () => {
    await openObject('Shop');
    const told = page.locator('.icicle-told');
    await told.getByText(/^__main__\.Shop: .* objects, 100 %/).waitFor();
    expect(await tabStops('.icicle-bars')).toBe(1);
    await page.locator('.icicle-bars [tabindex="0"]').focus();
    await page.keyboard.press('ArrowDown');
    await told.getByText(/\.orders list/).waitFor();
    await page.keyboard.press('ArrowRight');
    await told.getByText(/\.users dict/).waitFor();
    await page.keyboard.press('ArrowLeft');
    await told.getByText(/\.orders list/).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: /\.users dict/ }).waitFor({ state: 'detached' });
    expect(await focused().getAttribute('aria-label')).toContain('.orders list');
    // Nothing above what is zoomed to.
    await page.keyboard.press('ArrowUp');
    expect(await focused().getAttribute('aria-label')).toContain('.orders list');
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: /\.users dict/ }).waitFor();
    expect(await focused().getAttribute('aria-label')).toContain('.orders list');
    await page.keyboard.press('ArrowUp');
    await told.getByText(/^__main__\.Shop: /).waitFor();
    expect(await tabStops('.icicle-bars')).toBe(1);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('o');
    await page.getByRole('heading', { name: /^list / }).waitFor();
    // The letter after a `g` is the page's.
    await openObject('Shop');
    await page.locator('.icicle-bars [tabindex="0"]').focus();
    await page.keyboard.press('g');
    await page.keyboard.press('o');
    await page.getByRole('table', { name: 'holders' }).waitFor();
  });

  test('what an object retains is saved as it is shown, and told as a list', async () => {
    await openObject('Shop');
    const whole = (await opened.saved(/^save as SVG: what __main__\.Shop retains/)).toString();
    for (const text of ['What __main__.Shop retains', '.orders list · ', '.users dict · '])
      expect(whole).toContain(text);
    expect(whole).not.toMatch(/var\(|class=|fill=""/);
    await page.getByRole('button', { name: /\.users dict/ }).click();
    const zoomed = (await opened.saved(/^save as SVG: what \.users dict retains/)).toString();
    expect(zoomed).toContain('zoomed to .users dict: ');
    expect(zoomed).not.toContain('.orders');
    const png = await opened.saved(/^save as PNG: what \.users dict retains/);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    await page.getByRole('button', { name: 'Back to the whole' }).click();
    const list = await openedList();
    await list.getByRole('link', { name: '.orders list' }).waitFor();
    expect(await list.innerText()).toMatch(/\.users dict: .* in 1,\d\d\d objects, \d+ %/);
    await opened.keep('object-icicle');
  });

  test('who keeps an object alive is moved through, added to and folded by keys', async () => {
    await openObject('Shared');
    const nodes = page.locator('.retaining a');
    const isAt = (name: RegExp): Promise<void> => page.locator('.retaining a:focus', { hasText: name }).waitFor();
    const areDrawn = (count: number): Promise<void> => expect.poll(() => nodes.count()).toBe(count);
    await areDrawn(6);
    expect(await tabStops('.retaining')).toBe(1);
    await page.locator('.retaining a[tabindex="0"]').focus();
    await isAt(/__main__\.Shared/);
    await page.keyboard.press('ArrowLeft');
    await isAt(/__main__\.Holder/);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await isAt(/module __main__/);
    for (const _ of 'abcd') await page.keyboard.press('ArrowRight');
    await isAt(/__main__\.Shared/);
    // The other holders, a few at a time.
    await page.keyboard.press('+');
    await areDrawn(6 + 12);
    await page.keyboard.press('+');
    await areDrawn(6 + 24);
    // One that was added is expanded in turn: its own box.
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowDown');
    await isAt(/__main__\.Holder/);
    await page.keyboard.press('+');
    await areDrawn(6 + 24 + 1);
    await page.keyboard.press('-');
    await areDrawn(6 + 24);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('-');
    await areDrawn(6);
    await page.keyboard.press('-');
    await areDrawn(1);
    expect(await page.locator('.retaining a:focus').getAttribute('aria-expanded')).toBe('false');
    await page.keyboard.press('+');
    await areDrawn(6);
    expect(await tabStops('.retaining')).toBe(1);
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: /^__main__\.Holder / }).waitFor();
  });

  test('who keeps an object alive is added to and folded by clicks, and saved as it is shown', async () => {
    await openObject('Shared');
    const nodes = page.locator('.retaining a');
    await page.getByRole('button', { name: /^hide the referrers of __main__\.Holder/ }).click();
    await expect.poll(() => nodes.count()).toBe(2);
    const small = (await opened.saved(/^save as SVG: why 0x/)).toString();
    expect(small).toContain('__main__.Holder');
    expect(small).not.toContain('module __main__');
    await page.getByRole('button', { name: 'show 2 referrers of __main__.Holder again' }).click();
    await expect.poll(() => nodes.count()).toBe(6);
    await page.getByRole('button', { name: /^draw more referrers of __main__\.Shared: 29 not drawn/ }).click();
    await expect.poll(() => nodes.count()).toBe(6 + 12);
    await page
      .getByRole('button', { name: /^draw more referrers of __main__\.Holder: 1 not drawn/ })
      .last()
      .click();
    await expect.poll(() => nodes.count()).toBe(6 + 12 + 1);
    await opened.keep('shared-expanded');
    const large = (await opened.saved(/^save as SVG: why 0x/)).toString();
    expect(large).toContain('module __main__');
    expect(large).not.toMatch(/var\(|class=|href=|hide the referrers/);
    await page.getByRole('button', { name: /^take back the added referrers of __main__\.Shared/ }).click();
    await expect.poll(() => nodes.count()).toBe(6);
  });

  test.each([
    ['light', 1280],
    ['dark', 1280],
    ['light', 390],
    ['dark', 390],
  ] as const)('keep nobody out: %s, %i pixels wide', async (colorScheme, width) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height: 800 });
    await openObject('Shop');
    await openedList();
    expect(await seriousViolations(page)).toEqual([]);
    await opened.keep(`shop-${colorScheme}-${width}`);
    await openObject('Shared');
    await page.locator('.retaining a[tabindex="0"]').focus();
    await page.keyboard.press('+');
    await page.locator('.retaining a').nth(4).waitFor();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('-');
    await page.locator('.node-folded').waitFor();
    // What the keys lead to is in sight.
    const node = (await page.locator('.retaining a:focus').boundingBox())!;
    const frame = (await page.locator('.retaining-scroll').boundingBox())!;
    expect(node.x).toBeGreaterThanOrEqual(frame.x);
    expect(node.x + node.width).toBeLessThanOrEqual(frame.x + frame.width);
    expect(await seriousViolations(page)).toEqual([]);
    await opened.keep(`shared-${colorScheme}-${width}`);
  });

  test('the console has nothing to complain of', () => {
    expect(opened.record.complaints).toEqual([]);
  });
});
