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
import functools
import gc
import itertools
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
import weakref
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


def _stored_collector():
    """How the collector is set, as src/snapshot/stored-collector.ts reads it. The lists are added by who has them."""
    status = _gc_status()
    return {
        'enabled': status['enabled'],
        'debug': status['debug'],
        'thresholds': status['thresholds'],
        'counts': status['counts'],
        'stats': [[one['collections'], one['collected'], one['uncollectable']] for one in status['generations']],
        'generations': [],
        'frozen': status['frozen'],
        # Not told to Python code.
        'longLivedTotal': 0,
        'longLivedPending': 0,
        # 3.14.0 to 3.14.4, which know no third threshold.
        'incremental': (3, 14) <= sys.version_info[:3] < (3, 14, 5)
        and status['thresholds'][2:] == [0]
        and not _is_free_threaded(),
    }


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
    return '%s %d.%d.%d%s' % ((name,) + tuple(version[:3]) + (' free-threaded' if _is_free_threaded() else '',))


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
        if self.job is not None:
            try:
                self.job.give_up('stopped', 'the agent is being stopped')
            except (OSError, ValueError, KeyError):
                pass
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
        if self.job is not None and not self.job.ended:
            # The child of another process than this one.
            os.close(self.job.pipe)
            self.job = None
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
        """Starts what is done in a forked child; the reply comes when it has ended."""
        if self.job is not None:
            raise AgentError('busy', 'a snapshot is being taken')
        seconds = _integer(request, 'timeout_seconds', int(SNAPSHOT_SECONDS), 1, 86400)
        by_fork = HAS_FORK and self.options['fork']
        keep = set()
        sink = moment = None
        if name == 'tracemalloc.statistics':
            work = self.statistics_work(request)
        else:
            stream = _choice(request, 'stream', False, (True, False))
            path = request.get('path')
            if stream == (path is not None) or not (stream or (isinstance(path, str) and path and '\0' not in path)):
                raise AgentError('bad_request', 'snapshot needs either a path or "stream": true')

            def open_sink():
                return _SocketSink(connection.socket.dup()) if stream else _FileSink(path)

            try:
                work, sink, moment = _prepare(open_sink, request.get('force') is True, by_fork)
            except OSError as error:
                raise AgentError('write_failed', str(error)) from None
            keep.add(sink.socket.fileno() if stream else sink.file)
            if stream:
                connection.begin_stream()
        token = request.get('id')

        def end(result):
            self.end_job()
            if name == 'snapshot':
                self.last_snapshot = {key: result[key] for key in ('taken_at', 'objects', 'bytes', 'seconds')}
            connection.end_wait({'ok': True, 'result': result}, token)

        def fail(error):
            self.end_job()
            if isinstance(sink, _FileSink):
                sink.file = -1
                sink.discard()
            connection.end_wait({'ok': False, 'error': {'code': error.code, 'message': str(error)}}, token)

        if not by_fork:
            self.do_at_once(work, end, fail)
            return
        self.start_job(work, moment, keep, seconds, end, fail)
        if isinstance(sink, _FileSink):
            os.close(sink.file)
            sink.file = -1
        elif sink is not None:
            sink.socket.close()

    def start_job(self, work, moment, keep, seconds, done, failed):
        self.job = _Job(work, moment, keep, seconds, done, failed)
        self.selector.register(self.job.pipe, selectors.EVENT_READ, self.on_job)

    def on_job(self, mask):
        self.job.on_ready(mask)

    def end_job(self):
        if self.job is not None:
            self.selector.unregister(self.job.pipe)
            self.job = None

    @staticmethod
    def do_at_once(work, done, failed):
        try:
            result = _with_others_waiting(work)
        except AgentError as error:
            failed(error)
        except OSError as error:
            failed(AgentError('write_failed', str(error)))
        except Exception as error:
            failed(AgentError('failed', _place_of(error)))
        else:
            done(result)

    @staticmethod
    def statistics_work(request):
        if not _need_tracemalloc().is_tracing():
            raise AgentError('not_tracing', 'tracemalloc is not tracing; tracemalloc.start begins it')
        group = _choice(request, 'group', 'lineno', ('lineno', 'filename', 'traceback'))
        top = _integer(request, 'top', 50, 1, ROWS_LIMIT)
        return lambda: _statistics(group, top)

    def snapshot_on_signal(self):
        if self.job is not None:
            _say('a snapshot is being taken already')
            return
        name = 'leakscope-%d-%s.heap' % (self.pid, time.strftime('%Y%m%dT%H%M%S', time.gmtime()))
        path = os.path.join(self.options['output'] or os.getcwd(), name)
        by_fork = HAS_FORK and self.options['fork']

        def end(result):
            self.end_job()
            self.last_snapshot = {key: result[key] for key in ('taken_at', 'objects', 'bytes', 'seconds')}
            _say('wrote %s (%d objects)' % (path, result['objects']))

        def fail(error):
            self.end_job()
            _say('no snapshot: %s' % error)

        try:
            work, sink, moment = _prepare(lambda: _FileSink(path), False, by_fork)
        except (OSError, AgentError) as error:
            _say('no snapshot: %s' % error)
            return
        if not by_fork:
            self.do_at_once(work, end, fail)
            return
        self.start_job(work, moment, {sink.file}, SNAPSHOT_SECONDS, end, fail)
        os.close(sink.file)


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
        self.answered_at_once = False
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
        if self.is_last:
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
                if self.answered_at_once:
                    self.answered_at_once = False
                    return
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
            # What is still being sent is taken and thrown away: closing now could cost the client our reply.
            self.socket.shutdown(socket.SHUT_WR)
            self.watch(selectors.EVENT_READ)
        else:
            self.watch(selectors.EVENT_READ)
            self.next_request()

    def begin_stream(self):
        """Says that bytes follow: from here to the last reply, the one who writes them has the connection."""
        self.socket.settimeout(REPLY_SECONDS)
        self.socket.sendall(b'{"ok": true, "stream": true}\n')

    def end_wait(self, content, token):
        """The late reply of a job."""
        self.answered_at_once = not self.waits_for_job
        self.waits_for_job = False
        self.socket.setblocking(False)
        try:
            self.reply(content, token)
        except (OSError, ValueError):
            self.close()

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


# --- The .heap file (docs/heap-file.md of leakscope) ----------------------------------------------------------------

_MAGIC = b'\x89HEAP\r\x1a\n'
_FILE_VERSION = 1
_CHUNK_ELEMENTS = 1 << 18
_CHUNK_STRING_BYTES = 1 << 20
_BYTES, _VARINT, _ASCENDING, _DELTA, _ASCENDING_WIDE, _STRINGS = range(6)
_U32 = 0xFFFFFFFF
_NOT_A_CONTAINER = _U32

(_SCANNED, _ATTRIBUTE, _ELEMENT, _VALUE, _KEY, _GLOBAL, _LOCAL, _CELL, _FIELD, _OPERAND) = (
    kind << 28 for kind in range(10)
)
_PAYLOAD = 0x0FFFFFFF
_TRACKED, _STATIC, _SYNTHETIC, _OLD, _CODE, _NAMESPACE, _NATIVELY_HELD = 1, 2, 4, 16, 32, 64, 128
(_ROOT_MODULES, _ROOT_THREAD, _ROOT_INTERPRETER, _ROOT_BUILTINS, _ROOT_STATIC, _ROOT_INTERNED, _ROOT_NATIVE, _ROOT_HOOKS) = range(8)

# The first strings of every file, in this order (FIELD_NAMES of src/cpython/edge-visitor.ts).
_FIELDS = (
    ' __dict__ __class__ __globals__ __builtins__ __name__ __qualname__ __code__ __defaults__ __kwdefaults__ __closure__'
    ' __doc__ __module__ __annotations__ __type_params__ __self__ __func__ __wrapped__ __bases__ __base__ __mro__'
    ' __slots__ __callback__ __traceback__ __context__ __cause__ args cache maxsize default_factory tb_next tb_frame'
    ' f_back f_locals f_trace f_code exc_info coroutine loop callbacks context result exception waits~for awaited~by'
    ' module~state co_consts co_names fget fset fdel keywords next subclasses frame value contents cell_contents key'
    ' generator'
).replace('~', '\0').split(' ')
_FIELDS = [name.replace('\0', ' ') for name in _FIELDS]
_FIELD_OF = {name: _FIELD | index for index, name in enumerate(_FIELDS)}
_UNNAMED_FIELD = _FIELD


class _Varints(dict):
    """Unsigned integers as varints; the short ones are kept."""

    def __missing__(self, number):
        value = number
        encoded = bytearray()
        while value > 127:
            encoded.append(value & 127 | 128)
            value >>= 7
        encoded.append(value)
        result = bytes(encoded)
        if number < 16384:
            self[number] = result
        return result


class _Column:
    """One section: elements go in, compressed chunks are kept."""

    def __init__(self, encoding):
        self.encoding = encoding
        self.count = 0
        self.chunks = []
        self.pending = []
        self.pending_bytes = 0
        self.last = 0
        self.varints = _Varints()

    def add(self, element):
        self.pending.append(element)
        if len(self.pending) == _CHUNK_ELEMENTS:
            self.flush()

    def take(self, elements):
        """Many at once: a chunk of their own, or several."""
        self.flush()
        for start in range(0, len(elements), _CHUNK_ELEMENTS):
            self.pending = list(elements[start : start + _CHUNK_ELEMENTS])
            self.flush()

    def extend(self, texts):
        for text in texts:
            self.pending_bytes += len(text)
            self.add(text)
            if self.pending_bytes > _CHUNK_STRING_BYTES // 4:
                self.flush()

    def flush(self):
        if not self.pending:
            return
        elements, self.pending, self.pending_bytes = self.pending, [], 0
        encoded = self.encode(elements)
        compressor = zlib.compressobj(1, zlib.DEFLATED, -15)
        packed = compressor.compress(encoded) + compressor.flush()
        header = struct.pack('<III', len(elements), len(encoded), len(packed))
        self.chunks.append(header + struct.pack('<I', zlib.crc32(packed, zlib.crc32(header))) + packed)
        self.count += len(elements)

    def encode(self, elements):
        varint = self.varints.__getitem__
        if self.encoding == _BYTES:
            return bytes(elements)
        if self.encoding == _STRINGS:
            texts = [text.encode('utf-8', 'replace') for text in elements]
            return b''.join(varint(len(text)) + text for text in texts)
        if self.encoding != _VARINT:
            before, self.last = [self.last] + elements[:-1], elements[-1]
            if self.encoding == _DELTA:
                steps = [(now - then) & _U32 for now, then in zip(elements, before)]
                elements = [step << 1 if step < 0x80000000 else ((0x100000000 - step) << 1) - 1 for step in steps]
            else:
                elements = [now - then for now, then in zip(elements, before)]
        return b''.join([varint(element) for element in elements])

    def write(self, name, write):
        self.flush()
        header = bytes([len(name)]) + name.encode('ascii') + bytes([self.encoding]) + struct.pack('<I', self.count)
        write(header + struct.pack('<I', zlib.crc32(header)))
        for chunk in self.chunks:
            write(chunk)


