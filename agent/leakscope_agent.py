"""Looks into this Python process from inside, for leakscope: where the process may not be read from outside.

    import leakscope_agent; leakscope_agent.start()      in a program
    python -m leakscope_agent [-m MODULE | SCRIPT] ...   in front of one
    LEAKSCOPE_AGENT=1                                    where this is installed as a package

Answers on a Unix socket that only this user (and root) can reach, and on a signal if one is asked for. A snapshot is
written by a forked child, so that the program runs on, into the .heap format of leakscope: names, types, sizes and
references, never a value. Standard library only, Python 3.8 and later. The manual is docs/agent.md of leakscope.
"""

import array
import atexit
import bisect
import collections
import errno
import gc
import json
import os
import re
import selectors
import signal as signals
import socket
import stat
import struct
import sys
import threading
import time
import types
import warnings
import zlib

try:
    import tracemalloc
except ImportError:  # PyPy
    tracemalloc = None

__all__ = ['start', 'stop', 'snapshot', 'run', 'AgentError', '__version__']
__version__ = '0.1.0'

PROTOCOL = 1
#: No request is longer: paths are at most 4096 bytes.
REQUEST_BYTES_LIMIT = 64 * 1024
#: Connections at once; more wait in the kernel's queue.
CONNECTIONS_LIMIT = 16
#: A client that sends no whole request for so long is dropped.
REQUEST_SECONDS = 30.0
#: A client that takes no byte of its answer for so long is dropped.
REPLY_SECONDS = 30.0
#: A snapshot that is not done by then is given up.
SNAPSHOT_SECONDS = 900.0
#: Rows of statistics in one reply.
ROWS_LIMIT = 1000
#: Frames of a traceback that tracemalloc can keep (its own limit).
FRAMES_LIMIT = 65535
#: Longest path of a Unix socket that every system takes.
SOCKET_PATH_LIMIT = 100

HAS_FORK = hasattr(os, 'fork') and sys.platform not in ('emscripten', 'wasi', 'ios', 'android')
HAS_SOCKETS = hasattr(socket, 'AF_UNIX') and os.name == 'posix'
IS_CPYTHON = sys.implementation.name == 'cpython'


class AgentError(Exception):
    """An expected failure: `code` is stable, the text is for people."""

    def __init__(self, code, message):
        super().__init__(message)
        self.code = code


# --- What can be asked -------------------------------------------------------------------------------------------


def _integer(request, name, default, least, most):
    value = request.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise AgentError('bad_request', '%s must be a whole number from %d to %d' % (name, least, most))
    return value


def _choice(request, name, default, choices):
    value = request.get(name, default)
    if value not in choices:
        raise AgentError('bad_request', '%s must be one of %s' % (name, ', '.join(choices)))
    return value


def _need_gc(name):
    function = getattr(gc, name, None)
    if function is None:
        raise AgentError('unsupported', 'gc.%s does not exist in %s' % (name, sys.implementation.name))
    return function


def _need_tracemalloc():
    if tracemalloc is None:
        raise AgentError('unsupported', 'tracemalloc does not exist in %s' % sys.implementation.name)
    return tracemalloc


def _gc_status():
    status = {'enabled': gc.isenabled()}
    if IS_CPYTHON:
        status.update(
            thresholds=list(gc.get_threshold()),
            counts=list(gc.get_count()),
            frozen=gc.get_freeze_count(),
            garbage=len(gc.garbage),
            debug=gc.get_debug(),
            generations=[dict(generation) for generation in gc.get_stats()],
        )
    return status


def _gc_collect(request):
    newest = len(gc.get_threshold()) - 1 if IS_CPYTHON else 2
    generation = _integer(request, 'generation', newest, 0, newest)
    garbage = len(gc.garbage)
    began = time.monotonic()
    collected = gc.collect(generation) if IS_CPYTHON else gc.collect()
    return {
        'generation': generation,
        'collected': collected if isinstance(collected, int) else None,
        'uncollectable': len(gc.garbage) - garbage,
        'seconds': time.monotonic() - began,
    }


