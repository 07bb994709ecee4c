// What the scan knows of resources: which calls open one, how it is released, what `with` does to it, and whether it
// outlives its last reference. A table of names; what code does with a resource is resource-uses.ts's business.

import type { Call, Expr } from '../source/python-ast.ts';

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
  readonly with: 'closes' | 'waits' | 'does not close' | 'no with';
  /** Released with `await`, entered with `async with`. */
  readonly isAsync: boolean;
  /**
   * Whether it stays when the last reference goes: CPython closes files and sockets as soon as nothing refers to them,
   * but no descriptor number, child process, worker pool or directory.
   */
  readonly staysWhenDropped: boolean;
  /** A path or number, not an object: passing it on does not pass on the duty to release it. */
  readonly isPlainValue: boolean;
  /** Methods and attributes whose value keeps it in use: a cursor, a stream over a socket. */
  readonly parts: readonly string[];
}

export interface Opener {
  readonly model: ResourceModel;
  /** Which elements of the tuple it returns are the resources; the result itself when absent. */
  readonly elements?: readonly (ResourceModel | undefined)[];
  /** Whether this call opens anything, as its arguments tell. */
  readonly opens?: (call: Call) => boolean;
}

const OBJECT = {
  methods: ['close'],
  functions: ['contextlib.closing', 'contextlib.aclosing'],
  with: 'closes',
  isAsync: false,
  staysWhenDropped: false,
  isPlainValue: false,
  parts: [],
} as const;

