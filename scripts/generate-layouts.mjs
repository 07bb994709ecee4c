#!/usr/bin/env node
// Turns offset tables extracted from debug information into src/cpython/layouts/generated/*.ts, one per minor version.
// Input: a directory of <version>[t][a64].json files, each { struct: { sizeof, fields: [[flattened name, offset, type]] } }
// (`t` = free-threaded, `a64` = aarch64; offsets are numbers, or 'byte:bit+width' for bit fields).
// The output is committed: nothing reads the input at run time.
//
//   node scripts/generate-layouts.mjs --from DIR

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const OLDEST_MINOR = 8;
const OUTPUT = join(dirname(fileURLToPath(import.meta.url)), '..', 'src', 'cpython', 'layouts', 'generated');

/** Structures kept, by their name in CPython's sources without `struct`. */
const STRUCTS = `
  PyObject PyVarObject PyTypeObject PyHeapTypeObject PyMemberDef
  PyListObject PyTupleObject PySetObject setentry
  PyDictObject PyDictKeysObject PyDictKeyEntry PyDictUnicodeEntry PyDictValues
  PyASCIIObject PyCompactUnicodeObject PyUnicodeObject PyBytesObject PyByteArrayObject PyLongObject PyFloatObject
  PyCellObject PyFunctionObject PyMethodObject PyInstanceMethodObject PyCFunctionObject PyCMethodObject
  PyModuleObject PyModuleDef PyCodeObject PyFrameObject _PyInterpreterFrame _PyStackChunk _PyCFrame _PyStackRef
  PyThreadState _PyThreadStateImpl PyInterpreterState _PyRuntimeState pyinterpreters
  PyGenObject PyCoroObject PyAsyncGenObject PyAsyncGenASend
  PyWeakReference PyDescrObject PyMemberDescrObject PyGetSetDescrObject PyMethodDescrObject PyWrapperDescrObject
  wrapperobject propertyobject staticmethod classmethod superobject mappingproxyobject
  dequeobject BLOCK defdictobject PyODictObject _ODictNode lru_cache_object lru_list_elem partialobject
  PyBaseExceptionObject PyTracebackObject PySliceObject PyCapsule
  _gc_runtime_state gc_generation PyGC_Head gc_stats _gc_thread_state
  arena_object pool_header _obmalloc_state _obmalloc_global_state arena_map_mid_t arena_map_bot_t arena_coverage_t
  _PyTraceMalloc_Config _tracemalloc_runtime_state traceback_t frame_t trace_t _Py_hashtable_t _Py_hashtable_entry_t
  PyMemoryViewObject _PyManagedBufferObject _Py_DebugOffsets _PyErr_StackItem
  reversedobject enumobject _PyTupleIterObject _PyListIterObject _PyDictViewObject dictiterobject setiterobject
  seqiterobject chainobject countobject cycleobject zipobject mapobject filterobject teeobject teedataobject
  groupbyobject repeatobject gaobject typealiasobject typevarobject unionobject
  PyContext PyContextVar PyContextToken PyLazyImportObject
  mi_heap_t mi_page_t mi_segment_t mi_tld_t _mimalloc_thread_state _mimalloc_interp_state
  llist_node managed_static_type_state types_state TaskObj FutureObj TaskStepMethWrapper asyncio_state
`
  .trim()
  .split(/\s+/);

