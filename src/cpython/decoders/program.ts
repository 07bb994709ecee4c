// The program itself: modules, classes, functions, methods, code objects, descriptors, closures.

import { type Address, EdgeKind } from '../../graph/heap-graph.ts';
import { type EdgeVisitor, fieldId } from '../edge-visitor.ts';
import type { Layout } from '../layout.ts';
import { type DecodeContext, isReadableArray } from './decode-context.ts';
import { type DictOffsets, readKeysTable } from './dicts.ts';
import { type NamedOffset, presentFields, visitFields } from './field-references.ts';

/** METH_METHOD: the builtin carries its defining class. */
const METH_METHOD = 0x0200;
/** Module states larger than this are forged. */
const MODULE_STATE_LIMIT = 1 << 20;

const F = {
  dict: fieldId('__dict__'),
  globals: fieldId('__globals__'),
  builtins: fieldId('__builtins__'),
  name: fieldId('__name__'),
  qualname: fieldId('__qualname__'),
  code: fieldId('__code__'),
  defaults: fieldId('__defaults__'),
  kwdefaults: fieldId('__kwdefaults__'),
  closure: fieldId('__closure__'),
  doc: fieldId('__doc__'),
  module: fieldId('__module__'),
  annotations: fieldId('__annotations__'),
  typeParams: fieldId('__type_params__'),
  self: fieldId('__self__'),
  func: fieldId('__func__'),
  cell: fieldId('cell_contents'),
  bases: fieldId('__bases__'),
  base: fieldId('__base__'),
  mro: fieldId('__mro__'),
  slots: fieldId('__slots__'),
  subclasses: fieldId('subclasses'),
  consts: fieldId('co_consts'),
  names: fieldId('co_names'),
  klass: fieldId('__class__'),
  cache: fieldId('cache'),
} as const;

/** Name of a weak reference's callback. */
export const CALLBACK_FIELD = fieldId('__callback__');

/** Fields of the program's objects in one layout; absent ones are left out. */
export interface ProgramOffsets {
  readonly function: readonly NamedOffset[];
  readonly functionDefaults: number;
  readonly functionDict: number;
  readonly functionClosure: number;
  readonly functionCode: number;
  readonly method: readonly NamedOffset[];
  readonly builtin: readonly NamedOffset[];
  readonly builtinMethodDef: number;
  readonly methodDefFlags: number;
  readonly builtinClass: number;
  readonly moduleDict: number;
  readonly moduleDef: number;
  readonly moduleState: number;
  readonly moduleStateSize: number;
  readonly moduleDefSize: number;
  readonly moduleOther: readonly NamedOffset[];
  readonly code: readonly NamedOffset[];
  readonly codeFreeVariables: number;
  readonly codeLocalsPlusNames: number;
  readonly codeLocalsPlusKinds: number;
  readonly codeExtra: readonly number[];
  readonly type: readonly NamedOffset[];
  readonly typeDict: number;
  readonly typeHeap: readonly NamedOffset[];
  readonly typeCachedKeys: number;
  /** Texts that a class keeps in blocks of their own. */
  readonly typeTexts: readonly number[];
  readonly typeSize: number;
  readonly cell: number;
  readonly descriptor: readonly NamedOffset[];
  readonly tupleItems: number;
  readonly tupleSize: number;
  readonly bytesData: number;
}

