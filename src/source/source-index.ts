// The Python files of one program, looked at as modules, classes and functions. Files are parsed on first need only:
// a query names identifiers, and a file whose text lacks them is never parsed. No file is read here.

import { pushChildren } from './ast-walk.ts';
import type { SourceFile } from './growth-site-query.ts';
import type { Comment, ParseError } from './parse.ts';
import { parse } from './parse.ts';
import type {
  Attribute,
  Call,
  ClassDef,
  Constant,
  FunctionDef,
  ImportFrom,
  Lambda,
  Name,
  Node,
  Subscript,
  WithItem,
} from './python-ast.ts';
import type { ModuleScopes, Scope } from './scopes.ts';
import { buildScopes, lookup, runningScope, scopeAt } from './scopes.ts';
import type { Value } from './value.ts';

export interface ClassInfo {
  readonly file: ModuleSource;
  readonly node: ClassDef;
  readonly scope: Scope;
  readonly qualname: string;
}

export interface FunctionInfo {
  readonly file: ModuleSource;
  readonly node: FunctionDef | Lambda;
  readonly scope: Scope;
  readonly qualname: string;
  /** The class whose body the function stands in. */
  readonly class: ClassInfo | undefined;
  readonly role: 'function' | 'method' | 'class method' | 'static method' | 'property';
}

/** One parsed file, with its identifiers indexed by name. */
export interface ModuleSource {
  readonly path: string;
  readonly module: string;
  readonly isPackage: boolean;
  /** Standard library or an installed package, by its path. */
  readonly isLibrary: boolean;
  readonly text: string;
  readonly lines: readonly string[];
  readonly scopes: ModuleScopes;
  readonly comments: readonly Comment[];
  readonly names: ReadonlyMap<string, readonly Name[]>;
  readonly attributes: ReadonlyMap<string, readonly Attribute[]>;
  /** Short string constants: the names `getattr`, `setattr` and `globals()[…]` spell out. */
  readonly strings: ReadonlyMap<string, readonly Constant[]>;
  readonly calls: readonly Call[];
  readonly subscripts: readonly Subscript[];
  readonly withItems: readonly WithItem[];
  /** Names that `from m import NAME as other` gives to NAME. */
  readonly importedAs: ReadonlyMap<string, readonly string[]>;
  /** Dotted names as import statements spell them, modules and what is taken from them. */
  readonly importPaths: readonly string[];
  readonly classes: readonly ClassInfo[];
  readonly functions: readonly FunctionInfo[];
  readonly classOf: ReadonlyMap<Node, ClassInfo>;
  readonly functionOf: ReadonlyMap<Node, FunctionInfo>;
}

export interface SourceIndex {
  readonly files: readonly SourceFile[];
  readonly byModule: ReadonlyMap<string, SourceFile>;
  /** Filled as files are parsed. */
  readonly parsed: Map<SourceFile, ModuleSource | undefined>;
  readonly errors: Map<SourceFile, readonly ParseError[]>;
  /** Files by a word in their text. */
  readonly mentioning: Map<string, readonly SourceFile[]>;
  /** What type-inference.ts has found out, by expression and by class. */
  readonly values: Map<Node, readonly Value[]>;
  readonly ancestors: Map<ClassInfo, readonly ClassInfo[]>;
}

/** An index over `files`; costs nothing until it is asked. Of files with the same module name the first wins. */
export function createSourceIndex(files: readonly SourceFile[]): SourceIndex {
  const byModule = new Map<string, SourceFile>();
  for (const file of files) {
    if (!byModule.has(file.module)) byModule.set(file.module, file);
  }
  return {
    files,
    byModule,
    parsed: new Map(),
    errors: new Map(),
    mentioning: new Map(),
    values: new Map(),
    ancestors: new Map(),
  };
}

/** The parsed file; undefined when nothing of it could be parsed. */
export function parsedFile(index: SourceIndex, file: SourceFile): ModuleSource | undefined {
  if (index.parsed.has(file)) return index.parsed.get(file);
  const { module, comments, errors } = parse(file.text);
  if (errors.length > 0) index.errors.set(file, errors);
  const source = module === undefined ? undefined : indexModule(file, buildScopes(module), comments);
  index.parsed.set(file, source);
  return source;
}

