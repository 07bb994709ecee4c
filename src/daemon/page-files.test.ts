import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { PageFiles } from './page-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'leakscope-page-'));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, 'web/assets'), { recursive: true });
writeFileSync(join(folder, 'web/index.html'), '<p>page</p>');
writeFileSync(join(folder, 'web/assets/app.js'), 'app()');
writeFileSync(join(folder, 'web/assets/notes.secret'), 'not for anybody');
writeFileSync(join(folder, 'outside.txt'), 'outside');
symlinkSync('/nonexistent', join(folder, 'web/dangling.js'));

const page = new PageFiles(join(folder, 'web'));

test('serves what is in the folder by its exact path', () => {
  expect(page.find('/assets/app.js')).toMatchObject({ type: 'text/javascript; charset=utf-8' });
  expect(Buffer.from(page.find('/index.html')!.bytes).toString()).toBe('<p>page</p>');
});

test('the addresses of views are the page', () => {
  for (const path of ['/', '/suspects', '/snapshots/s1/objects/0x7f00']) {
    expect(page.find(path)?.type, path).toBe('text/html; charset=utf-8');
  }
});

test('nothing else is served, whatever the path tries', () => {
  for (const path of [
    '/../outside.txt',
    '/assets/../../outside.txt',
    '/..%2foutside.txt',
    '/%2e%2e/outside.txt',
    '//outside.txt',
    '/assets/notes.secret',
    '/dangling.js',
    `/${join(folder, 'outside.txt')}`,
    '/assets/app.js\0.html',
    '\\..\\outside.txt',
  ]) {
    expect(page.find(path), path).toBeUndefined();
  }
});

test('a build without a page serves none', () => {
  expect(new PageFiles(join(folder, 'nowhere')).find('/')).toBeUndefined();
});
