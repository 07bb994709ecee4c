"""Runs a command and says what it took: Node cannot read the peak memory of one child.

    python3 measured.py RESULT_FILE TIMEOUT_SECONDS MEMORY_LIMIT_BYTES COMMAND…

RESULT_FILE gets {"status", "seconds", "peak_rss_bytes"}; status is "timeout" where it was ended for that. A limit of 0
is none. The command's output goes where this process's goes.
"""

import json
import os
import resource
import signal
import sys
import time


def main():
    result_file, timeout, limit, command = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]
    began = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os.setpgid(0, 0)
        if limit:
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        try:
            os.execvp(command[0], command)
        except OSError as error:
            os.write(2, ("%s: %s\n" % (command[0], error)).encode())
            os._exit(127)
    timed_out = []

    def end(signum, _frame):
        timed_out.append(signum)
        os.killpg(pid, signal.SIGKILL)

    for signum in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, end)
    signal.alarm(timeout)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - began
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status)
    with open(result_file, "w") as file:
        json.dump({"status": "timeout" if timed_out else code, "seconds": seconds, "peak_rss_bytes": usage.ru_maxrss * 1024}, file)


if __name__ == "__main__":
    main()
