// The interpreters of a process and their state: where each keeps its modules, threads, collector and static types.
// Roots are listed in interpreter-roots.ts, threads in thread-state.ts, the collector in collector-state.ts.

import type { ProblemLog } from '../base/problems.ts';
import type { Address } from '../graph/heap-graph.ts';
import type { Layout } from './layout.ts';
import type { MemoryImage } from './memory-image.ts';

/** One interpreter (PyInterpreterState): the main one or a sub-interpreter. */
export interface InterpreterState {
  readonly layout: Layout;
  readonly address: Address;
  readonly runtimeAddress: Address;
  /** 0 for the main interpreter. */
  readonly id: number;
  /** The _gc_runtime_state; 3.8 has one for all interpreters. */
  readonly collectorAddress: Address;
  /** sys.modules. */
  readonly modules: Address;
  /** sys.__dict__. */
  readonly sysDict: Address;
  /** builtins.__dict__. */
  readonly builtins: Address;
}

/** A guard against a torn or looping list; sub-interpreters are few. */
const MAX_INTERPRETERS = 4096;

/** All interpreters, the main one first. */
export function listInterpreters(
  image: MemoryImage,
  layout: Layout,
  runtimeAddress: Address,
  problems: ProblemLog,
): InterpreterState[] {
  const next = layout.need('PyInterpreterState.next');
  const seen = new Set<Address>();
  const states: InterpreterState[] = [];
  let address = image.pointer(runtimeAddress + layout.need('_PyRuntimeState.interpreters.head'));
  while (address !== 0) {
    if (seen.has(address) || seen.size >= MAX_INTERPRETERS) {
      problems.addAt('interpreter-list', 'the list of interpreters does not end', address);
      break;
    }
    seen.add(address);
    states.push(readInterpreterState(image, layout, runtimeAddress, address));
    address = image.pointer(address + next);
  }
  return states.sort((a, b) => a.id - b.id);
}

export function readInterpreterState(
  image: MemoryImage,
  layout: Layout,
  runtimeAddress: Address,
  address: Address,
): InterpreterState {
  const pointer = (field: string): Address => image.pointer(address + layout.need(`PyInterpreterState.${field}`));
  const ownCollector = layout.at('PyInterpreterState.gc');
  return {
    layout,
    address,
    runtimeAddress,
    id: image.i64(address + layout.need('PyInterpreterState.id')),
    collectorAddress: ownCollector >= 0 ? address + ownCollector : runtimeAddress + layout.need('_PyRuntimeState.gc'),
    modules: pointer('imports.modules'),
    sysDict: pointer('sysdict'),
    builtins: pointer('builtins'),
  };
}

/** What an interpreter keeps about a static type (3.12 on; before, the type object itself holds it). */
export interface StaticTypeState {
  readonly type: Address;
  /** `__dict__`. */
  readonly dict: Address;
  /** Dict of weak references to subclasses, or 0. */
  readonly subclasses: Address;
  /** First weak reference to the type, or 0. */
  readonly weakList: Address;
}

/** Py_TPFLAGS _STATIC_BUILTIN: the type's dict and subclasses are kept by each interpreter. */
const FLAG_STATIC_BUILTIN = 1 << 1;
/** tp_subclasses of such a type is its index plus one: above this it is a pointer. */
const MAX_STATIC_TYPES = 4096;
const STATIC_TYPE_TABLES = ['builtins', 'for_extensions'] as const;

/** The static types whose state this interpreter keeps; empty before 3.12. */
export function readStaticTypes(image: MemoryImage, interpreter: InterpreterState): StaticTypeState[] {
  const states: StaticTypeState[] = [];
  for (const table of STATIC_TYPE_TABLES) {
    const { address, capacity, recordSize } = staticTypeTable(interpreter, table);
    for (let i = 0; i < capacity; i++) {
      const state = readStaticType(image, interpreter.layout, address + i * recordSize);
      if (state.type !== 0) states.push(state);
    }
  }
  return states;
}

/**
 * `__dict__` of any type object, or 0: static types have theirs in the interpreter since 3.12, all others in the type.
 */
export function staticTypeDict(image: MemoryImage, interpreter: InterpreterState, type: Address): Address {
  const { layout } = interpreter;
  const own = image.pointer(type + layout.need('PyTypeObject.tp_dict'));
  return own !== 0 ? own : (staticTypeState(image, interpreter, type)?.dict ?? 0);
}

/** The interpreter's record of a static type; undefined for heap types, before 3.12, and for a record of another type. */
export function staticTypeState(
  image: MemoryImage,
  interpreter: InterpreterState,
  type: Address,
): StaticTypeState | undefined {
  const { layout } = interpreter;
  if (layout.minor < 12) return undefined;
  if ((image.u32(type + layout.need('PyTypeObject.tp_flags')) & FLAG_STATIC_BUILTIN) === 0) return undefined;
  let index = image.u64(type + layout.need('PyTypeObject.tp_subclasses')) - 1;
  if (!(index >= 0 && index < MAX_STATIC_TYPES)) return undefined;
  for (const table of STATIC_TYPE_TABLES) {
    const { address, capacity, recordSize } = staticTypeTable(interpreter, table);
    if (index < capacity) {
      const state = readStaticType(image, layout, address + index * recordSize);
      return state.type === type ? state : undefined;
    }
    index -= capacity;
  }
  return undefined;
}

function staticTypeTable(
  interpreter: InterpreterState,
  table: (typeof STATIC_TYPE_TABLES)[number],
): { address: Address; capacity: number; recordSize: number } {
  const { layout, address } = interpreter;
  const path = `PyInterpreterState.types.${table}.initialized`;
  if (!layout.has(path)) return { address: 0, capacity: 0, recordSize: 0 };
  const recordSize = layout.sizeof('managed_static_type_state');
  return { address: address + layout.need(path), capacity: layout.fieldSize(path) / recordSize, recordSize };
}

function readStaticType(image: MemoryImage, layout: Layout, record: Address): StaticTypeState {
  const pointer = (field: string): Address => image.pointer(record + layout.need(`managed_static_type_state.${field}`));
  return {
    type: pointer('type'),
    dict: pointer('tp_dict'),
    subclasses: pointer('tp_subclasses'),
    weakList: pointer('tp_weaklist'),
  };
}
