// Lines that create objects of given types: constructor calls, the standard factories of types nobody calls by name,
// class statements inside functions and `type(…)` calls for classes that grow in number.

import { classCreations, constructions } from './class-creation.ts';
import type { SourceSite } from './growth-site-query.ts';
import type { Node } from './python-ast.ts';
import { dottedName } from './qualified-name.ts';
import type { ModuleSource, SourceIndex } from './source-index.ts';
import { enclosingFunction, filesMentioning, findClasses } from './source-index.ts';
import { mergeSites, siteAt } from './source-site.ts';
import { inferValues } from './type-inference.ts';

const MAX_CREATIONS = 12;
/** Library lines shown when the application creates none itself. */
const MAX_LIBRARY_CREATIONS = 4;

/** Callables of the standard library that make objects of a type by another name than the type's. */
const FACTORIES: Readonly<Record<string, readonly string[]>> = {
  '_asyncio.Task': ['asyncio.create_task', 'asyncio.ensure_future', '*.create_task', '*.ensure_future'],
  '_asyncio.Future': ['asyncio.Future', '*.create_future', 'asyncio.shield', 'asyncio.wait_for'],
  '_io.TextIOWrapper': ['builtins.open', 'io.open', '*.open'],
  '_io.BufferedReader': ['builtins.open', 'io.open', '*.open'],
  '_io.BufferedWriter': ['builtins.open', 'io.open', '*.open'],
  '_io.FileIO': ['builtins.open', 'io.FileIO'],
  '_io.BytesIO': ['io.BytesIO'],
  '_io.StringIO': ['io.StringIO'],
  '_thread.lock': ['threading.Lock', '_thread.allocate_lock'],
  '_thread.RLock': ['threading.RLock'],
  '_thread._local': ['threading.local'],
  '_contextvars.ContextVar': ['contextvars.ContextVar'],
  ContextVar: ['contextvars.ContextVar'],
  '_contextvars.Token': ['*.set'],
  '_pickle.Pickler': ['pickle.Pickler'],
  '_pickle.Unpickler': ['pickle.Unpickler'],
  '_hashlib.HASH': ['hashlib.new', 'hashlib.md5', 'hashlib.sha1', 'hashlib.sha256', 'hashlib.sha512'],
  '_queue.SimpleQueue': ['queue.SimpleQueue'],
  'logging.Logger': ['logging.getLogger', 'logging.Logger', '*.getChild'],
  're.Pattern': ['re.compile'],
  're.Match': ['re.match', 're.search', 're.fullmatch'],
  'sqlite3.Connection': ['sqlite3.connect', 'sqlite3.dbapi2.connect'],
  'sqlite3.Cursor': ['*.cursor', '*.execute'],
  'subprocess.Popen': ['subprocess.Popen'],
  'threading.Thread': ['threading.Thread', 'threading.Timer'],
  'threading.Timer': ['threading.Timer'],
  'weakref.ReferenceType': ['weakref.ref', 'weakref.WeakMethod'],
  weakref: ['weakref.ref', 'weakref.WeakMethod'],
  'builtins.code': ['builtins.compile'],
  code: ['builtins.compile'],
  'builtins.module': ['types.ModuleType', 'importlib.import_module', 'importlib.reload'],
  'types.ModuleType': ['types.ModuleType', 'importlib.import_module'],
  mmap: ['mmap.mmap'],
  'zipfile.ZipFile': ['zipfile.ZipFile'],
};

/** Module-less names CPython gives to built-in types: their factories are everywhere and say nothing. */
const UNTELLING =
  /^(?:builtins\.)?(?:dict|list|set|frozenset|tuple|str|bytes|bytearray|int|float|complex|bool|object|NoneType|function|method|cell|range|slice|property|getset_descriptor|member_descriptor|wrapper_descriptor|builtin_function_or_method|frame|traceback|generator|coroutine|dict_keys|dict_values|dict_items)$/;

