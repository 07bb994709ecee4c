// What keeps objects alive without being an object: references held by the runtime, interpreters and threads.
// Frames are the threads' own roots and are read in thread-state.ts; references held by C code are found by counting.

import type { ProblemLog } from '../base/problems.ts';
import { type Address, RootKind } from '../graph/heap-graph.ts';
import { type InterpreterState, readStaticTypes } from './interpreter-state.ts';
import type { Layout } from './layout.ts';
import type { MemoryImage } from './memory-image.ts';
import { listThreads } from './thread-state.ts';

/** A reference from outside the heap. `address` may not be a readable object: the walk must check it. */
export interface InterpreterRoot {
  readonly address: Address;
  readonly kind: RootKind;
  /** What holds it, in a user's words. */
  readonly label: string;
}

type FieldRoot = readonly [path: string, kind: RootKind, label: string];

const WORD = 8;

/** Plain reference fields of PyInterpreterState, under their newest names. */
const INTERPRETER_FIELDS: readonly FieldRoot[] = [
  ['imports.modules', RootKind.modules, 'sys.modules'],
  ['imports.modules_by_index', RootKind.interpreter, 'modules by index'],
  ['imports.importlib', RootKind.interpreter, 'importlib'],
  ['imports.import_func', RootKind.interpreter, '__import__'],
  ['imports.lazy_import_func', RootKind.interpreter, '__lazy_import__'],
  ['imports.lazy_imports_filter', RootKind.hooks, 'lazy import filter'],
  ['imports.lazy_modules', RootKind.interpreter, 'lazy modules'],
  ['imports.lazy_pending_submodules', RootKind.interpreter, 'lazy submodules'],
  ['sysdict', RootKind.interpreter, 'sys.__dict__'],
  ['sysdict_copy', RootKind.interpreter, 'copy of sys.__dict__'],
  ['builtins', RootKind.builtins, 'builtins.__dict__'],
  ['builtins_copy', RootKind.builtins, 'copy of builtins.__dict__'],
  ['dict', RootKind.interpreter, 'interpreter dict'],
  ['codecs.search_path', RootKind.hooks, 'codec search functions'],
  ['codecs.search_cache', RootKind.hooks, 'codec cache'],
  ['codecs.error_registry', RootKind.hooks, 'codec error handlers'],
  ['before_forkers', RootKind.hooks, 'os.register_at_fork(before)'],
  ['after_forkers_parent', RootKind.hooks, 'os.register_at_fork(after_in_parent)'],
  ['after_forkers_child', RootKind.hooks, 'os.register_at_fork(after_in_child)'],
  ['warnings.filters', RootKind.interpreter, 'warning filters'],
  ['warnings.once_registry', RootKind.interpreter, 'warnings once registry'],
  ['warnings.default_action', RootKind.interpreter, 'warnings default action'],
  ['warnings.context', RootKind.interpreter, 'warnings context'],
  ['audit_hooks', RootKind.hooks, 'sys.addaudithook'],
  ['pyexitmodule', RootKind.hooks, 'atexit module'],
  ['interpreter_trampoline', RootKind.interpreter, 'interpreter trampoline'],
  ['exc_state.errnomap', RootKind.interpreter, 'errno to exception map'],
  ['exc_state.PyExc_ExceptionGroup', RootKind.interpreter, 'ExceptionGroup'],
  ['unicode.empty_string', RootKind.interpreter, 'empty string'],
  ['cached_objects.interned_strings', RootKind.interned, 'interned strings'],
  ['cached_objects.objreduce', RootKind.interpreter, 'object.__reduce__'],
  ['cached_objects.type_slots_pname', RootKind.interpreter, 'type slot name'],
  ['cached_objects.generic_type', RootKind.interpreter, 'typing.Generic'],
  ['cached_objects.typevar_type', RootKind.interpreter, 'typing.TypeVar'],
  ['cached_objects.typevartuple_type', RootKind.interpreter, 'typing.TypeVarTuple'],
  ['cached_objects.paramspec_type', RootKind.interpreter, 'typing.ParamSpec'],
  ['cached_objects.paramspecargs_type', RootKind.interpreter, 'typing.ParamSpecArgs'],
  ['cached_objects.paramspeckwargs_type', RootKind.interpreter, 'typing.ParamSpecKwargs'],
  ['cached_objects.constevaluator_type', RootKind.interpreter, 'annotation evaluator type'],
  ['cached_objects.dict_descriptor', RootKind.interpreter, '__dict__ descriptor'],
  ['cached_objects.weakref_descriptor', RootKind.interpreter, '__weakref__ descriptor'],
  ['callable_cache.isinstance', RootKind.interpreter, 'isinstance'],
  ['callable_cache.len', RootKind.interpreter, 'len'],
  ['callable_cache.list_append', RootKind.interpreter, 'list.append'],
  ['callable_cache.object__getattribute__', RootKind.interpreter, 'object.__getattribute__'],
];

