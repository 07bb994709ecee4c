// Differential test: our trees and scopes against the ast module and the compiler of the CPython that is here, over its
// own standard library. Compared: every node in its place in the tree with its extent, names, operators and contexts, the
// values of constants, and the qualified names of all code objects.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Interpreter, interpreters } from '../../test/support/interpreters.ts';
import { SYNTAX_SAMPLES } from '../../test/support/python-syntax.ts';
import { CHILD_FIELDS, pushChildren } from './ast-walk.ts';
import { parse } from './parse.ts';
import type { Constant, Module, Node } from './python-ast.ts';
import { buildScopes } from './scopes.ts';

/** Files compared per interpreter: every nth of its standard library, enough to meet all syntax, few enough for a test. */
const FILES_WANTED = 60;

/** Fields that hold no nodes; both sides write those that are there. */
const PLAIN_FIELDS = [
  'name',
  'id',
  'attr',
  'arg',
  'ctx',
  'op',
  'ops',
  'module',
  'level',
  'names',
  'asname',
  'rest',
  'kwd_attrs',
  'is_lazy',
];

/** Kinds whose extent is not compared: CPython gives them none, or a wrong one. */
function kindsWithoutExtent(minor: number): ReadonlySet<string> {
  const kinds = ['Module', 'arguments', 'comprehension', 'withitem', 'match_case'];
  if (minor < 10) kinds.push('alias');
  if (minor < 9) kinds.push('keyword', 'Slice', ...MISPLACED_IN_3_8);
  return new Set(kinds);
}

/**
 * What the parser of 3.8 gave wrong ends in places: `*(a)`, parameters with an annotation, and statements
 * with blocks that end in a semicolon.
 */
const MISPLACED_IN_3_8 = [
  'Starred',
  'arg',
  'FunctionDef',
  'AsyncFunctionDef',
  'ClassDef',
  'If',
  'For',
  'AsyncFor',
  'While',
  'With',
  'AsyncWith',
  'Try',
  'ExceptHandler',
];

const ORACLE = `
import ast, hashlib, json, struct, sys
options = json.loads(sys.argv[1])
children, plain, without_extent = options['children'], options['plain'], set(options['withoutExtent'])
files = json.load(sys.stdin)
defs = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

def constant(value, names_characters):
    if value is None or isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        # We put a replacement character for \\\\N{…}: the names are not worth their size.
        return 's' if names_characters else 's' + hashlib.md5(value.encode('utf-16-le', 'surrogatepass')).hexdigest()
    if isinstance(value, int):
        return 'i%x' % value
    if isinstance(value, float):
        return 'f' + struct.pack('>d', value).hex()
    return '-'

def describe(node, kind, lines):
    parts = [kind]
    if kind not in without_extent and hasattr(node, 'lineno'):
        parts.append('%d:%d-%d:%d' % (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset))
    if kind in ('Constant', 'MatchSingleton'):
        named = kind == 'Constant' and any('\\\\N{' in line for line in lines[node.lineno - 1:node.end_lineno])
        parts.append(constant(node.value, named))
    for field in plain:
        value = getattr(node, field, None)
        if isinstance(value, list):
            if any(isinstance(item, ast.alias) for item in value):
                continue
            value = ','.join(item if isinstance(item, str) else type(item).__name__ for item in value)
        if isinstance(value, (ast.operator, ast.unaryop, ast.boolop, ast.expr_context)):
            value = type(value).__name__
        if isinstance(value, (str, int)):
            parts.append('%s=%s' % (field, value))
    return ' '.join(parts)

def dump(tree, text):
    lines = text.split('\\n')
    pending = [(tree, 0)]
    while pending:
        node, depth = pending.pop()
        kind = type(node).__name__
        if kind == 'Index':  # 3.8
            pending.append((node.value, depth))
            continue
        if kind == 'ExtSlice':  # 3.8
            node, kind = ast.Tuple(elts=node.dims, ctx=ast.Load()), 'Tuple'
        yield '%d %s' % (depth, describe(node, kind, lines))
        # Before 3.12 CPython itself misplaced what stands inside f-strings.
        if kind == 'JoinedStr' and sys.version_info < (3, 12):
            continue
        values = []
        for field in children[kind]:
            value = getattr(node, field, None)
            values.extend(value if isinstance(value, list) else [value])
        # 3.12 left empty constants behind nested format specifications.
        empty = [v for v in values if kind == 'JoinedStr' and isinstance(v, ast.Constant) and v.value == '']
        pending.extend((v, depth + 1) for v in reversed(values) if v is not None and v not in empty)

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
        text = open(path, 'rb').read().decode('utf-8-sig')
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        answer.append(None)
        continue
    names = []
    try:
        code = compile(text, path, 'exec', dont_inherit=True)
    except SyntaxError:  # of what only the compiler refuses, as a yield outside functions
        code = compile('', path, 'exec')
    qualified(code, {'<lambda>'} | {n.name for n in ast.walk(tree) if isinstance(n, defs)}, names)
    answer.append([list(dump(tree, text)), names])
json.dump(answer, sys.stdout)
`;