def _write_heap(columns, meta, write):
    write(_MAGIC + struct.pack('<I', _FILE_VERSION))
    first = _Column(_STRINGS)
    first.extend([json.dumps(meta)])
    for name, column in [('meta', first), *columns.items(), ('end', _Column(_BYTES))]:
        column.write(name, write)


# --- The walk: every object, its size, its references with their names ----------------------------------------------

_HEAP_TYPE, _HAVE_GC, _MANAGED_DICT, _MANAGED_WEAKREF = 1 << 9, 1 << 14, 1 << 4, 1 << 3
_MINOR = sys.version_info[1]
_GC_HEAD = 16 if IS_CPYTHON and not _is_free_threaded() else 0
#: More references than any object has: the count says that the object never dies.
_IMMORTAL = 1 << 30

_type_name = type.__dict__['__name__'].__get__
_type_qualname = type.__dict__['__qualname__'].__get__
_type_flags = type.__dict__['__flags__'].__get__
_type_basicsize = type.__dict__['__basicsize__'].__get__ if IS_CPYTHON else lambda _cls: 0
_type_itemsize = type.__dict__['__itemsize__'].__get__ if IS_CPYTHON else lambda _cls: 0
_type_bases = type.__dict__['__bases__'].__get__
_type_base = type.__dict__['__base__'].__get__
_get_module_dict = types.ModuleType.__dict__['__dict__'].__get__
if not IS_CPYTHON:
    _real_id = id

    def id(candidate):
        """Numbers have no address there: what stands for it is brought into the range of one."""
        number = _real_id(candidate)
        return number if 0 <= number < 1 << 52 else (number & ((1 << 52) - 1)) | 1 << 52


_get_type_dict = type.__dict__['__dict__'].__get__
_get_type_mro = type.__dict__['__mro__'].__get__


def _type_dict(cls):
    # Types in C that nobody has used yet have neither.
    namespace = _get_type_dict(cls)
    return {} if namespace is None else namespace


def _is_ready(cls):
    return not IS_CPYTHON or _type_flags(cls) & 1 << 12 != 0


def _type_mro(cls):
    return _get_type_mro(cls) or (cls,)


class _AddressSet:
    """Addresses, as one bit for every 16 bytes of the heap."""

    def __init__(self):
        self.blocks = {}

    def add(self, address):
        """Whether it is new."""
        block = self.blocks.get(address >> 20)
        if block is None:
            block = self.blocks[address >> 20] = bytearray(1 << 13)
        at, bit = address >> 7 & 0x1FFF, 1 << (address >> 4 & 7)
        if block[at] & bit:
            return False
        block[at] |= bit
        return True

    def has(self, address):
        block = self.blocks.get(address >> 20)
        return block is not None and block[address >> 7 & 0x1FFF] & 1 << (address >> 4 & 7) != 0


class _StaticMemory:
    """The data of the executable and its libraries: what lies there takes nothing of the heap."""

    def __init__(self):
        self.starts, self.ends = [], []
        try:
            with open('/proc/self/maps', 'rb') as file:
                for line in file:
                    fields = line.split(None, 5)
                    if len(fields) == 6 and fields[5].startswith(b'/'):
                        start, end = fields[0].split(b'-')
                        self.starts.append(int(start, 16))
                        self.ends.append(int(end, 16))
        except (OSError, ValueError):
            pass
        if not self.starts and IS_CPYTHON:
            # Where the map cannot be had, the built-in types and constants of the interpreter span its data.
            known = [id(constant) for constant in (None, True, False, Ellipsis, NotImplemented)]
            known += [id(t) for t in vars(sys.modules['builtins']).values() if type(t) is type]
            known = [address for address in known if not address % 16]
            statics = sorted(known)
            self.starts, self.ends = [statics[0]], [statics[-1] + 1]

    def has(self, address):
        at = bisect.bisect_right(self.starts, address) - 1
        return at >= 0 and address < self.ends[at]