def _gc_switch(name):
    def answer(_request):
        _need_gc(name)()
        return _gc_status()

    return answer


def _tracemalloc_status():
    if tracemalloc is None:
        return None
    if not tracemalloc.is_tracing():
        return {'tracing': False}
    traced, peak = tracemalloc.get_traced_memory()
    return {
        'tracing': True,
        'frames': tracemalloc.get_traceback_limit(),
        'traced_bytes': traced,
        'peak_bytes': peak,
        'own_bytes': tracemalloc.get_tracemalloc_memory(),
    }


def _tracemalloc_start(request):
    tracing = _need_tracemalloc()
    frames = _integer(request, 'frames', 1, 1, FRAMES_LIMIT)
    already = tracing.is_tracing()
    if not already:
        tracing.start(frames)
    return dict(_tracemalloc_status(), already=already)


def _tracemalloc_stop(_request):
    tracing = _need_tracemalloc()
    was_tracing = tracing.is_tracing()
    tracing.stop()
    return dict(_tracemalloc_status(), was_tracing=was_tracing)


def _statistics(group, top):
    """The heaviest groups of traces: places in source files, bytes, blocks. No value is in a trace."""
    taken = tracemalloc.take_snapshot()
    groups = taken.statistics(group)
    rows = []
    for entry in groups[:top]:
        frames = [[frame.filename, frame.lineno] for frame in entry.traceback]
        rows.append({'frames': frames, 'bytes': entry.size, 'blocks': entry.count})
    return {
        'group': group,
        'groups': len(groups),
        'bytes': sum(entry.size for entry in groups),
        'blocks': sum(entry.count for entry in groups),
        'rows': rows,
    }


def _rss_bytes():
    try:
        with open('/proc/self/statm', 'rb') as file:
            return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')
    except (OSError, ValueError, IndexError, AttributeError):
        return None


def _python_name():
    name = {'cpython': 'CPython', 'pypy': 'PyPy'}.get(sys.implementation.name, sys.implementation.name)
    version = sys.pypy_version_info if hasattr(sys, 'pypy_version_info') else sys.version_info
    return '%s %d.%d.%d%s' % ((name,) + tuple(version[:3]) + ('t' if _is_free_threaded() else '',))


def _is_free_threaded():
    return hasattr(sys, '_is_gil_enabled') and 'free-threading' in sys.version