export function moduleSource(index: SourceIndex, module: string): ModuleSource | undefined {
  const file = index.byModule.get(module);
  return file === undefined ? undefined : parsedFile(index, file);
}

/** Parsed files whose text contains any of the words, application files first. */
export function filesMentioning(index: SourceIndex, ...words: readonly string[]): readonly ModuleSource[] {
  const files = new Set(words.flatMap((word) => filesWithWord(index, word)));
  const sources = [...files].flatMap((file) => parsedFile(index, file) ?? []);
  return [...sources.filter((source) => !source.isLibrary), ...sources.filter((source) => source.isLibrary)];
}

function filesWithWord(index: SourceIndex, word: string): readonly SourceFile[] {
  let files = index.mentioning.get(word);
  if (files === undefined) {
    files = index.files.filter((file) => mentions(file.text, word));
    index.mentioning.set(word, files);
  }
  return files;
}

/** Whether the text contains the word, not merely as a part of a longer one. */
function mentions(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at >= 0; at = text.indexOf(word, at + 1)) {
    if (!isWordUnit(text.charCodeAt(at - 1)) && !isWordUnit(text.charCodeAt(at + word.length))) return true;
  }
  return false;
}

/** ASCII letters, digits, underscore, and everything beyond ASCII; false past the ends of the text (NaN). */
function isWordUnit(unit: number): boolean {
  return (
    (unit >= 0x61 && unit <= 0x7a) ||
    (unit >= 0x41 && unit <= 0x5a) ||
    (unit >= 0x30 && unit <= 0x39) ||
    unit === 0x5f ||
    unit >= 0x80
  );
}

/** Files that did not parse, or only in part, among those looked at so far. */
export function unparsedFiles(index: SourceIndex): readonly { readonly path: string; readonly message: string }[] {
  return [...index.errors].map(([file, errors]) => ({
    path: file.path,
    message: errors
      .map((error) => (error.line === undefined ? error.message : `line ${error.line}: ${error.message}`))
      .join('; '),
  }));
}

/** The classes a qualified name may mean: in `module`, else (for a re-exported name) wherever it is defined. */
export function findClasses(index: SourceIndex, module: string, qualname: string): readonly ClassInfo[] {
  const own = moduleSource(index, module)?.classes.filter((c) => c.qualname === qualname) ?? [];
  if (own.length > 0) return own;
  const name = qualname.slice(qualname.lastIndexOf('.') + 1);
  const package_ = module.split('.', 1)[0]!;
  return filesMentioning(index, `class ${name}`)
    .filter((source) => source.module === package_ || source.module.startsWith(`${package_}.`))
    .flatMap((source) => source.classes.filter((c) => c.qualname === qualname));
}

/** Functions of `module` by `__qualname__`; by bare name when a code object gave no more (CPython before 3.11). */
export function findFunctions(index: SourceIndex, module: string, qualname: string): readonly FunctionInfo[] {
  const functions = moduleSource(index, module)?.functions ?? [];
  const exact = functions.filter((f) => f.qualname === qualname);
  if (exact.length > 0 || qualname.includes('.')) return exact;
  return functions.filter((f) => f.qualname.endsWith(`.${qualname}`));
}

export function scopeOf(source: ModuleSource, node: Node): Scope {
  return scopeAt(node, source.scopes.scopeOf);
}

/** The function or lambda whose code runs `node`; undefined at module level and in class bodies. */
export function enclosingFunction(source: ModuleSource, node: Node): FunctionInfo | undefined {
  let scope: Scope | undefined = runningScope(scopeOf(source, node));
  while (scope !== undefined && scope.kind === 'class') scope = scope.parent;
  return scope === undefined ? undefined : source.functionOf.get(runningScope(scope).node);
}

/** Absolute name of the module a `from … import` reads. */
export function importedModule(source: ModuleSource, from: ImportFrom): string {
  const level = from.level ?? 0;
  if (level === 0) return from.module ?? '';
  const parts = source.module.split('.');
  const kept = parts.slice(0, parts.length - (source.isPackage ? level - 1 : level));
  if (from.module !== undefined) kept.push(from.module);
  return kept.join('.');
}

