// What leakscope reads of an interpreter's state, compared with what the interpreter says of itself:
// layout, threads, frames with lines and local variables, collector, static types, roots, sub-interpreters.

import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ProblemLog } from '../src/base/problems.ts';
import { readCollector } from '../src/cpython/collector-state.ts';
import { lookUpName } from '../src/cpython/dict-lookup.ts';
import { type FrameInfo, readFrameAt, untagged } from '../src/cpython/frames.ts';
import { attachInterpreter, type Interpreter } from '../src/cpython/interpreter.ts';
import { type InterpreterRoot, readRoots } from '../src/cpython/interpreter-roots.ts';
import { type InterpreterState, readStaticTypes, staticTypeDict } from '../src/cpython/interpreter-state.ts';
import type { MemoryImage } from '../src/cpython/memory-image.ts';
import { StringReader } from '../src/cpython/python-string.ts';
import { readThreads } from '../src/cpython/thread-state.ts';
import { RootKind } from '../src/graph/heap-graph.ts';
import { processSpace } from '../src/target/address-space.ts';
import { readMemoryMaps } from '../src/target/memory-maps.ts';
import { liveImage, openProcessMemory, type ProcessMemory } from '../src/target/process-memory.ts';
import { locatePythonRuntime } from '../src/target/python-runtime.ts';
import { interpreters } from './support/interpreters.ts';
import { startCommand, type TargetProcess } from './support/target-process.ts';

const TARGET = fileURLToPath(new URL('targets/interpreter_facts.py', import.meta.url));

interface FrameFacts {
  readonly code: number;
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly globals: number;
  readonly builtins: number;
  readonly locals: Readonly<Record<string, number>>;
}

/** The line of JSON that the target prints. */
interface Facts {
  readonly hexversion: number;
  readonly modules: number;
  readonly sysDict: number;
  readonly builtins: number;
  readonly sub: number | null;
  readonly threads: readonly {
    readonly ident: number;
    readonly nativeId: number;
    readonly name: string;
    readonly frames: readonly FrameFacts[];
  }[];
  readonly suspended: readonly (FrameFacts & { readonly address: number })[];
  readonly frameObjects: Readonly<Record<string, number>>;
  readonly typeDicts: readonly { readonly type: number; readonly dict: number; readonly name: string }[];
  readonly roots: Readonly<Record<string, number>>;
  readonly rootLists: Readonly<Record<string, number>>;
  readonly threshold: readonly number[];
  readonly stats: readonly (readonly number[])[];
  readonly debug: number;
  readonly count: readonly number[];
}

/** Allocations of tracked objects between gc.get_count() and the target's sleep. */
const COUNT_TOLERANCE = 300;

