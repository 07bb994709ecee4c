// The rules of ARCHITECTURE.md, held by reading the source: who may import whom, what the pure folders must not touch.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..');

/** Folder under src/ to the folders it may import, bottom-up; `type:` allows types only, a path that one file. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  base: [],
  protocol: ['base'],
  graph: ['base'],
  cpython: ['base', 'graph'],
  // MemoryImage is what target fills and cpython reads.
  target: ['base', 'type:graph', 'type:cpython', 'src/cpython/memory-image.ts'],
  snapshot: ['base', 'graph'],
  source: ['base'],
  scan: ['base', 'source'],
  metrics: ['base'],
  diagnose: ['base', 'graph', 'cpython', 'source', 'metrics', 'snapshot'],
  query: ['base', 'graph', 'diagnose'],
  export: ['base', 'graph', 'type:diagnose'],
  views: ['base', 'type:protocol', 'graph', 'cpython', 'diagnose'],
  session: [
    'base',
    'protocol',
    'graph',
    'cpython',
    'target',
    'snapshot',
    'source',
    'scan',
    'metrics',
    'diagnose',
    'views',
  ],
  daemon: ['base', 'protocol', 'graph', 'target', 'snapshot', 'diagnose', 'query', 'views', 'session'],
  cli: [
    'base',
    'protocol',
    'graph',
    'cpython',
    'target',
    'snapshot',
    'source',
    'scan',
    'metrics',
    'diagnose',
    'query',
    'export',
    'session',
    'daemon',
  ],
};

/** What the page takes of src/ besides types. They import nothing, so that nothing of Node comes with them. */
const RUNS_IN_PAGE = ['src/base/units.ts', 'src/base/recently-used.ts', 'src/protocol/web/limits.ts'];

