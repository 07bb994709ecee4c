// The memory map in a real browser, of a process with one large holder and arenas that a few objects keep: coloured by
// owner and by type, an owner and the pins picked out by mouse, keyboard and address, and saved with its legend.

import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browser } from '../support/browser.ts';
import { anyInterpreter } from '../support/interpreters.ts';
import { type OpenPage, openPage, PATIENCE_MS } from '../support/open-page.ts';
import { startPython, type TargetProcess } from '../support/target-process.ts';

const PROGRAM = `
class Session:
    def __init__(self, number):
        self.user = 'user %d' % number
        self.history = [number] * 20
sessions = {number: Session(number) for number in range(5_000)}
scratch = [('scratch %d' % number) * 3 for number in range(60_000)]
kept = scratch[::3000]
del scratch
print('ready', flush=True)
input()
`;
const SESSIONS = /^module __main__ › global sessions/;

describe.skipIf('missing' in browser)('the memory map', { timeout: 2 * PATIENCE_MS }, () => {
  let target: TargetProcess;
  let opened: OpenPage;
  let page: Page;

  beforeAll(async () => {
    target = await startPython(anyInterpreter().path, PROGRAM);
    opened = await openPage([String(target.pid)]);
    page = opened.page;
    await opened.goTo('snapshots');
    await page.getByRole('button', { name: 'Take a snapshot now' }).click();
    await page.getByRole('grid', { name: 'types' }).waitFor();
    await opened.goTo('memory');
    await page.locator('.memory-picture canvas').waitFor();
  }, 2 * PATIENCE_MS);

  afterAll(async () => {
    await opened?.close();
    await target?.stop();
  });

  const legend = () => page.getByRole('list', { name: 'legend' });
  const entry = (name: RegExp | string) => legend().getByRole('button', { name });
  const params = (): URLSearchParams => new URLSearchParams(page.url().split('?').at(-1));
  /** Pixels of the picture in a colour of the style sheet. */
  const pixels = (name: string): Promise<number> =>
    page.evaluate(`(() => {
      const picture = document.querySelector('.memory-picture canvas');
      const canvas = document.createElement('canvas');
      [canvas.width, canvas.height] = [picture.width, picture.height];
      const context = canvas.getContext('2d', { willReadFrequently: true });
      context.drawImage(picture, 0, 0);
      const hex = getComputedStyle(document.documentElement).getPropertyValue('--${name}').trim();
      const [r, g, b] = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
      const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
      let count = 0;
      for (let i = 0; i < data.length; i += 4) if (data[i] === r && data[i + 1] === g && data[i + 2] === b) count++;
      return count;
    })()`);
  const save = (kind: 'SVG' | 'PNG'): Promise<Buffer> => opened.saved(`save as ${kind}: memory map by owner`);

  test('by owner, the largest holder leads the legend with its bytes and has cells of its colour', async () => {
    await page.getByRole('radio', { name: 'owner' }).check();
    const first = legend().getByRole('button').first();
    await first.getByText('global sessions').waitFor();
    expect(await first.textContent()).toMatch(/global sessions \d[\d.]* MB$/);
    expect(params().get('by')).toBe('owner');
    await expect.poll(() => pixels('c1')).toBeGreaterThan(1000);
    await entry(/^free \d/).waitFor();
    await entry(/^pins a nearly empty arena .* keeps \d[\d.]* MB in \d+ arenas$/).waitFor();
  });

  test('an entry of the legend makes its cells stand out, and all again', async () => {
    const [ownColour, otherColour] = [await pixels('c1'), await pixels('c2')];
    const second = legend().getByRole('button').nth(1);
    await second.click();
    expect(await second.getAttribute('aria-pressed')).toBe('true');
    await expect.poll(() => pixels('c1')).toBe(0);
    await entry(SESSIONS).focus();
    await page.keyboard.press('Enter');
    await expect.poll(() => pixels('c1')).toBe(ownColour);
    expect(params().get('only')).toBe('module __main__ › global sessions');
    await page.keyboard.press('Enter');
    expect(await entry(SESSIONS).getAttribute('aria-pressed')).toBe('false');
    await expect.poll(() => pixels('c2')).toBe(otherColour);
    expect(params().has('only')).toBe(false);
  });

  test('the cells that pin are outlined, and say so', async () => {
    const ofSessions = await pixels('c1');
    await entry(/^pins/).click();
    await expect.poll(() => pixels('c1')).toBeLessThan(ofSessions / 2);
    expect(await pixels('ink')).toBeGreaterThan(100);
    const canvas = page.locator('.memory-picture canvas');
    await canvas.focus();
    for (let i = 0; i < 1000; i++) {
      await page.keyboard.press('ArrowRight');
      if ((await page.locator('.picture-told').textContent())?.includes('nearly empty') === true) break;
    }
    await page
      .locator('.picture-told')
      .getByText(/keeps a nearly empty arena from going back to the system$/)
      .waitFor();
    await entry(/^pins/).click();
  });

  test('the keyboard goes from one colouring to the next; an address shows the same', async () => {
    await page.getByRole('radio', { name: 'owner' }).focus();
    await page.keyboard.press('ArrowRight');
    await entry(/^__main__\.Session \d/).waitFor();
    expect(params().get('by')).toBe('type');
    await opened.goTo(`memory?${new URLSearchParams({ by: 'owner', only: 'module __main__ › global sessions' })}`);
    await page.getByRole('button', { name: SESSIONS, pressed: true }).waitFor();
    expect(await page.getByRole('radio', { name: 'owner' }).isChecked()).toBe(true);
    await entry(SESSIONS).click();
  });

  test('it is saved with its legend, as a drawing and as an image', async () => {
    const svg = (await save('SVG')).toString();
    expect(svg).toContain('module __main__ › global sessions <tspan');
    expect(svg).toContain('stroke-dasharray');
    // One cell after the other they would be hundreds of kilobytes.
    expect(svg.length).toBeLessThan(100_000);
    const png = await save('PNG');
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    const [, width] = /width="(\d+)"/.exec(svg)!;
    expect(png.readUInt32BE(16)).toBe(2 * Number(width));
    expect(opened.record.complaints).toEqual([]);
  });
});