for (const python of interpreters()) {
  describe(`CPython ${python.label}`, () => {
    let target: TargetProcess;
    let memory: ProcessMemory;
    let facts: Facts;
    let image: MemoryImage;
    let interpreter: Interpreter;
    let main: InterpreterState;
    const problems = new ProblemLog();

    beforeAll(async () => {
      target = await startCommand([python.path, TARGET]);
      facts = JSON.parse(target.firstLine) as Facts;
      // The reporting thread needs a moment to fall asleep after it printed.
      await new Promise((resolve) => setTimeout(resolve, 200));
      memory = openProcessMemory(target.pid);
      const regions = readMemoryMaps(target.pid);
      image = liveImage(memory, regions);
      const location = locatePythonRuntime(processSpace(memory, regions), problems);
      if (location === undefined) throw new Error('no runtime found');
      interpreter = attachInterpreter(image, location, problems);
      main = interpreter.interpreters[0]!;
    });

    afterAll(async () => {
      memory?.close();
      await target?.stop();
    });

    const pointersOf = (address: number, count: number): number[] =>
      Array.from({ length: count }, (_, i) => image.pointer(address + i * 8));

    /** The heads of some distributors' builds lie at odd multiples of 4. */
    const listLink = (address: number): number => {
      const word = image.pointer(address);
      return word - (word % 4);
    };

    const isCell = (object: number): boolean =>
      image.cString(
        image.pointer(
          image.pointer(object + main.layout.need('PyObject.ob_type')) + main.layout.need('PyTypeObject.tp_name'),
        ),
      ) === 'cell';

    /** Variables by name; cells give what they hold, as f_locals does. */
    const localsOf = (frame: FrameInfo): Record<string, number> => {
      const strings = new StringReader(image, main.layout, 0);
      const found: Record<string, number> = {};
      pointersOf(frame.slots.address, frame.slots.count).forEach((word, i) => {
        const value = frame.tagged ? untagged(word) : word;
        if (value === 0) return;
        const held = isCell(value) ? image.pointer(value + main.layout.need('PyCellObject.ob_ref')) : value;
        if (held !== 0) found[strings.read(frame.slots.names[i]!) ?? '?'] = held;
      });
      return found;
    };

    const factsOf = (frame: FrameInfo): FrameFacts => {
      const strings = new StringReader(image, main.layout, 0);
      return {
        code: frame.code,
        name: strings.read(frame.qualNameAddress) ?? '?',
        file: strings.read(frame.fileNameAddress) ?? '?',
        line: frame.line,
        globals: frame.globals,
        builtins: frame.builtins,
        locals: localsOf(frame),
      };
    };

    test('the version is exact and the layout is of the same minor version', () => {
      expect(interpreter.versionHex).toBe(facts.hexversion);
      expect(interpreter.versionText).toBe(python.version.join('.'));
      expect(interpreter.layout.minor).toBe(python.version[1]);
      expect(interpreter.layout.freeThreaded).toBe(python.freeThreaded);
    });

    test('the main interpreter comes first, with its namespaces', () => {
      expect(main.id).toBe(0);
      expect(main.modules).toBe(facts.modules);
      expect(main.sysDict).toBe(facts.sysDict);
      expect(main.builtins).toBe(facts.builtins);
      expect(lookUpName(image, main.layout, main.modules, 'sys')).toBeGreaterThan(0);
      expect(lookUpName(image, main.layout, main.modules, 'no such module')).toBe(0);
    });

    test('sub-interpreters are found, each with its own modules', () => {
      const subs = interpreter.interpreters.slice(1);
      expect(subs.map((sub) => sub.id)).toEqual(facts.sub === null ? [] : [facts.sub]);
      for (const sub of subs) {
        expect(sub.modules).not.toBe(main.modules);
        expect(lookUpName(image, sub.layout, sub.modules, 'sys')).toBeGreaterThan(0);
      }
    });

    test('every thread is found, with its identifiers', () => {
      const threads = new Map(readThreads(image, main, problems).map((thread) => [thread.threadId, thread]));
      for (const { ident, nativeId } of facts.threads) {
        expect(threads.has(ident)).toBe(true);
        if (python.version[1] >= 11) expect(threads.get(ident)!.nativeId).toBe(nativeId);
      }
      // The reporting thread is not among the reported ones.
      expect(threads.size).toBe(facts.threads.length + 1);
    });

    test('frames have the code, line, namespaces and local variables that the interpreter says', () => {
      const threads = new Map(readThreads(image, main, problems).map((thread) => [thread.threadId, thread]));
      for (const { ident, name, frames } of facts.threads) {
        const read = threads.get(ident)!.frames.map(factsOf);
        expect({ name, frames: read }).toEqual({ name, frames });
      }
    });

    test('suspended generators, coroutines and async generators stand at their lines', () => {
      const { layout } = main;
      const embedded = layout.at('PyGenObject.gi_iframe');
      for (const { address, ...expected } of facts.suspended) {
        const at = embedded >= 0 ? address + embedded : image.pointer(address + layout.need('PyGenObject.gi_frame'));
        const frame = readFrameAt(image, layout, at);
        expect(frame?.owner).toBe('generator');
        expect(frame && factsOf(frame)).toEqual(expected);
        expect(frame!.slots.stackExact).toBe(true);
      }
    });

    test('frames know their frame object where there is one', () => {
      const threads = readThreads(image, main, problems);
      for (const [ident, address] of Object.entries(facts.frameObjects)) {
        const innermost = threads.find((thread) => thread.threadId === Number(ident))!.frames[0]!;
        expect(innermost.frameObject).toBe(address);
        if (python.version[1] >= 11) expect(innermost.function).toBeGreaterThan(0);
      }
    });

    test('operands lie within the stack that the code declares', () => {
      for (const thread of readThreads(image, main, problems)) {
        for (const { slots, code } of thread.frames) {
          const limit = image.u32(code + main.layout.need('PyCodeObject.co_stacksize'));
          expect(slots.stackCount).toBeLessThanOrEqual(limit);
          expect(slots.stackBase).toBe(slots.address + slots.count * 8);
        }
      }
    });

    test('the collector has the settings, counts and statistics that gc reports', () => {
      const collector = readCollector(image, main);
      expect(collector.collecting).toBe(false);
      expect(collector.enabled).toBe(false);
      expect(collector.debug).toBe(facts.debug);
      expect(collector.thresholds).toEqual(facts.threshold);
      expect(collector.stats.map((s) => [s.collections, s.collected, s.uncollectable])).toEqual(facts.stats);
      if (!python.freeThreaded) {
        expect(Math.abs(collector.counts[0]! - facts.count[0]!)).toBeLessThanOrEqual(COUNT_TOLERANCE);
        expect(collector.counts.slice(1)).toEqual(facts.count.slice(1));
        expect(collector.generationHeads).toHaveLength(3);
      }
      expect(collector.garbageList).toBe(facts.roots['gc.garbage']);
      expect(collector.callbacks).toBe(facts.roots['gc.callbacks']);
    });

    test('the lists of the collector close and hold objects', () => {
      const { generationHeads, permanentHead } = readCollector(image, main);
      let total = 0;
      for (const head of [...generationHeads, permanentHead]) {
        if (head === 0) continue;
        let link = head;
        for (let steps = 0; steps < 1_000_000; steps++) {
          const next = listLink(link);
          const back = listLink(next + 8);
          expect(back).toBe(link);
          link = next;
          if (link === head) break;
          total++;
        }
        expect(link).toBe(head);
      }
      if (!python.freeThreaded) expect(total).toBeGreaterThan(5000);
    });

    test('__dict__ of static and heap types is found', () => {
      for (const { type, dict, name } of facts.typeDicts) {
        expect({ name, dict: staticTypeDict(image, main, type) }).toEqual({ name, dict });
      }
      const states = readStaticTypes(image, main);
      if (python.version[1] >= 12) expect(states.length).toBeGreaterThan(100);
      else expect(states).toEqual([]);
    });

    test('roots hold what only the interpreter and its threads hold', () => {
      const roots = readRoots(image, main, interpreter.location.symbols, problems);
      const labelled = (label: string): InterpreterRoot[] => roots.filter((root) => root.label === label);
      for (const [label, address] of Object.entries(facts.roots)) {
        expect({ label, addresses: labelled(label).map((root) => root.address) }).toEqual({
          label,
          addresses: expect.arrayContaining([address]),
        });
      }
      for (const [label, member] of Object.entries(facts.rootLists)) {
        const list = labelled(label)[0]!.address;
        const size = image.i64(list + main.layout.need('PyListObject.ob_size'));
        const items = image.pointer(list + main.layout.need('PyListObject.ob_item'));
        // atexit's list holds (function, args, kwargs).
        const members = pointersOf(items, size).flatMap((item) =>
          label === 'atexit' ? pointersOf(item + main.layout.need('PyTupleObject.ob_item'), 1) : [item],
        );
        expect({ label, members }).toEqual({ label, members: expect.arrayContaining([member]) });
      }
    });

    test('every root but the elements of arrays is an object', () => {
      const { layout } = main;
      const typeOf = (object: number): number => image.pointer(object + layout.need('PyObject.ob_type'));
      const typeType = typeOf(typeOf(main.modules));
      for (const root of readRoots(image, main, interpreter.location.symbols, problems)) {
        if (root.label === 'ast types' || root.label === 'audit hooks') continue;
        const type = typeOf(root.address);
        expect({ label: root.label, metatype: typeOf(typeOf(type)) }).toEqual({
          label: root.label,
          metatype: typeType,
        });
      }
    });

    test('the interned strings are found where the build tells', () => {
      const roots = readRoots(image, main, interpreter.location.symbols, problems);
      const interned = roots.filter((root) => root.kind === RootKind.interned);
      const known = python.version[1] >= 12 || interpreter.location.symbols.interned !== undefined;
      expect(interned.length).toBe(known ? 1 : 0);
      for (const root of interned) {
        expect(lookUpName(image, main.layout, root.address, 'interpreter_facts_no_such_name')).toBe(0);
        expect(lookUpName(image, main.layout, root.address, 'hexversion')).toBeGreaterThan(0);
      }
    });

    test('nothing was found broken', () => {
      expect(problems.list()).toEqual([]);
    });
  });
}