const FILE: ResourceModel = {
  ...OBJECT,
  noun: 'a file',
  family: 'file',
  parts: ['buffer', 'raw'],
  methods: ['close', 'detach'],
};
const ASYNC_FILE: ResourceModel = { ...FILE, isAsync: true, methods: ['close', 'aclose'] };
const ARCHIVE: ResourceModel = { ...FILE, noun: 'an archive', parts: ['open', 'extractfile'] };
const SHELF: ResourceModel = { ...FILE, noun: 'a database file', parts: [] };
/** Reading a listing to its end closes it. */
const LISTING: ResourceModel = {
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
const SOCKET: ResourceModel = {
  ...OBJECT,
  noun: 'a socket',
  family: 'client',
  methods: ['close', 'detach'],
  parts: ['makefile'],
};
const CLIENT: ResourceModel = { ...OBJECT, noun: 'a client', family: 'client', parts: ['makefile', 'getresponse'] };
/** Reading a response to its end closes it. */
const HTTP_RESPONSE: ResourceModel = { ...CLIENT, noun: 'an HTTP response', methods: ['close', 'read', 'readlines'] };
const SESSION: ResourceModel = { ...CLIENT, noun: 'an HTTP session', parts: [] };
const DATABASE: ResourceModel = {
  ...OBJECT,
  noun: 'a database connection',
  family: 'database',
  with: 'does not close',
  parts: ['cursor', 'execute', 'executemany', 'begin', 'transaction'],
};
const PROCESS: ResourceModel = {
  ...OBJECT,
  noun: 'a child process',
  family: 'process',
  methods: ['communicate', 'wait', 'poll', '__exit__'],
  functions: ['os.waitpid'],
  with: 'waits',
  parts: ['stdin', 'stdout', 'stderr'],
};
const EXECUTOR: ResourceModel = {
  ...OBJECT,
  noun: 'an executor',
  family: 'pool',
  methods: ['shutdown'],
  with: 'waits',
  parts: ['submit', 'map'],
};
const DESCRIPTOR: ResourceModel = {
  ...OBJECT,
  noun: 'a file descriptor',
  family: 'descriptor',
  methods: [],
  functions: ['os.close', 'os.fdopen', 'builtins.open', 'io.open', 'io.FileIO', 'socket.socket', 'os.closerange'],
  with: 'no with',
  staysWhenDropped: true,
  isPlainValue: true,
};
const TEMPORARY_FILE: ResourceModel = {
  ...DESCRIPTOR,
  noun: 'a temporary file',
  family: 'temporary',
  functions: ['os.remove', 'os.unlink', 'shutil.move', 'os.rename', 'os.replace'],
  methods: ['unlink', 'rename', 'replace'],
};
const TEMPORARY_DIRECTORY: ResourceModel = {
  ...TEMPORARY_FILE,
  noun: 'a temporary directory',
  functions: ['shutil.rmtree', 'os.rmdir', 'os.removedirs', 'shutil.move', 'os.rename', 'os.replace'],
  methods: ['rmtree', 'rmdir', 'remove_p', 'rmtree_p', 'rename', 'replace'],
};
const MAPPING: ResourceModel = { ...OBJECT, noun: 'a memory mapping', family: 'mapping' };
const DATASET: ResourceModel = {
  ...MAPPING,
  noun: 'a dataset',
  parts: ['variables', 'groups', 'data', 'values', 'sel', 'isel', 'load'],
};
/** An image closes its file once its pixels are read. */
const IMAGE: ResourceModel = {
  ...MAPPING,
  noun: 'an image file',
  methods:
    'close fp verify load convert resize thumbnail crop copy save rotate transpose getdata tobytes show filter split reduce paste getpixel point quantize histogram'.split(
      ' ',
    ),
  functions: ['numpy.array', 'numpy.asarray', 'contextlib.closing'],
};

/** What is passed to a function that does not say what it takes. */
export const ANY_RESOURCE: ResourceModel = {
  ...OBJECT,
  noun: 'a resource',
  family: 'file',
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

function hasKeyword(call: Call, name: string): boolean {
  return call.keywords.some((keyword) => keyword.arg === name && !isConstant(keyword.value, null));
}

function isConstant(expr: Expr | undefined, value: boolean | null): boolean {
  return expr?.kind === 'Constant' && expr.value === value;
}

function keyword(call: Call, name: string): Expr | undefined {
  return call.keywords.find(({ arg }) => arg === name)?.value;
}

const opensFile = (call: Call): boolean => !isConstant(keyword(call, 'closefd'), false);
/** A wrapper around a file that is already open does not own it. */
const opensByName = (call: Call): boolean => !hasKeyword(call, 'fileobj');

const OPENERS: Readonly<Record<string, Opener>> = {
  'builtins.open': { model: FILE, opens: opensFile },
  'io.open': { model: FILE, opens: opensFile },
  'io.FileIO': { model: FILE, opens: opensFile },
  'io.open_code': { model: FILE },
  'codecs.open': { model: FILE },
  'os.fdopen': { model: FILE, opens: opensFile },
  'os.popen': { model: FILE },
  'tokenize.open': { model: FILE },
  'fileinput.FileInput': { model: FILE },
  'gzip.open': { model: FILE },
  'gzip.GzipFile': { model: FILE, opens: opensByName },
  'bz2.open': { model: FILE },
  'bz2.BZ2File': { model: FILE },
  'lzma.open': { model: FILE },
  'lzma.LZMAFile': { model: FILE },
  'wave.open': { model: FILE },
  'tempfile.TemporaryFile': { model: FILE },
  'tempfile.SpooledTemporaryFile': { model: FILE },
  'tempfile.NamedTemporaryFile': { model: FILE },
  'importlib.resources.open_text': { model: FILE },
  'importlib.resources.open_binary': { model: FILE },
  'aiofiles.open': { model: ASYNC_FILE },
  'anyio.open_file': { model: ASYNC_FILE },
  'tarfile.open': { model: ARCHIVE, opens: opensByName },
  'tarfile.TarFile': { model: ARCHIVE, opens: opensByName },
  'zipfile.ZipFile': { model: ARCHIVE },
  'zipfile.PyZipFile': { model: ARCHIVE },
  'shelve.open': { model: SHELF },
  'dbm.open': { model: SHELF },
  'dbm.dumb.open': { model: SHELF },
  'dbm.gnu.open': { model: SHELF },
  'dbm.ndbm.open': { model: SHELF },

  'os.scandir': { model: LISTING },

  'os.open': { model: DESCRIPTOR },
  'os.dup': { model: DESCRIPTOR },
  'os.memfd_create': { model: DESCRIPTOR },
  'os.eventfd': { model: DESCRIPTOR },
  'os.pidfd_open': { model: DESCRIPTOR },
  'os.pipe': { model: DESCRIPTOR, elements: [DESCRIPTOR, DESCRIPTOR] },
  'os.pipe2': { model: DESCRIPTOR, elements: [DESCRIPTOR, DESCRIPTOR] },
  'os.openpty': { model: DESCRIPTOR, elements: [DESCRIPTOR, DESCRIPTOR] },
  'pty.openpty': { model: DESCRIPTOR, elements: [DESCRIPTOR, DESCRIPTOR] },
  'select.epoll': { model: { ...SOCKET, noun: 'an epoll object', family: 'descriptor' } },
  'select.kqueue': { model: { ...SOCKET, noun: 'a kqueue object', family: 'descriptor' } },
  'selectors.DefaultSelector': { model: { ...SOCKET, noun: 'a selector', family: 'descriptor' } },
  'selectors.EpollSelector': { model: { ...SOCKET, noun: 'a selector', family: 'descriptor' } },

  'socket.socket': { model: SOCKET },
  'socket.create_connection': { model: SOCKET },
  'socket.create_server': { model: SOCKET },
  'socket.fromfd': { model: SOCKET },
  'socket.socketpair': { model: SOCKET, elements: [SOCKET, SOCKET] },
  'urllib.request.urlopen': { model: HTTP_RESPONSE },
  'http.client.HTTPConnection': { model: { ...CLIENT, noun: 'an HTTP connection' } },
  'http.client.HTTPSConnection': { model: { ...CLIENT, noun: 'an HTTP connection' } },
  'ftplib.FTP': { model: { ...CLIENT, noun: 'an FTP connection', methods: ['quit', 'close'] } },
  'ftplib.FTP_TLS': { model: { ...CLIENT, noun: 'an FTP connection', methods: ['quit', 'close'] } },
  'smtplib.SMTP': { model: { ...CLIENT, noun: 'an SMTP connection', methods: ['quit', 'close'] } },
  'smtplib.SMTP_SSL': { model: { ...CLIENT, noun: 'an SMTP connection', methods: ['quit', 'close'] } },
  'imaplib.IMAP4': { model: { ...CLIENT, noun: 'an IMAP connection', methods: ['logout', 'shutdown'] } },
  'imaplib.IMAP4_SSL': { model: { ...CLIENT, noun: 'an IMAP connection', methods: ['logout', 'shutdown'] } },
  'poplib.POP3': { model: { ...CLIENT, noun: 'a POP connection', methods: ['quit', 'close'], with: 'no with' } },
  'poplib.POP3_SSL': { model: { ...CLIENT, noun: 'a POP connection', methods: ['quit', 'close'], with: 'no with' } },
  'telnetlib.Telnet': { model: { ...CLIENT, noun: 'a telnet connection' } },
  'paramiko.SSHClient': {
    model: {
      ...CLIENT,
      noun: 'an SSH connection',
      parts: ['open_sftp', 'exec_command', 'get_transport', 'invoke_shell'],
    },
  },
  'requests.Session': { model: SESSION },
  'requests.session': { model: SESSION },
  'requests.sessions.Session': { model: SESSION },
  'httpx.Client': { model: SESSION },
  'httpx.AsyncClient': { model: { ...SESSION, isAsync: true, methods: ['aclose'] } },
  'aiohttp.ClientSession': { model: { ...SESSION, isAsync: true } },
  'urllib3.PoolManager': { model: { ...SESSION, noun: 'a connection pool', methods: ['clear'] } },
  'urllib3.ProxyManager': { model: { ...SESSION, noun: 'a connection pool', methods: ['clear'] } },
  'asyncio.open_connection': {
    model: { ...CLIENT, noun: 'a stream', with: 'no with', staysWhenDropped: true },
    elements: [
      undefined,
      { ...CLIENT, noun: 'a stream', with: 'no with', staysWhenDropped: true, parts: ['transport'] },
    ],
  },
  'asyncio.open_unix_connection': {
    model: { ...CLIENT, noun: 'a stream', with: 'no with', staysWhenDropped: true },
    elements: [
      undefined,
      { ...CLIENT, noun: 'a stream', with: 'no with', staysWhenDropped: true, parts: ['transport'] },
    ],
  },
  'zmq.Context': { model: { ...CLIENT, noun: 'a ZeroMQ context', methods: ['term', 'destroy'], parts: ['socket'] } },
  'zmq.asyncio.Context': {
    model: { ...CLIENT, noun: 'a ZeroMQ context', methods: ['term', 'destroy'], parts: ['socket'] },
  },
  'redis.Redis': { model: { ...CLIENT, noun: 'a Redis client', parts: ['pipeline', 'pubsub', 'lock'] } },
  'redis.StrictRedis': { model: { ...CLIENT, noun: 'a Redis client', parts: ['pipeline', 'pubsub', 'lock'] } },
  'redis.asyncio.Redis': {
    model: {
      ...CLIENT,
      noun: 'a Redis client',
      isAsync: true,
      methods: ['aclose', 'close'],
      parts: ['pipeline', 'pubsub', 'lock'],
    },
  },
  'pymongo.MongoClient': { model: { ...CLIENT, noun: 'a MongoDB client', parts: ['get_database', 'start_session'] } },

  'sqlite3.connect': { model: DATABASE },
  'psycopg2.connect': { model: DATABASE },
  'psycopg.connect': { model: { ...DATABASE, with: 'closes' } },
  'pymysql.connect': { model: { ...DATABASE, with: 'closes' } },
  'MySQLdb.connect': { model: { ...DATABASE, with: 'closes' } },
  'mysql.connector.connect': { model: { ...DATABASE, with: 'closes' } },
  'oracledb.connect': { model: { ...DATABASE, with: 'closes' } },
  'cx_Oracle.connect': { model: { ...DATABASE, with: 'closes' } },
  'pyodbc.connect': { model: DATABASE },
  'duckdb.connect': { model: { ...DATABASE, with: 'closes' } },
  'asyncpg.connect': { model: { ...DATABASE, isAsync: true, with: 'no with' } },
  'aiosqlite.connect': { model: { ...DATABASE, isAsync: true, with: 'closes', staysWhenDropped: true } },

  'subprocess.Popen': { model: PROCESS },

  'multiprocessing.Pool': {
    model: {
      ...EXECUTOR,
      noun: 'a process pool',
      methods: ['close', 'terminate'],
      with: 'closes',
      staysWhenDropped: true,
      parts: ['imap', 'imap_unordered', 'map_async', 'apply_async'],
    },
  },
  'multiprocessing.pool.ThreadPool': {
    model: {
      ...EXECUTOR,
      noun: 'a thread pool',
      methods: ['close', 'terminate'],
      with: 'closes',
      staysWhenDropped: true,
      parts: ['imap', 'imap_unordered', 'map_async', 'apply_async'],
    },
  },
  'multiprocessing.Manager': {
    model: {
      ...EXECUTOR,
      noun: 'a manager process',
      methods: ['shutdown'],
      with: 'closes',
      parts: ['dict', 'list', 'Queue', 'Namespace', 'Value', 'Lock', 'Event'],
    },
  },
  'multiprocessing.shared_memory.SharedMemory': {
    model: {
      ...OBJECT,
      noun: 'shared memory',
      family: 'pool',
      methods: ['close', 'unlink'],
      with: 'no with',
      parts: ['buf'],
    },
  },
  'concurrent.futures.ThreadPoolExecutor': { model: EXECUTOR },
  'concurrent.futures.ProcessPoolExecutor': { model: EXECUTOR },

  'tempfile.mkdtemp': { model: TEMPORARY_DIRECTORY },
  'tempfile.mkstemp': { model: DESCRIPTOR, elements: [DESCRIPTOR, TEMPORARY_FILE] },

  'mmap.mmap': { model: MAPPING },
  'numpy.load': { model: { ...DATASET, noun: 'a mapped array', methods: ['close'] }, opens: isMappedLoad },
  'h5py.File': { model: { ...DATASET, noun: 'an HDF5 file' } },
  'netCDF4.Dataset': { model: DATASET },
  'xarray.open_dataset': { model: DATASET },
  'xarray.open_mfdataset': { model: DATASET },
  'rasterio.open': { model: { ...DATASET, noun: 'a raster file' } },
  'fitz.open': { model: { ...DATASET, noun: 'a document' } },
  'tables.open_file': { model: { ...DATASET, noun: 'an HDF5 file', parts: ['root', 'get_node'] } },
  'pandas.HDFStore': { model: { ...DATASET, noun: 'an HDF5 file', parts: [] } },
  'pandas.ExcelFile': { model: { ...DATASET, noun: 'a workbook', parts: [] } },
  'PIL.Image.open': { model: IMAGE, opens: opensPath },
};

/** An image of an open file or of bytes in memory is not ours to close. */
function opensPath({ args: [source] }: Call): boolean {
  switch (source?.kind) {
    case 'Constant':
    case 'JoinedStr':
    case 'BinOp':
      return true;
    case 'Name':
      return /path|name|source|src/i.test(source.id);
    case 'Attribute':
      return /path|name/i.test(source.attr);
    case 'Call':
      return source.func.kind === 'Attribute' && /^(?:join|joinpath|abspath)$/.test(source.func.attr);
    default:
      return false;
  }
}

/** An archive of arrays stays open until it is closed; an array mapped into memory is kept by its views. */
function isMappedLoad(call: Call): boolean {
  const path = call.args[0];
  return path?.kind === 'Constant' && typeof path.value === 'string' && path.value.endsWith('.npz');
}

/** By dotted name, import aliases undone. */
export const OPENERS_BY_NAME: ReadonlyMap<string, Opener> = new Map(Object.entries(OPENERS));

/** What `Path(…).open()` opens. */
export const PATH_OPENER: Opener = { model: FILE };

export const PATH_CLASSES: ReadonlySet<string> = new Set(['pathlib.Path', 'pathlib.PosixPath', 'pathlib.WindowsPath']);
