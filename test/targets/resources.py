"""Holds everything the kernel counts, in known places, and prints what it holds as one line of JSON.

    python3 resources.py [--descriptors N]

The line maps each holder's global to the numbers it owns (`files`, `clients`, …), with what else a test needs to know:
`bare` are descriptors that no object holds. With --descriptors it opens that many files and nothing else.
"""

import argparse
import ctypes
import json
import mmap
import multiprocessing
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading

try:
    import sqlite3
except ImportError:
    sqlite3 = None
try:
    import ssl
except ImportError:
    ssl = None
try:
    from multiprocessing import shared_memory
except ImportError:
    shared_memory = None


class Client:
    def __init__(self, connection):
        self.connection = connection


class Device:
    """Keeps a bare descriptor in an attribute, as bindings of C libraries do."""

    def __init__(self):
        self.fd = os.open(os.devnull, os.O_RDONLY)


files, opened_raw, clients, accepted, pipes, polls, maps, segments = [], [], {}, [], [], [], [], []
temporary, unlinked, databases, children, threads, devices, folders, locks = [], [], [], [], [], [], [], []
borrowed, ends, wrapped, workers, unattached = [], [], [], [], []
server = None
bare_fd = -1


def hold(folder):
    global server, bare_fd
    truth = {}
    for i in range(3):
        path = os.path.join(folder, "plain%d" % i)
        with open(path, "w"):
            pass
        files.append(open(path))
    truth["files"] = [f.fileno() for f in files]
    opened_raw.append(open(os.devnull, "rb", buffering=0))
    truth["opened_raw"] = [f.fileno() for f in opened_raw]
    # A second file object over the descriptor of the first: it does not close it, so it is not the owner.
    borrowed.append(open(files[0].fileno(), closefd=False))
    truth["borrowed"] = [borrowed[0].fileno()]
    shut = open(os.devnull)
    shut.close()
    files.append(shut)

    server = socket.socket()
    server.bind(("127.0.0.1", 0))
    server.listen(16)
    port = server.getsockname()[1]
    for i in range(5):
        clients["client%d" % i] = Client(socket.create_connection(("127.0.0.1", port)))
        accepted.append(server.accept()[0])
    # The other end of the first two hangs up: they are left in CLOSE_WAIT.
    for connection in accepted[:2]:
        connection.close()
    del accepted[:2]
    truth.update(port=port, server=[server.fileno()])
    truth["clients"] = [client.connection.fileno() for client in clients.values()]
    truth["accepted"] = [connection.fileno() for connection in accepted]

    reader, writer = os.pipe()
    pipes.append(os.fdopen(reader, "rb"))
    pipes.append(os.fdopen(writer, "wb"))
    truth["pipes"] = [reader, writer]
    ends.extend(multiprocessing.Pipe(duplex=False))
    truth["ends"] = [end.fileno() for end in ends]
    if ssl is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        wrapped.append(context.wrap_socket(socket.socket(), do_handshake_on_connect=False))
        truth["wrapped"] = [wrapped[0].fileno()]
    polls.append(select.epoll())
    truth["polls"] = [polls[0].fileno()]

    maps.append(mmap.mmap(-1, 1 << 20))
    maps.append(mmap.mmap(-1, 2 << 20))
    backing = os.path.join(folder, "mapped")
    with open(backing, "wb+") as file:
        file.truncate(3 << 20)
        before = descriptors()
        mapped = mmap.mmap(file.fileno(), 3 << 20)
        maps.append(mapped)
        truth["maps"] = sorted(descriptors() - before)
    if shared_memory is not None:
        before = descriptors()
        segments.append(shared_memory.SharedMemory(create=True, size=1 << 16))
        own = descriptors() - before
        truth["segments"] = sorted(fd for fd in own if "/dev/shm/" in target_of(fd))
        truth["segment_bytes"] = segments[0].size

    # One segment goes with its last attachment; the other stays on the machine until somebody removes it.
    attached = make_system_v_segment(1 << 20)
    if libc.shmat(attached, None, 0) in (None, ctypes.c_void_p(-1).value):
        raise OSError("cannot attach to a segment")
    remove_system_v_segment(attached)
    unattached.append(make_system_v_segment(2 << 20))

    locks.append(multiprocessing.get_context("fork").Lock())
    temporary.append(tempfile.NamedTemporaryFile(dir=folder))
    truth["temporary"] = [temporary[0].fileno()]
    gone = os.path.join(folder, "gone")
    unlinked.append(open(gone, "wb"))
    unlinked[0].write(b"x" * 300000)
    unlinked[0].flush()
    os.unlink(gone)
    truth["unlinked"] = [unlinked[0].fileno()]

    if sqlite3 is not None:
        before = descriptors()
        for i in range(2):
            connection = sqlite3.connect(os.path.join(folder, "database%d" % i))
            if i == 1:
                connection.execute("pragma journal_mode=wal")
            connection.execute("create table t (a)")
            connection.commit()
            databases.append(connection)
        truth["databases"] = sorted(fd for fd in descriptors() - before if "/database" in target_of(fd))

    before = descriptors()
    folders.append(os.scandir(folder))
    next(folders[0])
    truth["folders"] = sorted(fd for fd in descriptors() - before if target_of(fd) == folder)

    devices.append(Device())
    truth["devices"] = [devices[0].fd]
    bare_fd = os.open(os.devnull, os.O_RDONLY)
    truth["bare_fd"] = [bare_fd]
    truth["bare"] = [os.open(os.devnull, os.O_RDONLY) for _ in range(4)]

    children.append(subprocess.Popen(["sleep", "600"], stdout=subprocess.PIPE))
    children.append(subprocess.Popen(["sh", "-c", "exit 3"]))
    os.waitid(os.P_PID, children[1].pid, os.WEXITED | os.WNOWAIT)
    truth["children"] = [child.pid for child in children]
    truth["child_pipe"] = [children[0].stdout.fileno()]
    workers.append(multiprocessing.get_context("fork").Process(target=signal.pause))
    workers[0].start()
    truth["workers"] = [workers[0].pid]
    orphan = os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "600")
    truth["unowned_child"] = orphan

    for _ in range(3):
        thread = threading.Thread(target=threading.Event().wait, daemon=True)
        thread.start()
        threads.append(thread)
    truth["threads"] = [thread.native_id for thread in threads]
    return truth


