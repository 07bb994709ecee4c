// What the interpreter says about its own structures since 3.13: _Py_DebugOffsets, the first member of the runtime.
// Compared with a known build, and used to fit one where no known build agrees.

import type { Address } from '../graph/heap-graph.ts';
import { Layout } from './layout.ts';
import type { LayoutBuild } from './layouts/layout-build.ts';
import type { MemoryImage } from './memory-image.ts';

/** `xdebugpy`, then the version and free-threading as 64-bit words. */
const COOKIE = 'xdebugpy';
const VERSION_AT = 8;
const FREE_THREADED_AT = 16;

export interface DebugOffsets {
  readonly versionHex: number;
  readonly freeThreaded: boolean;
}

/** The head of the offsets at the runtime's address; undefined where there are none (before 3.13). */
export function readDebugOffsets(image: MemoryImage, runtimeAddress: Address): DebugOffsets | undefined {
  const bytes = image.bytes(runtimeAddress, COOKIE.length);
  if (bytes === undefined || String.fromCharCode(...bytes) !== COOKIE) return undefined;
  return {
    versionHex: image.u64(runtimeAddress + VERSION_AT),
    freeThreaded: image.u64(runtimeAddress + FREE_THREADED_AT) !== 0,
  };
}

/** Group of _Py_DebugOffsets → the structure it describes and its members there, where the names differ. */
const GROUPS: Readonly<Record<string, { readonly struct: string; readonly names?: Readonly<Record<string, string>> }>> =
  {
    runtime_state: {
      struct: '_PyRuntimeState',
      names: { finalizing: '_finalizing', interpreters_head: 'interpreters.head' },
    },
    interpreter_state: {
      struct: 'PyInterpreterState',
      names: {
        threads_head: 'threads.head',
        threads_main: 'threads.main',
        imports_modules: 'imports.modules',
        ceval_gil: 'ceval.gil',
        gil_runtime_state: '_gil',
        gil_runtime_state_locked: '_gil.locked',
        gil_runtime_state_holder: '_gil.last_holder',
        code_object_generation: '_code_object_generation',
      },
    },
    thread_state: { struct: 'PyThreadState' },
    interpreter_frame: { struct: '_PyInterpreterFrame', names: { executable: 'f_executable' } },
    code_object: {
      struct: 'PyCodeObject',
      names: {
        filename: 'co_filename',
        name: 'co_name',
        qualname: 'co_qualname',
        linetable: 'co_linetable',
        firstlineno: 'co_firstlineno',
        argcount: 'co_argcount',
        localsplusnames: 'co_localsplusnames',
        localspluskinds: 'co_localspluskinds',
      },
    },
    pyobject: { struct: 'PyObject' },
    type_object: { struct: 'PyTypeObject' },
    heap_type_object: { struct: 'PyHeapTypeObject' },
    tuple_object: { struct: 'PyTupleObject' },
    list_object: { struct: 'PyListObject' },
    set_object: { struct: 'PySetObject' },
    dict_object: { struct: 'PyDictObject' },
    float_object: { struct: 'PyFloatObject' },
    long_object: { struct: 'PyLongObject', names: { lv_tag: 'long_value.lv_tag', ob_digit: 'long_value.ob_digit' } },
    bytes_object: { struct: 'PyBytesObject' },
    unicode_object: { struct: 'PyUnicodeObject' },
    gc: { struct: '_gc_runtime_state' },
    gen_object: { struct: 'PyGenObject' },
  };

/** One statement of the interpreter that a layout contradicts. */
export interface OffsetMismatch {
  readonly struct: string;
  /** `size`, or the field's name. */
  readonly field: string;
  readonly expected: number;
  readonly actual: number;
}

/** The offsets and sizes in which `layout` differs from what the runtime in memory says. */
export function debugOffsetMismatches(image: MemoryImage, layout: Layout, runtimeAddress: Address): OffsetMismatch[] {
  return statements(image, layout, runtimeAddress).filter(({ expected, actual }) => expected !== actual);
}

/** All statements of the runtime about fields that `layout` knows. */
function statements(image: MemoryImage, layout: Layout, runtimeAddress: Address): OffsetMismatch[] {
  const found: OffsetMismatch[] = [];
  for (const member of layout.fieldsOf('_Py_DebugOffsets')) {
    const dot = member.indexOf('.');
    const group = dot < 0 ? undefined : GROUPS[member.slice(0, dot)];
    if (group === undefined) continue;
    const name = member.slice(dot + 1);
    const field = group.names?.[name] ?? name;
    const expected = field === 'size' ? layout.sizeof(group.struct) : layout.at(`${group.struct}.${field}`);
    if (expected < 0) continue;
    const actual = image.u64(runtimeAddress + layout.need(`_Py_DebugOffsets.${member}`));
    found.push({ struct: group.struct, field, expected, actual });
  }
  return found;
}

/**
 * A build for a release between known ones: each structure from the first of `builds` (likeliest first) that agrees
 * with the runtime; where none does, the first one's fields moved with the field before them that the runtime names.
 */
export function fitToDebugOffsets(
  image: MemoryImage,
  builds: readonly LayoutBuild[],
  runtimeAddress: Address,
): LayoutBuild {
  const nearest = builds[0]!;
  const structs: Record<string, string> = { ...nearest.structs };
  const layouts = builds.map((build) => new Layout(build));
  const disputed = (layout: Layout): Set<string> =>
    new Set(debugOffsetMismatches(image, layout, runtimeAddress).map(({ struct }) => struct));
  const disagreements = layouts.map(disputed);
  for (const struct of disagreements[0]!) {
    const agreeing = builds.find((build, i) => build.structs[struct] !== undefined && !disagreements[i]!.has(struct));
    const said = statements(image, layouts[0]!, runtimeAddress).filter((statement) => statement.struct === struct);
    structs[struct] = agreeing?.structs[struct] ?? moveFields(structs[struct]!, said);
  }
  return { ...nearest, derived: true, structs };
}

/** Rewrites a structure's line (see StructTable) so that the fields named in `said` lie where they were seen. */
function moveFields(text: string, said: readonly OffsetMismatch[]): string {
  const anchors = said.filter(({ field }) => field !== 'size').sort((a, b) => a.expected - b.expected);
  const size = said.find(({ field }) => field === 'size')?.actual;
  const [oldSize, ...fields] = text.split(' ');
  const moved = fields.map((field) =>
    field.replace(/=(\d+)/, (_, digits: string) => {
      const offset = Number(digits);
      const anchor = anchors.findLast(({ expected }) => expected <= offset);
      return `=${offset + (anchor === undefined ? 0 : anchor.actual - anchor.expected)}`;
    }),
  );
  return [size ?? oldSize, ...moved].join(' ');
}