/** Of the largest structures only the fields that match; elsewhere every field is kept. */
const FIELD_FILTERS = {
  PyInterpreterState:
    /^(next|id|runtime|threads\.(head|main|count)|_?finalizing(\._value)?|gc(\.\w+)?|sysdict(_copy)?|builtins(_copy)?|dict|imports\.\w+|codecs\.\w+|before_forkers|after_forkers_\w+|warnings\.\w+|atexit(\.\w+)?|pyexit\w+|ceval|ceval\.gil|_gil(\.(locked|last_holder)(\._value)?)?|obmalloc|mimalloc|asyncio_tasks_head|types|types\.(num_builtins_initialized|(builtins|for_extensions)(\.\w+)?)|cached_objects(\.\w+)?|callable_cache(\.\w+)?|common_consts|interpreter_trampoline|monitoring_callables|monitoring_tool_names|config\.remote_debug|static_objects|_initial_thread|unicode|unicode\.(ids|unused_interned|latin1|empty_string)|small_ints|exc_state(\.\w+)?|ast|audit_hooks|type_cache|slice_cache|_code_object_generation|int_max_str_digits)$/,
  _PyRuntimeState:
    /^(debug_offsets|interpreters\.(head|main|next_id)|gc(\.\w+)?|ceval|ceval\.gil(\.(locked|last_holder)(\._value)?)?|gilstate|gilstate\.tstate_current(\._value)?|tracemalloc(\.\w+(\.(initialized|tracing|max_nframe))?)?|obmalloc|static_objects|global_objects|cached_objects|cached_objects\.interned_strings|types(\.\w+)?|main_thread|main_tstate|_?finalizing|xidregistry\.head|audit_hook_head|audit_hooks\.head|_main_interpreter)$/,
  _PyThreadStateImpl:
    /^(base|base_frame|gc|gc\.\w+|mimalloc|mimalloc\.(heaps|current_object_heap|tld|page_list|initialized)|qsbr|asyncio_\w+|refcounts|brc|freelists|llist\w*)$/,
  _mimalloc_thread_state: /^(heaps|current_object_heap|tld|page_list|initialized)$/,
  mi_tld_t: /^(heap\w*|heartbeat|recurse|segments)$/,
  PyHeapTypeObject: /^(ht_(?!type)\w+|_ht_tpname|_spec_cache)$/,
};

/** Fields of no interest wherever they stand: lock internals, embedded frames, allocator hooks, padding. */
const DROPPED_FIELDS =
  /(^|\.)(_aligner|ob_refcnt_full|__data|cond|mutex|switch_cond|switch_mutex|allocators|alloc|stats)(\.|$)|(^|\.)$|^(gi|cr|ag)_iframe\.|^gi_exc_state\.|^_status\.|^trace_info\.|^remote_debugger_support\.|^state\.ready$|__value/;

/** The only structures that list the object header's fields; a layout finds them under every other name too. */
const HEADER_STRUCTS = ['PyObject', '_Py_DebugOffsets'];

/** Where a field of an embedded base lies directly in its owner: the prefix says nothing. */
const BASE_PREFIXES = ['ob_base.', '_base.', 'd_common.', 'od_dict.', 'm_base.'];
const BASE_PREFIXES_BY_STRUCT = { defdictobject: ['dict.'], PyCMethodObject: ['func.'] };

/** Older name → the newest name for the same thing. */
const RENAMED_FIELDS = {
  PyInterpreterState: {
    tstate_head: 'threads.head',
    threads_main: 'threads.main',
    modules: 'imports.modules',
    modules_by_index: 'imports.modules_by_index',
    importlib: 'imports.importlib',
    import_func: 'imports.import_func',
    codec_search_path: 'codecs.search_path',
    codec_search_cache: 'codecs.search_cache',
    codec_error_registry: 'codecs.error_registry',
  },
  PyThreadState: { trash_delete_later: 'delete_later', 'trash.delete_later': 'delete_later' },
  _PyInterpreterFrame: { f_code: 'f_executable', f_func: 'f_funcobj', prev_instr: 'instr_ptr' },
};
/** 3.12 kept the states of static types in a bare array beside its count. */
const BARE_STATIC_TYPES = { num_builtins_initialized: 'builtins.num_initialized', builtins: 'builtins.initialized' };
const STATIC_TYPE_STATE_312 = {
  size: 40,
  fields: { type: '0', readying: '8', ready: '12', tp_dict: '16', tp_subclasses: '24', tp_weaklist: '32' },
};

const RENAMED_STRUCTS = { listiterobject: '_PyListIterObject' };

