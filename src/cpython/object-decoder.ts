// Dispatches an object to the decoder of its type: the one place that knows which layout is read by which function.

import { type Address, EdgeKind } from '../graph/heap-graph.ts';
import { Decoder, fixedFieldsByTypeName } from './decoder-registry.ts';
import * as containers from './decoders/containers.ts';
import type { DecodeContext } from './decoders/decode-context.ts';
import * as dicts from './decoders/dicts.ts';
import * as execution from './decoders/execution.ts';
import * as program from './decoders/program.ts';
import * as scanned from './decoders/scanned.ts';
import type { EdgeVisitor, NamespaceKind } from './edge-visitor.ts';
import type { Layout } from './layout.ts';
import type { TypeInfo } from './type-table.ts';

/** What earlier walks learned about an object that its own memory does not tell. */
export interface ObjectRole {
  /** For dicts that are namespaces. */
  readonly namespace: NamespaceKind | undefined;
  /** The table of interned strings. */
  readonly isInternedTable: boolean;
  /** For tuples of closure cells: the code object that names them. */
  readonly closureCode: Address;
}

export const PLAIN_ROLE: ObjectRole = { namespace: undefined, isInternedTable: false, closureCode: 0 };

/** Decodes any object of one snapshot. */
export class ObjectDecoder {
  readonly #context: DecodeContext;
  readonly #dict: dicts.DictOffsets;
  readonly #container: containers.ContainerOffsets;
  readonly #program: program.ProgramOffsets;
  readonly #execution: execution.ExecutionOffsets;
  readonly #instance: scanned.InstanceOffsets;
  readonly #property: readonly number[];
  readonly #partial: readonly number[];
  readonly #groupBy: readonly number[];
  readonly #weakrefCallback: number;
  readonly #byteArrayBuffer: readonly number[];
  readonly #byteArrayObject: number;
  readonly #closureNames = new Map<Address, readonly Address[]>();
  readonly #managedBuffer: readonly number[];
  readonly #memoryView: readonly number[];
  readonly #contextVariable: readonly number[];

  constructor(context: DecodeContext) {
    const { layout } = context;
    this.#context = context;
    this.#dict = dicts.dictOffsets(layout);
    this.#container = containers.containerOffsets(layout);
    this.#program = program.programOffsets(layout);
    this.#execution = execution.executionOffsets(layout);
    this.#instance = scanned.instanceOffsets(layout);
    this.#property = offsets(layout, 'propertyobject', ['prop_get', 'prop_set', 'prop_del', 'prop_doc', 'prop_name']);
    this.#partial = offsets(layout, 'partialobject', ['fn', 'args', 'kw', 'dict']);
    // groupby's current grouper is a borrowed, possibly dangling pointer.
    this.#groupBy = offsets(layout, 'groupbyobject', ['it', 'keyfunc', 'tgtkey', 'currkey', 'currvalue']);
    this.#weakrefCallback = layout.at('PyWeakReference.wr_callback');
    this.#byteArrayBuffer = offsets(layout, 'PyByteArrayObject', ['ob_bytes']);
    this.#byteArrayObject = layout.at('PyByteArrayObject.ob_bytes_object');
    this.#managedBuffer = offsets(layout, '_PyManagedBufferObject', ['master.obj']);
    this.#memoryView = offsets(layout, 'PyMemoryViewObject', ['mbuf']);
    // The cached value is borrowed.
    this.#contextVariable = offsets(layout, 'PyContextVar', ['var_name', 'var_default']);
  }