def _allocated(size):
    """Bytes that CPython's allocators set aside for a block of `size` bytes."""
    if size <= 0:
        return 0
    if not IS_CPYTHON:
        return (size + 7) & ~7
    if not _GC_HEAD:
        # mimalloc: four classes for each doubling (_mi_bin of its src/page-queue.c).
        words = (size + 7) // 8
        if words <= 8:
            return 8 if words <= 1 else (words + 1 & ~1) * 8
        step = 1 << ((words - 1).bit_length() - 3)
        return -(-words // step) * step * 8
    if size <= 512 and _uses_pymalloc:
        return (size + 15) & ~15
    if size >= 128 * 1024:
        # A mapping of its own.
        return (size + 16 + 4095) & ~4095
    return max(32, (size + 8 + 15) & ~15)


_uses_pymalloc = not os.environ.get('PYTHONMALLOC', '').startswith('malloc')


class _Kind:
    """What instances of one type are: how their references are found and named, and how their size is made up."""

    __slots__ = (
        'index', 'name', 'is_leaf', 'is_gc', 'is_dict', 'is_type', 'is_code', 'is_exception', 'is_inline', 'owns_type',
        'values_apart', 'inline_values', 'spare', 'find', 'emit', 'measure', 'label', 'size_of', 'basic', 'items', 'head', 'get_dict', 'slots',
    )  # fmt: skip


#: From 3.11 on a running frame is no object; one is made for it when it is asked for.
_SEPARATE_FRAMES = _MINOR >= 11 or not IS_CPYTHON
#: Frames looked at in one process: deeper recursion than this is cut off.
_FRAMES_LIMIT = 100000


def _variables_of(frame):
    """Names and values of a frame's variables, or the mapping of them that a module or a class has."""
    try:
        if not frame.f_code.co_flags & 1:
            return [], [], frame.f_locals
        mapping = frame.f_locals
        names = list(mapping)
        return names, [mapping[name] for name in names], None
    except Exception:
        return [], [], None


class _Running:
    """A frame of a thread, as far as it may be read at the moment."""

    __slots__ = ('frame', 'frame_id', 'code', 'label', 'names', 'values', 'namespace')

    def __init__(self, frame):
        self.frame, self.frame_id, self.code = frame, id(frame), frame.f_code
        self.label = _frame_label(frame)
        self.names, self.values, self.namespace = [], [], None
        if _MINOR >= 13:
            # Changes nothing in the process, and in a forked child the frames of other threads are gone.
            self.names, self.values, self.namespace = _variables_of(frame)
            self.frame = None

    def read_late(self):
        """Up to 3.12 asking for variables leaves a dict of them behind: only in a copy of the process."""
        if self.frame is not None:
            self.names, self.values, self.namespace = _variables_of(self.frame)
            self.frame = None


def _chain_of(frame, left=_FRAMES_LIMIT):
    chain = []
    while frame is not None and len(chain) < left:
        chain.append(_Running(frame))
        frame = frame.f_back
    return chain


class _Walk:
    """One snapshot. `listed` are the collector's objects, oldest generation last; `chains` the frames of each
    thread, innermost first, taken before a fork.

    With `may_touch`, this is a copy of the process that nobody else uses: attributes may be looked at in ways that
    create dicts, which the process itself should be spared.
    """

    def __init__(self, own, listed, chains, thread_names, may_touch):
        self.may_touch = may_touch
        self.statics = _StaticMemory()
        self.seen = _AddressSet()
        self.attributes = _AddressSet()
        self.globals = _AddressSet()
        self.inline = _AddressSet()
        self.old = _AddressSet()
        self.closures = {}
        self.links = {}
        self.link_lists = {}
        self.kinds = {}
        self.own_references = {}
        self.problems = {}
        self.type_rows = []
        self.objects = []
        self.strings = list(_FIELDS)
        self.string_ids = {text: index for index, text in enumerate(_FIELDS)}
        self.identifiers = {}
        self.root_rows = {}
        self.chains = chains
        self.thread_names = thread_names
        self.threads = []
        self.running = {}
        self.interned = None
        self.columns = {}
        self.reference_count = 0
        for address in own:
            # Seen, and no object of the program's.
            self.seen.add(address)
        for candidate in listed[-1]:
            self.old.add(id(candidate))
        for objects in listed:
            self.take(objects)
            # They are held once from here on.
            objects.clear()
        candidate = None

    def take(self, objects):
        add, keep = self.seen.add, self.objects.append
        for candidate in objects:
            if add(id(candidate)):
                keep(candidate)

    # First pass: what objects there are

    def discover(self):
        for kind, label, root in self.roots():
            self.root(root, kind, label)
            self.take([root])
        objects = self.objects
        kinds, seen, keep = self.kinds, self.seen.add, objects.append
        for candidate in objects:  # Grows while it is read.
            kind = kinds.get(id(type(candidate))) or self.learn(type(candidate))
            if kind.is_leaf:
                continue
            if type(candidate) is dict and len(candidate) >= 256 and _is_interned_table(candidate):
                # It holds only those strings that never go; the others leave it when nothing else has them.
                self.interned = candidate
                self.root(candidate, _ROOT_INTERNED, 'interned strings')
            for referent in kind.find(candidate):
                if seen(id(referent)):
                    keep(referent)
        self.read_frames()

    def roots(self):
        yield _ROOT_MODULES, 'sys.modules', sys.modules
        yield _ROOT_INTERPRETER, 'sys.__dict__', vars(sys)
        yield _ROOT_BUILTINS, 'builtins.__dict__', vars(sys.modules['builtins'])
        if IS_CPYTHON:
            yield _ROOT_INTERPRETER, 'gc.garbage', gc.garbage
            yield _ROOT_HOOKS, 'gc.callbacks', gc.callbacks
        for number in range(-5, 257):
            if not self.statics.has(id(number)):
                yield _ROOT_INTERPRETER, 'small integers', number
        pending, seen = [object], set()
        while pending:
            known = pending.pop()
            if id(known) in seen:
                continue
            seen.add(id(known))
            if not _type_flags(known) & _HEAP_TYPE:
                name = _type_name(known)
                yield _ROOT_STATIC, name, known
                for namespace in gc.get_referents(_type_dict(known)):
                    yield _ROOT_STATIC, name + '.__dict__', namespace
            pending.extend(type.__subclasses__(known))

    def root(self, root, kind, label):
        self.root_rows.setdefault(id(root), []).append((kind, self.intern(label)))

    def learn(self, cls):
        """The kind of a type met for the first time; the type itself is an object too."""
        kind = self.kinds[id(cls)] = _Kind()
        kind.index = len(self.type_rows)
        kind.name = _type_name(cls)
        flags = _type_flags(cls)
        is_heap = flags & _HEAP_TYPE != 0
        module = _type_dict(cls).get('__module__') if is_heap else _module_of(cls)
        self.type_rows.append((_type_qualname(cls), module if type(module) is str else '', id(cls)))
        kind.owns_type = is_heap
        kind.is_gc = flags & _HAVE_GC != 0
        kind.is_type = issubclass(cls, type)
        kind.is_exception = issubclass(cls, BaseException)
        kind.basic, kind.items = _type_basicsize(cls), _type_itemsize(cls)
        managed = IS_CPYTHON and _MINOR >= 11 and flags & (_MANAGED_DICT | (_MANAGED_WEAKREF if _MINOR > 11 else 0))
        kind.head = (_GC_HEAD if kind.is_gc else 0) + (16 if managed else 0)
        kind.values_apart = IS_CPYTHON and _MINOR in (11, 12) and flags & _MANAGED_DICT != 0
        kind.is_inline = kind.items > 0
        # What a Python class allocates has room for one item more.
        kind.spare = kind.items if is_heap and 'n_sequence_fields' not in _type_dict(cls) else 0
        # From 3.13 on an instance's values may lie behind it in its block; 0 until it is known how many.
        kind.inline_values = 0 if IS_CPYTHON and _MINOR >= 13 and flags & _INLINE_VALUES else None
        kind.get_dict = rule = None
        kind.size_of = None
        kind.slots = []
        for base in _type_mro(cls):
            namespace = _type_dict(base)
            if kind.get_dict is None and type(namespace.get('__dict__')) is types.GetSetDescriptorType:
                kind.get_dict = self.keep(namespace['__dict__']).__get__
            if kind.size_of is None and type(namespace.get('__sizeof__')) is types.MethodDescriptorType:
                kind.size_of = self.keep(namespace['__sizeof__'])
            rule = rule or _RULES.get(base) or _RULES_BY_NAME.get((_module_of(base), _type_name(base)))
            if rule is None and _type_flags(base) & _HEAP_TYPE:
                for name, member in namespace.items():
                    if type(member) is types.MemberDescriptorType:
                        kind.slots.append((_ATTRIBUTE | self.name_of(name), self.keep(member).__get__))
        kind.size_of = kind.size_of or getattr(object, '__sizeof__', None)
        finder, emitter, measure, label, keeps_dict = rule or (None, None, None, None, False)
        if keeps_dict:
            kind.get_dict = None
        kind.find = getattr(self, finder) if finder else gc.get_referents
        if kind.get_dict is not None:
            kind.find = self.find_instance if finder is None else _both(kind.find, self.find_instance)
        kind.emit = getattr(self, emitter or 'emit_other')
        kind.measure = getattr(self, measure or 'measure_plain') if IS_CPYTHON else self.measure_in_pypy
        kind.label = getattr(self, label) if label else None
        kind.is_code = label in ('label_module', 'label_type', 'label_function')
        kind.is_dict = issubclass(cls, dict)
        kind.is_leaf = cls in _LEAVES
        self.take([cls])
        return kind

    def keep(self, descriptor):
        """What this walk holds on to counts as one reference more."""
        self.own_references[id(descriptor)] = self.own_references.get(id(descriptor), 0) + 1
        return descriptor

    def find_instance(self, candidate):
        """The collector's answer; marks the dict of attributes if there is one."""
        found = gc.get_referents(candidate)
        for referent in found:
            if type(referent) is dict:
                break
        else:
            # Some releases of 3.13 do not tell of it.
            if _MINOR != 13 or not self.may_touch:
                return found
        kind = self.kinds[id(type(candidate))]
        if kind.get_dict is not None:
            try:
                namespace = kind.get_dict(candidate)
            except Exception:
                return found
            self.attributes.add(id(namespace))
            if kind.inline_values is not None:
                self.inline.add(id(namespace))
        return found

    @staticmethod
    def find_in_dict(candidate):
        try:
            return [*dict.keys(candidate), *dict.values(candidate)]
        except RuntimeError:
            return gc.get_referents(candidate)

    def find_in_ordered(self, candidate):
        return self.find_in_dict(candidate) + gc.get_referents(candidate)

    def find_in_module(self, candidate):
        namespace = _get_module_dict(candidate)
        self.globals.add(id(namespace))
        return [namespace, *gc.get_referents(candidate)]

    def find_in_function(self, candidate):
        found = gc.get_referents(candidate)
        own = self.dict_of_function(candidate, found)
        if own is not None:
            self.attributes.add(id(own))
        closure = candidate.__closure__
        if closure is not None:
            self.closures[id(closure)] = [self.name_of(name) for name in candidate.__code__.co_freevars]
        return found

    @staticmethod
    def dict_of_function(candidate, found):
        """The dict of its attributes, if there is one. Asking for it would make it, asking for annotations runs code."""
        code = candidate.__code__
        others = (candidate.__globals__, candidate.__kwdefaults__, getattr(candidate, '__builtins__', None))
        dicts = [r for r in found if type(r) is dict and not any(r is other for other in others)]
        if len(dicts) == 1:
            # Annotations are of arguments, or of what is returned.
            arguments = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount + 2]
            if dicts[0] and all(type(key) is str and (key == 'return' or key in arguments) for key in dicts[0]):
                return None
        return dicts[0] if dicts else None

    def find_in_type(self, candidate):
        found = gc.get_referents(candidate)
        if not _is_ready(candidate):
            return found
        for namespace in gc.get_referents(_type_dict(candidate)):
            self.attributes.add(id(namespace))
            found.append(namespace)
        found += [_type_bases(candidate), _type_mro(candidate), *_type_bases(candidate)]
        if _type_flags(candidate) & _HEAP_TYPE:
            found += [_type_name(candidate), _type_qualname(candidate)]
        return found

    @staticmethod
    def find_in_code(candidate):
        found = gc.get_referents(candidate)
        for name, _field in _CODE_FIELDS:
            found.append(getattr(candidate, name))
        if _MINOR >= 11:
            # The tuple itself cannot be had from inside, the names in it can.
            found += [*candidate.co_varnames, *candidate.co_cellvars, *candidate.co_freevars]
        return found

    def find_in_lru_cache(self, candidate):
        found = gc.get_referents(candidate)
        cache = next((referent for referent in found if type(referent) is dict), None)
        if cache is None:
            return found
        links = []
        for key, link in dict.items(cache):
            if _type_name(type(link)) == '_lru_list_elem':
                links.append((key, link))
        if links:
            # Key and result come one after the other, as the list of links has them.
            by_key = {id(key): link for key, link in links}
            order = []
            for key, result in zip(found, found[1:]):
                link = by_key.pop(id(key), None)
                if link is not None:
                    self.links[id(link)] = (id(key), id(result))
                    order.append(link)
            self.link_lists[id(candidate)] = [id(link) for link in order]
            found = [*found, *order]
        for referent in found:
            if type(referent) is dict and referent is not cache:
                self.attributes.add(id(referent))
        return found

    def find_in_descriptor(self, candidate):
        return [*gc.get_referents(candidate), candidate.__objclass__, candidate.__name__]

    def find_in_generator(self, candidate):
        return [*gc.get_referents(candidate), candidate.__name__, candidate.__qualname__]

    @staticmethod
    def find_in_builtin(candidate):
        found = gc.get_referents(candidate)
        for name in ('__self__', '__module__'):
            value = getattr(candidate, name, None)
            if value is not None:
                found.append(value)
        return found

    # Frames of threads: nodes of their own, so that their locals have a name

    def read_frames(self):
        keep = []
        for number, (thread, chain) in enumerate(sorted(self.chains.items())):
            # What takes the snapshot is no part of what it shows.
            while chain and chain[0].code.co_filename == __file__ and chain[0].code.co_name != 'serve':
                chain.pop(0)
            place = thread if thread > 1 << 24 else (1 << 52) + number * (1 << 24)
            self.threads.append((place, thread, chain))
            self.running.update((running.frame_id, running) for running in chain)
        if not _SEPARATE_FRAMES:
            # Before their variables are asked for: that leaves a dict in them.
            self.reach([running.frame for _place, _thread, chain in self.threads for running in chain])
        for _place, _thread, chain in self.threads:
            for running in chain:
                if self.may_touch:
                    running.read_late()
                keep.append(running.code)
                keep += running.values
                # Once by the list of values, and up to 3.12 by the dict that was made to ask for them.
                for value in running.values:
                    self.own_references[id(value)] = self.own_references.get(id(value), 0) + (1 if _MINOR >= 13 else 2)
                if running.namespace is not None:
                    keep.append(running.namespace)
        self.reach(keep)
        keep = None

    def reach(self, found):
        """Takes objects, and what they lead to."""
        objects, at = self.objects, len(self.objects)
        self.take(found)
        while at < len(objects):
            kind = self.kinds.get(id(type(objects[at]))) or self.learn(type(objects[at]))
            if not kind.is_leaf:
                self.take(kind.find(objects[at]))
            at += 1

    # Second pass: columns, in the order of addresses

    def write(self):
        objects = self.objects
        synthetic = []
        for place, thread, chain in self.threads:
            synthetic.append((place, 'thread', thread, chain))
            if _SEPARATE_FRAMES:
                for depth, running in enumerate(reversed(chain)):
                    synthetic.append((place - 16 * (depth + 1), 'frame', thread, running))
        synthetic.sort(key=lambda row: row[0])
        objects.sort(key=id)
        counts = array.array('I')
        own = 0
        if IS_CPYTHON:
            # The last one is held by this list alone: what is counted for it is counted for all.
            objects.append(object())
            count_of = sys.getrefcount
            for candidate in objects:
                counts.append(min(count_of(candidate), _IMMORTAL))
            own = counts.pop()
            candidate = None
            objects.pop()
        object_count = len(objects)
        self.addresses = addresses = array.array('Q', map(id, objects))
        self.places = places = array.array('Q', [row[0] for row in synthetic])
        for row in synthetic:
            if row[0] in addresses[bisect.bisect_left(addresses, row[0]) :][:1]:
                raise AgentError('failed', 'a thread lies where an object is')
        node_count = object_count + len(places)
        # Ends every search.
        addresses.append((1 << 64) - 1)
        thread_type, frame_type = len(self.type_rows), len(self.type_rows) + 1

        columns = self.columns = {
            'addresses': _Column(_ASCENDING_WIDE), 'typeOf': _Column(_VARINT), 'shallowWords': _Column(_VARINT),
            'entryCounts': _Column(_DELTA), 'nodeFlags': _Column(_BYTES), 'firstEdge': _Column(_ASCENDING),
            'edgeTargets': _Column(_DELTA), 'edgeNames': _Column(_DELTA), 'labelNodes': _Column(_ASCENDING),
            'labelTexts': _Column(_VARINT),
        }  # fmt: skip
        gathered = {name: [] for name in ('addresses', 'typeOf', 'shallowWords', 'entryCounts', 'firstEdge')}
        add_address, add_type, add_words, add_entries, add_first = (column.append for column in gathered.values())
        self.targets, self.names = [], []
        self.in_degree = array.array('I', bytes(4 * node_count))
        self.begin_edges()
        targets = self.targets
        flags_of = bytearray()
        at_synthetic = 0
        node = 0
        add_first(0)
        labels = columns['labelNodes'], columns['labelTexts']
        kinds, statics = self.kinds, self.statics
        total_words = 0
        for position in range(object_count + 1):
            limit = addresses[position]
            if len(targets) >= _CHUNK_ELEMENTS or position % _CHUNK_ELEMENTS == 0:
                self.flush_edges()
                for name, column in gathered.items():
                    columns[name].take(column)
                    column.clear()
            while at_synthetic < len(synthetic) and places[at_synthetic] < limit:
                place, what, thread, subject = synthetic[at_synthetic]
                at_synthetic += 1
                if what == 'thread':
                    self.emit_thread(place, subject)
                    label = self.thread_name(thread)
                else:
                    self.emit_frame(subject)
                    label = subject.label
                add_address(place)
                add_type(thread_type if what == 'thread' else frame_type)
                add_words(0)
                add_entries(_NOT_A_CONTAINER)
                flags_of.append(_SYNTHETIC)
                add_first(self.reference_count + len(targets))
                labels[0].add(node)
                labels[1].add(self.intern(label))
                node += 1
            if position == object_count:
                break
            candidate = objects[position]
            kind = kinds[id(type(candidate))]
            self.entries = _NOT_A_CONTAINER
            is_static = statics.has(limit) or (
                kind.is_type and IS_CPYTHON and not _type_flags(candidate) & _HEAP_TYPE
            )
            size = 0
            try:
                if kind.inline_values == 0:
                    self.learn_inline_size(candidate, kind)
                size = 0 if is_static else kind.measure(candidate, kind)
            except Exception:
                self.problem('unknown-size')
            flags = 0
            type_index = kind.index
            if not _SEPARATE_FRAMES and limit in self.running and not gc.is_tracked(candidate):
                # A running frame that the collector does not know yet: shown as frames of later versions are.
                type_index, size, flags = frame_type, 0, _SYNTHETIC
            elif kind.is_gc and (not IS_CPYTHON or gc.is_tracked(candidate)):
                flags = _TRACKED | (_OLD if self.old.has(limit) else 0)
            if is_static:
                flags |= _STATIC
            if kind.is_dict and (self.attributes.has(limit) or self.globals.has(limit)):
                flags |= _NAMESPACE
            if not kind.is_leaf:
                try:
                    kind.emit(candidate, kind)
                    if kind.owns_type:
                        self.edge(type(candidate), _FIELD_OF['__class__'])
                except Exception:
                    self.problem('unreadable-object')
            if kind.label is not None:
                label = kind.label(candidate)
                if type(label) is str:
                    labels[0].add(node)
                    labels[1].add(self.intern(label))
            if kind.is_code:
                flags |= _CODE
            words = min((size + 7) // 8, _U32)
            total_words += words
            add_address(limit)
            add_type(type_index)
            add_words(words)
            add_entries(self.entries)
            flags_of.append(flags)
            add_first(self.reference_count + len(targets))
            node += 1
        self.flush_edges()
        for name, column in gathered.items():
            columns[name].take(column)
        roots = self.root_table(synthetic, counts, own, flags_of)
        columns['nodeFlags'].take(flags_of)
        self.node_count, self.total_bytes = node_count, total_words * 8
        rows = [*self.type_rows, ('<thread>', '', 0), ('<frame>', '', 0)]
        named = {'typeNames': _Column(_STRINGS), 'typeModules': _Column(_STRINGS), 'typeAddresses': _Column(_VARINT)}
        for name, module, address in rows:
            named['typeNames'].extend([name])
            named['typeModules'].extend([module])
            named['typeAddresses'].add(address >> 32)
            named['typeAddresses'].add(address & _U32)
        named['strings'] = _Column(_STRINGS)
        named['strings'].extend(self.strings)
        label_columns = {name: columns.pop(name) for name in ('labelNodes', 'labelTexts')}
        return dict(named, **columns, **roots, **label_columns)

    def problem(self, code):
        self.problems[code] = self.problems.get(code, 0) + 1

    def begin_edges(self):
        """Makes `edge` and `edge_at`, which every reference goes through: nothing but local variables in them."""
        addresses, places, find = self.addresses, self.places, bisect.bisect_left
        lowest = places[0] if places else 1 << 63
        targets, names = self.targets, self.names
        add_target, add_name = targets.append, names.append
        address_of = id

        def edge(target, name):
            address = address_of(target)
            at = find(addresses, address)
            if addresses[at] == address:
                add_target(at if address < lowest else at + find(places, address))
                add_name(name)

        def edge_at(address, name):
            at = find(addresses, address)
            if addresses[at] == address:
                add_target(at if address < lowest else at + find(places, address))
                add_name(name)

        self.edge, self.edge_at = edge, edge_at

    def flush_edges(self):
        """Counts and encodes what has gathered."""
        in_degree = self.in_degree
        for target in self.targets:
            in_degree[target] += 1
        self.reference_count += len(self.targets)
        for name, gathered in (('edgeTargets', self.targets), ('edgeNames', self.names)):
            self.columns[name].take(gathered)
            gathered.clear()

    def place_edge(self, place, name):
        self.targets.append(bisect.bisect_left(self.addresses, place) + bisect.bisect_left(self.places, place))
        self.names.append(name)

    def intern(self, text):
        number = self.string_ids.get(text)
        if number is None:
            number = self.string_ids[text] = len(self.strings)
            self.strings.append(text)
        return number

    def name_of(self, text):
        """Of what Python's own syntax made a name."""
        return self.intern(text if type(text) is str else str.__str__(text)) & _PAYLOAD

    def identifier_of(self, key):
        """Number of a key that is a name, or None: other keys are values."""
        if type(key) is not str:
            return None
        number = self.identifiers.get(key)
        if number is None:
            if not key.isidentifier():
                return None
            number = self.identifiers[key] = self.intern(key)
        return number

    # Types with layouts of their own

    def emit_list(self, candidate, _kind):
        self.entries = list.__len__(candidate)
        edge = self.edge
        for at, item in enumerate(list.__iter__(candidate)):
            edge(item, _ELEMENT | min(at, _PAYLOAD))
        self.emit_attributes(candidate, _kind)

    def emit_tuple(self, candidate, kind):
        edge = self.edge
        names = self.closures.get(id(candidate))
        for at, item in enumerate(tuple.__iter__(candidate)):
            if names is not None and at < len(names):
                edge(item, _CELL | names[at])
            else:
                edge(item, _ELEMENT | at)
        self.emit_attributes(candidate, kind)

    def emit_set(self, candidate, kind):
        base = set if issubclass(type(candidate), set) else frozenset
        self.entries = base.__len__(candidate)
        edge = self.edge
        for at, item in enumerate(base.__iter__(candidate)):
            edge(item, _ELEMENT | at)
        self.emit_attributes(candidate, kind)

    def emit_deque(self, candidate, kind):
        base = collections.deque
        self.entries = base.__len__(candidate)
        for at, item in enumerate(base.__iter__(candidate)):
            self.edge(item, _ELEMENT | at)
        self.emit_attributes(candidate, kind)

    def emit_dict(self, candidate, kind):
        address = id(candidate)
        is_global = self.globals.has(address)
        is_namespace = is_global or self.attributes.has(address)
        self.entries = dict.__len__(candidate)
        edge = self.edge
        if candidate is self.interned:
            for at, key in enumerate(dict.keys(candidate)):
                if sys.getrefcount(key) >= _IMMORTAL:
                    edge(key, _KEY | at)
        elif is_namespace:
            prefix = _GLOBAL if is_global else _ATTRIBUTE
            has_keys = not _is_split(candidate)
            for at, (key, value) in enumerate(dict.items(candidate)):
                if has_keys:
                    edge(key, _KEY | at)
                number = self.identifier_of(key)
                edge(value, _VALUE | at if number is None else prefix | number)
        else:
            for at, (key, value) in enumerate(dict.items(candidate)):
                edge(key, _KEY | at)
                edge(value, _VALUE | at)
        if type(candidate) is not dict:
            self.emit_attributes(candidate, kind)

    def emit_ordered(self, candidate, kind):
        self.emit_dict_part(candidate)
        for at, key in enumerate(dict.keys(candidate)):
            self.edge(key, _KEY | at)
        self.emit_attributes(candidate, kind)

    def emit_dict_part(self, candidate):
        self.entries = dict.__len__(candidate)
        for at, (key, value) in enumerate(dict.items(candidate)):
            self.edge(key, _KEY | at)
            self.edge(value, _VALUE | at)

    def emit_default(self, candidate, kind):
        self.emit_dict_part(candidate)
        self.edge_if(_default_factory(candidate), _FIELD_OF['default_factory'])
        self.emit_attributes(candidate, kind)

    def emit_function(self, candidate, _kind):
        fields = {}
        for name, field in _FUNCTION_FIELDS:
            value = getattr(candidate, name, None)
            if value is not None or name in ('__doc__', '__module__'):
                fields.setdefault(id(value), []).append(field)
        for referent in gc.get_referents(candidate):
            known = fields.get(id(referent))
            if known:
                self.edge(referent, known.pop(0))
            elif type(referent) in (dict, tuple, types.FunctionType) and not self.attributes.has(id(referent)):
                self.edge(referent, _FIELD_OF['__annotations__'])
            else:
                self.edge(referent, self.namespace_field(referent))

    def namespace_field(self, referent):
        if type(referent) is dict and self.attributes.has(id(referent)):
            return _FIELD_OF['__dict__']
        return _UNNAMED_FIELD

    def emit_method(self, candidate, _kind):
        self.edge(candidate.__func__, _FIELD_OF['__func__'])
        self.edge(candidate.__self__, _FIELD_OF['__self__'])

    def emit_builtin(self, candidate, _kind):
        own = candidate.__self__
        self.edge_if(own, _FIELD_OF['__self__'])
        module = candidate.__module__
        self.edge_if(module, _FIELD_OF['__module__'])
        for referent in gc.get_referents(candidate):
            if referent is not own and referent is not module:
                self.edge(referent, _FIELD_OF['__class__'])

    def emit_module(self, candidate, kind):
        namespace = _get_module_dict(candidate)
        self.edge(namespace, _FIELD_OF['__dict__'])
        name = dict.get(namespace, '__name__')
        if type(name) is str:
            self.edge(name, _FIELD_OF['__name__'])
        at = 0
        for referent in gc.get_referents(candidate):
            if referent is not namespace and referent is not type(candidate):
                self.edge(referent, _SCANNED | at)
                at += 1

    def emit_code(self, candidate, _kind):
        for name, field in _CODE_FIELDS:
            self.edge(getattr(candidate, name), field)
        if _MINOR >= 11:
            for name in (*candidate.co_varnames, *candidate.co_cellvars, *candidate.co_freevars):
                self.edge(name, _FIELD_OF['co_names'])

    def emit_type(self, candidate, kind):
        if not _is_ready(candidate):
            return
        namespace = None
        for namespace in gc.get_referents(_type_dict(candidate)):
            self.edge(namespace, _FIELD_OF['__dict__'])
        base, bases, mro = _type_base(candidate), _type_bases(candidate), _type_mro(candidate)
        self.edge_if(base, _FIELD_OF['__base__'])
        self.edge(bases, _FIELD_OF['__bases__'])
        self.edge(mro, _FIELD_OF['__mro__'])
        if not _type_flags(candidate) & _HEAP_TYPE:
            return
        self.edge(_type_name(candidate), _FIELD_OF['__name__'])
        self.edge(_type_qualname(candidate), _FIELD_OF['__qualname__'])
        known = {id(each) for each in (namespace, base, bases, mro, type(candidate))}
        for referent in gc.get_referents(candidate):
            if id(referent) not in known:
                is_module = issubclass(type(referent), types.ModuleType)
                self.edge(referent, _FIELD_OF['__module__'] if is_module else _UNNAMED_FIELD)

    def emit_cell(self, candidate, _kind):
        for referent in gc.get_referents(candidate):
            self.edge(referent, _FIELD_OF['cell_contents'])

    def emit_weakref(self, candidate, kind):
        for referent in gc.get_referents(candidate):
            if referent is not type(candidate):
                self.edge(referent, _FIELD_OF['__callback__'])

    def emit_descriptor(self, candidate, _kind):
        self.edge(candidate.__objclass__, _FIELD_OF['__class__'])
        self.edge(candidate.__name__, _FIELD_OF['__name__'])

    def emit_fixed(self, candidate, kind):
        for referent in gc.get_referents(candidate):
            if referent is not type(candidate):
                self.edge(referent, self.namespace_field(referent) if kind.get_dict is not None else _UNNAMED_FIELD)

    def emit_traceback(self, candidate, _kind):
        self.edge_if(candidate.tb_next, _FIELD_OF['tb_next'])
        self.edge(candidate.tb_frame, _FIELD_OF['tb_frame'])

    def emit_lru_cache(self, candidate, kind):
        links = self.link_lists.get(id(candidate), [])
        in_links = {part for link in links for part in self.links[link]}
        is_cache = True
        link_types = 0
        for referent in gc.get_referents(candidate):
            if id(referent) in in_links or referent is type(candidate):
                continue
            if type(referent) is dict:
                self.edge(referent, _FIELD_OF['cache'] if is_cache else _FIELD_OF['__dict__'])
                is_cache = False
            elif type(referent) is types.FunctionType:
                self.edge(referent, _FIELD_OF['__wrapped__'])
            elif type(referent) is type and _type_name(referent) == '_lru_list_elem':
                # Once for itself, and once for each link.
                link_types += 1
                if link_types == 1:
                    self.edge(referent, _UNNAMED_FIELD)
            else:
                self.edge(referent, _UNNAMED_FIELD)
        for at, link in enumerate(links):
            self.edge_at(link, _ELEMENT | at)

    def emit_lru_link(self, candidate, _kind):
        if id(candidate) in self.links:
            key, result = self.links[id(candidate)]
            self.edge_at(key, _FIELD_OF['key'])
            self.edge_at(result, _FIELD_OF['result'])

    def emit_generator(self, candidate, _kind):
        frame = code = None
        for prefix in ('gi_', 'cr_', 'ag_'):
            if hasattr(candidate, prefix + 'code'):
                code = getattr(candidate, prefix + 'code')
                if self.may_touch or _MINOR < 11:
                    frame = getattr(candidate, prefix + 'frame')
                break
        fields = {
            id(code): _FIELD_OF['f_code'],
            id(frame): _FIELD_OF['frame'],
            id(candidate.__name__): _FIELD_OF['__name__'],
            id(candidate.__qualname__): _FIELD_OF['__qualname__'],
        }
        self.emit_variables(candidate, frame if _MINOR >= 11 else None, fields)

    def find_in_frame(self, candidate):
        # Of a running frame nothing is the object's own, and that of a thread which the fork ended must not be touched.
        return [] if _SEPARATE_FRAMES and id(candidate) in self.running else gc.get_referents(candidate)

    def emit_real_frame(self, candidate, _kind):
        if _SEPARATE_FRAMES and id(candidate) in self.running:
            return
        fields = {}
        is_object = gc.is_tracked(candidate) or id(candidate) not in self.running
        for name, field in _FRAME_FIELDS:
            value = getattr(candidate, name, None)
            if value is not None:
                # What only borrows says nothing of who keeps what.
                fields.setdefault(id(value), field if is_object or name == 'f_code' else None)
        self.emit_variables(candidate, candidate, fields)

    def emit_variables(self, candidate, frame, fields):
        """What the collector finds in a frame, named by the frame's variables where they hold the same."""
        names = {}
        if frame is not None and self.may_touch:
            for name, value in zip(*_variables_of(frame)[:2]):
                names.setdefault(id(value), []).append(name)
        at = 0
        for referent in gc.get_referents(candidate):
            if id(referent) in fields:
                if fields[id(referent)] is not None:
                    self.edge(referent, fields[id(referent)])
                continue
            found = names.get(id(referent))
            if not found and type(referent) is types.CellType:
                for content in gc.get_referents(referent):
                    found = names.get(id(content))
            if found:
                name = found.pop(0) if len(found) > 1 else found[0]
                self.edge(referent, _LOCAL | self.name_of(name))
            elif type(referent) is types.FunctionType and frame is not None:
                self.edge(referent, _FIELD_OF['__func__'])
            else:
                self.edge(referent, _OPERAND | at)
                at += 1

    def emit_frame(self, running):
        """A running frame: the collector sees nothing of it, its variables can be asked for."""
        self.edge(running.code, _FIELD_OF['f_code'])
        if running.namespace is not None:
            self.edge(running.namespace, _FIELD_OF['f_locals'])
        for name, value in zip(running.names, running.values):
            self.edge(value, _LOCAL | self.name_of(name))

    def emit_thread(self, place, chain):
        for depth, running in enumerate(reversed(chain)):
            if _SEPARATE_FRAMES:
                self.place_edge(place - 16 * (depth + 1), _FIELD_OF['frame'])
            else:
                self.edge_at(running.frame_id, _FIELD_OF['frame'])

    def thread_name(self, thread):
        return self.thread_names.get(thread) or hex(thread)

    def emit_attributes(self, candidate, kind):
        """What classes written in Python add to a built-in one: a dict, slots."""
        for name, get in kind.slots:
            try:
                self.edge(get(candidate), name)
            except AttributeError:
                pass
        if kind.get_dict is None:
            return
        namespace = None
        for referent in gc.get_referents(candidate):
            if type(referent) is dict and self.attributes.has(id(referent)):
                namespace = referent
        if namespace is None and self.may_touch:
            namespace = kind.get_dict(candidate)
        if namespace is None:
            return
        if self.seen.has(id(namespace)):
            self.edge(namespace, _FIELD_OF['__dict__'])
            return
        for at, (key, value) in enumerate(dict.items(namespace)):
            number = self.identifier_of(key)
            self.edge(value, _VALUE | at if number is None else _ATTRIBUTE | number)

    def emit_other(self, candidate, kind):
        """Instances of classes, and of types that are not known: the collector's references, with names where they are attributes."""
        found = gc.get_referents(candidate)
        if not found:
            return
        names = {}
        namespace = None
        for name, get in kind.slots:
            try:
                names.setdefault(id(get(candidate)), []).append(name)
            except AttributeError:
                pass
        if kind.get_dict is not None and (self.may_touch or any(type(r) is dict for r in found)):
            try:
                namespace = kind.get_dict(candidate)
            except Exception:
                namespace = None
        if namespace is not None:
            if self.seen.has(id(namespace)):
                names[id(namespace)] = [_FIELD_OF['__dict__']]
                if not any(referent is namespace for referent in found):
                    # The dict has what the collector is told of the instance (3.13).
                    values = {id(value) for value in dict.values(namespace)}
                    found = [namespace, *(referent for referent in found if id(referent) not in values)]
            elif type(namespace) is dict:
                for at, (key, value) in enumerate(dict.items(namespace)):
                    number = self.identifier_of(key)
                    names.setdefault(id(value), []).append(_VALUE | at if number is None else _ATTRIBUTE | number)
                if any(referent is namespace for referent in found):
                    # It was made just now, by this walk, and has the values: the instance is shown as it was.
                    found = [*dict.values(namespace), *(r for r in found if r is not namespace)]
        if kind.owns_type:
            names.pop(id(type(candidate)), None)
        if kind.is_exception:
            for field, get in _EXCEPTION_FIELDS:
                value = get(candidate)
                if value is not None:
                    names.setdefault(id(value), []).append(field)
        for field, get in _FUTURE_FIELDS if kind.name in ('Task', 'Future') else ():
            try:
                value = getattr(candidate, get) if kind.get_dict is None else None
            except Exception:
                value = None
            if value is not None:
                names.setdefault(id(value), []).append(field)
        at = 0
        skip_type = kind.owns_type
        for referent in found:
            if skip_type and referent is type(candidate):
                skip_type = False
                continue
            known = names.get(id(referent))
            if known:
                self.edge(referent, known.pop(0) if len(known) > 1 else known[0])
            else:
                self.edge(referent, _SCANNED | at)
                at += 1

    def edge_if(self, target, name):
        if target is not None:
            self.edge(target, name)

    # Names of objects

    @staticmethod
    def label_module(candidate):
        return dict.get(_get_module_dict(candidate), '__name__')

    @staticmethod
    def label_type(candidate):
        return _type_qualname(candidate)

    @staticmethod
    def label_function(candidate):
        return candidate.__qualname__

    @staticmethod
    def label_generator(candidate):
        return candidate.__qualname__

    def label_frame(self, candidate):
        running = self.running.get(id(candidate))
        return None if running is None else running.label

    # What keeps objects alive without a reference from another one

    def root_table(self, synthetic, counts, own, flags_of):
        """Roots in the order of nodes; with the counts of references, what more references hold than are known."""
        nodes, kinds, labels = _Column(_ASCENDING), _Column(_BYTES), _Column(_VARINT)

        def add(node, kind, label):
            nodes.add(node)
            kinds.add(kind)
            labels.add(label)

        threads = {row[0]: self.intern(self.thread_name(row[2])) for row in synthetic if row[1] == 'thread'}
        static, native = self.intern('static data'), self.intern('native code')
        dropped = self.intern('state of a thread (threading.local)')
        for address in self.places:
            if address in threads:
                self.root_rows[address] = [(_ROOT_THREAD, threads[address])]
        rows = sorted(self.root_rows.items())
        addresses, places = self.addresses, self.places
        at_object = at_place = at_row = 0
        for node in range(len(addresses) - 1 + len(places)):
            is_place = at_place < len(places) and places[at_place] < addresses[at_object]
            address = places[at_place] if is_place else addresses[at_object]
            while at_row < len(rows) and rows[at_row][0] < address:
                at_row += 1
            known = 0
            if at_row < len(rows) and rows[at_row][0] == address:
                for kind, label in sorted(rows[at_row][1]):
                    add(node, kind, label)
                known = 1
            if is_place:
                at_place += 1
                continue
            if flags_of[node] & _STATIC:
                add(node, _ROOT_STATIC, static)
            elif counts and counts[at_object] < _IMMORTAL and address not in self.running:
                held = counts[at_object] - own - self.own_references.get(address, 0)
                if held > self.in_degree[node] + known:
                    flags_of[node] |= _NATIVELY_HELD
                    add(node, _ROOT_NATIVE, native)
                elif held <= 0 and not known and self.in_degree[node] == 0:
                    # Only this walk holds it: a thread did, before the fork.
                    add(node, _ROOT_THREAD, dropped)
            at_object += 1
        return {'rootNodes': nodes, 'rootKinds': kinds, 'rootLabels': labels}

    # Sizes: blocks as the allocators count them

    def measure_plain(self, candidate, kind):
        size = kind.size_of(candidate)
        apart = 0
        if not kind.is_inline and size > kind.basic:
            apart, size = size - kind.basic, kind.basic
        total = _allocated(size + kind.head) + _allocated(apart)
        if kind.values_apart and self.may_touch:
            total += self.values_size(candidate, kind)
        return total

    def learn_inline_size(self, candidate, kind):
        """Room for each attribute that the class has had, and one more; what is right for one is for nearly all."""
        if not self.may_touch or kind.get_dict is None:
            return
        namespace = kind.get_dict(candidate)
        if type(namespace) is dict and (_is_split(namespace) or not self.seen.has(id(namespace))):
            values = (dict.__sizeof__(namespace) - _DICT_BASIC) // 8
            kind.inline_values = (values + 7) // 8 * 8 + (values + 1) * 8
            kind.head += kind.inline_values

    def values_size(self, candidate, kind):
        """3.11 and 3.12 keep the values of an instance without a dict in a block of their own."""
        if kind.get_dict is None:
            return 0
        namespace = kind.get_dict(candidate)
        if self.seen.has(id(namespace)) or not dict.__len__(namespace):
            return 0
        return _values_block(dict.__sizeof__(namespace) - _DICT_BASIC)

    @staticmethod
    def measure_inline(candidate, kind):
        return _allocated(kind.size_of(candidate) + kind.head + kind.spare)

    @staticmethod
    def measure_flat(candidate, kind):
        # Their own answer leaves out what a Python class adds.
        base = int if issubclass(type(candidate), int) else bytes
        size = base.__sizeof__(candidate) - _type_basicsize(base) + kind.basic
        return _allocated(size + kind.head + kind.spare)

    @staticmethod
    def measure_list(candidate, kind):
        apart = list.__sizeof__(candidate) - kind.basic
        if apart > 0 and not _GC_HEAD:
            apart += 8
        return _allocated(kind.basic + kind.head) + _allocated(apart)

    def measure_dict(self, candidate, kind):
        apart = dict.__sizeof__(candidate) - kind.basic
        if apart > 0 and self.attributes.has(id(candidate)) and _is_split(candidate):
            # From 3.13 on the values may lie in the instance.
            apart_block = 0 if self.inline.has(id(candidate)) else _values_block(apart)
        else:
            apart_block = _allocated(apart)
        return _allocated(kind.basic + kind.head) + apart_block

    @staticmethod
    def measure_ordered(candidate, kind):
        count = dict.__len__(candidate)
        apart = kind.size_of(candidate) - _type_basicsize(collections.OrderedDict) - 32 * count
        total = _allocated(kind.basic + kind.head) + 32 * count
        for slots in (1 << log for log in range(3, 33)):
            # The table of nodes has as many slots as that of the keys.
            if apart <= 8 * slots * 2 or 8 * slots > apart:
                break
            if apart - 8 * slots in (_keys_size(slots, 16), _keys_size(slots, 24)):
                return total + _allocated(8 * slots) + _allocated(apart - 8 * slots)
        return total + _allocated(max(0, apart))

    @staticmethod
    def measure_deque(candidate, kind):
        blocks = (kind.size_of(candidate) - _type_basicsize(collections.deque)) // 528
        return _allocated(kind.basic + kind.head) + blocks * _allocated(528)

    @staticmethod
    def measure_text(candidate, kind):
        size = str.__sizeof__(candidate)
        plain = _ASCII_HEADER + str.__len__(candidate) + 1
        if type(candidate) is str and str.isascii(candidate) and size > plain:
            # It keeps a copy in UTF-8.
            return _allocated(plain) + _allocated(size - plain)
        if type(candidate) is not str:
            own = kind.basic + kind.head
            return _allocated(own) + _allocated(size - kind.basic if size > kind.basic else str.__len__(candidate) + 1)
        return _allocated(size)

    @staticmethod
    def measure_type(candidate, kind):
        slots = 0
        for member in _type_dict(candidate).values():
            if type(member) is types.MemberDescriptorType:
                slots += 1
        keys = type.__sizeof__(candidate) - _type_basicsize(type)
        documentation = _type_dict(candidate).get('__doc__')
        text = len(documentation.encode('utf-8', 'replace')) + 1 if type(documentation) is str else 0
        return _allocated(kind.basic + kind.head + (slots + 1) * 40) + _allocated(keys) + _allocated(text)

    @staticmethod
    def measure_in_pypy(candidate, _kind):
        try:
            return max(0, gc.get_rpy_memory_usage(candidate))
        except (AttributeError, TypeError, ValueError):
            return 0


def _both(first, second):
    return lambda candidate: [*first(candidate), *second(candidate)]


def _module_of(cls):
    module = _type_dict(cls).get('__module__') if _type_flags(cls) & _HEAP_TYPE else _type_module(cls)
    return module if type(module) is str else ''


def _keys_size(slots, entry):
    """A table of keys: header, indices, entries (Objects/dictobject.c)."""
    width = 1 if slots <= 0xFF else 2 if slots <= 0xFFFF else 4
    return (32 if _MINOR >= 11 else 40) + slots * width + (slots << 1) // 3 * entry


def _is_interned_table(candidate):
    """The interpreter's own dict of strings, where the collector knows it: each is its own value."""
    for key, value in itertools.islice(dict.items(candidate), 64):
        if key is not value or type(key) is not str:
            return False
    return IS_CPYTHON


def _is_split(namespace):
    """Whether a dict of attributes shares its keys with the others of its class: it is smaller than any with its own."""
    if not IS_CPYTHON:
        return False
    apart = dict.__sizeof__(namespace) - _DICT_BASIC
    if apart == 0 or apart > 240 or apart // 8 < dict.__len__(namespace):
        return False
    own = [_keys_size(slots, entry) for slots in (8, 16) for entry in (16, 24) if (slots << 1) // 3 >= dict.__len__(namespace)]
    return apart not in own


def _values_block(values_bytes):
    """The block of an instance's values: up to 3.10 the values, then (to 3.12) behind the order they came in."""
    if _MINOR < 11:
        return _allocated(values_bytes)
    if _MINOR >= 13:
        return _allocated((values_bytes // 8 + 7) // 8 * 8 + 8 + values_bytes)
    return _allocated((values_bytes // 8 + 2 + 7) // 8 * 8 + values_bytes)


def _frame_label(frame):
    code = frame.f_code
    name = getattr(code, 'co_qualname', code.co_name)
    return '%s (%s:%d)' % (name, code.co_filename.rsplit('/', 1)[-1], frame.f_lineno or 0)


_type_module = type.__dict__['__module__'].__get__
_INLINE_VALUES = 1 << 2
_DICT_BASIC = _type_basicsize(dict)
_ASCII_HEADER = ''.__sizeof__() - 1 if IS_CPYTHON else 0
_default_factory = collections.defaultdict.__dict__['default_factory'].__get__ if IS_CPYTHON else None
_LEAVES = frozenset(
    [int, bool, float, complex, str, bytes, type(None), type(Ellipsis), type(NotImplemented)]
)
if IS_CPYTHON and _MINOR < 11:
    _CODE_FIELDS = [
        ('co_code', '__code__'), ('co_consts', 'co_consts'), ('co_names', 'co_names'), ('co_varnames', 'co_names'),
        ('co_freevars', 'co_names'), ('co_cellvars', 'co_names'), ('co_filename', '__name__'), ('co_name', '__name__'),
        ('co_linetable' if _MINOR == 10 else 'co_lnotab', '__code__'),
    ]  # fmt: skip
elif IS_CPYTHON:
    _CODE_FIELDS = [
        ('co_consts', 'co_consts'), ('co_names', 'co_names'), ('co_exceptiontable', '__code__'),
        ('co_filename', '__name__'), ('co_name', '__name__'), ('co_qualname', '__qualname__'),
        ('co_linetable', '__code__'),
    ]  # fmt: skip
else:
    _CODE_FIELDS = [('co_consts', 'co_consts'), ('co_names', 'co_names')]
_CODE_FIELDS = [(name, _FIELD_OF[field]) for name, field in _CODE_FIELDS]
_FUNCTION_FIELDS = [
    (name, _FIELD_OF[name])
    for name in (
        '__globals__', '__builtins__', '__name__', '__qualname__', '__code__', '__defaults__', '__kwdefaults__',
        '__closure__', '__doc__', '__module__', '__type_params__',
    )
]  # fmt: skip
_FRAME_FIELDS = [
    ('f_back', _FIELD_OF['f_back']), ('f_code', _FIELD_OF['f_code']), ('f_globals', _FIELD_OF['__globals__']),
    ('f_builtins', _FIELD_OF['__builtins__']), ('f_trace', _FIELD_OF['f_trace']),
]  # fmt: skip
_EXCEPTION_FIELDS = [
    (_FIELD_OF[name], BaseException.__dict__[name].__get__)
    for name in ('args', '__traceback__', '__context__', '__cause__')
]
_FUTURE_FIELDS = [
    (_FIELD_OF[field], name)
    for name, field in (
        ('_loop', 'loop'), ('_coro', 'coroutine'), ('_fut_waiter', 'waits for'), ('_result', 'result'),
        ('_exception', 'exception'),
    )
]  # fmt: skip

#: By type: how its references are found, how they are named, its size, its label, and whether its dict is seen to there.
_RULES = {
    list: (None, 'emit_list', 'measure_list', None, False),
    tuple: (None, 'emit_tuple', 'measure_inline', None, False),
    dict: ('find_in_dict', 'emit_dict', 'measure_dict', None, False),
    set: (None, 'emit_set', None, None, False),
    frozenset: (None, 'emit_set', None, None, False),
    collections.deque: (None, 'emit_deque', 'measure_deque', None, False),
    collections.OrderedDict: ('find_in_ordered', 'emit_ordered', 'measure_ordered', None, False),
    collections.defaultdict: ('find_in_ordered', 'emit_default', 'measure_dict', None, False),
    str: (None, None, 'measure_text', None, False),
    bytes: (None, None, 'measure_flat', None, False),
    int: (None, None, 'measure_flat', None, False),
    type: ('find_in_type', 'emit_type', 'measure_type', 'label_type', True),
    types.ModuleType: ('find_in_module', 'emit_module', None, 'label_module', True),
    types.FunctionType: ('find_in_function', 'emit_function', None, 'label_function', True),
    types.MethodType: (None, 'emit_method', None, None, False),
    types.BuiltinFunctionType: ('find_in_builtin', 'emit_builtin', None, None, False),
    types.CodeType: ('find_in_code', 'emit_code', 'measure_inline', None, False),
    types.CellType: (None, 'emit_cell', None, None, False),
    types.FrameType: ('find_in_frame', 'emit_real_frame', 'measure_inline', 'label_frame', False),
    types.TracebackType: (None, 'emit_traceback', None, None, False),
    types.GeneratorType: ('find_in_generator', 'emit_generator', 'measure_inline', 'label_generator', False),
    types.CoroutineType: ('find_in_generator', 'emit_generator', 'measure_inline', 'label_generator', False),
    types.AsyncGeneratorType: ('find_in_generator', 'emit_generator', 'measure_inline', 'label_generator', False),
    property: (None, 'emit_fixed', None, None, False),
    functools.partial: (None, 'emit_fixed', None, None, False),
    weakref.ReferenceType: (None, 'emit_weakref', None, None, False),
    weakref.ProxyType: (None, 'emit_weakref', None, None, False),
    weakref.CallableProxyType: (None, 'emit_weakref', None, None, False),
}
for _descriptor in (
    types.MethodDescriptorType, types.ClassMethodDescriptorType, types.MemberDescriptorType,
    types.GetSetDescriptorType, types.WrapperDescriptorType,
):  # fmt: skip
    _RULES.setdefault(_descriptor, ('find_in_descriptor', 'emit_descriptor', None, None, False))
_RULES_BY_NAME = {
    ('functools', '_lru_cache_wrapper'): ('find_in_lru_cache', 'emit_lru_cache', None, None, True),
    ('functools', '_lru_list_elem'): (None, 'emit_lru_link', None, None, False),
}
if not IS_CPYTHON:
    # Elsewhere the built-in types have other layouts: only what every Python promises.
    _RULES = {
        known: _RULES[known]
        for known in (list, tuple, dict, set, frozenset, collections.deque, str, bytes, int, type,
                      types.ModuleType, types.CellType)
    }  # fmt: skip


# --- Taking a snapshot ----------------------------------------------------------------------------------------------


class _FileSink:
    """A file that replaces an older one when it is whole, for its owner's eyes only."""

    def __init__(self, path):
        self.path = os.path.abspath(path)
        self.part = '%s.%d.part' % (self.path, os.getpid())
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, 'O_NOFOLLOW', 0) | getattr(os, 'O_BINARY', 0)
        self.file = os.open(self.part, flags, 0o600)
        self.bytes = 0

    def write(self, content):
        view = memoryview(content)
        while view:
            view = view[os.write(self.file, view) :]
        self.bytes += len(content)

    def finish(self):
        os.close(self.file)
        self.file = -1
        os.replace(self.part, self.path)

    def discard(self):
        if self.file >= 0:
            os.close(self.file)
        try:
            os.unlink(self.part)
        except OSError:
            pass


class _SocketSink:
    """Pieces of a client's connection, each behind its length."""

    def __init__(self, connected):
        self.socket = connected
        self.socket.settimeout(REPLY_SECONDS)
        self.bytes = 0

    def write(self, content):
        view = memoryview(content)
        while view:
            piece, view = view[: 1 << 20], view[1 << 20 :]
            self.socket.sendall(struct.pack('<I', len(piece)))
            self.socket.sendall(piece)
        self.bytes += len(content)

    def finish(self):
        self.socket.sendall(struct.pack('<I', 0))

    def discard(self):
        pass


class _Moment:
    """What has to be held while the process is as it is to be shown; made right before a fork."""

    def __init__(self, rss_bytes):
        self.rss_bytes = rss_bytes
        self.taken_at = _utc(time.time())
        self.pause_seconds = 0.0
        self.thread_names = {}
        for thread in list(getattr(threading, '_active', {}).values()):
            name = getattr(thread, '_name', None)
            if type(name) is str and thread.ident is not None:
                self.thread_names[thread.ident] = name
        self.active = dict(getattr(threading, '_active', {}))
        self.dangling = set(getattr(getattr(threading, '_dangling', None), 'data', ()))
        self.chains = {}
        left = _FRAMES_LIMIT
        for thread, frame in sys._current_frames().items():
            # This thread's own frames are looked at where they are needed, and would hold this object here.
            if thread != threading.get_ident():
                self.chains[thread] = _chain_of(frame, left)
                left -= len(self.chains[thread])
        frame = None
        # Holding them keeps the fork's child from destroying what only the other threads held: their destructors would
        # run there, on connections that the parent goes on using.
        if IS_CPYTHON:
            newest_first = range(len(gc.get_stats()))
            self.collector = _stored_collector()
            self.listed = [gc.get_objects(generation) for generation in newest_first]
            if not _is_free_threaded():
                self.collector['generations'] = [len(objects) for objects in self.listed]
        else:
            self.collector = None
            self.listed = [gc.get_objects()]

    def own_addresses(self):
        """Of what this moment is made of."""
        own = [self, vars(self), self.listed, *self.listed, self.chains, self.active, self.dangling, self.thread_names]
        for chain in self.chains.values():
            own.append(chain)
            for running in chain:
                own += [running, running.names, running.values]
        return [id(part) for part in own]

    def release(self):
        """In the process itself, once its copy is there. The first list has itself in it, by way of the list of them."""
        for objects in self.listed or ():
            objects.clear()
        self.listed = self.chains = self.active = self.dangling = self.thread_names = None


def _write_snapshot(moment, sink, may_touch, pause):
    """Walks and writes; returns what the client is told."""
    began = time.monotonic()
    if may_touch and getattr(threading, '_active', None) is not None:
        # Emptied after the fork: it has to be shown as it was.
        threading._active.clear()
        threading._active.update(moment.active)
        if moment.dangling:
            threading._dangling.data.update(moment.dangling)
    own = moment.own_addresses()
    listed, chains, names = moment.listed, moment.chains, moment.thread_names
    chains[threading.get_ident()] = _chain_of(sys._getframe())
    moment.listed = moment.chains = moment.active = moment.dangling = moment.thread_names = None
    walk = _Walk(own, listed, chains, names, may_touch)
    listed = chains = None
    walk.discover()
    columns = walk.write()
    problems = [
        {
            'code': 'taken-from-inside',
            'message': 'taken by the agent inside the process: native memory, buffers of C code and what only it holds '
            'are not seen',
            'count': 1,
            'examples': [],
        }
    ]
    for code, count in sorted(walk.problems.items()):
        problems.append({'code': code, 'message': _PROBLEMS[code], 'count': count, 'examples': []})
    meta = {
        'toolVersion': __version__,
        'python': _python_name(),
        'app': _application(),
        'pid': moment.pid,
        'takenAt': moment.taken_at,
        'pauseMs': round(pause() * 1000, 3),
        'problems': problems,
        'objects': walk.node_count,
        'references': walk.reference_count,
    }
    if moment.rss_bytes is not None:
        meta['rssBytes'] = moment.rss_bytes
    if moment.collector is not None:
        meta['collector'] = moment.collector
    _write_heap(columns, meta, sink.write)
    sink.finish()
    return {
        'objects': walk.node_count,
        'references': walk.reference_count,
        'bytes': walk.total_bytes,
        'file_bytes': sink.bytes,
        'seconds': round(time.monotonic() - began, 3),
        'taken_at': moment.taken_at,
        'problems': problems,
    }


_PROBLEMS = {
    'unknown-size': 'objects whose size could not be had: they count as 0 bytes',
    'unreadable-object': 'objects that could not be read to the end: some of their references are missing',
}


def _application():
    """The program's name: no arguments."""
    main = sys.modules.get('__main__')
    spec = getattr(main, '__spec__', None)
    name = getattr(spec, 'name', None)
    if type(name) is str:
        return 'python -m ' + (name[:-9] if name.endswith('.__main__') else name)
    word = sys.argv[0] if getattr(sys, 'argv', None) else ''
    return os.path.basename(word) if word not in ('', '-c', '-') else 'python ' + word if word else 'python'


def _memory_left():
    """Bytes this process could still take, or None: of the machine, and of its control group."""
    lefts = []
    try:
        with open('/proc/meminfo', 'rb') as file:
            lefts += [int(line.split()[1]) * 1024 for line in file if line.startswith(b'MemAvailable:')]
    except (OSError, ValueError, IndexError):
        pass
    for limit, used in (
        ('/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory.current'),
        ('/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory/memory.usage_in_bytes'),
    ):
        try:
            with open(limit, 'rb') as first, open(used, 'rb') as second:
                lefts.append(int(first.read()) - int(second.read()))
        except (OSError, ValueError):
            pass
    return min(lefts) if lefts else None


#: What the walk of the child takes for each object that the collector lists, beside the copied heap.
_WALK_BYTES = 250


def _check_memory(moment, force):
    """The child touches every object, so that the kernel copies the heap: that and the walk's own columns have to fit."""
    left = _memory_left()
    if force or left is None or moment.rss_bytes is None:
        return
    needed = moment.rss_bytes + _WALK_BYTES * sum(map(len, moment.listed))
    if left < needed:
        raise AgentError(
            'not_enough_memory',
            'a snapshot may need %d MiB while it is taken, %d MiB are left; "force" takes it all the same'
            % (needed // 2**20, left // 2**20),
        )


def _fork():
    """os.fork without the warning of 3.12 on: the child does nothing but this module's own work, then it ends."""
    global _forking_for_snapshot
    warnings.filterwarnings('ignore', category=DeprecationWarning, module=re.escape(__name__) + '$')
    _forking_for_snapshot = threading.get_ident()
    try:
        return os.fork()
    finally:
        _forking_for_snapshot = None


def _calm_child(keep):
    """Cuts the child off from what it shares with the program: descriptors, signals, tracing."""
    gc.disable()
    sys.settrace(None)
    sys.setprofile(None)
    for name in ('SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2', 'SIGALRM', 'SIGPROF', 'SIGVTALRM', 'SIGCHLD'):
        number = getattr(signals, name, None)
        try:
            if number is not None:
                signals.signal(number, signals.SIG_DFL)
        except (ValueError, OSError):
            pass
    at = 3
    for number in sorted(keep) + [min(1 << 20, os.sysconf('SC_OPEN_MAX') if hasattr(os, 'sysconf') else 4096)]:
        if number > at:
            os.closerange(at, number)
        at = max(at, number + 1)
    try:
        os.nice(10)
    except OSError:
        pass
    try:
        # If memory runs out, this is what goes, not the program.
        with open('/proc/self/oom_score_adj', 'w') as file:
            file.write('1000')
    except OSError:
        pass


class _Job:
    """Work in a forked child: its result comes through a pipe."""

    def __init__(self, work, moment, keep, seconds, done, failed):
        self.done, self.failed = done, failed
        self.deadline = time.monotonic() + seconds
        self.received = b''
        self.ended = False
        self.pipe, writing = os.pipe()
        try:
            self.child = _fork()
        except BaseException:
            os.close(self.pipe)
            os.close(writing)
            if moment is not None:
                moment.release()
            raise
        if self.child == 0:
            self.be_the_child(work, writing, keep)
        os.close(writing)
        if moment is not None:
            moment.release()

    @staticmethod
    def be_the_child(work, writing, keep):
        status = 1
        try:
            _calm_child({writing, *keep})
            try:
                answer = {'ok': True, 'result': work()}
                status = 0
            except AgentError as error:
                answer = {'ok': False, 'error': {'code': error.code, 'message': str(error)}}
            except MemoryError:
                answer = {'ok': False, 'error': {'code': 'not_enough_memory', 'message': 'memory ran out'}}
            except OSError as error:
                answer = {'ok': False, 'error': {'code': 'write_failed', 'message': str(error)}}
            except Exception as error:
                answer = {'ok': False, 'error': {'code': 'failed', 'message': _place_of(error)}}
            content = memoryview(json.dumps(answer).encode('utf-8', 'backslashreplace'))
            while content:
                content = content[os.write(writing, content) :]
        finally:
            os._exit(status)

    def on_ready(self, _mask=None):
        more = os.read(self.pipe, 65536)
        self.received += more
        if not more:
            self.finish()

    def finish(self):
        if self.ended:
            return
        self.ended = True
        os.close(self.pipe)
        try:
            os.waitpid(self.child, 0)
        except ChildProcessError:
            pass  # The program collects all its children.
        try:
            answer = json.loads(self.received.decode('utf-8'))
        except ValueError:
            answer = {'ok': False, 'error': {'code': 'failed', 'message': 'the forked child ended early'}}
        if answer['ok']:
            self.done(answer['result'])
        else:
            self.failed(AgentError(answer['error']['code'], answer['error']['message']))

    def give_up(self, code, message):
        if self.ended:
            return
        self.ended = True
        try:
            os.kill(self.child, signals.SIGKILL)
            os.waitpid(self.child, 0)
        except OSError:
            pass
        os.close(self.pipe)
        self.failed(AgentError(code, message))


def _place_of(error):
    """Where one of our own faults happened: its type and line, never its text, which may have a value in it."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return '%s in line %d of the agent' % (type(error).__name__, place.tb_lineno if place else 0)


def _prepare(open_sink, force, by_fork):
    """Work that writes a snapshot of this moment, and where it goes."""
    began = time.monotonic()
    moment = _Moment(_rss_bytes())
    moment.pid = os.getpid()
    try:
        if by_fork:
            _check_memory(moment, force)
        sink = open_sink()
    except BaseException:
        moment.release()
        raise

    def work():
        # In a child, the pause was what led to the fork; else it is the walk.
        spent = time.monotonic() - began
        try:
            return _write_snapshot(moment, sink, by_fork, (lambda: spent) if by_fork else (lambda: time.monotonic() - began))
        except BaseException:
            sink.discard()
            raise

    return work, sink, moment


def _with_others_waiting(work):
    """Where there is no fork: the other threads wait, as far as Python can make them."""
    interval = sys.getswitchinterval()
    collects = gc.isenabled()
    sys.setswitchinterval(1e6)
    gc.disable()
    try:
        return work()
    finally:
        sys.setswitchinterval(interval)
        if collects:
            gc.enable()


def snapshot(path, force=False, fork=True, timeout=SNAPSHOT_SECONDS):
    """Writes a .heap file of this process and returns what is in it. Waits for it; the other threads go on.

    Where there is no fork (Windows), or with fork=False, they wait too.
    """
    if not (fork and HAS_FORK):
        work, _sink, _moment = _prepare(lambda: _FileSink(path), force, False)
        return _with_others_waiting(work)
    outcome = []
    work, sink, moment = _prepare(lambda: _FileSink(path), force, True)
    job = _Job(work, moment, {sink.file}, timeout, outcome.append, outcome.append)
    os.close(sink.file)
    with selectors.DefaultSelector() as selector:
        selector.register(job.pipe, selectors.EVENT_READ)
        while not job.ended:
            if selector.select(max(0.0, job.deadline - time.monotonic())):
                job.on_ready()
            elif time.monotonic() >= job.deadline:
                job.give_up('timeout', 'it was not done in time')
                sink.file = -1
                sink.discard()
    if isinstance(outcome[0], AgentError):
        raise outcome[0]
    return outcome[0]

# --- Starting ----------------------------------------------------------------------------------------------------

_agent = None
_starting = threading.Lock()
_has_hooks = False
#: The thread that forks the child of a snapshot: that one starts no agent.
_forking_for_snapshot = None


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
    if inherited is None or _forking_for_snapshot == threading.get_ident():
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
    # With python -P there is no folder of the program in front.
    safe_path = getattr(sys.flags, 'safe_path', False)
    if as_module:
        if not safe_path:
            sys.path[0] = os.getcwd()
        runpy.run_module(words[0], run_name='__main__', alter_sys=True)
        return
    if os.path.isdir(words[0]) or words[0].endswith(('.zip', '.pyz')):
        runpy.run_path(words[0], run_name='__main__')
        return
    if not safe_path:
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
