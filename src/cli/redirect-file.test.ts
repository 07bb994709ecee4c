import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { redirectParents, writeRedirectFile } from './redirect-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'leakscope-redirect-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ENV = { HOME: '/home/me', XDG_RUNTIME_DIR: '/run/user/1000' };

test('lies where the browser can read it', () => {
  expect(redirectParents(ENV, 'org.mozilla.firefox.desktop')).toEqual(['/run/user/1000', '/home/me/.cache', tmpdir()]);
  expect(redirectParents({ ...ENV, XDG_CACHE_HOME: '/cache' }, '')[1]).toBe('/cache');
  // Snap's browsers see the home folder alone, and nothing hidden in it.
  for (const handler of ['firefox_firefox.desktop', 'chromium_chromium.desktop']) {
    expect(redirectParents(ENV, handler)).toEqual(['/home/me']);
  }
  expect(redirectParents({ ...ENV, WSL_DISTRO_NAME: 'Ubuntu' }, '')).toEqual(['/home/me/.cache', '/home/me']);
  // Where nothing is set, there is still a folder of the machine.
  expect(redirectParents({}, '')).toEqual([tmpdir()]);
});

test('only this user can read it, whatever the parent allows, and it goes with its folder', () => {
  const parent = join(folder, 'open-to-all');
  mkdirSync(parent);
  chmodSync(parent, 0o777);
  const file = writeRedirectFile('http://127.0.0.1:1/?token=a&b="', [join(folder, 'missing'), parent])!;
  expect(statSync(file.path).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(file.path)).mode & 0o777).toBe(0o700);
  expect(readFileSync(file.path, 'utf8')).toContain('content="0; url=http://127.0.0.1:1/?token=a&#38;b=&#34;"');
  file.remove();
  file.remove();
  expect(readdirSync(parent)).toEqual([]);
});

test('without a folder for it there is no file', () => {
  expect(writeRedirectFile('http://127.0.0.1:1/', [join(folder, 'missing')])).toBeUndefined();
});
