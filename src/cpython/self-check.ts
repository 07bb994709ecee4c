// Does a layout fit the memory? A handful of facts that hold in every interpreter and fail when an offset is wrong.
// Works on live memory: what a running target changes all the time is not relied upon.

import type { Address } from '../graph/heap-graph.ts';
import { readCollector } from './collector-state.ts';
import { lookUpName } from './dict-lookup.ts';
import { type InterpreterState, readInterpreterState } from './interpreter-state.ts';
import type { Layout } from './layout.ts';
import type { MemoryImage } from './memory-image.ts';

/** The first fact that does not hold when `layout` is applied at `runtimeAddress`; undefined when all hold. */
export function failedCheck(image: MemoryImage, layout: Layout, runtimeAddress: Address): string | undefined {
  // The main interpreter: a sub-interpreter may have no thread.
  const address = image.pointer(runtimeAddress + layout.need('_PyRuntimeState.interpreters.main'));
  if (address === 0 || address % 8 !== 0) return 'the runtime points to an interpreter';
  const thread = image.pointer(address + layout.need('PyInterpreterState.threads.head'));
  if (thread === 0 || image.pointer(thread + layout.need('PyThreadState.interp')) !== address) {
    return 'the first thread points back to its interpreter';
  }
  const interpreter = readInterpreterState(image, layout, runtimeAddress, address);
  return (
    failedTypeCheck(image, interpreter) ?? failedVersionCheck(image, interpreter) ?? failedListCheck(image, interpreter)
  );
}

/** PY_VERSION_HEX as sys.hexversion says it, or undefined. */
export function readHexVersion(image: MemoryImage, interpreter: InterpreterState): number | undefined {
  const { layout } = interpreter;
  const object = lookUpName(image, layout, interpreter.sysDict, 'hexversion');
  if (object === 0) return undefined;
  const value = smallInt(image, layout, object);
  return value !== undefined && value >>> 24 === 3 ? value : undefined;
}

function failedTypeCheck(image: MemoryImage, { layout, modules, builtins }: InterpreterState): string | undefined {
  const typeOf = (object: Address): Address => image.pointer(object + layout.need('PyObject.ob_type'));
  const nameOf = (type: Address): string | undefined =>
    image.cString(image.pointer(type + layout.need('PyTypeObject.tp_name')), 64);
  if (modules === 0) return 'the interpreter has a module table';
  const dictType = typeOf(modules);
  const typeType = typeOf(dictType);
  if (typeType === 0 || typeOf(typeType) !== typeType) return 'the type of type is type';
  if (nameOf(typeType) !== 'type') return "the name of type is 'type'";
  if (nameOf(dictType) !== 'dict' || typeOf(builtins) !== dictType) return 'modules and builtins are dicts';
  const none = lookUpName(image, layout, builtins, 'None');
  if (none === 0 || nameOf(typeOf(none)) !== 'NoneType') return "the type of None is 'NoneType'";
  return undefined;
}

function failedVersionCheck(image: MemoryImage, interpreter: InterpreterState): string | undefined {
  const version = readHexVersion(image, interpreter);
  if (version === undefined) return 'sys.hexversion can be read';
  return ((version >>> 16) & 0xff) === interpreter.layout.minor ? undefined : 'sys.hexversion is of this minor version';
}

const LIST_TAG_BITS = 4;

/**
 * Each list's head must look like one; one of them must close. Young lists change under a reader of live memory, so
 * not all need to.
 */
function failedListCheck(image: MemoryImage, interpreter: InterpreterState): string | undefined {
  const { layout } = interpreter;
  const { generationHeads, permanentHead, collecting } = readCollector(image, interpreter);
  // During a collection the objects hang on lists whose heads are on the collector's stack.
  if (!layout.hasGcHead || collecting) return undefined;
  const next = layout.need('PyGC_Head._gc_next');
  const previous = layout.need('PyGC_Head._gc_prev');
  const link = (address: Address): Address => {
    const word = image.pointer(address);
    return word - (word % LIST_TAG_BITS);
  };
  const isClosed = (head: Address): boolean =>
    link(link(head + next) + previous) === head && link(link(head + previous) + next) === head;
  for (const head of generationHeads) {
    if (image.bytes(link(head + next), 16) === undefined) {
      return 'the collector has lists of objects';
    }
  }
  if (!generationHeads.some(isClosed) || !isClosed(permanentHead)) return 'the lists of the collector close';
  return undefined;
}

const DIGIT_BITS = 30;

/** A non-negative int below 2^60, or undefined. */
function smallInt(image: MemoryImage, layout: Layout, object: Address): number | undefined {
  const tag = layout.at('PyLongObject.long_value.lv_tag');
  const digits = tag >= 0 ? image.u32(object + tag) >>> 3 : image.i64(object + layout.need('PyLongObject.ob_size'));
  if (digits !== 1 && digits !== 2) return undefined;
  const at = object + layout.need(tag >= 0 ? 'PyLongObject.long_value.ob_digit' : 'PyLongObject.ob_digit');
  const low = image.u32(at);
  return digits === 1 ? low : low + image.u32(at + 4) * 2 ** DIGIT_BITS;
}
