// Lines that open what the operating system counts (descriptors, sockets, connections, processes, threads, tasks),
// and whether the code around them lets go of it again. For leaks that leave the Python heap flat.

import { callersOf } from './callers.ts';
import type { SeenLine, SourceSite } from './growth-site-query.ts';
import { isInLoop } from './holder-effects.ts';
import type { Call, Expr, Node } from './python-ast.ts';
import { dottedName } from './qualified-name.ts';
import type { Binding } from './scopes.ts';
import { seenRunning } from './seen-running.ts';
import type { FunctionInfo, ModuleSource, SourceIndex } from './source-index.ts';
import { bindingOf, enclosingFunction, filesMentioning } from './source-index.ts';
import { mergeSites, siteAt } from './source-site.ts';
import { inferValues } from './type-inference.ts';

export type ResourceKind =
  | 'file descriptor'
  | 'socket'
  | 'database connection'
  | 'network session'
  | 'child process'
  | 'thread'
  | 'task'
  | 'temporary file'
  | 'memory mapping';

/** What becomes of the opened resource, as far as its own function (or, for a field, its class) shows. */
export type Release =
  /** Closed on every path (`with`, ExitStack). */
  | 'with'
  /** A release is called here or in the class, though perhaps not on every path. */
  | 'released'
  | 'returned'
  | 'stored'
  | 'passed on'
  | 'not released';

export interface ResourceSite extends SourceSite {
  readonly kind: ResourceKind;
  readonly release: Release;
}

export interface ResourceOpeners {
  /** Application code before libraries, least surely released first. */
  readonly openers: readonly ResourceSite[];
  /** Calls that reach the openers not surely released. */
  readonly callers: readonly SourceSite[];
}

const MAX_OPENERS = 16;
const MAX_CALLERS = 12;
/** Library openers whose callers are looked for; each costs a search. */
const MAX_LIBRARY_OPENERS = 48;

const OPENERS: Readonly<Record<string, ResourceKind>> = {
  'builtins.open': 'file descriptor',
  'io.open': 'file descriptor',
  'io.FileIO': 'file descriptor',
  'codecs.open': 'file descriptor',
  'os.open': 'file descriptor',
  'os.fdopen': 'file descriptor',
  'os.dup': 'file descriptor',
  'os.pipe': 'file descriptor',
  'os.pipe2': 'file descriptor',
  'os.openpty': 'file descriptor',
  'os.eventfd': 'file descriptor',
  'os.memfd_create': 'file descriptor',
  'os.scandir': 'file descriptor',
  'gzip.open': 'file descriptor',
  'gzip.GzipFile': 'file descriptor',
  'bz2.open': 'file descriptor',
  'lzma.open': 'file descriptor',
  'tarfile.open': 'file descriptor',
  'zipfile.ZipFile': 'file descriptor',
  'shelve.open': 'file descriptor',
  'dbm.open': 'file descriptor',
  'logging.FileHandler': 'file descriptor',
  'logging.handlers.RotatingFileHandler': 'file descriptor',
  'select.epoll': 'file descriptor',
  'select.kqueue': 'file descriptor',
  'selectors.DefaultSelector': 'file descriptor',
  'selectors.EpollSelector': 'file descriptor',
  'asyncio.new_event_loop': 'file descriptor',
  'asyncio.SelectorEventLoop': 'file descriptor',
  'multiprocessing.Pipe': 'file descriptor',
  'multiprocessing.Queue': 'file descriptor',
  'socket.socket': 'socket',
  'socket.create_connection': 'socket',
  'socket.create_server': 'socket',
  'socket.socketpair': 'socket',
  'socket.fromfd': 'socket',
  'asyncio.open_connection': 'socket',
  'asyncio.start_server': 'socket',
  'ssl.wrap_socket': 'socket',
  'socketserver.TCPServer': 'socket',
  'http.server.HTTPServer': 'socket',
  'http.server.ThreadingHTTPServer': 'socket',
  'sqlite3.connect': 'database connection',
  'psycopg2.connect': 'database connection',
  'psycopg.connect': 'database connection',
  'pymysql.connect': 'database connection',
  'MySQLdb.connect': 'database connection',
  'mysql.connector.connect': 'database connection',
  'cx_Oracle.connect': 'database connection',
  'asyncpg.connect': 'database connection',
  'aiosqlite.connect': 'database connection',
  'redis.Redis': 'database connection',
  'pymongo.MongoClient': 'database connection',
  'http.client.HTTPConnection': 'network session',
  'http.client.HTTPSConnection': 'network session',
  'urllib.request.urlopen': 'network session',
  'requests.Session': 'network session',
  'requests.session': 'network session',
  'httpx.Client': 'network session',
  'httpx.AsyncClient': 'network session',
  'aiohttp.ClientSession': 'network session',
  'urllib3.PoolManager': 'network session',
  'ftplib.FTP': 'network session',
  'smtplib.SMTP': 'network session',
  'smtplib.SMTP_SSL': 'network session',
  'imaplib.IMAP4': 'network session',
  'paramiko.SSHClient': 'network session',
  'subprocess.Popen': 'child process',
  'asyncio.create_subprocess_exec': 'child process',
  'asyncio.create_subprocess_shell': 'child process',
  'os.fork': 'child process',
  'os.forkpty': 'child process',
  'os.posix_spawn': 'child process',
  'os.spawnv': 'child process',
  'os.popen': 'child process',
  'multiprocessing.Process': 'child process',
  'multiprocessing.Pool': 'child process',
  'multiprocessing.Manager': 'child process',
  'concurrent.futures.ProcessPoolExecutor': 'child process',
  'threading.Thread': 'thread',
  'threading.Timer': 'thread',
  '_thread.start_new_thread': 'thread',
  'multiprocessing.pool.ThreadPool': 'thread',
  'concurrent.futures.ThreadPoolExecutor': 'thread',
  'asyncio.create_task': 'task',
  'asyncio.ensure_future': 'task',
  'tempfile.TemporaryFile': 'temporary file',
  'tempfile.NamedTemporaryFile': 'temporary file',
  'tempfile.SpooledTemporaryFile': 'temporary file',
  'tempfile.mkstemp': 'temporary file',
  'tempfile.mkdtemp': 'temporary file',
  'mmap.mmap': 'memory mapping',
  'multiprocessing.shared_memory.SharedMemory': 'memory mapping',
  'numpy.memmap': 'memory mapping',
};