class _Agent:
    """Everything one process has of the agent: its socket, its thread, what it does at the moment."""

    def __init__(self, options):
        self.options = options
        self.started_at = time.time()
        self.pid = os.getpid()
        self.path = None
        self.why_no_socket = None
        self.listener = None
        self.selector = None
        self.thread = None
        self.wake_read = self.wake_write = -1
        self.connections = {}
        self.job = None
        self.last_snapshot = None
        self.handled_signal = None
        self.previous_handler = None
        self.stopping = False
        self.commands = {
            'ping': lambda _request: self.identity(),
            'status': lambda _request: self.status(),
            'gc.status': lambda _request: _gc_status(),
            'gc.collect': _gc_collect,
            'gc.freeze': _gc_switch('freeze'),
            'gc.unfreeze': _gc_switch('unfreeze'),
            'gc.enable': _gc_switch('enable'),
            'gc.disable': _gc_switch('disable'),
            'tracemalloc.status': lambda _request: _need_tracemalloc() and _tracemalloc_status(),
            'tracemalloc.start': _tracemalloc_start,
            'tracemalloc.stop': _tracemalloc_stop,
        }

    # What it tells of itself

    def identity(self):
        return {'agent': __version__, 'protocol': PROTOCOL, 'pid': self.pid, 'python': _python_name()}

    def status(self):
        return dict(
            self.identity(),
            started_at=_utc(self.started_at),
            rss_bytes=_rss_bytes(),
            threads=threading.active_count(),
            free_threaded=_is_free_threaded(),
            snapshots_by='fork' if HAS_FORK and self.options['fork'] else 'pause',
            signal=None if self.handled_signal is None else signals.Signals(self.handled_signal).name,
            snapshot_running=self.job is not None,
            last_snapshot=self.last_snapshot,
            gc=_gc_status(),
            tracemalloc=_tracemalloc_status(),
        )

    # Coming and going

    def open(self):
        self.wake_read, self.wake_write = os.pipe()
        for end in (self.wake_read, self.wake_write):
            os.set_blocking(end, False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.wake_read, selectors.EVENT_READ, self.on_wake)
        if HAS_SOCKETS:
            self.listen()
        self.thread = threading.Thread(target=self.serve, name='leakscope-agent', daemon=True)
        self.thread.start()

    def listen(self):
        """Binds the socket; where no folder serves, the signal and the functions of this module still work."""
        try:
            folder = _own_folder(self.options['directory'])
            path = os.path.join(folder, 'agent-%d.sock' % self.pid)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                # Of an earlier process with this id: nobody else can have put it there.
                if os.path.lexists(path):
                    os.unlink(path)
                listener.bind(path)
                os.chmod(path, 0o600)
                listener.listen(CONNECTIONS_LIMIT)
                listener.setblocking(False)
            except BaseException:
                listener.close()
                raise
        except (OSError, AgentError) as error:
            self.why_no_socket = str(error)
            _say('no socket: %s' % error)
            return
        self.listener, self.path = listener, path
        self.selector.register(listener, selectors.EVENT_READ, self.on_connection)

    def handle_signal(self, number):
        """Takes over a signal that the program does not use; only the main thread may."""
        current = signals.getsignal(number)
        if current not in (signals.SIG_DFL, signals.SIG_IGN, None):
            raise AgentError('signal_in_use', '%s is handled by the program' % signals.Signals(number).name)
        try:
            self.previous_handler = signals.signal(number, self.on_signal)
        except ValueError:
            raise AgentError('not_main_thread', 'a signal can only be taken over by the main thread') from None
        self.handled_signal = number

    def close(self):
        """Ends the thread and removes the socket. Not from the thread itself."""
        self.stopping = True
        self.wake(b'q')
        if self.thread is not None and self.thread is not threading.current_thread():
            self.thread.join(5)
        self.release_files()
        self.restore_signal()

    def restore_signal(self):
        if self.handled_signal is not None and signals.getsignal(self.handled_signal) == self.on_signal:
            try:
                signals.signal(self.handled_signal, self.previous_handler or signals.SIG_DFL)
            except ValueError:
                pass
        self.handled_signal = None

    def release_files(self, remove_socket=True):
        if self.selector is not None:
            self.selector.close()
        for connection in list(self.connections.values()):
            connection.socket.close()
        self.connections.clear()
        if self.listener is not None:
            self.listener.close()
            self.listener = None
            if remove_socket:
                try:
                    os.unlink(self.path)
                except OSError:
                    pass
        for end in (self.wake_read, self.wake_write):
            if end >= 0:
                os.close(end)
        self.wake_read = self.wake_write = -1

    # The loop of the agent's thread

    def wake(self, letter):
        try:
            os.write(self.wake_write, letter)
        except OSError:
            pass

    def on_signal(self, _number, _frame):
        # Between any two instructions of the program: nothing is done here.
        self.wake(b's')

    def on_wake(self, _mask):
        try:
            letters = os.read(self.wake_read, 4096)
        except BlockingIOError:
            return
        if b's' in letters and not self.stopping:
            self.snapshot_on_signal()

    def serve(self):
        while not self.stopping:
            try:
                for key, mask in self.selector.select(self.seconds_to_wait()):
                    key.data(mask)
                self.drop_late_ones()
            except Exception as error:  # One bad client must not cost the agent.
                if self.stopping:
                    return
                _say('%s: %s' % (type(error).__name__, error))
                time.sleep(0.1)

    def seconds_to_wait(self):
        deadlines = [connection.deadline for connection in self.connections.values()]
        if self.job is not None:
            deadlines.append(self.job.deadline)
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def drop_late_ones(self):
        now = time.monotonic()
        for connection in [c for c in self.connections.values() if c.deadline <= now]:
            connection.close()
        if self.job is not None and self.job.deadline <= now:
            self.job.give_up('timeout', 'it was not done in time')

    def on_connection(self, _mask):
        try:
            accepted, _address = self.listener.accept()
        except OSError:
            return
        if len(self.connections) >= CONNECTIONS_LIMIT or not _may_ask(accepted):
            accepted.close()
            return
        accepted.setblocking(False)
        connection = _Connection(self, accepted)
        self.connections[accepted.fileno()] = connection
        self.selector.register(accepted, selectors.EVENT_READ, connection.on_ready)

    def answer(self, request, connection):
        """The result of a request, or None when it comes later."""
        name = request.get('command')
        if name in ('snapshot', 'tracemalloc.statistics'):
            self.begin_job(name, request, connection)
            return None
        command = self.commands.get(name) if isinstance(name, str) else None
        if command is None:
            raise AgentError('unknown_command', 'no such command; there are: %s' % ', '.join(self.command_names()))
        return command(request)

    def command_names(self):
        return sorted([*self.commands, 'snapshot', 'tracemalloc.statistics'])

    def begin_job(self, name, request, connection):
        raise AgentError('unsupported', '%s is not there yet' % name)

    def snapshot_on_signal(self):
        pass


