// Runs `leakscope scan --json` and gives its report. Judges nothing.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const FOUND_NOTHING = 0;
const FOUND_SOMETHING = 1;
const SCHEMA = /^leakscope\.scan\/\d+$/;

/** The program and its first arguments, `text` split at spaces; this checkout's own where none is given. */
export function leakscopeCommand(text) {
  if (!text) return [process.execPath, join(ROOT, 'bin', 'leakscope')];
  const words = text.trim().split(/\s+/);
  return words.map((word) => (word.includes('/') && existsSync(word) ? resolve(word) : word)); // it runs in other folders
}

/** The report and the folder its paths start from, `{ error }` where the command failed or printed something else. */
export async function scan(command, args, { cwd } = {}) {
  const { status, stdout, stderr } = await run([...command, 'scan', '--json', ...args], { cwd });
  if (status !== FOUND_NOTHING && status !== FOUND_SOMETHING)
    return { error: `exit code ${status}: ${lastLine(stderr)}` };
  try {
    const report = JSON.parse(stdout);
    return SCHEMA.test(report.schema) ? { ...report, root: cwd } : { error: `not a scan's report: ${report.schema}` };
  } catch {
    return { error: `no JSON: ${lastLine(stderr || stdout)}` };
  }
}

function run([program, ...args], { cwd }) {
  return new Promise((done) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    const out = collect(child.stdout);
    const err = collect(child.stderr);
    child.once('error', (error) => done({ status: -1, stdout: '', stderr: String(error) }));
    child.once('close', (code, signal) => done({ status: code ?? signal, stdout: out(), stderr: err() }));
  });
}

function collect(stream) {
  const chunks = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

const lastLine = (text) => text.trim().split('\n').at(-1).slice(0, 200);