/** Bytes and sources come in, results go out. */
const PURE = ['graph', 'cpython', 'source', 'scan', 'metrics', 'diagnose', 'query', 'views', 'export'];
/** What would make the result depend on the moment, the machine or luck. */
const IMPURE = [
  /\bDate\b/,
  /\bperformance\b/,
  /\bMath\.random\b/,
  /\bcrypto\b/,
  /\bprocess\./,
  /\bfetch\(/,
  /\bset(?:Timeout|Interval|Immediate)\b/,
];

const LONGEST_FILE = 500;
const FORBIDDEN_NAMES = /(?:^|\/)(?:utils?|helpers?|types|misc|common-utils|manager)\.ts$/;

interface Import {
  readonly specifier: string;
  readonly typeOnly: boolean;
}

interface SourceText {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
}

const sources = readSources('src');
const shipped = sources.filter((source) => !source.path.endsWith('.test.ts'));

test('the source was found', () => {
  expect(shipped.map((source) => source.path)).toContain('src/graph/heap-graph.ts');
  expect(
    parseImports(`import type { A } from './a.ts';\nimport b, { type C } from './b.ts';\nexport * from "./c.ts";`),
  ).toEqual([
    { specifier: './a.ts', typeOnly: true },
    { specifier: './b.ts', typeOnly: false },
    { specifier: './c.ts', typeOnly: false },
  ]);
});

test('every folder of src/ has its import rule', () => {
  const folders = readdirSync(join(ROOT, 'src'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const withCode = folders.map((entry) => entry.name).filter((name) => sources.some((s) => folderOf(s.path) === name));
  expect(withCode.filter((name) => !(name in MAY_IMPORT))).toEqual([]);
});

test('folders import only what lies below them', () => {
  const violations = shipped.flatMap((source) => {
    const folder = folderOf(source.path);
    const allowed = MAY_IMPORT[folder] ?? [];
    return source.imports
      .filter(({ specifier }) => specifier.startsWith('.'))
      .filter(({ specifier, typeOnly }) => {
        const path = resolveImport(source.path, specifier);
        const other = folderOf(path);
        if (other === folder || allowed.includes(other) || allowed.includes(path)) return false;
        return !(typeOnly && allowed.includes(`type:${other}`));
      })
      .map(({ specifier }) => `${source.path} imports ${specifier}`);
  });
  expect(violations).toEqual([]);
});

test('the rules themselves have no cycle', () => {
  expect(findCycle(Object.keys(MAY_IMPORT), (folder) => (MAY_IMPORT[folder] ?? []).map(ruleFolder))).toBeUndefined();
});

test('no file imports itself through others', () => {
  const valueImports = new Map(
    shipped.map((source) => [
      source.path,
      source.imports
        .filter(({ specifier, typeOnly }) => specifier.startsWith('.') && !typeOnly)
        .map(({ specifier }) => resolveImport(source.path, specifier)),
    ]),
  );
  expect(findCycle([...valueImports.keys()], (path) => valueImports.get(path) ?? [])).toBeUndefined();
});

test('the pure folders do no I/O and read no clock', () => {
  const violations = shipped
    .filter((source) => PURE.includes(folderOf(source.path)))
    .flatMap((source) => [
      ...source.imports
        .filter(({ specifier }) => specifier.startsWith('node:'))
        .map(({ specifier }) => `${source.path} imports ${specifier}`),
      ...withoutText(source.text)
        .split('\n')
        .flatMap((line) =>
          IMPURE.filter((pattern) => pattern.test(line)).map((p) => `${source.path}: ${p} in ${line.trim()}`),
        ),
    ]);
  expect(violations).toEqual([]);
});

test('only target touches other processes', () => {
  const violations = shipped
    .filter((source) => !['target', 'cli', 'session'].includes(folderOf(source.path)))
    .filter((source) => /\/proc\/|process\.kill|child_process/.test(withoutComments(source.text)))
    .map((source) => source.path);
  expect(violations).toEqual([]);
  const readers = shipped
    .filter((source) => folderOf(source.path) !== 'target')
    .filter((source) => /\/proc\/[^'"`]*mem\b|process_vm_readv/.test(withoutComments(source.text)))
    .map((source) => source.path);
  expect(readers).toEqual([]);
});

test('one file writes to the memory of other processes', () => {
  const writers = shipped
    .filter((source) => /\/mem\b/.test(withoutComments(source.text)))
    .filter((source) => /writeSync|'r\+'|O_RDWR|O_WRONLY/.test(withoutComments(source.text)))
    .map((source) => source.path);
  expect(writers).toEqual(['src/target/remote-execution.ts']);
  const users = shipped
    .filter((source) => source.imports.some(({ specifier }) => specifier.endsWith('/remote-execution.ts')))
    .map((source) => source.path);
  expect(users).toEqual(['src/session/remote-calls.ts']);
});

test('the page imports types, the few files that need nothing, and libraries', () => {
  const page = readSources('web', /\.tsx?$/);
  expect(page.length).toBeGreaterThan(20);
  const violations = page.flatMap(({ path, imports }) =>
    imports
      .filter(({ specifier }) => specifier.startsWith('.'))
      .map(({ specifier, typeOnly }) => ({ to: resolveImport(path, specifier), typeOnly }))
      .filter(({ to, typeOnly }) => !to.startsWith('web/') && !(typeOnly || RUNS_IN_PAGE.includes(to)))
      .map(({ to }) => `${path} imports ${to}`),
  );
  expect(violations).toEqual([]);
  const needing = sources.filter(({ path, imports }) => RUNS_IN_PAGE.includes(path) && imports.length > 0);
  expect(needing).toEqual([]);
  const long = page.filter(({ text }) => text.split('\n').length > LONGEST_FILE).map(({ path }) => path);
  expect(long).toEqual([]);
});

test('files stay readable: short, named for one concept, introduced, without default exports', () => {
  const violations = sources
    .filter((source) => !source.path.includes('/generated/'))
    .flatMap((source) => {
      const complaints = [];
      const lines = source.text.split('\n').length;
      if (lines > LONGEST_FILE) complaints.push(`${lines} lines`);
      if (/^export default\b/m.test(source.text)) complaints.push('default export');
      if (FORBIDDEN_NAMES.test(source.path)) complaints.push('name says nothing');
      if (!/^[a-z0-9]+(?:[-.][a-z0-9]+)*\.ts$/.test(source.path.split('/').at(-1)!)) complaints.push('not kebab-case');
      if (!source.path.endsWith('.test.ts') && !source.text.startsWith('//')) complaints.push('no header comment');
      return complaints.map((complaint) => `${source.path}: ${complaint}`);
    });
  expect(violations).toEqual([]);
});

test('the package installs nothing and runs nothing at install', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
    scripts: Record<string, string>;
  };
  expect(Object.keys(manifest.dependencies ?? {})).toEqual([]);
  expect(Object.keys(manifest.scripts).filter((name) => /^(?:pre|post)?install$|^prepare$/.test(name))).toEqual([]);
});

function readSources(folder: string, named = /\.ts$/): SourceText[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => named.test(name))
    .sort()
    .map((name) => {
      const path = `${folder}/${name}`;
      const text = readFileSync(join(ROOT, path), 'utf8');
      return { path, text, imports: parseImports(text) };
    });
}

function parseImports(text: string): Import[] {
  const found: Import[] = [];
  const statements = /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/gm;
  for (const match of text.matchAll(statements)) {
    found.push({ specifier: match[2]!, typeOnly: match[1] !== undefined });
  }
  for (const match of text.matchAll(/\bimport\(\s*['"]([^'"]+)['"]\s*\)/g)) {
    found.push({ specifier: match[1]!, typeOnly: false });
  }
  return found;
}

/** Good enough for our formatter's output: whole-line and trailing `//`, and block comments. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '');
}

/** Neither comments nor what strings say: rules name the very calls that they may not make. */
function withoutText(text: string): string {
  return withoutComments(text)
    .replace(/'(?:\\.|[^'\\\n])*'/g, "''")
    .replace(/`(?:\\.|[^`\\$])*`/g, '``');
}

function folderOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function resolveImport(from: string, specifier: string): string {
  return normalize(join(dirname(from), specifier));
}

/** The folder a rule of MAY_IMPORT is about. */
function ruleFolder(rule: string): string {
  return rule.startsWith('src/') ? folderOf(rule) : rule.replace(/^type:/, '');
}

/** The first cycle met, as the names on it; undefined when there is none. */
function findCycle(names: readonly string[], next: (name: string) => readonly string[]): string[] | undefined {
  const finished = new Set<string>();
  const visit = (name: string, trail: readonly string[]): string[] | undefined => {
    if (trail.includes(name)) return [...trail.slice(trail.indexOf(name)), name];
    if (finished.has(name)) return undefined;
    for (const other of next(name)) {
      const cycle = visit(other, [...trail, name]);
      if (cycle !== undefined) return cycle;
    }
    finished.add(name);
    return undefined;
  };
  for (const name of names) {
    const cycle = visit(name, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}
