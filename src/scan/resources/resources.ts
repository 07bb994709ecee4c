// Which calls open a resource, by dotted name, and of which kind. A table; what code does with a resource is
// resource-uses.ts's business.

import type { Call, Expr } from '../../source/python-ast.ts';
import {
  ARCHIVE,
  ASYNC_FILE,
  CLIENT,
  DATABASE,
  DATASET,
  DESCRIPTOR,
  EXECUTOR,
  FILE,
  HTTP_RESPONSE,
  IMAGE,
  LISTING,
  MAPPING,
  PROCESS,
  REDIS_CLIENT,
  type ResourceModel,
  SESSION,
  SHARED_MEMORY,
  SHELF,
  SOCKET,
  STREAM,
  TEMPORARY_DIRECTORY,
  TEMPORARY_FILE,
  WORKER_POOL,
  ZEROMQ_CONTEXT,
} from './resource-models.ts';

export interface Opener {
  readonly model: ResourceModel;
  /** Which elements of the tuple it returns are the resources; the result itself when absent. */
  readonly elements?: readonly (ResourceModel | undefined)[];
  /** Whether this call opens anything, as its arguments tell. */
  readonly opens?: (call: Call) => boolean;
}

function hasKeyword(call: Call, name: string): boolean {
  return call.keywords.some((keyword) => keyword.arg === name && !isConstant(keyword.value, null));
}

function isConstant(expr: Expr | undefined, value: boolean | null): boolean {
  return expr?.kind === 'Constant' && expr.value === value;
}

function keyword(call: Call, name: string): Expr | undefined {
  return call.keywords.find(({ arg }) => arg === name)?.value;
}

/** Not the standard streams, and not where whoever opened the descriptor keeps it. */
function opensFile(call: Call): boolean {
  const [source] = call.args;
  if (isConstant(keyword(call, 'closefd'), false)) return false;
  if (source?.kind === 'Constant') return typeof source.value !== 'number';
  return !(source?.kind === 'Call' && source.func.kind === 'Attribute' && source.func.attr === 'fileno');
}

/** A wrapper around a file that is already open does not own it. */
function opensByName(call: Call): boolean {
  const [source] = call.args;
  if (hasKeyword(call, 'fileobj')) return false;
  switch (source?.kind) {
    case 'Name':
      return !/^(?:self|f|b|bio|content|data)$|fp$|fh$|fd$|fileobj|file_obj|buf|stream|bytes|_io$/i.test(source.id);
    case 'Attribute':
      return !/fp$|fh$|fileobj|buf|stream|bytes|^file$/i.test(source.attr);
    case 'Call':
      return !/BytesIO|fileno|TemporaryFile/.test(lastName(source.func));
    default:
      return true;
  }
}

function lastName(expr: Expr): string {
  return expr.kind === 'Name' ? expr.id : expr.kind === 'Attribute' ? expr.attr : '';
}

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
  'gzip.open': { model: FILE, opens: opensByName },
  'gzip.GzipFile': { model: FILE, opens: opensByName },
  'bz2.open': { model: FILE, opens: opensByName },
  'bz2.BZ2File': { model: FILE, opens: opensByName },
  'lzma.open': { model: FILE, opens: opensByName },
  'lzma.LZMAFile': { model: FILE, opens: opensByName },
  'wave.open': { model: FILE, opens: opensByName },
  'tempfile.TemporaryFile': { model: FILE },
  'tempfile.SpooledTemporaryFile': { model: FILE },
  'tempfile.NamedTemporaryFile': { model: FILE },
  'importlib.resources.open_text': { model: FILE },
  'importlib.resources.open_binary': { model: FILE },
  'aiofiles.open': { model: ASYNC_FILE },
  'anyio.open_file': { model: ASYNC_FILE },
  'tarfile.open': { model: ARCHIVE, opens: opensByName },
  'tarfile.TarFile': { model: ARCHIVE, opens: opensByName },
  'zipfile.ZipFile': { model: ARCHIVE, opens: opensByName },
  'zipfile.PyZipFile': { model: ARCHIVE, opens: opensByName },
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
  'requests.sessions.session': { model: SESSION },
  'httpx.Client': { model: SESSION },
  'httpx.AsyncClient': { model: { ...SESSION, isAsync: true, methods: ['aclose'] } },
  'aiohttp.ClientSession': { model: { ...SESSION, isAsync: true } },
  'urllib3.PoolManager': { model: { ...SESSION, noun: 'a connection pool', methods: ['clear'] } },
  'urllib3.ProxyManager': { model: { ...SESSION, noun: 'a connection pool', methods: ['clear'] } },
  'asyncio.open_connection': { model: STREAM, elements: [undefined, STREAM] },
  'asyncio.open_unix_connection': { model: STREAM, elements: [undefined, STREAM] },
  'zmq.Context': { model: ZEROMQ_CONTEXT },
  'zmq.asyncio.Context': { model: ZEROMQ_CONTEXT },
  'redis.Redis': { model: REDIS_CLIENT },
  'redis.StrictRedis': { model: REDIS_CLIENT },
  'redis.asyncio.Redis': { model: { ...REDIS_CLIENT, isAsync: true, methods: ['aclose', 'close'] } },
  'pymongo.MongoClient': {
    model: { ...CLIENT, noun: 'a MongoDB client', parts: ['get_database', 'start_session', '[]'] },
  },

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
  'aiosqlite.connect': { model: { ...DATABASE, isAsync: true, with: 'closes', outlivesReferences: 'always' } },

  'subprocess.Popen': { model: PROCESS },

  'multiprocessing.Pool': { model: WORKER_POOL },
  'multiprocessing.pool.Pool': { model: WORKER_POOL },
  'multiprocessing.pool.ThreadPool': { model: WORKER_POOL },
  'multiprocessing.Manager': {
    model: {
      ...EXECUTOR,
      noun: 'a manager process',
      methods: ['shutdown'],
      with: 'closes',
      parts: ['dict', 'list', 'Queue', 'Namespace', 'Value', 'Lock', 'Event'],
    },
  },
  'multiprocessing.shared_memory.SharedMemory': { model: SHARED_MEMORY },
  'concurrent.futures.ThreadPoolExecutor': { model: EXECUTOR },
  'concurrent.futures.ProcessPoolExecutor': { model: EXECUTOR },

  'tempfile.mkdtemp': { model: TEMPORARY_DIRECTORY },
  'tempfile.mkstemp': { model: DESCRIPTOR, elements: [DESCRIPTOR, TEMPORARY_FILE] },

  'mmap.mmap': { model: MAPPING },
  'numpy.load': { model: { ...DATASET, noun: 'a mapped array', methods: ['close'] }, opens: isMappedLoad },
  'h5py.File': { model: { ...DATASET, noun: 'an HDF5 file' }, opens: opensByName },
  'netCDF4.Dataset': { model: DATASET },
  'xarray.open_dataset': { model: DATASET },
  'xarray.open_mfdataset': { model: DATASET },
  'rasterio.open': { model: { ...DATASET, noun: 'a raster file' } },
  'fitz.open': { model: { ...DATASET, noun: 'a document' } },
  'tables.open_file': { model: { ...DATASET, noun: 'an HDF5 file', parts: ['root', 'get_node'] } },
  'pandas.HDFStore': { model: { ...DATASET, noun: 'an HDF5 file', parts: [] } },
  'pandas.ExcelFile': { model: { ...DATASET, noun: 'a workbook', parts: [] }, opens: opensByName },
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
