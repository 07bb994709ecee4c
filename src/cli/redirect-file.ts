// The address of the page in a file that only this user can read, for the browser to be started with: arguments of a process
// can be read by every user of the machine, and the address holds the token that lets one browser in.
//
// Where the file lies decides whether the browser can read it. Browsers of Snap (Firefox and Chromium on Ubuntu) see no /tmp,
// no runtime folder and nothing hidden in the home folder; those of Windows, beside WSL, see what lies on its disk. Flatpak's
// are handed the file by the desktop.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { redirectPage } from '../base/redirect-page.ts';

export interface RedirectFile {
  readonly path: string;
  /** With its folder; a second time does nothing. */
  remove(): void;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a folder for it may be made, best first. `handler` is the desktop entry that opens HTML files. */
export function redirectParents(env: Environment, handler: string): readonly string[] {
  const home = env.HOME ?? '';
  const cache = env.XDG_CACHE_HOME ?? join(home, '.cache');
  const runtime = env.XDG_RUNTIME_DIR ?? '';
  const parents = isOfSnap(handler) ? [home] : isWsl(env) ? [cache, home] : [runtime, cache, tmpdir()];
  return parents.filter(isAbsolute);
}

/** Snap names entries `SNAP_APP.desktop`, and no snap has an underscore in its name. */
function isOfSnap(handler: string): boolean {
  return /^[a-z\d-]+_[^/]+\.desktop$/.test(handler);
}

export function isWsl(env: Environment): boolean {
  return (env.WSL_DISTRO_NAME ?? '') !== '';
}

/** In the first of the folders that takes it; undefined where none does. */
export function writeRedirectFile(url: string, parents: readonly string[]): RedirectFile | undefined {
  for (const parent of parents) {
    try {
      // Made with mode 0700.
      const folder = mkdtempSync(join(parent, 'leakscope-'));
      const remove = (): void => {
        try {
          rmSync(folder, { recursive: true, force: true });
        } catch {
          // Its parent was taken away from us. The token was used up, or goes with the daemon.
        }
      };
      const path = join(folder, 'open.html');
      try {
        writeFileSync(path, redirectPage(url), { mode: 0o600, flag: 'wx' });
      } catch (error) {
        remove();
        throw error;
      }
      return { path, remove };
    } catch {
      // It is not there, or not ours to write to: the next one.
    }
  }
  return undefined;
}