class _Connection:
    """One client: requests and replies are lines of JSON."""

    def __init__(self, agent, accepted):
        self.agent = agent
        self.socket = accepted
        self.number = accepted.fileno()
        self.received = b''
        self.waiting_reply = b''
        self.is_last = False
        self.waits_for_job = False
        self.deadline = time.monotonic() + REQUEST_SECONDS

    def on_ready(self, mask):
        try:
            if mask & selectors.EVENT_WRITE:
                self.send_more()
            elif mask & selectors.EVENT_READ:
                self.receive()
        except (OSError, ValueError):
            self.close()

    def receive(self):
        try:
            more = self.socket.recv(65536)
        except (BlockingIOError, InterruptedError):
            return
        if not more:
            self.close()
            return
        self.received += more
        self.next_request()

    def next_request(self):
        """Answers the first whole line, if none is being answered: one after the other."""
        if self.waits_for_job or self.waiting_reply:
            return
        line, newline, rest = self.received.partition(b'\n')
        if not newline:
            if len(self.received) > REQUEST_BYTES_LIMIT:
                self.is_last = True
                self.reply({'ok': False, 'error': {'code': 'too_long', 'message': 'the request is too long'}})
            return
        self.received = rest
        self.deadline = time.monotonic() + REQUEST_SECONDS
        token = None
        try:
            request = _parse_request(line)
            token = request.get('id')
            result = self.agent.answer(request, self)
            if result is None:
                self.waits_for_job = True
                self.deadline = float('inf')
                self.agent.selector.unregister(self.socket)
                return
            self.reply({'ok': True, 'result': result}, token)
        except AgentError as error:
            self.reply({'ok': False, 'error': {'code': error.code, 'message': str(error)}}, token)
        except Exception as error:  # Of a finalizer, or of ours: the client is told, the program goes on.
            message = '%s while answering' % type(error).__name__
            self.reply({'ok': False, 'error': {'code': 'failed', 'message': message}}, token)

    def reply(self, content, token=None):
        if token is not None:
            content = dict(content, id=token)
        self.waiting_reply += json.dumps(content).encode('utf-8', 'backslashreplace') + b'\n'
        self.deadline = time.monotonic() + REPLY_SECONDS
        self.send_more()

    def send_more(self):
        try:
            sent = self.socket.send(self.waiting_reply)
        except (BlockingIOError, InterruptedError):
            sent = 0
        self.waiting_reply = self.waiting_reply[sent:]
        if sent:
            self.deadline = time.monotonic() + REPLY_SECONDS
        if self.waiting_reply:
            self.watch(selectors.EVENT_WRITE)
        elif self.is_last:
            self.close()
        else:
            self.watch(selectors.EVENT_READ)
            self.next_request()

    def watch(self, events):
        try:
            self.agent.selector.modify(self.socket, events, self.on_ready)
        except KeyError:
            self.agent.selector.register(self.socket, events, self.on_ready)

    def close(self):
        self.agent.connections.pop(self.number, None)
        try:
            self.agent.selector.unregister(self.socket)
        except (KeyError, ValueError):
            pass
        self.socket.close()