  /** Reports the references and buffers of the object. */
  decode(object: Address, type: TypeInfo, visitor: EdgeVisitor, role: ObjectRole = PLAIN_ROLE): void {
    this.#decodeLayout(object, type, visitor, role);
    // Attributes and slots of Python classes; C types with a dict slot of their own come here too.
    if (type.isHeapType || type.dictOffset !== 0) {
      const skipDict = decoderReportsDict(type);
      scanned.decodeAttributes(this.#context, this.#instance, this.#dict, object, type, skipDict, visitor);
    }
  }

  /** Whether the object is a dict that looks like the table of interned strings. */
  isInternedTable(object: Address): boolean {
    const { types } = this.#context;
    return types.ofObject(object)?.decoder === Decoder.dict && dicts.isInternedTable(this.#context, this.#dict, object);
  }

  /** Names of the closure variables of functions made from `code`. */
  closureNames(code: Address): readonly Address[] {
    let names = this.#closureNames.get(code);
    if (names === undefined) {
      names = program.freeVariableNames(this.#context, this.#program, code);
      if (this.#closureNames.size < CODES_LIMIT) this.#closureNames.set(code, names);
    }
    return names;
  }

  #decodeLayout(object: Address, type: TypeInfo, visitor: EdgeVisitor, role: ObjectRole): void {
    const context = this.#context;
    const owner = type.layoutOwner ?? type;
    switch (type.decoder) {
      case Decoder.none:
      case Decoder.leaf:
        this.#decodeLeaf(object, type, visitor);
        return;
      case Decoder.list:
        containers.decodeList(context, this.#container, object, visitor);
        return;
      case Decoder.listSubtype:
        containers.decodeList(context, this.#container, object, visitor);
        this.#scanFrom(object, owner, context.layout.sizeof('PyListObject'), visitor);
        return;
      case Decoder.tuple:
        containers.decodeTuple(
          context,
          this.#container,
          object,
          visitor,
          role.closureCode === 0 ? [] : this.closureNames(role.closureCode),
        );
        return;
      case Decoder.dict:
        if (role.isInternedTable) dicts.decodeInternedTable(context, this.#dict, object, visitor);
        else dicts.decodeDict(context, this.#dict, object, role.namespace, visitor);
        return;
      case Decoder.dictSubtype:
        dicts.decodeDict(context, this.#dict, object, role.namespace, visitor);
        this.#scanFrom(object, owner, context.layout.sizeof('PyDictObject'), visitor);
        return;
      case Decoder.set:
        containers.decodeSet(context, this.#container, object, visitor);
        return;
      case Decoder.deque:
        containers.decodeDeque(context, this.#container, object, visitor);
        return;
      case Decoder.orderedDict:
        dicts.decodeOrderedDict(context, this.#dict, object, visitor);
        return;
      case Decoder.defaultDict:
        dicts.decodeDefaultDict(context, this.#dict, object, visitor);
        return;
      case Decoder.lruCache:
        containers.decodeLruCache(context, this.#container, object, visitor);
        return;
      case Decoder.lruLink:
        containers.decodeLruLink(context, this.#container, object, visitor);
        return;
      case Decoder.cell:
        program.decodeCell(context, this.#program, object, visitor);
        return;
      case Decoder.function:
        program.decodeFunction(context, this.#program, object, visitor);
        return;
      case Decoder.method:
        program.decodeMethod(context, this.#program, object, visitor);
        return;
      case Decoder.builtinFunction:
        program.decodeBuiltinFunction(context, this.#program, object, visitor);
        return;
      case Decoder.module:
        program.decodeModule(context, this.#program, object, visitor);
        return;
      case Decoder.code:
        program.decodeCode(context, this.#program, object, visitor);
        return;
      case Decoder.type:
        program.decodeType(context, this.#program, this.#dict, object, this.#isHeapTypeObject(object), visitor);
        return;
      case Decoder.typeSubtype:
        program.decodeType(context, this.#program, this.#dict, object, this.#isHeapTypeObject(object), visitor);
        this.#scanFrom(object, owner, context.layout.sizeof('PyHeapTypeObject'), visitor);
        return;
      case Decoder.weakref:
        visitor.field(context.image.pointer(object + this.#weakrefCallback), program.CALLBACK_FIELD);
        return;
      case Decoder.descriptor:
        program.decodeDescriptor(context, this.#program, object, visitor);
        return;
      case Decoder.property:
        scanned.decodeFixed(context, object, this.#property, visitor);
        return;
      case Decoder.partial:
        scanned.decodeFixed(context, object, this.#partial, visitor);
        return;
      case Decoder.groupBy:
        scanned.decodeFixed(context, object, this.#groupBy, visitor);
        return;
      case Decoder.generator:
        execution.decodeGenerator(context, this.#execution, object, type.name, visitor);
        return;
      case Decoder.frame:
        execution.decodeFrame(context, this.#execution, object, visitor);
        return;
      case Decoder.traceback:
        execution.decodeTraceback(context, this.#execution, object, visitor);
        return;
      case Decoder.task:
        execution.decodeTask(context, this.#execution, object, visitor);
        return;
      case Decoder.future:
        execution.decodeFuture(context, this.#execution, object, visitor);
        return;
      case Decoder.teeData:
        containers.decodeTeeData(context, this.#container, object, visitor);
        return;
      case Decoder.simpleQueue:
        scanned.decodeSimpleQueue(context, this.#instance, this.#container, object, owner, visitor);
        return;
      case Decoder.element:
        scanned.decodeElement(context, this.#instance, object, visitor);
        return;
      case Decoder.byteArray:
        for (const offset of this.#byteArrayBuffer) visitor.buffer(context.image.pointer(object + offset));
        if (this.#byteArrayObject >= 0) scanned.decodeFixed(context, object, [this.#byteArrayObject], visitor);
        return;
      case Decoder.memoryView:
        scanned.decodeFixed(context, object, this.#memoryView, visitor);
        return;
      case Decoder.managedBuffer:
        scanned.decodeFixed(context, object, this.#managedBuffer, visitor);
        return;
      case Decoder.contextVariable:
        scanned.decodeFixed(context, object, this.#contextVariable, visitor);
        return;
      case Decoder.pickleData:
        scanned.decodePickleData(context, this.#instance, object, visitor);
        return;
      case Decoder.fixedFields:
        for (const offset of fixedFieldsByTypeName.get(owner.cName) ?? []) {
          visitor.edge(context.image.pointer(object + this.#instance.headerSize + offset), EdgeKind.field, 0);
        }
        return;
      case Decoder.opaque:
        this.#scanFrom(object, owner, this.#instance.headerSize, visitor, 'opaque');
        return;
      case Decoder.expatParser: {
        const first = this.#instance.headerSize;
        visitor.opaque(context.image.pointer(object + first), 0);
        this.#scanFrom(object, owner, first + 8, visitor);
        return;
      }
      case Decoder.sqliteConnection:
        this.#scanFrom(object, owner, this.#instance.headerSize, visitor, 'without exception classes');
        return;
      default:
        this.#scanFrom(object, owner, this.#instance.headerSize, visitor);
    }
  }

  /** Strings may have their characters, or a UTF-8 copy, in blocks of their own. */
  #decodeLeaf(object: Address, type: TypeInfo, visitor: EdgeVisitor): void {
    if ((type.flags & STRING_FLAG) === 0) return;
    const data = this.#context.strings.externalData(object);
    if (data !== 0) visitor.buffer(data);
    const utf8 = this.#context.strings.utf8Data(object);
    if (utf8 !== 0) visitor.buffer(utf8);
  }

  #scanFrom(
    object: Address,
    owner: TypeInfo,
    from: number,
    visitor: EdgeVisitor,
    mode: scanned.ScanMode = 'references',
  ): void {
    scanned.decodeScan(this.#context, this.#instance, this.#container, object, owner, visitor, from, mode);
  }

  #isHeapTypeObject(object: Address): boolean {
    return this.#context.types.get(object)?.isHeapType ?? false;
  }
}

/** Code objects whose closure names are kept: they are part of the program, so there are not many. */
const CODES_LIMIT = 1 << 18;
const STRING_FLAG = 1 << 28;

/** Whether the decoder of the C part reports the dict slot, which a Python subclass shares. */
function decoderReportsDict(type: TypeInfo): boolean {
  const owner = type.layoutOwner ?? type;
  if (type.hasManagedDict || owner.dictOffset !== type.dictOffset) return false;
  switch (owner.decoder) {
    case Decoder.function:
    case Decoder.module:
    case Decoder.lruCache:
    case Decoder.partial:
    case Decoder.orderedDict:
    case Decoder.type:
    case Decoder.typeSubtype:
    case Decoder.task:
    case Decoder.future:
      return true;
    default:
      return false;
  }
}

function offsets(layout: Layout, struct: string, names: readonly string[]): number[] {
  return names.map((name) => layout.at(`${struct}.${name}`)).filter((offset) => offset >= 0);
}
