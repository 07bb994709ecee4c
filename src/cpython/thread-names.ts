// The names Python gives its threads, from `threading._active`: the interpreter's own state has only numbers.

import type { Address, EdgeKind } from '../graph/heap-graph.ts';
import { smallInt } from './container-length.ts';
import type { DecodeContext } from './decoders/decode-context.ts';
import { lookUpName, visitDictEntries } from './dict-lookup.ts';
import { type EdgeVisitor, fieldId } from './edge-visitor.ts';
import type { InterpreterState } from './interpreter-state.ts';
import { type ObjectDecoder, type ObjectRole, PLAIN_ROLE } from './object-decoder.ts';
import type { ThreadInfo } from './thread-state.ts';

const DICT = fieldId('__dict__');
const NAME_LIMIT = 64;
/** Threads named at most: each costs a decoded object. */
const THREADS_LIMIT = 4096;
const ATTRIBUTES: ObjectRole = { ...PLAIN_ROLE, namespace: 'attribute' };

/** The threads with their `Thread.name`, where the module `threading` is loaded and knows them. */
export function nameThreads(
  context: DecodeContext,
  decoder: ObjectDecoder,
  interpreter: InterpreterState,
  threads: readonly ThreadInfo[],
): ThreadInfo[] {
  const names = threadNames(context, decoder, interpreter);
  return threads.map((thread) => ({ ...thread, name: names.get(thread.threadId) ?? thread.name }));
}

function threadNames(
  context: DecodeContext,
  decoder: ObjectDecoder,
  interpreter: InterpreterState,
): Map<number, string> {
  const { image, layout } = context;
  const module = lookUpName(image, layout, interpreter.modules, 'threading');
  const globals = module === 0 ? 0 : image.pointer(module + layout.need('PyModuleObject.md_dict'));
  const active = globals === 0 ? 0 : lookUpName(image, layout, globals, '_active');
  const names = new Map<number, string>();
  visitDictEntries(image, layout, active, (_ident, thread) => {
    const reader = new ThreadReader(context, decoder);
    reader.read(thread);
    if (reader.ident !== undefined && reader.name !== undefined) names.set(reader.ident, reader.name);
    return names.size >= THREADS_LIMIT;
  });
  return names;
}

/** Listens to the decoder for two attributes of one Thread, wherever the instance keeps them. */
class ThreadReader implements EdgeVisitor {
  ident: number | undefined;
  name: string | undefined;
  readonly #context: DecodeContext;
  readonly #decoder: ObjectDecoder;

  constructor(context: DecodeContext, decoder: ObjectDecoder) {
    this.#context = context;
    this.#decoder = decoder;
  }

  read(object: Address, role?: ObjectRole): void {
    const type = this.#context.types.ofObject(object);
    if (type !== undefined) this.#decoder.decode(object, type, this, role);
  }

  named(target: Address, _kind: EdgeKind, name: Address): void {
    const { image, layout, strings } = this.#context;
    const attribute = strings.read(name, NAME_LIMIT);
    if (attribute === '_ident') this.ident = smallInt(image, layout, target);
    else if (attribute === '_name') this.name = strings.read(target, NAME_LIMIT);
  }

  field(target: Address, field: number): void {
    if (field === DICT && target !== 0) this.read(target, ATTRIBUTES);
  }

  edge(): void {}
  namedByCString(): void {}
  scanned(): void {}
  opaque(): void {}
  buffer(): void {}
  namespace(): void {}
  closure(): void {}
  entries(): void {}
}
