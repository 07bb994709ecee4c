// What to write instead, one sentence per kind of finding. Concrete first; names the standard library's own means.

import type { FindingKind } from './find-report.ts';

export interface AdviceFacts {
  /** The holder's short name. */
  readonly name: string;
  /** Qualified type of the holder. */
  readonly holderType: string;
  /** Whether the source removes entries anywhere. */
  readonly shrinksSomewhere: boolean;
  /** Functions that remove entries, where all that touches the holder is a library's. */
  readonly removedByLibrary?: readonly string[];
}

export function adviceFor(kind: FindingKind, facts: AdviceFacts): string {
  switch (kind) {
    case 'function cache':
      return `bound it: functools.lru_cache(maxsize=…); on a method, cache per instance (functools.cached_property) so that the cache does not keep every instance`;
    case 'global container':
    case 'class container':
    case 'instance container':
      return containerAdvice(facts);
    case 'closure':
      return 'the function that closes over it outlives each call: drop the reference to the function when done, or pass the value in';
    case 'default argument':
      return 'a mutable default is made once and shared by all calls: default to None and create it inside the function';
    case 'listener registry':
      return `remove what is registered when its owner goes (unsubscribe, removeHandler), register once outside the repeated path, or hold it weakly (weakref.WeakSet, weakref.WeakMethod)`;
    case 'exception or traceback':
      return 'a kept exception keeps every frame of its traceback with all locals: keep str(exception), or exception.with_traceback(None)';
    case 'frame':
      return 'a running function keeps it in a local variable: clear it between rounds, or move the work into a function that returns';
    case 'generator or task':
      return 'finish or cancel what waits: close generators, await or cancel tasks, give waits a timeout, and discard them when done';
    case 'thread-local or context variable':
      return 'make the variable once at module level and reset it at the end of each request (ContextVar.reset(token), del local.attribute)';
    case 'thread':
      return 'threads are started and never end: join them, give what they wait for a timeout, or use one bounded ThreadPoolExecutor';
    case 'uncollectable cycle':
      return 'a C type in the cycle hides its references from the collector: break the cycle by hand (delete the attribute that closes it)';
    case 'uncollected cycle':
      return 'reference cycles wait for a collector that is off or does not come: enable gc, call gc.collect() now and then, or break the cycle with weakref';
    case 'dynamic classes, modules or code':
      return 'classes, modules or code objects made per call stay for good: make them once at import, or cache them by a bounded key';
    case 'interned strings':
      return 'strings from data are interned (sys.intern, attribute names by setattr) and never freed: keep such data in a dict instead of interning it';
    case 'native hold (reference leak: no Python owner)':
      return 'no Python object holds these: a C extension forgets to release a reference (missing Py_DECREF); upgrade or report the extension called at the lines above';
    case 'lost references (missing DECREF)':
      return 'a C extension takes references and does not release them (missing Py_DECREF): nothing grows yet, but the object can never be freed; upgrade or report the extension called at the lines above';
    case 'native memory (no Python owner)':
      return 'no Python object owns these blocks: native code (an extension or C library) allocates and does not free; upgrade or report what is called at the lines above';
    case 'file descriptors':
      return 'descriptors are opened and not closed: use `with`, or close them in `finally`';
    case 'child processes':
      return 'children are started and not waited for: use subprocess.run, or wait() / communicate()';
    case 'memory maps':
      return 'files or memory are mapped and not unmapped: close() each mmap.mmap, and drop arrays and memoryviews that use it';
    case 'shared memory':
      return 'segments of shared memory are made and not released: close() each SharedMemory in every process, unlink() it in one; make locks and queues once';
    case 'temporary files':
      return 'temporary files stay open, and deleted ones keep their disk space until they are closed: use `with`, or close them in `finally`';
    case 'object graph':
      return 'break the reference that keeps the first object of the path, or clear it when its work is done';
  }
}

function containerAdvice(facts: AdviceFacts): string {
  if (facts.removedByLibrary !== undefined) {
    const removers = facts.removedByLibrary.slice(0, 3).join(', ');
    return `${facts.name} is a library's own: end what your calls put there${removers === '' ? '' : ` (it shrinks in ${removers})`}, or let go of the object it belongs to`;
  }
  if (facts.shrinksSomewhere)
    return `entries are added faster than they are removed: bound ${facts.name} (a maximum size, a timeout, back-pressure on the producer)`;
  if (/deque$/.test(facts.holderType))
    return 'bound it: collections.deque(maxlen=…), or remove entries when they are done';
  if (/^(str|bytes|bytearray|array\.array|_io\.(BytesIO|StringIO))$/.test(facts.holderType))
    return 'one object is appended to for ever: write it out in parts and start afresh at a bound';
  if (/(list|set)$/.test(facts.holderType))
    return 'remove entries when they are done, or bound it: collections.deque(maxlen=…); hold only live objects with weakref.WeakSet';
  return 'bound it (functools.lru_cache(maxsize=…), an OrderedDict with popitem(last=False)), remove entries when done, or hold values weakly (weakref.WeakValueDictionary)';
}
