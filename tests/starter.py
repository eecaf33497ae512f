"""Starts `monitor` as often as asked, each time as a process of its own that has its modules already.

Most of what a command takes is the import of its modules, a second or two. This process imports them once and forks;
what it forks runs `python -m monitor`. `tests.commands` is the other end: each message on the socket that is our
standard input holds arguments, folder and environment, and comes with four files: the command's standard input, output
and error, and a pipe on which we write its process id and, when it has ended, its exit status.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import socket
import sys
import time
from typing import Any

LONGEST_MESSAGE = 100_000  # bytes


def serve() -> dict[str, Any]:
    """Answers requests to the end; comes back in each forked process, with what it is to run."""
    import monitor.cli.asking
    import monitor.cli.feeds_online
    import monitor.cli.stories
    import monitor.cli.working
    import monitor.daemon
    import monitor.preload  # noqa: F401

    requests = socket.socket(fileno=0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for what waits for the commands
    while True:
        message, files, _, _ = socket.recv_fds(requests, LONGEST_MESSAGE, 4)
        if not message:
            os._exit(0)
        if os.fork() == 0:
            break
        for file in files:
            os.close(file)

    requests.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *standard, told = files
    command = os.fork()
    if command:
        for file in standard:
            os.close(file)
        os.write(told, b"%d\n" % command)
        os.write(told, b"%d\n" % os.waitstatus_to_exitcode(os.waitpid(command, 0)[1]))
        os._exit(0)
    for number, file in enumerate(standard):
        os.dup2(file, number)
        os.close(file)
    os.close(told)
    return dict(json.loads(message))


if __name__ == "__main__":
    wanted = serve()
    os.chdir(wanted["cwd"])
    os.environ.clear()
    os.environ.update(wanted["environment"])
    time.tzset()
    sys.argv = ["monitor", *wanted["arguments"]]
    runpy.run_module("monitor", run_name="__main__", alter_sys=True)