/** Structures of the stable ABI, the same in every version. */
const STABLE_STRUCTS = {
  PyMethodDef: { size: 32, fields: { ml_name: '0', ml_meth: '8', ml_flags: '16', ml_doc: '24' } },
};

/** `asyncio` is a shared module where it is missing, so its structures come from another build of the same minor. */
const BORROWED_STRUCTS = ['TaskObj', 'FutureObj', 'TaskStepMethWrapper', 'asyncio_state'];

function readBuild(directory, file) {
  const match = /^3\.(\d+)\.(\d+)(t?)(a64)?\.json$/.exec(file);
  if (match === null || Number(match[1]) < OLDEST_MINOR) return undefined;
  const raw = JSON.parse(readFileSync(join(directory, file), 'utf8'));
  const structs = {};
  for (const [rawName, description] of Object.entries(raw)) {
    const bare = rawName.replace(/^struct /, '');
    const name = RENAMED_STRUCTS[bare] ?? bare;
    if (STRUCTS.includes(name)) structs[name] = canonicalStruct(name, description);
  }
  if (structs.types_state?.fields.num_builtins_initialized !== undefined) {
    structs.managed_static_type_state = STATIC_TYPE_STATE_312;
    renameFields(structs.types_state, '', BARE_STATIC_TYPES);
    renameFields(structs.PyInterpreterState, 'types.', BARE_STATIC_TYPES);
  }
  // Tuple iterators were private to their file before 3.12; they have always had the fields of list iterators.
  structs._PyTupleIterObject ??= structs._PyListIterObject;
  return {
    minor: Number(match[1]),
    micro: Number(match[2]),
    freeThreaded: match[3] === 't',
    arch: match[4] === undefined ? 'x86-64' : 'aarch64',
    derived: false,
    structs: { ...structs, ...STABLE_STRUCTS },
  };
}

function renameFields(struct, prefix, names) {
  for (const [from, to] of Object.entries(names)) {
    struct.fields[prefix + to] = struct.fields[prefix + from];
    delete struct.fields[prefix + from];
  }
}

function canonicalStruct(name, description) {
  const fields = {};
  for (const [flattened, offset, type] of description.fields) {
    const field = canonicalField(name, flattened);
    if (field === undefined || field in fields) continue;
    const size = /\[(\d+)\]$/.exec(type)?.[1];
    fields[field] = String(offset) + (size === undefined ? '' : `#${size}`);
  }
  return { size: description.sizeof, fields };
}

function canonicalField(struct, flattened) {
  let field = flattened;
  const prefixes = [...BASE_PREFIXES, ...(BASE_PREFIXES_BY_STRUCT[struct] ?? [])];
  const isPrefixed = (prefix) => field.startsWith(prefix);
  while (prefixes.some(isPrefixed)) field = field.slice(prefixes.find(isPrefixed).length);
  if (prefixes.includes(`${field}.`)) return undefined;
  if (
    !HEADER_STRUCTS.includes(struct) &&
    /(^|\.)ob_(base|type|refcnt|overflow|flags|tid|mutex|gc_bits|ref_\w+)/.test(field)
  ) {
    return undefined;
  }
  field = RENAMED_FIELDS[struct]?.[field] ?? field;
  field = field.replace(/\.(bits|_value)$/, '');
  if (DROPPED_FIELDS.test(field)) return undefined;
  const filter = FIELD_FILTERS[struct];
  return filter === undefined || filter.test(field) ? field : undefined;
}

const offsetOf = (text) => Number(/^\d+/.exec(text)[0]);
const shifted = (text, by) => text.replace(/^\d+/, (digits) => String(Number(digits) + by));

function sameMinor(builds, build) {
  return builds.filter((b) => b.minor === build.minor && b !== build && !b.derived);
}

/** Fills in what is missing from the nearest micro release of the same kind. */
function borrowStructs(builds) {
  for (const build of builds) {
    const donors = sameMinor(builds, build)
      .filter((b) => b.freeThreaded === build.freeThreaded)
      .sort((a, b) => Math.abs(a.micro - build.micro) - Math.abs(b.micro - build.micro));
    for (const name of BORROWED_STRUCTS) {
      build.structs[name] ??= donors.find((d) => d.structs[name] !== undefined)?.structs[name];
      if (build.structs[name] === undefined) delete build.structs[name];
    }
  }
}