/** Kinds that hold a descriptor each: a growing descriptor table may be any of them. */
export const DESCRIPTOR_KINDS: readonly ResourceKind[] = [
  'file descriptor',
  'socket',
  'database connection',
  'network session',
  'child process',
  'temporary file',
  'memory mapping',
];

const RELEASING_METHODS: ReadonlySet<string> = new Set([
  'aclose',
  'cancel',
  'close',
  'communicate',
  'detach',
  'disconnect',
  'join',
  'kill',
  'quit',
  'result',
  'server_close',
  'shutdown',
  'terminate',
  'unlink',
  'wait',
  'wait_closed',
]);

const RELEASING_FUNCTIONS: ReadonlySet<string> = new Set([
  'os.close',
  'os.fdopen',
  'os.waitpid',
  'os.kill',
  'os.unlink',
  'os.remove',
  'shutil.rmtree',
  'contextlib.closing',
  'contextlib.aclosing',
  'socket.close',
  'asyncio.wait',
  'asyncio.gather',
  'asyncio.wait_for',
]);

interface Opener {
  readonly source: ModuleSource;
  readonly call: Call;
  readonly name: string;
  readonly kind: ResourceKind;
  readonly release: Release;
  readonly function: FunctionInfo | undefined;
}

/**
 * Lines of the program that open resources of the kinds (all kinds when none are named), and the calls that reach them;
 * of equals, those in functions that were seen running first.
 */
export function findResourceOpeners(
  index: SourceIndex,
  kinds: readonly ResourceKind[] = [],
  running: readonly SeenLine[] = [],
): ResourceOpeners {
  const isSeen = seenRunning(running);
  const found = openersIn(index, new Set(kinds)).sort(
    (a, b) => Number(isSeen(b.source, b.call)) - Number(isSeen(a.source, a.call)),
  );
  const application = found.filter((opener) => !opener.source.isLibrary).sort(byUrgency);
  const libraries = found
    .filter((opener) => opener.source.isLibrary && isUnsure(opener.release) && opener.function !== undefined)
    .sort(byUrgency)
    .slice(0, MAX_LIBRARY_OPENERS);
  const callers: SourceSite[] = [];
  for (const opener of application) {
    if (opener.function !== undefined && isUnsure(opener.release))
      callers.push(...callerRows(index, opener.function, false));
  }
  // A library's openers count only where the application reaches them.
  const reached: Opener[] = [];
  for (const opener of libraries) {
    const rows = callerRows(index, opener.function!, true);
    if (rows.length === 0) continue;
    reached.push(opener);
    callers.push(...rows);
  }
  return {
    openers: [...application, ...reached].slice(0, MAX_OPENERS).map((opener) => ({
      ...siteAt(opener.source, opener.call, 'creates', `opens ${opener.kind}`),
      kind: opener.kind,
      release: opener.release,
    })),
    callers: mergeSites([callers]).slice(0, MAX_CALLERS),
  };
}

