// Kinds of resources: what releases them, what `with` does to them, and whether they outlive their last reference. Which
// calls open them is in resources.ts.

/** Decides which rule speaks of it. */
export type ResourceFamily =
  | 'file'
  | 'directory listing'
  | 'descriptor'
  | 'client'
  | 'database'
  | 'process'
  | 'pool'
  | 'temporary'
  | 'mapping';

export interface ResourceModel {
  /** What messages call it, with its article: "a file". */
  readonly noun: string;
  readonly family: ResourceFamily;
  /** Methods that release it. The first is the one to recommend. */
  readonly methods: readonly string[];
  /** Functions that release the first argument they get. */
  readonly functions: readonly string[];
  /** What leaving a `with` statement over it does: sqlite3 only commits, subprocess waits for the child's end. */
  readonly with: 'closes' | 'waits' | 'does not close' | 'no with' | 'unknown';
  /** Released with `await`, entered with `async with`. */
  readonly isAsync: boolean;
  /**
   * Whether it stays when the last reference goes. CPython closes files and sockets as soon as nothing refers to them, but
   * no descriptor number, worker process or directory; clients and pools are seldom that simple inside.
   */
  readonly outlivesReferences: 'always' | 'often' | 'seldom';
  /** A path or number, not an object: passing it on does not pass on the duty to release it. */
  readonly isPlainValue: boolean;
  /** Methods and attributes whose value keeps it in use (a cursor, a stream over a socket); `[]` for its items. */
  readonly parts: readonly string[];
}

const OBJECT = {
  methods: ['close'],
  functions: ['contextlib.closing', 'contextlib.aclosing'],
  with: 'closes',
  isAsync: false,
  outlivesReferences: 'seldom',
  isPlainValue: false,
  parts: [],
} as const;

