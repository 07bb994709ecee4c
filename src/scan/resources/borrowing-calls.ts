// Calls outside a project that a resource may be passed to: which only use their argument, which hand it back in another
// form, and which are too simple to fail. By dotted name, or by method name where the receiver is unknown.

import type { Attribute, Call, Expr } from '../../source/python-ast.ts';
import { dottedName } from '../../source/qualified-name.ts';
import type { ModuleSource } from '../../source/source-index.ts';

/** What becomes of an argument: used during the call only, kept in use by the result, or owned by the result. */
export type ArgumentFate = 'used' | 'kept by result' | 'owned by result';

const USING = words(`
builtins.print builtins.len builtins.isinstance builtins.issubclass builtins.hasattr builtins.callable builtins.id
builtins.repr builtins.str builtins.bool builtins.type builtins.int builtins.next builtins.list builtins.tuple builtins.set
builtins.frozenset builtins.dict builtins.sorted builtins.sum builtins.min builtins.max builtins.any builtins.all
builtins.hash builtins.exec builtins.compile builtins.bytes builtins.bytearray builtins.format
json.load json.dump pickle.load pickle.dump marshal.load marshal.dump plistlib.load plistlib.dump tomllib.load tomli.load
tomli_w.dump toml.load toml.dump simplejson.load simplejson.dump ujson.load ujson.dump yaml.load yaml.safe_load yaml.dump
yaml.safe_dump yaml.full_load joblib.load joblib.dump torch.load torch.save numpy.load numpy.save numpy.savez numpy.loadtxt
numpy.savetxt numpy.fromfile numpy.genfromtxt numpy.frombuffer pandas.read_csv pandas.read_json pandas.read_excel
pandas.read_sql pandas.read_sql_query pandas.read_sql_table pandas.read_parquet pandas.read_table pandas.read_pickle
shutil.copyfileobj shutil.copy shutil.copy2 shutil.copyfile shutil.copytree shutil.copymode shutil.copystat
shutil.unpack_archive shutil.make_archive struct.unpack_from struct.unpack struct.pack_into
imp.load_module ast.parse xml.etree.ElementTree.parse xml.dom.minidom.parse lxml.etree.parse lxml.html.parse
xml.sax.parse hashlib.file_digest tokenize.tokenize tokenize.generate_tokens tokenize.detect_encoding
subprocess.run subprocess.call subprocess.check_call subprocess.check_output subprocess.Popen
traceback.print_exc traceback.print_exception traceback.print_stack traceback.print_tb faulthandler.dump_traceback
select.select select.poll ssl.create_default_context email.message_from_file email.message_from_binary_file
os.read os.write os.lseek os.fstat os.isatty os.fsync os.ftruncate os.set_blocking os.set_inheritable os.get_inheritable
os.dup os.fdatasync os.pread os.pwrite os.sendfile os.readv os.writev os.listdir os.scandir os.walk os.mkdir os.makedirs
os.chmod os.chown os.stat os.lstat os.access os.utime os.chdir os.symlink os.link os.get_blocking os.fchmod os.fchown
os.path.exists os.path.isfile os.path.isdir os.path.getsize os.path.getmtime os.path.samefile os.fsencode os.killpg
os.path.islink os.set_blocking os.ttyname os.tcgetpgrp os.waitid os.kill
fcntl.fcntl fcntl.flock fcntl.lockf fcntl.ioctl msvcrt.locking msvcrt.setmode msvcrt.get_osfhandle termios.tcgetattr
termios.tcsetattr tty.setraw tty.setcbreak glob.glob time.sleep sys.path.insert sys.path.append sys.path.remove
random.seed csv.Sniffer mailbox.mbox
`);

const KEEPING = words(`
builtins.iter builtins.enumerate builtins.zip builtins.map builtins.filter builtins.reversed builtins.memoryview
csv.reader csv.writer csv.DictReader csv.DictWriter itertools.islice itertools.chain itertools.takewhile
itertools.dropwhile itertools.groupby itertools.filterfalse itertools.starmap itertools.count functools.partial
xml.etree.ElementTree.iterparse lxml.etree.iterparse yaml.load_all yaml.safe_load_all pickle.Pickler pickle.Unpickler
os.path.join os.path.abspath os.path.realpath os.path.basename os.path.dirname os.path.normpath os.path.expanduser
os.path.relpath os.fspath os.path.normcase os.path.splitext
pathlib.Path pathlib.PurePath mmap.mmap gzip.GzipFile zipfile.ZipFile tarfile.open
bz2.BZ2File lzma.LZMAFile lzma.open gzip.open bz2.open wave.open PIL.Image.open codecs.iterdecode
`);

const OWNING = words(`
io.TextIOWrapper io.BufferedReader io.BufferedWriter io.BufferedRandom io.BufferedRWPair codecs.StreamReaderWriter
codecs.EncodedFile codecs.StreamRecoder ssl.wrap_socket typing.cast typing.cast
`);