function openersIn(index: SourceIndex, kinds: ReadonlySet<ResourceKind>): Opener[] {
  const wanted = Object.entries(OPENERS).filter(([, kind]) => kinds.size === 0 || kinds.has(kind));
  const words = [...new Set(wanted.map(([name]) => name.slice(name.lastIndexOf('.') + 1)))];
  const names = new Map(wanted);
  const includesTasks = kinds.size === 0 || kinds.has('task');
  return filesMentioning(index, ...words).flatMap((source) =>
    source.calls.flatMap((call): Opener[] => {
      const name = openerName(index, source, call, names);
      const kind =
        name !== undefined
          ? names.get(name)
          : includesTasks &&
              call.func.kind === 'Attribute' &&
              call.func.attr === 'create_task' &&
              !isTaskGroup(call.func.value)
            ? 'task'
            : undefined;
      if (kind === undefined) return [];
      return [
        {
          source,
          call,
          name: name ?? 'create_task',
          kind,
          release: releaseOf(source, call),
          function: enclosingFunction(source, call),
        },
      ];
    }),
  );
}

function openerName(
  index: SourceIndex,
  source: ModuleSource,
  call: Call,
  names: ReadonlyMap<string, ResourceKind>,
): string | undefined {
  const written = dottedName(source, call.func);
  if (written !== undefined && names.has(written)) return written;
  for (const value of inferValues(index, source, call.func)) {
    const name =
      value.kind === 'external'
        ? value.name
        : value.kind === 'class'
          ? `${value.class.file.module}.${value.class.qualname}`
          : value.kind === 'function'
            ? `${value.function.file.module}.${value.function.qualname}`
            : undefined;
    if (name !== undefined && names.has(name)) return name;
  }
  return undefined;
}

/** A task group awaits what it starts. */
function isTaskGroup(receiver: Expr): boolean {
  const name = receiver.kind === 'Name' ? receiver.id : receiver.kind === 'Attribute' ? receiver.attr : '';
  return /group|nursery|^tg$/i.test(name);
}

function releaseOf(source: ModuleSource, opened: Expr): Release {
  const parent = opened.parent;
  switch (parent?.kind) {
    case 'withitem':
      return parent.context_expr === opened ? 'with' : 'not released';
    case 'Await':
    case 'NamedExpr':
    case 'IfExp':
    case 'BoolOp':
    case 'Starred':
      return releaseOf(source, parent);
    case 'Return':
    case 'Yield':
      return 'returned';
    case 'Lambda':
      return 'returned';
    case 'Call': {
      const name = dottedName(source, parent.func) ?? (parent.func.kind === 'Attribute' ? parent.func.attr : '');
      if (/(?:^|\.)(?:closing|aclosing|suppressing)$/.test(name)) return releaseOf(source, parent);
      if (/(?:^|\.)enter_(?:async_)?context$/.test(name)) return 'with';
      if (RELEASING_FUNCTIONS.has(name)) return 'released';
      if (KEEPING_METHODS.has(name)) return 'stored';
      return 'passed on';
    }
    case 'keyword':
      return 'passed on';
    case 'Attribute':
      return RELEASING_METHODS.has(parent.attr) ? 'released' : 'not released';
    case 'Assign':
      return parent.targets.map((target) => releaseOfTarget(source, target)).sort(bySafety)[0] ?? 'not released';
    case 'AnnAssign':
      return releaseOfTarget(source, parent.target);
    case 'List':
    case 'Tuple':
    case 'Set':
    case 'Dict':
    case 'ListComp':
    case 'SetComp':
    case 'DictComp':
      return 'stored';
    default:
      return 'not released';
  }
}

const KEEPING_METHODS: ReadonlySet<string> = new Set(['add', 'append', 'appendleft', 'insert', 'put', 'setdefault']);