export function isLibraryPath(path: string): boolean {
  return /\/(?:site|dist)-packages\/|\/lib(?:64)?\/python\d|^<frozen /.test(path);
}

function indexModule(file: SourceFile, scopes: ModuleScopes, comments: readonly Comment[]): ModuleSource {
  const names = new Map<string, Name[]>();
  const attributes = new Map<string, Attribute[]>();
  const strings = new Map<string, Constant[]>();
  const importedAs = new Map<string, string[]>();
  const importPaths: string[] = [];
  const calls: Call[] = [];
  const subscripts: Subscript[] = [];
  const withItems: WithItem[] = [];
  const pending: Node[] = [scopes.module.node];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    pushChildren(node, pending);
    switch (node.kind) {
      case 'Name':
        append(names, node.id, node);
        break;
      case 'Attribute':
        append(attributes, node.attr, node);
        break;
      case 'Call':
        calls.push(node);
        break;
      case 'Subscript':
        subscripts.push(node);
        break;
      case 'withitem':
        withItems.push(node);
        break;
      case 'Constant':
        if (typeof node.value === 'string' && /^\w{1,64}$/.test(node.value)) append(strings, node.value, node);
        break;
      case 'ImportFrom':
        if (node.module !== undefined) importPaths.push(node.module);
        break;
      case 'alias':
        importPaths.push(node.name);
        if (node.asname !== undefined && node.parent?.kind === 'ImportFrom') append(importedAs, node.name, node.asname);
        break;
      default:
    }
  }
  const classes: ClassInfo[] = [];
  const functions: FunctionInfo[] = [];
  const classOf = new Map<Node, ClassInfo>();
  const functionOf = new Map<Node, FunctionInfo>();
  const source: ModuleSource = {
    path: file.path,
    module: file.module,
    isPackage: /(?:^|\/)__init__\.pyi?$/.test(file.path),
    isLibrary: isLibraryPath(file.path),
    text: file.text,
    lines: file.text.split(/\r\n|\r|\n/),
    scopes,
    comments,
    names,
    attributes,
    strings,
    calls,
    subscripts,
    withItems,
    importedAs,
    importPaths,
    classes,
    functions,
    classOf,
    functionOf,
  };
  // Scopes were opened parents first, so a method's class is known when the method comes.
  for (const [node, scope] of scopes.scopeOf) {
    if (node.kind === 'ClassDef') {
      const info: ClassInfo = { file: source, node, scope, qualname: scope.qualname };
      classes.push(info);
      classOf.set(node, info);
    } else if (node.kind === 'FunctionDef' || node.kind === 'AsyncFunctionDef' || node.kind === 'Lambda') {
      const around = scope.parent?.kind === 'class' ? classOf.get(scope.parent.node) : undefined;
      const info: FunctionInfo = {
        file: source,
        node,
        scope,
        qualname: scope.qualname,
        class: around,
        role: roleOf(node, around),
      };
      functions.push(info);
      functionOf.set(node, info);
    }
  }
  return source;
}

function roleOf(node: FunctionDef | Lambda, around: ClassInfo | undefined): FunctionInfo['role'] {
  if (around === undefined || node.kind === 'Lambda') return 'function';
  for (const decorator of node.decorator_list) {
    const name = decorator.kind === 'Attribute' ? decorator.attr : decorator.kind === 'Name' ? decorator.id : '';
    if (name === 'staticmethod') return 'static method';
    if (name === 'classmethod') return 'class method';
    if (/^(?:cached_?)?property$|^setter$|^getter$/.test(name)) return 'property';
  }
  if (node.name === '__new__' || node.name === '__init_subclass__' || node.name === '__class_getitem__') {
    return 'class method';
  }
  return 'method';
}

function append<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** What a name means where it stands: its variable, or undefined for builtins and star imports. */
export function bindingOf(source: ModuleSource, name: Name) {
  return lookup(name.id, scopeOf(source, name));
}