libc = ctypes.CDLL(None, use_errno=True)
libc.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]
libc.shmat.restype, libc.shmat.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
libc.shmctl.argtypes = [ctypes.c_int, ctypes.c_int, ctypes.c_void_p]


def make_system_v_segment(size):
    # IPC_PRIVATE; IPC_CREAT and read and write for the owner.
    segment = libc.shmget(0, size, 0o1000 | 0o600)
    if segment == -1:
        raise OSError(ctypes.get_errno(), "cannot make a segment")
    return segment


def remove_system_v_segment(segment):
    libc.shmctl(segment, 0, None)  # IPC_RMID


def descriptors():
    """Those that outlive the listing, which has one of its own."""
    return {fd for fd in map(int, os.listdir("/proc/self/fd")) if target_of(fd)}


def target_of(fd):
    try:
        return os.readlink("/proc/self/fd/%d" % fd)
    except OSError:
        return ""


def hold_many(count):
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count + 100
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, max(hard, wanted)))
    except (ValueError, OSError) as error:
        return {"refused": str(error)}
    for _ in range(count):
        files.append(open(os.devnull, "rb", buffering=0))
    return {"files": len(files)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--descriptors", type=int, default=0)
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp()
    truth = hold_many(arguments.descriptors) if arguments.descriptors else hold(folder)
    truth["folder"] = folder
    print(json.dumps(truth), flush=True)
    sys.stdin.readline()
    for segment in segments:
        segment.unlink()
    for segment in unattached:
        remove_system_v_segment(segment)
    for pid in [child.pid for child in children + workers] + [truth.get("unowned_child", 0)]:
        if pid:
            os.kill(pid, signal.SIGKILL)
    subprocess.call(["rm", "-r", folder])
    print("done", flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