function releaseOfTarget(source: ModuleSource, target: Expr): Release {
  switch (target.kind) {
    case 'Name': {
      const binding = bindingOf(source, target);
      return binding === undefined ? 'not released' : releaseOfVariable(source, binding);
    }
    case 'Tuple':
    case 'List': {
      // `near, far = pipe()`: as safe as the least safe of them.
      const each = target.elts.map((element) => releaseOfTarget(source, element)).sort(bySafety);
      return each[each.length - 1] ?? 'not released';
    }
    case 'Attribute':
      return isReleasedAttribute(source, target.attr) ? 'released' : 'stored';
    case 'Subscript':
      return 'stored';
    default:
      return 'not released';
  }
}

function releaseOfVariable(source: ModuleSource, binding: Binding): Release {
  if (binding.scope.kind === 'module') {
    return (source.names.get(binding.name) ?? []).some((name) => usedAs(source, name) === 'released')
      ? 'released'
      : 'stored';
  }
  const uses = (source.names.get(binding.name) ?? [])
    .filter((name) => name.ctx === 'Load' && bindingOf(source, name) === binding)
    .map((name) => usedAs(source, name));
  return [...uses].sort(bySafety)[0] ?? 'not released';
}

/** What one mention of a variable does for its release. */
function usedAs(source: ModuleSource, name: Expr): Release {
  const parent = name.parent;
  switch (parent?.kind) {
    case 'Attribute': {
      const isCall = parent.parent?.kind === 'Call' && parent.parent.func === parent;
      if (isCall && RELEASING_METHODS.has(parent.attr)) return 'released';
      // `stack.callback(handle.close)`, `addCleanup(thread.join)`
      return !isCall && RELEASING_METHODS.has(parent.attr) ? 'released' : 'not released';
    }
    case 'withitem':
      return 'with';
    case 'Await':
      return 'released';
    case 'Return':
    case 'Yield':
      return 'returned';
    case 'Tuple':
    case 'List':
    case 'Set':
    case 'Dict':
      return usedAs(source, parent) === 'returned' ? 'returned' : 'stored';
    case 'Assign':
      return parent.value === name && parent.targets.some((target) => target.kind !== 'Name')
        ? 'stored'
        : 'not released';
    case 'keyword':
      return 'passed on';
    case 'Call': {
      if (parent.func === name) return 'not released';
      const callee = dottedName(source, parent.func) ?? (parent.func.kind === 'Attribute' ? parent.func.attr : '');
      if (RELEASING_FUNCTIONS.has(callee)) return 'released';
      if (/(?:^|\.)enter_(?:async_)?context$/.test(callee)) return 'with';
      if (KEEPING_METHODS.has(callee)) return 'stored';
      return /^builtins\.(?:print|len|repr|str|isinstance|next|iter|id)$|^os\.(?:read|write|lseek|fstat|isatty)$/.test(
        callee,
      )
        ? 'not released'
        : 'passed on';
    }
    default:
      return 'not released';
  }
}

/** Whether any code of the file releases the attribute: `self.sock.close()`, `os.close(self.fd)`, `with self.lock`. */
function isReleasedAttribute(source: ModuleSource, name: string): boolean {
  return (source.attributes.get(name) ?? []).some((node) => {
    const how = node.ctx === 'Load' ? usedAs(source, node) : 'not released';
    return how === 'released' || how === 'with';
  });
}

const SAFETY: readonly Release[] = ['with', 'released', 'returned', 'stored', 'passed on', 'not released'];

function bySafety(a: Release, b: Release): number {
  return SAFETY.indexOf(a) - SAFETY.indexOf(b);
}

function isUnsure(release: Release): boolean {
  return release !== 'with' && release !== 'released';
}

/** What surely leaks first; what runs repeatedly before what runs once. */
function byUrgency(a: Opener, b: Opener): number {
  return bySafety(b.release, a.release) || runsOnce(a) - runsOnce(b);
}

function runsOnce(opener: Opener): number {
  return opener.function === undefined && !isInLoop(opener.call) ? 1 : 0;
}

function callerRows(index: SourceIndex, callee: FunctionInfo, applicationOnly: boolean): readonly SourceSite[] {
  const sites = callersOf(index, [callee]).filter((site) => !applicationOnly || !site.source.isLibrary);
  const repeated = sites.filter(
    ({ source, node }: { source: ModuleSource; node: Node }) =>
      enclosingFunction(source, node) !== undefined || isInLoop(node),
  );
  return [
    ...repeated.filter((site) => !site.source.isLibrary),
    ...repeated.filter((site) => site.source.isLibrary),
  ].map(({ source, node, operation }) => siteAt(source, node, 'calls writer', operation));
}