/**
 * The free-threaded build of `gil`'s release, moved field by field as free-threading moves the fields of a release
 * measured both ways. A field known to one side only moves with the known field before it.
 * mimalloc's own structures are left out: they were replaced between the two releases.
 */
function combineFreeThreaded(gil, measuredGil, measuredFree) {
  const structs = {};
  for (const [name, struct] of Object.entries(gil.structs)) {
    if (name.startsWith('mi_')) continue;
    const from = measuredGil.structs[name];
    const to = measuredFree.structs[name];
    if (from === undefined || to === undefined) {
      structs[name] = /object$/i.test(name) ? moveStruct(struct, 16) : struct;
      continue;
    }
    structs[name] = {
      size: struct.size + to.size - from.size,
      fields: {
        ...moveFields(struct.fields, from.fields, to.fields),
        ...extraFields(struct.fields, from.fields, to.fields),
      },
    };
  }
  return { ...gil, freeThreaded: true, derived: true, structs };
}

function moveStruct(struct, by) {
  const fields = Object.entries(struct.fields).map(([field, text]) => [field, shifted(text, by)]);
  return { size: struct.size + by, fields: Object.fromEntries(fields) };
}

/** Every field of `fields`, moved as far as `from` and `to` say. */
function moveFields(fields, from, to) {
  const moved = {};
  const anchors = byOffset(fields).filter(([field]) => field in from && field in to);
  for (const [field, text] of Object.entries(fields)) {
    const anchor =
      field in from && field in to ? field : anchors.filter(([, t]) => offsetOf(t) <= offsetOf(text)).at(-1)?.[0];
    if (anchor === undefined) {
      moved[field] = text;
      continue;
    }
    // Bit fields may be laid out anew (the string state of 3.14t): an unmoved field takes the whole new description.
    moved[field] =
      anchor === field && text === from[field]
        ? to[field]
        : shifted(text, offsetOf(to[anchor]) - offsetOf(from[anchor]));
  }
  return moved;
}

/** The fields only `to` has, moved as far as `fields` lies from `from` at the known field before them. */
function extraFields(fields, from, to) {
  const extra = {};
  const anchors = byOffset(to).filter(([field]) => field in fields && field in from);
  for (const [field, text] of Object.entries(to)) {
    if (field in from || field in fields) continue;
    const anchor = anchors.filter(([, t]) => offsetOf(t) <= offsetOf(text)).at(-1)?.[0];
    const delta = anchor === undefined ? 0 : offsetOf(fields[anchor]) - offsetOf(from[anchor]);
    extra[field] = shifted(text, delta);
  }
  return extra;
}

const byOffset = (fields) => Object.entries(fields).sort((a, b) => offsetOf(a[1]) - offsetOf(b[1]));

/** aarch64 where only x86-64 was measured: the interpreter lock holds two mutexes of 48 bytes instead of 40. */
function deriveAarch64(build) {
  const structs = { ...build.structs };
  const grow = (name, lock) => {
    const struct = structs[name];
    const at = struct?.fields[lock];
    if (at === undefined) return;
    const fields = Object.entries(struct.fields).map(([field, text]) => [
      field,
      field.startsWith(lock) || offsetOf(text) <= offsetOf(at) ? text : shifted(text, 16),
    ]);
    structs[name] = { size: struct.size + 16, fields: Object.fromEntries(fields) };
  };
  if (build.minor <= 11) grow('_PyRuntimeState', 'ceval.gil');
  else grow('PyInterpreterState', '_gil');
  return { ...build, arch: 'aarch64', derived: true, structs };
}