/** Lines that create instances of the types (`module.Class`, most wanted first): the application's, else a few of its libraries'. */
export function findTypeCreations(index: SourceIndex, typeNames: readonly string[]): readonly SourceSite[] {
  const found: { readonly source: ModuleSource; readonly node: Node; readonly operation: string }[] = [];
  for (const name of typeNames) {
    if (UNTELLING.test(name)) continue;
    if (name === 'type' || name === 'builtins.type' || name === 'abc.ABCMeta') {
      found.push(...dynamicClasses(index));
      continue;
    }
    const indexed = classesNamed(index, name);
    if (indexed.length > 0) {
      for (const site of constructions(index, indexed)) found.push(site);
      if (indexed.some((cls) => cls.node.bases.some((base) => isTypeItself(index, cls.file, base)))) {
        for (const cls of indexed) found.push(...classCreations(index, cls));
      }
    }
    found.push(...callsResolvingTo(index, [name, ...(FACTORIES[name] ?? [])]));
  }
  const repeated = found.filter(({ source, node }) => enclosingFunction(source, node) !== undefined);
  repeated.sort((a, b) => (a.source === b.source ? a.node.line - b.node.line : 0));
  const application = repeated.filter(({ source }) => !source.isLibrary);
  const ordered = application.length > 0 ? application : repeated.slice(0, MAX_LIBRARY_CREATIONS);
  const rows = ordered.map(({ source, node, operation }) => siteAt(source, node, 'creates', operation));
  return mergeSites([rows]).slice(0, MAX_CREATIONS);
}

function classesNamed(index: SourceIndex, name: string) {
  const parts = name.split('.');
  for (let split = parts.length - 1; split >= 1; split--) {
    const module = parts.slice(0, split).join('.');
    if (!index.byModule.has(module)) continue;
    return findClasses(index, module, parts.slice(split).join('.'));
  }
  return [];
}

function isTypeItself(index: SourceIndex, source: ModuleSource, base: Parameters<typeof inferValues>[2]): boolean {
  return inferValues(index, source, base).some((value) => value.kind === 'external' && value.name === 'builtins.type');
}

/** Calls whose callee resolves to one of the dotted names; `*.name` matches a method of an unknown object. */
function callsResolvingTo(index: SourceIndex, wanted: readonly string[]) {
  const exact = new Set(wanted.filter((name) => !name.startsWith('*.')));
  const methods = new Set(wanted.filter((name) => name.startsWith('*.')).map((name) => name.slice(2)));
  const words = [...new Set(wanted.map((name) => name.slice(name.lastIndexOf('.') + 1)))];
  return filesMentioning(index, ...words).flatMap((source) =>
    source.calls.flatMap((node) => {
      const { func } = node;
      const last = func.kind === 'Name' ? func.id : func.kind === 'Attribute' ? func.attr : '';
      const maybe = words.includes(last) || words.some((word) => source.importedAs.get(word)?.includes(last));
      if (!maybe) return [];
      const values = inferValues(index, source, func);
      const written = dottedName(source, func);
      const hit =
        (written !== undefined && exact.has(written)) ||
        values.some((value) => value.kind === 'external' && exact.has(value.name)) ||
        (func.kind === 'Attribute' &&
          methods.has(func.attr) &&
          !values.some((value) => value.kind === 'function' || value.kind === 'class'));
      return hit ? [{ source, node, operation: 'constructor call' }] : [];
    }),
  );
}

/** Class statements in functions, and calls that build classes at run time. */
function dynamicClasses(index: SourceIndex) {
  const found: { readonly source: ModuleSource; readonly node: Node; readonly operation: string }[] = [];
  for (const source of filesMentioning(
    index,
    'class ',
    'type(',
    ...CLASS_FACTORIES.map((name) => name.slice(name.lastIndexOf('.') + 1)),
  )) {
    for (const cls of source.classes) {
      if (enclosingFunction(source, cls.node) !== undefined) {
        found.push({ source, node: cls.node, operation: 'class creation' });
      }
    }
    for (const node of source.calls) {
      const values = inferValues(index, source, node.func);
      const isType =
        node.args.length === 3 && values.some((value) => value.kind === 'external' && value.name === 'builtins.type');
      const isFactory = values.some((value) => value.kind === 'external' && CLASS_FACTORIES.includes(value.name));
      if (isType || isFactory) found.push({ source, node, operation: 'class creation' });
    }
  }
  return found;
}

const CLASS_FACTORIES: readonly string[] = [
  'collections.namedtuple',
  'typing.NamedTuple',
  'typing.TypedDict',
  'types.new_class',
  'dataclasses.make_dataclass',
  'enum.Enum',
  'pydantic.create_model',
  'ctypes.POINTER',
  '_ctypes.POINTER',
  'ctypes.CFUNCTYPE',
];
