// Differential test: our trees and scopes against the ast module and the compiler of the CPython that is here,
// over its own standard library. Compared: nodes by kind with their lines, calls with their exact extent, and the
// qualified names of all code objects.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { interpreters } from '../../test/support/interpreters.ts';
import { walk } from './ast-walk.ts';
import { parse } from './parse.ts';
import type { Module, Node } from './python-ast.ts';
import { buildScopes } from './scopes.ts';

/** Files compared per interpreter: every nth of its standard library, enough to meet all syntax, few enough for a test. */
const FILES_WANTED = 60;
/**
 * Share of files that may fail or differ. Of 1,643 files of eleven interpreters py-ast 1.16.0 failed on 4 (tests of odd
 * grammar); it differed on a few of CPython 3.8, whose own functions end one column early before a final semicolon.
 */
const MAX_FAILING_SHARE = 0.02;

const COMPARED = [
  'FunctionDef',
  'AsyncFunctionDef',
  'ClassDef',
  'Call',
  'Assign',
  'AugAssign',
  'Delete',
  'Attribute',
  'Subscript',
  'Name',
];

const ORACLE = `
import ast, json, sys
kinds = set(json.loads(sys.argv[1]))
files = json.load(sys.stdin)
defs = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
def nodes(tree):
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        # Before 3.12 CPython itself misplaced what stands inside f-strings.
        if not (isinstance(node, ast.JoinedStr) and sys.version_info < (3, 12)):
            pending.extend(ast.iter_child_nodes(node))
def qualified(code, wanted, out):
    for const in code.co_consts:
        if hasattr(const, 'co_code'):
            # Type aliases, annotations and comprehensions have code objects too, but are nobody's function.
            if const.co_name in wanted and const.co_name != '__annotate__':
                out.append(getattr(const, 'co_qualname', const.co_name))
            qualified(const, wanted, out)
answer = []
for path in files:
    try:
        text = open(path, 'rb').read().decode('utf-8')
        tree = ast.parse(text)
        code = compile(text, path, 'exec', dont_inherit=True)
    except (SyntaxError, ValueError):
        answer.append(None)
        continue
    places = ['%s %d:%d-%d:%d' % (type(n).__name__, n.lineno, n.col_offset, n.end_lineno, n.end_col_offset)
              for n in nodes(tree) if type(n).__name__ in kinds]
    names = []
    qualified(code, {'<lambda>'} | {n.name for n in nodes(tree) if isinstance(n, defs)}, names)
    answer.append([places, names])
json.dump(answer, sys.stdout)
`;

describe.each(interpreters().map((python) => [python.label, python] as const))('CPython %s', (_, python) => {
  test('parses its standard library as it does itself', () => {
    const library = execFileSync(python.path, ['-c', 'import os; print(os.path.dirname(os.__file__))'], {
      encoding: 'utf8',
    }).trim();
    const files = sampled(pythonFiles(library), FILES_WANTED);
    const answers = JSON.parse(
      execFileSync(python.path, ['-W', 'ignore', '-c', ORACLE, JSON.stringify(COMPARED)], {
        input: JSON.stringify(files),
        encoding: 'utf8',
        maxBuffer: 1 << 30,
      }),
    ) as ([string[], string[]] | null)[];
    let compared = 0;
    const failing: string[] = [];
    const mismatched: string[] = [];
    files.forEach((path, i) => {
      const answer = answers[i];
      if (answer === null || answer === undefined) return;
      compared++;
      const text = readFileSync(path, 'utf8');
      const { module, errors } = parse(text);
      if (module === undefined || errors.length > 0) {
        failing.push(`${path}: ${errors[0]?.message}`);
        return;
      }
      const [nodes, qualnames] = answer;
      const difference = firstDifference(nodes, placesOf(text, module, python.version[1] >= 12));
      if (difference !== undefined) mismatched.push(`${path}: ${difference}`);
      // Class bodies, functions and lambdas; before 3.11 code objects have bare names only.
      const ours = [...buildScopes(module).scopeOf.values()]
        .filter((scope) => scope.kind === 'function' || scope.kind === 'lambda' || scope.kind === 'class')
        .map((scope) =>
          python.version[1] >= 11 ? scope.qualname : scope.qualname.slice(scope.qualname.lastIndexOf('.') + 1),
        )
        .sort();
      const unknown = qualnames.filter((name) => !ours.includes(name));
      if (unknown.length > 0) mismatched.push(`${path}: no scope called ${unknown.slice(0, 3).join(', ')}`);
    });
    expect(compared).toBeGreaterThan(FILES_WANTED / 2);
    console.log(`${python.label}: ${compared} files, ${failing.length} not parsed, ${mismatched.length} differ`);
    const allowed = Math.ceil(compared * MAX_FAILING_SHARE);
    expect([...failing, ...mismatched].slice(allowed)).toEqual([]);
  });
});

function placesOf(text: string, module: Module, insideStrings: boolean): string[] {
  const bytes = byteColumns(text);
  const places: string[] = [];
  walk(module, (node) => {
    if (!COMPARED.includes(node.kind) || (!insideStrings && isInsideString(node))) return;
    places.push(`${node.kind} ${node.line}:${bytes(node.start)}-${node.endLine}:${bytes(node.end)}`);
  });
  return places.sort();
}

function isInsideString(node: Node): boolean {
  for (let outer = node.parent; outer !== undefined; outer = outer.parent) {
    if (outer.kind === 'JoinedStr') return true;
  }
  return false;
}

/** UTF-16 offset to CPython's column: UTF-8 bytes since the start of the line. */
function byteColumns(text: string): (offset: number) => number {
  const lineStarts = [0];
  for (const match of text.matchAll(/\r\n|\r|\n/g)) lineStarts.push(match.index + match[0].length);
  return (offset) => {
    let low = 0;
    let high = lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (lineStarts[middle]! <= offset) low = middle;
      else high = middle;
    }
    return Buffer.byteLength(text.slice(lineStarts[low]!, offset), 'utf8');
  };
}

function firstDifference(wanted: readonly string[], got: readonly string[]): string | undefined {
  const sorted = [...wanted].sort();
  for (let i = 0; i < Math.max(sorted.length, got.length); i++) {
    if (sorted[i] !== got[i]) return `wanted ${sorted[i]}, got ${got[i]}`;
  }
  return undefined;
}

function pythonFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.py'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (path) =>
        !/site-packages|dist-packages|lib2to3.tests|bad_?syntax|\/test\/bad|tokenizedata/.test(path) &&
        statSync(path).size < 300_000,
    )
    .sort();
}

function sampled<T>(items: readonly T[], count: number): T[] {
  const step = Math.max(1, items.length / count);
  return Array.from({ length: Math.min(count, items.length) }, (_, i) => items[Math.floor(i * step)]!);
}
