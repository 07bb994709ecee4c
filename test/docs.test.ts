// The documentation says what the program does: codes, commands, flags, links, and the commands a reader is told to run.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { expect, test } from 'vitest';
import { VERSION } from '../src/base/version.ts';
import { createOutcome } from '../src/cli/cli-context.ts';
import { createProgram } from '../src/cli/program.ts';

const ROOT = join(import.meta.dirname, '..');
const PAGES = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...markdownBelow('docs')];

const program = createProgram({
  stdout: process.stdout,
  stderr: process.stderr,
  env: {},
  stdinIsTty: false,
  childCommand: undefined,
  signal: new AbortController().signal,
  outcome: createOutcome(),
});

test('every error code has its section, and no section is of a code that is gone', () => {
  const union = /export type ErrorCode =([\s\S]*?);/.exec(read('src/base/errors.ts'));
  const codes = [...(union?.[1] ?? '').matchAll(/'(E_[A-Z_]+)'/g)].map((match) => match[1]);
  expect(codes.length).toBeGreaterThan(15);
  const documented = [...read('docs/error-codes.md').matchAll(/^### (E_[A-Z_]+)$/gm)].map((match) => match[1]);
  expect(documented.toSorted()).toEqual(codes.toSorted());
});

test('every exit code has its row', () => {
  const codes = [...read('src/base/errors.ts').matchAll(/^ {2}\w+: (\d),$/gm)].map((match) => match[1]);
  const rows = [...read('docs/exit-codes.md').matchAll(/^\| +(\d) +\|/gm)].map((match) => match[1]);
  expect(codes.length).toBe(5);
  expect(rows).toEqual(codes);
});

test('every command has its page, its line in the README and its schema; no page is of a command that is gone', () => {
  const names = program.commands.map((command) => command.name()).toSorted();
  const pages = readdirSync(join(ROOT, 'docs/commands')).map((file) => file.replace(/\.md$/, ''));
  expect(pages.toSorted()).toEqual(names);
  const readme = read('README.md');
  for (const name of names) {
    expect(readme).toContain(`docs/commands/${name}.md`);
    expect(read(`docs/commands/${name}.md`)).toContain(`${name}.schema.json`);
    expect(existsSync(join(ROOT, `docs/schemas/${name}.schema.json`)), name).toBe(true);
  }
});

test('the pages name every flag of their command, and no other', () => {
  for (const command of program.commands) {
    const page = read(`docs/commands/${command.name()}.md`);
    const documented = new Set([...page.matchAll(/(?<![\w-])--[a-z][a-z-]+/g)].map((match) => match[0]));
    expect(
      [...documented].filter((flag) => !knownFlags(command).includes(flag)),
      command.name(),
    ).toEqual([]);
    const own = command.options.map((option) => option.long ?? '');
    expect(
      own.filter((flag) => !documented.has(flag)),
      command.name(),
    ).toEqual([]);
  }
});

test('help and pages show no command that does not exist', () => {
  const names = program.commands.map((command) => command.name());
  for (const page of PAGES) {
    const shown = [...codeOnly(read(page)).matchAll(/^\s*(?:\$ )?(?:npx )?leakscope ([a-z]+)\b/gm)].map(
      (match) => match[1] ?? '',
    );
    expect(
      shown.filter((name) => !names.includes(name)),
      page,
    ).toEqual([]);
  }
});

test('links lead somewhere', () => {
  const broken = PAGES.flatMap((page) =>
    [...withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)]
      .map((match) => match[1] ?? '')
      .filter((link) => !/^[a-z]+:/.test(link))
      .filter((link) => !linkResolves(page, link))
      .map((link) => `${page}: ${link}`),
  );
  expect(broken).toEqual([]);
});

test('files the prose names exist', () => {
  const missing = PAGES.flatMap((page) =>
    [...read(page).matchAll(/`((?:src|test|docs|scripts|examples|bench)\/[\w./-]+)`/g)]
      .map((match) => match[1] ?? '')
      .filter((path) => !/NAME/.test(path) && !existsSync(join(ROOT, path)))
      .map((path) => `${page}: ${path}`),
  );
  expect(missing).toEqual([]);
});

test('npm commands a reader is told to run exist', () => {
  const { scripts, version } = JSON.parse(read('package.json')) as { scripts: Record<string, string>; version: string };
  const builtIn = ['ci', 'cit', 'install', 'pack', 'publish', 'version'];
  for (const page of PAGES) {
    for (const match of codeOnly(read(page)).matchAll(/\bnpm (?:run )?([a-z:]+)\b/g)) {
      const name = match[1] ?? '';
      expect(builtIn.includes(name) || name in scripts, `${page}: npm ${name}`).toBe(true);
    }
  }
  expect(version).toBe(VERSION);
  expect(read('CHANGELOG.md')).toContain(`## ${version}`);
});

test('decisions are numbered without gaps', () => {
  const numbers = readdirSync(join(ROOT, 'docs/adr'))
    .filter((file) => file.endsWith('.md'))
    .map((file) => Number(file.slice(0, 4)))
    .toSorted((a, b) => a - b);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
});

function knownFlags(command: Command): string[] {
  return [...command.options, ...program.options].map((option) => option.long ?? '').concat('--help', '--');
}

function linkResolves(page: string, link: string): boolean {
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
  if (!existsSync(target)) return false;
  if (anchor === undefined || statSync(target).isDirectory()) return anchor === undefined;
  const headings = [...readFileSync(target, 'utf8').matchAll(/^#+ (.+)$/gm)].map((match) =>
    (match[1] ?? '')
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-'),
  );
  return headings.includes(anchor);
}

/** Fenced blocks and code spans, one a line. */
function codeOnly(text: string): string {
  const blocks = [...text.matchAll(/```\w*\n([\s\S]*?)```/g)].map((match) => match[1] ?? '');
  const spans = [...text.replace(/```[\s\S]*?```/g, '').matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '');
  return [...blocks, ...spans].join('\n');
}

function withoutCode(text: string): string {
  return text.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '');
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

function markdownBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `${folder}/${name}`)
    .sort();
}
