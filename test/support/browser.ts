// A real Chromium, headless, for tests of pages: the one that is installed on the machine; nothing is downloaded. Where
// there is none, `browser.missing` says so, for the test to print and skip.

import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

export type InstalledBrowser = { readonly path: string } | { readonly missing: string };

/** Commands by which distributions and Google install it, likeliest first. */
const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];

/** Starting for the first time, or drawing a page, on a loaded machine takes tens of seconds. */
const TIMEOUT_MS = 90_000;

/**
 * The browser that CHROMIUM_PATH names, or the first that is on PATH or in /usr/bin and runs: some distributions install
 * a script that only tells how to get one. Throws where CHROMIUM_PATH names none, as a test that was asked for must run.
 */
export function findBrowser(environment: NodeJS.ProcessEnv = process.env): InstalledBrowser {
  const asked = environment.CHROMIUM_PATH;
  if (asked !== undefined && asked !== '') {
    if (!isAbsolute(asked) || !runs(asked)) throw new Error(`CHROMIUM_PATH=${asked} is not the path of a browser`);
    return { path: asked };
  }
  const folders = [...(environment.PATH ?? '').split(delimiter).filter(isAbsolute), '/usr/bin'];
  const paths = folders.flatMap((folder) => COMMANDS.map((command) => join(folder, command)));
  const path = paths.find((candidate) => isExecutable(candidate) && runs(candidate));
  return path === undefined
    ? { missing: `no browser: none of ${COMMANDS.join(', ')} is installed, and CHROMIUM_PATH is not set` }
    : { path };
}

/** Looked for once for each file of tests. */
export const browser = findBrowser();

/**
 * Starts it; the caller closes it. Without its sandbox, which needs rights that root in a container does not have: it
 * shows pages of our own only. Throws where there is none.
 */
export async function launchBrowser(args: readonly string[] = []): Promise<Browser> {
  if ('missing' in browser) throw new Error(browser.missing);
  return chromium.launch({
    executablePath: browser.path,
    headless: true,
    chromiumSandbox: false,
    timeout: TIMEOUT_MS,
    args: [...args],
  });
}

/** A page in a context of its own, which goes with it; patient where the machine is busy. */
export async function newPage(started: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await started.newPage(options);
  page.setDefaultTimeout(TIMEOUT_MS);
  page.setDefaultNavigationTimeout(TIMEOUT_MS);
  return page;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function runs(path: string): boolean {
  const run = spawnSync(path, ['--version'], { encoding: 'utf8', timeout: TIMEOUT_MS });
  return run.status === 0 && /^\s*(?:Chromium|Google Chrome|Chrome)\b.*\d/m.test(run.stdout);
}