function deriveMissing(builds) {
  const find = (minor, micro, freeThreaded, arch = 'x86-64') =>
    builds.find((b) => b.minor === minor && b.micro === micro && b.freeThreaded === freeThreaded && b.arch === arch);
  const derived = [];
  const gil14 = find(14, 4, false);
  const free14 = find(14, 4, true);
  if (gil14 !== undefined && free14 !== undefined) {
    for (const [minor, micro] of [
      [14, 10],
      [15, 2],
    ]) {
      const gil = find(minor, micro, false);
      if (gil !== undefined) derived.push(combineFreeThreaded(gil, gil14, free14));
    }
  }
  for (const build of builds) {
    if (build.arch !== 'x86-64' || build.freeThreaded) continue;
    if (!builds.some((b) => b.minor === build.minor && b.arch === 'aarch64')) derived.push(deriveAarch64(build));
  }
  return derived;
}

function source(minor, builds) {
  const groups = [false, true].map((freeThreaded) => builds.filter((b) => b.freeThreaded === freeThreaded));
  const lines = [
    `// Offsets of CPython 3.${minor}, in bytes. Generated by scripts/generate-layouts.mjs; do not edit.`,
    '',
    "import type { LayoutBuild, StructTable } from '../layout-build.ts';",
    '',
  ];
  const entries = [];
  for (const [index, group] of groups.entries()) {
    if (group.length === 0) continue;
    const constant = index === 0 ? 'shared' : 'sharedFreeThreaded';
    const encoded = group.map((b) => encodeStructs(b.structs));
    const shared = Object.entries(encoded[0]).filter(([name, text]) => encoded.every((e) => e[name] === text));
    const sharedNames = new Set(shared.map(([name]) => name));
    lines.push(`const ${constant}: StructTable = {`, ...shared.map(structLine('  ')), '};', '');
    for (const [i, build] of group.entries()) {
      const own = Object.entries(encoded[i]).filter(([name]) => !sharedNames.has(name));
      const versionHex = ((3 << 24) | (build.minor << 16) | (build.micro << 8) | 0xf0) >>> 0;
      entries.push(
        '  {',
        `    version: '3.${build.minor}.${build.micro}',`,
        `    versionHex: 0x${versionHex.toString(16)},`,
        `    freeThreaded: ${build.freeThreaded},`,
        `    arch: '${build.arch}',`,
        `    derived: ${build.derived},`,
        '    structs: {',
        `      ...${constant},`,
        ...own.map(structLine('      ')),
        '    },',
        '  },',
      );
    }
  }
  return [...lines, 'export const builds: readonly LayoutBuild[] = [', ...entries, '];', ''].join('\n');
}

const structLine =
  (indent) =>
  ([name, text]) =>
    `${indent}${name}: '${text}',`;

function encodeStructs(structs) {
  const encoded = {};
  for (const name of Object.keys(structs).sort()) {
    const fields = byOffset(structs[name].fields).map(([field, text]) => `${field}=${text}`);
    encoded[name] = [structs[name].size, ...fields].join(' ');
  }
  return encoded;
}

function main() {
  const { values } = parseArgs({ options: { from: { type: 'string' } } });
  if (values.from === undefined) {
    console.error('usage: node scripts/generate-layouts.mjs --from DIR');
    process.exitCode = 2;
    return;
  }
  const measured = readdirSync(values.from)
    .map((file) => readBuild(values.from, file))
    .filter((build) => build !== undefined);
  borrowStructs(measured);
  const builds = [...measured, ...deriveMissing(measured)];
  builds.sort(
    (a, b) =>
      a.minor - b.minor ||
      Number(a.freeThreaded) - Number(b.freeThreaded) ||
      a.micro - b.micro ||
      b.arch.localeCompare(a.arch),
  );
  mkdirSync(OUTPUT, { recursive: true });
  for (const minor of new Set(builds.map((b) => b.minor))) {
    const path = join(OUTPUT, `python-3-${minor}.ts`);
    writeFileSync(
      path,
      source(
        minor,
        builds.filter((b) => b.minor === minor),
      ),
    );
    console.log(path);
  }
}

main();