export function programOffsets(layout: Layout): ProgramOffsets {
  const present = (struct: string, rows: readonly (readonly [string, number])[]): NamedOffset[] =>
    presentFields(layout, struct, rows);
  return {
    function: present('PyFunctionObject', [
      ['func_globals', F.globals],
      ['func_builtins', F.builtins],
      ['func_name', F.name],
      ['func_qualname', F.qualname],
      ['func_code', F.code],
      ['func_defaults', F.defaults],
      ['func_kwdefaults', F.kwdefaults],
      ['func_doc', F.doc],
      ['func_dict', F.dict],
      ['func_module', F.module],
      ['func_annotations', F.annotations],
      ['func_annotate', F.annotations],
      ['func_typeparams', F.typeParams],
    ]),
    functionDefaults: layout.at('PyFunctionObject.func_defaults'),
    functionDict: layout.at('PyFunctionObject.func_dict'),
    functionClosure: layout.at('PyFunctionObject.func_closure'),
    functionCode: layout.at('PyFunctionObject.func_code'),
    method: present('PyMethodObject', [
      ['im_func', F.func],
      ['im_self', F.self],
    ]),
    builtin: present('PyCFunctionObject', [
      ['m_self', F.self],
      ['m_module', F.module],
    ]),
    builtinMethodDef: layout.at('PyCFunctionObject.m_ml'),
    methodDefFlags: layout.at('PyMethodDef.ml_flags'),
    builtinClass: layout.at('PyCMethodObject.mm_class'),
    moduleDict: layout.at('PyModuleObject.md_dict'),
    moduleDef: layout.at('PyModuleObject.md_def'),
    moduleState: layout.at('PyModuleObject.md_state'),
    moduleStateSize: layout.at('PyModuleObject.md_state_size'),
    moduleDefSize: layout.at('PyModuleDef.m_size'),
    moduleOther: present('PyModuleObject', [['md_name', F.name]]),
    code: present('PyCodeObject', [
      ['co_code', F.code],
      ['co_consts', F.consts],
      ['co_names', F.names],
      ['co_varnames', F.names],
      ['co_freevars', F.names],
      ['co_cellvars', F.names],
      ['co_exceptiontable', F.code],
      ['co_localsplusnames', F.names],
      ['co_localspluskinds', F.names],
      ['co_filename', F.name],
      ['co_name', F.name],
      ['co_qualname', F.qualname],
      ['co_linetable', F.code],
      ['co_lnotab', F.code],
    ]),
    codeFreeVariables: layout.at('PyCodeObject.co_freevars'),
    codeLocalsPlusNames: layout.at('PyCodeObject.co_localsplusnames'),
    codeLocalsPlusKinds: layout.at('PyCodeObject.co_localspluskinds'),
    codeExtra: [
      'co_extra',
      '_co_cached',
      'co_opcache_map',
      'co_opcache',
      'co_cell2arg',
      'co_zombieframe',
      '_co_code',
      '_co_monitoring',
      'co_tlbc',
    ]
      .map((name) => layout.at(`PyCodeObject.${name}`))
      .filter((offset) => offset >= 0),
    type: present('PyTypeObject', [
      ['tp_base', F.base],
      ['tp_bases', F.bases],
      ['tp_mro', F.mro],
      ['tp_cache', F.cache],
      ['tp_subclasses', F.subclasses],
    ]),
    typeDict: layout.at('PyTypeObject.tp_dict'),
    typeHeap: present('PyHeapTypeObject', [
      ['ht_name', F.name],
      ['ht_qualname', F.qualname],
      ['ht_slots', F.slots],
      ['ht_module', F.module],
    ]),
    typeTexts: [layout.at('PyTypeObject.tp_doc'), layout.at('PyHeapTypeObject._ht_tpname')].filter((at) => at >= 0),
    typeCachedKeys: layout.at('PyHeapTypeObject.ht_cached_keys'),
    typeSize: layout.sizeof('PyHeapTypeObject'),
    cell: layout.at('PyCellObject.ob_ref'),
    descriptor: present('PyDescrObject', [
      ['d_type', F.klass],
      ['d_name', F.name],
      ['d_qualname', F.qualname],
    ]),
    tupleItems: layout.at('PyTupleObject.ob_item'),
    tupleSize: layout.at('PyVarObject.ob_size'),
    bytesData: layout.at('PyBytesObject.ob_sval'),
  };
}

export function decodeFunction(context: DecodeContext, o: ProgramOffsets, object: Address, visitor: EdgeVisitor): void {
  const { image } = context;
  visitor.namespace(image.pointer(object + o.functionDict), 'attribute');
  visitFields(context, object, o.function, visitor);
  const closure = image.pointer(object + o.functionClosure);
  if (closure === 0) return;
  // Only the code object knows the variables' names: the tuple that owns the cells cannot tell whose closure it is.
  visitor.closure(closure, image.pointer(object + o.functionCode));
  visitor.field(closure, F.closure);
}