def _parse_request(line):
    if len(line) > REQUEST_BYTES_LIMIT:
        raise AgentError('too_long', 'the request is too long')
    try:
        request = json.loads(line.decode('utf-8'))
    except (ValueError, RecursionError):
        raise AgentError('bad_request', 'a request is one line of JSON') from None
    if not isinstance(request, dict):
        raise AgentError('bad_request', 'a request is an object, such as {"command": "status"}')
    token = request.get('id')
    if token is not None and not (isinstance(token, int) or (isinstance(token, str) and len(token) <= 200)):
        raise AgentError('bad_request', 'id must be a number or a short text')
    return request


def _own_folder(wanted):
    """The folder of the sockets: ours alone, or an error that says whose it is."""
    runtime = os.environ.get('XDG_RUNTIME_DIR')
    candidates = [wanted] if wanted else []
    if not wanted and runtime and os.path.isdir(runtime) and os.access(runtime, os.W_OK):
        candidates.append(os.path.join(runtime, 'leakscope'))
    if not wanted:
        candidates.append('/tmp/leakscope-%d' % os.geteuid())
    problem = AgentError('no_folder', 'no folder for the socket')
    for folder in candidates:
        if len(os.fsencode(folder)) > SOCKET_PATH_LIMIT - len('/agent-4194304.sock'):
            problem = AgentError('no_folder', '%s is too long for the path of a socket' % folder)
            continue
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            pass
        except OSError as error:
            problem = error
            continue
        found = os.lstat(folder)
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
            problem = AgentError('no_folder', '%s is not a folder that only this user can enter' % folder)
            continue
        return folder
    raise problem


def _may_ask(connected):
    """Whether the other end is this user or root. The folder's mode has said so already where the system cannot."""
    try:
        if hasattr(socket, 'SO_PEERCRED'):
            credentials = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            user = struct.unpack('3i', credentials)[1]
        elif hasattr(socket, 'LOCAL_PEERCRED'):
            # struct xucred: version, user, groups.
            user = struct.unpack_from('2I', connected.getsockopt(0, socket.LOCAL_PEERCRED, 76))[1]
        else:
            return True
    except (OSError, struct.error):
        return False
    return user in (0, os.geteuid())


def _utc(seconds):
    milliseconds = int(seconds * 1000) % 1000
    return time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds)) + '.%03dZ' % milliseconds


def _say(message):
    """To standard error, where there is one: the program's logging may hold locks."""
    try:
        os.write(2, ('leakscope_agent: %s\n' % message).encode('utf-8', 'backslashreplace'))
    except OSError:
        pass


# --- Starting ----------------------------------------------------------------------------------------------------

_agent = None
_starting = threading.Lock()
_has_hooks = False
#: Set while a snapshot's child is forked: that one starts no agent.
_forking_for_snapshot = False


def start(directory=None, signal=None, output=None, fork=True, follow_forks=True):
    """Starts the agent of this process; where one runs, leaves it. Returns the path of its socket, or None.

    directory     of the socket: of this user alone (default: $XDG_RUNTIME_DIR/leakscope, else /tmp/leakscope-UID)
    signal        a signal that writes a snapshot, such as signal.SIGUSR2 or 'USR2'; call from the main thread
    output        where the signal's snapshots go (default: the current folder when it comes)
    fork          False: snapshots pause the program instead of forking it
    follow_forks  processes that the program forks get an agent of their own
    """
    global _agent, _has_hooks
    with _starting:
        if _agent is None:
            created = _Agent({'directory': directory, 'output': output, 'fork': fork, 'follow_forks': follow_forks})
            if signal is not None:
                created.handle_signal(_signal_number(signal))
            created.open()
            _agent = created
        if not _has_hooks:
            atexit.register(_at_exit)
            if hasattr(os, 'register_at_fork'):
                os.register_at_fork(after_in_child=_after_fork)
            _has_hooks = True
        return _agent.path