describe.each(interpreters().map((python) => [python.label, python] as const))('CPython %s', (_, python) => {
  test('parses its standard library as it does itself', () => {
    const library = execFileSync(python.path, ['-c', 'import os; print(os.path.dirname(os.__file__))'], {
      encoding: 'utf8',
    }).trim();
    const { compared, wrong } = compareWith(python, sampled(pythonFiles(library), FILES_WANTED));
    expect(wrong).toEqual([]);
    expect(compared).toBeGreaterThan(FILES_WANTED / 2);
  });

  test('reads the syntax of its version and those before as it does itself', () => {
    const folder = mkdtempSync(join(tmpdir(), 'leakscope-syntax-'));
    try {
      const files = SYNTAX_SAMPLES.filter(({ since }) => since <= python.version[1]).map(({ text }, i) => {
        const path = join(folder, `${i}.py`);
        writeFileSync(path, text);
        return path;
      });
      expect(compareWith(python, files)).toEqual({ compared: files.length, wrong: [] });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** How many of the files the interpreter read, and where we differ. */
function compareWith(python: Interpreter, files: readonly string[]): { compared: number; wrong: string[] } {
  const minor = python.version[1];
  const options = { children: CHILD_FIELDS, plain: PLAIN_FIELDS, withoutExtent: [...kindsWithoutExtent(minor)] };
  const answers = JSON.parse(
    execFileSync(python.path, ['-W', 'ignore', '-c', ORACLE, JSON.stringify(options)], {
      input: JSON.stringify(files),
      encoding: 'utf8',
      maxBuffer: 1 << 30,
    }),
  ) as ([string[], string[]] | null)[];
  let compared = 0;
  const wrong: string[] = [];
  files.forEach((path, i) => {
    const answer = answers[i];
    if (answer === null || answer === undefined) return;
    compared++;
    const difference = differenceFrom(answer, readFileSync(path, 'utf8'), minor);
    if (difference !== undefined) wrong.push(`${path}: ${difference}`);
  });
  return { compared, wrong };
}

function differenceFrom([nodes, qualnames]: [string[], string[]], text: string, minor: number): string | undefined {
  const { module, errors } = parse(text);
  if (module === undefined || errors.length > 0) return errors[0]?.message;
  const difference = firstDifference(nodes, dump(text, module, minor));
  if (difference !== undefined) return difference;
  // Class bodies, functions and lambdas; before 3.11 code objects have bare names only.
  const ours = [...buildScopes(module).scopeOf.values()]
    .filter((scope) => scope.kind === 'function' || scope.kind === 'lambda' || scope.kind === 'class')
    .map((scope) => (minor >= 11 ? scope.qualname : scope.qualname.slice(scope.qualname.lastIndexOf('.') + 1)));
  const unknown = qualnames.filter((name) => !ours.includes(name));
  return unknown.length > 0 ? `no scope called ${unknown.slice(0, 3).join(', ')}` : undefined;
}

/** Our tree as the oracle writes its own: one line per node, parents first. */
function dump(text: string, module: Module, minor: number): string[] {
  const columns = byteColumns(text);
  const withoutExtent = kindsWithoutExtent(minor);
  const lines = text.split('\n');
  const written: string[] = [];
  const pending: [Node, number][] = [[module, 0]];
  const children: Node[] = [];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const [node, depth] = next;
    const parts = [`${depth} ${node.kind}`];
    if (!withoutExtent.has(node.kind) && !(minor < 9 && isExtendedSlice(node))) {
      parts.push(`${node.line}:${columns(node.start)}-${node.endLine}:${columns(node.end)}`);
    }
    if (node.kind === 'Constant') parts.push(describeConstant(node, text, lines));
    if (node.kind === 'MatchSingleton') parts.push(PYTHON_WORDS[String(node.value)]!);
    parts.push(...plainFields(node, minor));
    written.push(parts.join(' '));
    if (minor < 12 && node.kind === 'JoinedStr') continue;
    children.length = 0;
    pushChildren(node, children);
    for (const child of children) pending.push([child, depth + 1]);
  }
  return written;
}

/** What 3.8 has a node without a place for. */
function isExtendedSlice(node: Node): boolean {
  return (
    node.kind === 'Tuple' &&
    node.parent?.kind === 'Subscript' &&
    node.parent.slice === node &&
    node.elts.some((element) => element.kind === 'Slice')
  );
}

const PYTHON_WORDS: Readonly<Record<string, string>> = { true: 'True', false: 'False', null: 'None' };

function describeConstant(node: Constant, text: string, lines: readonly string[]): string {
  const { value } = node;
  switch (typeof value) {
    case 'undefined':
      return '-';
    case 'boolean':
      return PYTHON_WORDS[String(value)]!;
    case 'string':
      if (lines.slice(node.line - 1, node.endLine).some((line) => line.includes('\\N{'))) return 's';
      return `s${createHash('md5').update(Buffer.from(value, 'utf16le')).digest('hex')}`;
    case 'bigint':
      return `i${value.toString(16)}`;
    case 'number': {
      if (!/^(?!0[xX]).*[.eE]/.test(text.slice(node.start, node.end))) return `i${value.toString(16)}`;
      const bytes = Buffer.alloc(8);
      bytes.writeDoubleBE(value);
      return `f${bytes.toString('hex')}`;
    }
    default:
      return 'None';
  }
}

function plainFields(node: Node, minor: number): string[] {
  const fields = node as unknown as Readonly<Record<string, unknown>>;
  const parts: string[] = [];
  for (const field of PLAIN_FIELDS) {
    const value = fields[field];
    if (field === 'is_lazy') {
      if (typeof value === 'boolean' && minor >= 15) parts.push(`is_lazy=${Number(value)}`);
    } else if (typeof value === 'string' || typeof value === 'number') {
      parts.push(`${field}=${value}`);
    } else if (Array.isArray(value) && value.every((item) => typeof item === 'string')) {
      parts.push(`${field}=${value.join(',')}`);
    }
  }
  return parts;
}

/** UTF-16 offset to CPython's column: UTF-8 bytes since the start of the line. */
function byteColumns(text: string): (offset: number) => number {
  const lineStarts = [text.charCodeAt(0) === 0xfeff ? 1 : 0];
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
  for (let i = 0; i < Math.max(wanted.length, got.length); i++) {
    if (wanted[i] !== got[i]) return `wanted ${wanted[i]}, got ${got[i]}, behind ${got[i - 1]}`;
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