/** Arrays of references in PyInterpreterState. */
const INTERPRETER_ARRAYS: readonly FieldRoot[] = [
  ['ast', RootKind.interpreter, 'ast types'],
  ['common_consts', RootKind.interpreter, 'common constants'],
  ['monitoring_callables', RootKind.hooks, 'sys.monitoring callback'],
  ['monitoring_tool_names', RootKind.hooks, 'sys.monitoring tool name'],
  ['unicode.latin1', RootKind.interpreter, 'one-character strings'],
  ['small_ints', RootKind.interpreter, 'small integers'],
];

/** Plain reference fields of PyThreadState. */
const THREAD_FIELDS: readonly FieldRoot[] = [
  ['dict', RootKind.thread, 'state (threading.local)'],
  ['curexc_type', RootKind.thread, 'exception being raised'],
  ['curexc_value', RootKind.thread, 'exception being raised'],
  ['curexc_traceback', RootKind.thread, 'exception being raised'],
  ['current_exception', RootKind.thread, 'exception being raised'],
  ['async_exc', RootKind.thread, 'asynchronous exception'],
  ['context', RootKind.thread, 'contextvars context'],
  ['async_gen_firstiter', RootKind.thread, 'async generator hook'],
  ['async_gen_finalizer', RootKind.thread, 'async generator hook'],
  ['c_profileobj', RootKind.thread, 'sys.setprofile'],
  ['c_traceobj', RootKind.thread, 'sys.settrace'],
  ['delete_later', RootKind.thread, 'objects about to be freed'],
  ['threading_local_key', RootKind.thread, 'threading.local'],
  ['threading_local_sentinel', RootKind.thread, 'threading.local'],
];

/** Fields of the part of the thread state that follows the public one (3.14 on). */
const THREAD_IMPLEMENTATION_FIELDS: readonly FieldRoot[] = [
  ['asyncio_running_loop', RootKind.thread, 'running event loop'],
  ['asyncio_running_task', RootKind.thread, 'running task'],
];

/**
 * Every root of an interpreter and its threads, but for frames. Duplicates are possible. `symbols` are the static
 * variables whose place is known, by name.
 */
export function readRoots(
  image: MemoryImage,
  interpreter: InterpreterState,
  symbols: Readonly<Record<string, Address>>,
  problems: ProblemLog,
): InterpreterRoot[] {
  const roots: InterpreterRoot[] = [];
  const add = (address: Address, kind: RootKind, label: string): void => {
    if (address !== 0 && address % WORD === 0) roots.push({ address, kind, label });
  };
  const { layout, address } = interpreter;
  addFields(image, layout, 'PyInterpreterState', address, INTERPRETER_FIELDS, add);
  addArrays(image, layout, address, add);
  addFields(image, layout, '_gc_runtime_state', interpreter.collectorAddress, COLLECTOR_FIELDS, add);
  addExitCallbacks(image, interpreter, add);
  addStaticTypes(image, interpreter, add);
  for (const thread of listThreads(image, interpreter, problems)) {
    addFields(image, layout, 'PyThreadState', thread, THREAD_FIELDS, add);
    addFields(image, layout, '_PyThreadStateImpl', thread, THREAD_IMPLEMENTATION_FIELDS, add);
    addExceptions(image, layout, thread, problems, add);
  }
  addInternedStrings(image, layout, symbols, add);
  return roots;
}

type AddRoot = (address: Address, kind: RootKind, label: string) => void;