def stop():
    """Ends the agent of this process and removes its socket."""
    global _agent
    with _starting:
        agent, _agent = _agent, None
    if agent is not None:
        agent.close()


def start_from_environment():
    """What LEAKSCOPE_AGENT=1 does; never stops a program from starting."""
    if os.environ.get('LEAKSCOPE_AGENT', '') not in ('1', 'true', 'yes', 'on'):
        return
    try:
        start(
            directory=os.environ.get('LEAKSCOPE_AGENT_DIR') or None,
            signal=os.environ.get('LEAKSCOPE_AGENT_SIGNAL') or None,
            output=os.environ.get('LEAKSCOPE_AGENT_OUTPUT') or None,
            fork=os.environ.get('LEAKSCOPE_AGENT_FORK', '1') != '0',
        )
    except Exception as error:
        _say('not started: %s' % error)


def _signal_number(name):
    if isinstance(name, str):
        text = name if name.startswith('SIG') else 'SIG' + name
        number = getattr(signals, text, None)
        if number is None:
            raise AgentError('bad_signal', 'there is no signal %s here' % text)
        return int(number)
    return int(name)


def _at_exit():
    if _agent is not None and _agent.pid == os.getpid():
        stop()


def _after_fork():
    """In a child of the program: what is open belongs to the parent."""
    global _agent, _starting
    _starting = threading.Lock()
    inherited, _agent = _agent, None
    if inherited is None or _forking_for_snapshot:
        return
    inherited.release_files(remove_socket=False)
    number = inherited.handled_signal
    if not inherited.options['follow_forks']:
        inherited.restore_signal()
        return
    try:
        fresh = _Agent(inherited.options)
        if number is not None and signals.getsignal(number) == inherited.on_signal:
            fresh.previous_handler = signals.signal(number, fresh.on_signal)
            fresh.handled_signal = number
        fresh.open()
        _agent = fresh
    except Exception as error:
        _say('not started in a forked process: %s' % error)


# --- In front of a program ---------------------------------------------------------------------------------------

_USAGE = 'usage: python -m leakscope_agent [--signal NAME] (-m MODULE | SCRIPT) [ARGUMENTS ...]'


def run(words):
    """What `python -m leakscope_agent` does with the words after it."""
    words = list(words)
    signal = os.environ.get('LEAKSCOPE_AGENT_SIGNAL') or None
    if words[:1] == ['--signal'] and len(words) > 1:
        signal = words[1]
        words = words[2:]
    as_module = words[:1] == ['-m']
    if as_module:
        words = words[1:]
    if not words or (words[0].startswith('-') and words[0] != '-'):
        sys.exit(_USAGE)
    start(
        directory=os.environ.get('LEAKSCOPE_AGENT_DIR') or None,
        signal=signal,
        output=os.environ.get('LEAKSCOPE_AGENT_OUTPUT') or None,
    )
    import runpy

    sys.argv[:] = words
    if as_module:
        sys.path[0] = os.getcwd()
        runpy.run_module(words[0], run_name='__main__', alter_sys=True)
        return
    if os.path.isdir(words[0]) or words[0].endswith(('.zip', '.pyz')):
        runpy.run_path(words[0], run_name='__main__')
        return
    sys.path[0] = os.path.dirname(os.path.abspath(words[0]))
    with open(words[0], 'rb') as file:
        code = compile(file.read(), words[0], 'exec', dont_inherit=True)
    main = types.ModuleType('__main__')
    main.__file__ = words[0]
    main.__builtins__ = sys.modules['builtins']
    # As of a script: multiprocessing asks for these.
    main.__spec__ = None
    main.__cached__ = None
    sys.modules['__main__'] = main
    exec(code, main.__dict__)


if __name__ == '__main__':
    # The program becomes __main__, and asks for this module by its name.
    sys.path.insert(1, os.path.dirname(os.path.abspath(__file__)))
    import leakscope_agent

    sys.path.pop(1)
    leakscope_agent.run(sys.argv[1:])