/** Names of a code object's closure variables: co_freevars, or the free part of co_localsplusnames (3.11+). */
export function freeVariableNames(context: DecodeContext, o: ProgramOffsets, code: Address): Address[] {
  const { image } = context;
  if (o.codeFreeVariables >= 0) return tupleItems(context, o, image.pointer(code + o.codeFreeVariables));
  const names = tupleItems(context, o, image.pointer(code + o.codeLocalsPlusNames));
  const kinds = image.pointer(code + o.codeLocalsPlusKinds) + o.bytesData;
  // CO_FAST_FREE (Include/internal/pycore_code.h).
  return names.filter((_, i) => (image.u8(kinds + i) & 0x80) !== 0);
}

function tupleItems(context: DecodeContext, o: ProgramOffsets, tuple: Address): Address[] {
  const { image } = context;
  const count = image.u64(tuple + o.tupleSize);
  // Code objects have at most a few thousand variables.
  if (count > 65_536 || !isReadableArray(image, tuple + o.tupleItems, count, 8)) return [];
  return Array.from({ length: count }, (_, i) => image.pointer(tuple + o.tupleItems + i * 8));
}

export function decodeMethod(context: DecodeContext, o: ProgramOffsets, object: Address, visitor: EdgeVisitor): void {
  visitFields(context, object, o.method, visitor);
}

export function decodeBuiltinFunction(
  context: DecodeContext,
  o: ProgramOffsets,
  object: Address,
  visitor: EdgeVisitor,
): void {
  const { image } = context;
  visitFields(context, object, o.builtin, visitor);
  const definition = image.pointer(object + o.builtinMethodDef);
  if (o.builtinClass < 0 || definition === 0) return;
  if ((image.u32(definition + o.methodDefFlags) & METH_METHOD) === 0) return;
  visitor.field(image.pointer(object + o.builtinClass), F.klass);
}

export function decodeModule(context: DecodeContext, o: ProgramOffsets, object: Address, visitor: EdgeVisitor): void {
  const { image } = context;
  const dict = image.pointer(object + o.moduleDict);
  visitor.namespace(dict, 'global');
  visitor.field(dict, F.dict);
  visitFields(context, object, o.moduleOther, visitor);
  const state = image.pointer(object + o.moduleState);
  if (state === 0) return;
  visitor.buffer(state);
  const definition = o.moduleDef < 0 ? 0 : image.pointer(object + o.moduleDef);
  const size =
    o.moduleStateSize >= 0
      ? image.u64(object + o.moduleStateSize)
      : definition === 0
        ? 0
        : image.u64(definition + o.moduleDefSize);
  if (size > MODULE_STATE_LIMIT) return;
  for (let offset = 0; offset + 8 <= size; offset += 8) visitor.scanned(image.pointer(state + offset), offset / 8);
}

export function decodeCode(context: DecodeContext, o: ProgramOffsets, object: Address, visitor: EdgeVisitor): void {
  visitFields(context, object, o.code, visitor);
  for (const offset of o.codeExtra) visitor.buffer(context.image.pointer(object + offset));
}

/** Heap types own their parts; static types are immortal roots whose dict is what matters. */
export function decodeType(
  context: DecodeContext,
  o: ProgramOffsets,
  d: DictOffsets,
  object: Address,
  isHeapType: boolean,
  visitor: EdgeVisitor,
): void {
  const { image, layout } = context;
  const dict = isHeapType ? image.pointer(object + o.typeDict) : context.staticTypeDict(object);
  visitor.namespace(dict, 'attribute');
  visitor.field(dict, F.dict);
  visitFields(context, object, o.type, visitor);
  if (!isHeapType) return;
  visitFields(context, object, o.typeHeap, visitor);
  for (const offset of o.typeTexts) visitor.buffer(image.pointer(object + offset));
  const keys = image.pointer(object + o.typeCachedKeys);
  if (keys === 0) return;
  visitor.buffer(keys);
  const table = readKeysTable(image, layout, d, keys);
  if (table === undefined) return;
  const { entries, count, stride, keyOffset } = table;
  for (let i = 0; i < count; i++) visitor.edge(image.pointer(entries + i * stride + keyOffset), EdgeKind.key, i);
}

export function decodeCell(context: DecodeContext, o: ProgramOffsets, cell: Address, visitor: EdgeVisitor): void {
  visitor.field(context.image.pointer(cell + o.cell), F.cell);
}

export function decodeDescriptor(
  context: DecodeContext,
  o: ProgramOffsets,
  object: Address,
  visitor: EdgeVisitor,
): void {
  visitFields(context, object, o.descriptor, visitor);
}