/** Methods whatever the receiver, that read or write the file or path they are passed. */
const USING_METHODS = words(`
read_file readfp to_csv to_json to_excel to_parquet to_pickle to_hdf writerow writerows write_xml dump load
parse_file readinto save savefig write_bytes hexdigest fromfile tofile from_csv print_stats print_help print_usage
register_at_fork debug info warning error exception critical log startswith endswith format encode decode
join relative_to joinpath is_dir is_file exists
`);

/** Functions that many projects have a copy of, by the last part of their name: they read a little and return a value. */
const USING_FUNCTIONS = words('detect_encoding detect_bom guess_encoding');

/** What calling something outside the project does with its arguments; undefined when it is not known. */
export function argumentFate(source: ModuleSource, call: Call): ArgumentFate | undefined {
  const { func } = call;
  const name = dottedName(source, func);
  if (name !== undefined) {
    if (USING.has(name)) return 'used';
    if (KEEPING.has(name)) return 'kept by result';
    if (OWNING.has(name)) return 'owned by result';
  }
  if (USING_FUNCTIONS.has(lastName(func))) return 'used';
  if (func.kind !== 'Attribute') return undefined;
  if (func.attr === 'wrap_socket') return 'owned by result';
  if (USING_METHODS.has(func.attr)) return 'used';
  return undefined;
}

function lastName(func: Expr): string {
  return func.kind === 'Name' ? func.id : func.kind === 'Attribute' ? func.attr : '';
}

const HARMLESS = words(`
os.close os.pipe os.dup os.fork os.set_blocking os.set_inheritable os.unlink os.remove shutil.rmtree
typing.cast socket.socket email.message.EmailMessage
builtins.print builtins.len builtins.isinstance builtins.issubclass builtins.hasattr builtins.callable builtins.id
builtins.repr builtins.str builtins.bool builtins.type builtins.list builtins.tuple builtins.set builtins.dict
builtins.frozenset builtins.range builtins.enumerate builtins.zip builtins.object builtins.super builtins.iter
builtins.min builtins.max builtins.sorted builtins.reversed builtins.bytes builtins.bytearray builtins.vars builtins.locals
builtins.globals builtins.dir builtins.round builtins.abs builtins.sum builtins.any builtins.all builtins.format
builtins.chr builtins.ord builtins.hex builtins.hash builtins.slice builtins.property builtins.map builtins.filter
time.time time.monotonic time.perf_counter time.time_ns os.getpid os.getcwd os.path.join os.path.basename os.path.dirname
os.path.exists os.path.abspath os.path.isfile os.path.isdir os.path.splitext os.path.normpath threading.Lock threading.RLock
threading.Event threading.Condition collections.deque collections.defaultdict collections.OrderedDict collections.Counter
logging.getLogger datetime.datetime.now datetime.datetime.utcnow warnings.warn io.BytesIO io.StringIO sys.exc_info
sys.getsizeof traceback.format_exc copy.copy itertools.count itertools.chain itertools.islice functools.partial
contextlib.suppress contextlib.closing contextlib.aclosing random.random random.randint struct.calcsize hashlib.md5 hashlib.sha1 hashlib.sha256
`);

const HARMLESS_METHODS = words(`
close aclose shutdown terminate kill encode decode
append appendleft add extend update setdefault get items keys values startswith endswith strip lstrip rstrip split rsplit
splitlines partition rpartition join format lower upper replace title capitalize find rfind count copy clear discard
is_set set isdigit isalpha isalnum isspace hexdigest digest
fileno readable writable seekable settimeout setblocking closed isatty tell getvalue now time pop isoformat total_seconds group groups
`);

/** Whether a call hardly ever fails, so that nobody need release anything for its sake. */
export function isHarmless(source: ModuleSource, call: Call): boolean {
  const { func } = call;
  if (func.kind === 'Attribute' && (HARMLESS_METHODS.has(func.attr) || isLogging(func))) return true;
  const name = dottedName(source, func);
  return name !== undefined && HARMLESS.has(name);
}

/** `logger.info(…)`, `self.log.debug(…)`, `logging.error(…)`. */
function isLogging({ attr, value }: Attribute): boolean {
  const receiver = value.kind === 'Name' ? value.id : value.kind === 'Attribute' ? value.attr : '';
  return /^(?:debug|info|warn|warning|error|exception|critical|log)$/.test(attr) && /log/i.test(receiver);
}

const NEVER_RETURNING = words(`
sys.exit os._exit os.abort builtins.exit builtins.quit os.execv os.execve os.execvp os.execvpe os.execl os.execlp os.execle
pytest.fail pytest.skip pytest.exit pytest.xfail
`);

export function neverReturns(source: ModuleSource, call: Call): boolean {
  const { func } = call;
  if (func.kind === 'Attribute' && (func.attr === 'skipTest' || func.attr === 'fail')) {
    return func.value.kind === 'Name' && func.value.id === 'self';
  }
  if (func.kind === 'Attribute' && func.attr === 'error' && func.value.kind === 'Name') {
    return /^(?:parser|ap|argparser|arg_parser|argument_parser|optparser)$/.test(func.value.id);
  }
  const name = dottedName(source, func);
  return name !== undefined && NEVER_RETURNING.has(name);
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