export const FILE: ResourceModel = {
  ...OBJECT,
  noun: 'a file',
  family: 'file',
  parts: ['buffer', 'raw'],
  methods: ['close', 'detach'],
};
export const ASYNC_FILE: ResourceModel = { ...FILE, isAsync: true, methods: ['close', 'aclose'] };
export const ARCHIVE: ResourceModel = { ...FILE, noun: 'an archive', parts: ['open', 'extractfile'] };
export const SHELF: ResourceModel = { ...FILE, noun: 'a database file', parts: [] };
/** Reading a listing to its end closes it. */
export const LISTING: ResourceModel = {
  ...OBJECT,
  noun: 'a directory listing',
  family: 'directory listing',
  functions: [
    ...OBJECT.functions,
    'builtins.list',
    'builtins.tuple',
    'builtins.set',
    'builtins.sorted',
    'builtins.sum',
  ],
};
export const SOCKET: ResourceModel = {
  ...OBJECT,
  noun: 'a socket',
  family: 'client',
  outlivesReferences: 'often',
  methods: ['close', 'detach'],
  parts: ['makefile'],
};
export const CLIENT: ResourceModel = {
  ...OBJECT,
  noun: 'a client',
  family: 'client',
  outlivesReferences: 'often',
  parts: ['makefile', 'getresponse'],
};
/** Reading a response to its end closes it. */
export const HTTP_RESPONSE: ResourceModel = {
  ...CLIENT,
  noun: 'an HTTP response',
  outlivesReferences: 'seldom',
  methods: ['close', 'read', 'readlines'],
};
/** The event loop keeps a connection until its writer is closed. */
export const STREAM: ResourceModel = {
  ...CLIENT,
  noun: 'a stream',
  with: 'no with',
  outlivesReferences: 'always',
  parts: ['transport'],
};
export const ZEROMQ_CONTEXT: ResourceModel = {
  ...CLIENT,
  noun: 'a ZeroMQ context',
  methods: ['term', 'destroy'],
  parts: ['socket'],
};
export const REDIS_CLIENT: ResourceModel = { ...CLIENT, noun: 'a Redis client', parts: ['pipeline', 'pubsub', 'lock'] };
export const SESSION: ResourceModel = { ...CLIENT, noun: 'an HTTP session', parts: [] };
export const DATABASE: ResourceModel = {
  ...OBJECT,
  noun: 'a database connection',
  family: 'database',
  outlivesReferences: 'often',
  with: 'does not close',
  parts: ['cursor', 'execute', 'executemany', 'begin', 'transaction'],
};
export const PROCESS: ResourceModel = {
  ...OBJECT,
  noun: 'a child process',
  family: 'process',
  methods: ['communicate', 'wait', 'poll', '__exit__'],
  functions: ['os.waitpid'],
  with: 'waits',
  parts: ['stdin', 'stdout', 'stderr'],
};
export const EXECUTOR: ResourceModel = {
  ...OBJECT,
  noun: 'an executor',
  family: 'pool',
  outlivesReferences: 'often',
  methods: ['shutdown'],
  with: 'waits',
  parts: ['submit', 'map'],
};
/** Its own threads refer to a pool. */
export const WORKER_POOL: ResourceModel = {
  ...EXECUTOR,
  noun: 'a pool of workers',
  methods: ['close', 'terminate'],
  with: 'closes',
  outlivesReferences: 'always',
  parts: ['imap', 'imap_unordered', 'map_async', 'apply_async'],
};
export const SHARED_MEMORY: ResourceModel = {
  ...OBJECT,
  noun: 'shared memory',
  family: 'pool',
  outlivesReferences: 'often',
  methods: ['close', 'unlink'],
  with: 'no with',
  parts: ['buf'],
};
export const DESCRIPTOR: ResourceModel = {
  ...OBJECT,
  noun: 'a file descriptor',
  family: 'descriptor',
  methods: [],
  functions: ['os.close', 'os.fdopen', 'builtins.open', 'io.open', 'io.FileIO', 'socket.socket', 'os.closerange'],
  with: 'no with',
  outlivesReferences: 'always',
  isPlainValue: true,
};
export const TEMPORARY_FILE: ResourceModel = {
  ...DESCRIPTOR,
  noun: 'a temporary file',
  family: 'temporary',
  functions: ['os.remove', 'os.unlink', 'shutil.move', 'os.rename', 'os.replace'],
  methods: ['unlink', 'rename', 'replace'],
};
export const TEMPORARY_DIRECTORY: ResourceModel = {
  ...TEMPORARY_FILE,
  noun: 'a temporary directory',
  functions: ['shutil.rmtree', 'os.rmdir', 'os.removedirs', 'shutil.move', 'os.rename', 'os.replace'],
  methods: ['rmtree', 'rmdir', 'remove_p', 'rmtree_p', 'rename', 'replace'],
};
export const MAPPING: ResourceModel = { ...OBJECT, noun: 'a memory mapping', family: 'mapping' };
export const DATASET: ResourceModel = {
  ...MAPPING,
  noun: 'a dataset',
  parts: ['variables', 'groups', 'data', 'values', 'sel', 'isel', 'load'],
};
/** An image closes its file once its pixels are read. */
export const IMAGE: ResourceModel = {
  ...MAPPING,
  noun: 'an image file',
  methods:
    'close fp verify load convert resize thumbnail crop copy save rotate transpose getdata tobytes show filter split reduce paste getpixel point quantize histogram'.split(
      ' ',
    ),
  functions: ['numpy.array', 'numpy.asarray', 'contextlib.closing'],
};

/** What a function is passed or returns that does not say what it is. */
export const ANY_RESOURCE: ResourceModel = {
  ...OBJECT,
  noun: 'a resource',
  family: 'file',
  with: 'unknown',
  methods: 'close aclose detach quit logout shutdown terminate communicate wait poll disconnect unlink cleanup'.split(
    ' ',
  ),
  functions: [
    ...DESCRIPTOR.functions,
    ...TEMPORARY_FILE.functions,
    ...TEMPORARY_DIRECTORY.functions,
    ...OBJECT.functions,
  ],
  parts: ['makefile', 'cursor', 'execute', 'buffer', 'stdout', 'stdin', 'stderr'],
};
