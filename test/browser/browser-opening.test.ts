// `leakscope open` at a terminal starts the browser: what it gives it as an argument holds no token, the file it names is the
// user's alone and gone once it was used, and a real Chromium that follows it lands in the page.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { browser, launchBrowser, newPage } from '../support/browser.ts';
import { anyInterpreter } from '../support/interpreters.ts';

const LEAKSCOPE = join(import.meta.dirname, '../../bin/leakscope');
/** Gives what follows a terminal to write to. */
const TERMINAL = 'import pty, sys; pty.spawn(sys.argv[1:])';

let folder: string;
let terminal: ChildProcess | undefined;
let printed = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'leakscope-opening-'));
  for (const name of ['bin', 'home', 'home/.cache', 'runtime']) mkdirSync(join(folder, name));
  // Tells how it was started, and by whom; renamed, so that nobody reads a part of it.
  fakeCommand(
    'xdg-open',
    `tr '\\0' '\\n' < /proc/$$/cmdline > "$1.tmp"; echo "$PPID" >> "$1.tmp"; mv "$1.tmp" ${join(folder, 'started')}`,
  );
  fakeCommand('xdg-mime', 'echo org.example.Browser.desktop');
});

afterEach(async () => {
  if (terminal !== undefined && terminal.exitCode === null && terminal.signalCode === null) {
    terminal.kill('SIGKILL');
    await once(terminal, 'exit');
  }
  rmSync(folder, { recursive: true });
});

function fakeCommand(name: string, script: string): void {
  writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`);
  chmodSync(join(folder, 'bin', name), 0o755);
}

interface Opened {
  /** What was printed. */
  readonly url: string;
  /** Of what opens the browser, as every user can read them. */
  readonly argv: readonly string[];
  readonly file: string;
  readonly pid: number;
}

/** `path` is where commands are looked for. */
function startAtTerminal(path: string): void {
  printed = '';
  terminal = spawn(anyInterpreter().path, ['-c', TERMINAL, process.execPath, LEAKSCOPE, 'open'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      PATH: path,
      HOME: join(folder, 'home'),
      XDG_RUNTIME_DIR: join(folder, 'runtime'),
      DISPLAY: ':77',
      NO_COLOR: '1',
    },
  });
  terminal.stdout!.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
}

async function openAtTerminal(): Promise<Opened> {
  startAtTerminal(`${join(folder, 'bin')}:${process.env.PATH}`);
  const started = join(folder, 'started');
  await until(() => existsSync(started));
  const lines = readFileSync(started, 'utf8').trimEnd().split('\n');
  const argv = lines.slice(0, -1);
  return { url: /http:\S+/.exec(printed)![0], argv, file: argv.at(-1)!, pid: Number(lines.at(-1)) };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 50));
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('the token is in a file of the user alone, not among arguments, and goes with the daemon', async () => {
  const { url, argv, file, pid } = await openAtTerminal();
  const token = new URL(url).searchParams.get('token')!;
  expect(token.length).toBeGreaterThan(40);
  expect(argv.join(' ')).not.toContain(token);
  expect(argv.join(' ')).not.toContain('token');
  expect(dirname(dirname(file))).toBe(join(folder, 'runtime'));
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(statSync(dirname(file)).mode & 0o777).toBe(0o700);
  expect(readFileSync(file, 'utf8')).toContain(url);
  process.kill(pid, 'SIGINT');
  await until(() => !isRunning(pid));
  expect(readdirSync(join(folder, 'runtime'))).toEqual([]);
});

test('for a browser of Snap it lies where that can read it', async () => {
  fakeCommand('xdg-mime', 'test "$*" = "query default text/html" && echo firefox_firefox.desktop');
  const { file } = await openAtTerminal();
  expect(dirname(dirname(file))).toBe(join(folder, 'home'));
  expect(file).not.toMatch(/\/\./);
});

test('where nothing opens it, nothing is left, and the address is there to be opened', async () => {
  startAtTerminal('/nowhere');
  await until(() => printed.includes('no browser was found here'));
  expect(printed).toMatch(/http:\S+\?token=/);
  expect(readdirSync(join(folder, 'runtime'))).toEqual([]);
});

describe.skipIf('missing' in browser)('in Chromium', () => {
  test('following the file lands in the page, once, and the file is gone', async () => {
    const { url, file } = await openAtTerminal();
    const chromium = await launchBrowser();
    try {
      const page = await newPage(chromium);
      await page.goto(pathToFileURL(file).href);
      await page.getByRole('heading', { name: 'Which process?' }).waitFor();
      expect(page.url().startsWith(`${new URL(url).origin}/`)).toBe(true);
      expect(page.url()).not.toContain('token');
      await until(() => !existsSync(dirname(file)));
      // Neither a reload nor the way back leads to the token.
      await page.reload();
      await page.getByRole('heading', { name: 'Which process?' }).waitFor();
      await page.goBack();
      expect(page.url()).not.toContain('token');
      // Another browser comes too late.
      const other = await newPage(chromium);
      await other.goto(url);
      expect(await other.textContent('body')).toContain('works once');
    } finally {
      await chromium.close();
    }
  });

  test('a page elsewhere that learned the address gets nothing of it in a frame', async () => {
    const { url, file } = await openAtTerminal();
    const chromium = await launchBrowser();
    try {
      const page = await newPage(chromium);
      await page.setContent(`<iframe src="${url}"></iframe><img src="${url}">`);
      await page.goto(url);
      // The token is still good: it was not used up.
      await page.getByRole('heading', { name: 'Which process?' }).waitFor();
      await until(() => !existsSync(file));
    } finally {
      await chromium.close();
    }
  });
});