const COLLECTOR_FIELDS: readonly FieldRoot[] = [
  ['garbage', RootKind.interpreter, 'gc.garbage'],
  ['callbacks', RootKind.hooks, 'gc.callbacks'],
  // The list of objects whose deallocation was put off: 3.8 to 3.12 keep it here.
  ['trash_delete_later', RootKind.interpreter, 'objects about to be freed'],
];

function addFields(
  image: MemoryImage,
  layout: Layout,
  struct: string,
  address: Address,
  fields: readonly FieldRoot[],
  add: AddRoot,
): void {
  for (const [field, kind, label] of fields) {
    const offset = layout.at(`${struct}.${field}`);
    if (offset >= 0) add(image.pointer(address + offset), kind, label);
  }
}

function addArrays(image: MemoryImage, layout: Layout, interpreter: Address, add: AddRoot): void {
  for (const [field, kind, label] of INTERPRETER_ARRAYS) {
    const start = interpreter + layout.at(`PyInterpreterState.${field}`);
    const size = layout.fieldSize(`PyInterpreterState.${field}`);
    for (let offset = 0; offset < size; offset += WORD) add(image.pointer(start + offset), kind, label);
  }
}

const MAX_EXIT_CALLBACKS = 1 << 20;
const EXIT_CALLBACK_PARTS = 3;

/** A list since 3.14; from 3.10 to 3.13 an array of pointers to { function, args, kwargs }; before, in atexit's module. */
function addExitCallbacks(image: MemoryImage, { layout, address }: InterpreterState, add: AddRoot): void {
  const field = layout.at('PyInterpreterState.atexit.callbacks');
  if (field < 0) return;
  const callbacks = image.pointer(address + field);
  const countAt = layout.at('PyInterpreterState.atexit.ncallbacks');
  if (countAt < 0) {
    add(callbacks, RootKind.hooks, 'atexit');
    return;
  }
  const count = Math.min(image.u32(address + countAt), MAX_EXIT_CALLBACKS);
  if (count === 0 || image.bytes(callbacks + (count - 1) * WORD, WORD) === undefined) return;
  for (let i = 0; i < count; i++) {
    const callback = image.pointer(callbacks + i * WORD);
    if (callback === 0) continue;
    for (let part = 0; part < EXIT_CALLBACK_PARTS; part++) {
      add(image.pointer(callback + part * WORD), RootKind.hooks, 'atexit');
    }
  }
}

function addStaticTypes(image: MemoryImage, interpreter: InterpreterState, add: AddRoot): void {
  const nameAt = interpreter.layout.need('PyTypeObject.tp_name');
  for (const { type, dict, subclasses } of readStaticTypes(image, interpreter)) {
    const name = image.cString(image.pointer(type + nameAt), 128) ?? 'type';
    add(type, RootKind.static, name);
    add(dict, RootKind.static, `${name}.__dict__`);
    add(subclasses, RootKind.static, `subclasses of ${name}`);
  }
}

/** Deeper nesting of exception handlers than the recursion limit allows. */
const MAX_HANDLED = 1 << 17;

/** The exceptions being handled: a chain of items in generators and the thread state. */
function addExceptions(image: MemoryImage, layout: Layout, thread: Address, problems: ProblemLog, add: AddRoot): void {
  const fields = ['exc_type', 'exc_value', 'exc_traceback']
    .map((field) => layout.at(`_PyErr_StackItem.${field}`))
    .filter((offset) => offset >= 0);
  const previous = layout.need('_PyErr_StackItem.previous_item');
  const seen = new Set<Address>();
  let item = image.pointer(thread + layout.need('PyThreadState.exc_info'));
  while (item !== 0) {
    if (seen.has(item) || seen.size >= MAX_HANDLED) {
      problems.addAt('exception-chain', 'the chain of handled exceptions does not end', item);
      return;
    }
    seen.add(item);
    for (const offset of fields) add(image.pointer(item + offset), RootKind.thread, 'exception being handled');
    item = image.pointer(item + previous);
  }
}

/** Before 3.12 the dict of interned strings was a static variable; later ones are fields of the interpreter. */
function addInternedStrings(
  image: MemoryImage,
  layout: Layout,
  symbols: Readonly<Record<string, Address>>,
  add: AddRoot,
): void {
  const variable = symbols.interned;
  if (layout.minor < 12 && variable !== undefined) add(image.pointer(variable), RootKind.interned, 'interned strings');
}
