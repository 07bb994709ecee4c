// Opens the page in the user's browser, without its address among the arguments that others can read.

import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { type Environment, isWsl, type RedirectFile, redirectParents, writeRedirectFile } from './redirect-file.ts';

/** What cannot be started fails within this time. */
const OPENER_MS = 300;
/** A desktop that does not say by then what opens HTML files is not waited for. */
const HANDLER_MS = 2000;

/**
 * The file the browser was started with, for the caller to remove; undefined where there was nothing to open it with. Without
 * a display, what opens pages may be a browser in the terminal.
 */
export async function openInBrowser(url: string, env: Environment): Promise<RedirectFile | undefined> {
  const hasDisplay = [env.DISPLAY, env.WAYLAND_DISPLAY].some((value) => (value ?? '') !== '') || isWsl(env);
  if (!hasDisplay) return undefined;
  const file = writeRedirectFile(url, redirectParents(env, await htmlHandler()));
  if (file === undefined) return undefined;
  if (await open(file.path)) return file;
  file.remove();
  return undefined;
}

/** As a path: under WSL it is turned into one of Windows, which a file:// address is not. */
async function open(path: string): Promise<boolean> {
  try {
    const { default: openPath } = await import('open');
    const opener = await openPath(path);
    const failed = once(opener, 'error').then(() => false);
    return await Promise.race([failed, sleep(OPENER_MS, true)]);
  } catch {
    return false;
  }
}

/** The desktop entry that opens HTML files, `firefox_firefox.desktop`; empty where nobody knows. */
async function htmlHandler(): Promise<string> {
  try {
    const asked = promisify(execFile)('xdg-mime', ['query', 'default', 'text/html'], { timeout: HANDLER_MS });
    return (await asked).stdout.trim();
  } catch {
    return '';
  }
}
