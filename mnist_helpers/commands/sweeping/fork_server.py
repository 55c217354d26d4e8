"""A process that has imported a notebook's libraries, and forks kernels.

It is started as ``python -m mnist_helpers.commands.sweeping.fork_server``, is told on
standard input, a JSON object a line, what to do, and answers on standard output. When
its standard input ends, however that comes about, it ends its kernels and itself.
"""

import json
import os
import random
import signal
import sys
import tempfile
from contextlib import suppress

# What ipykernel sets before it imports anything; matplotlib reads it when imported.
BACKEND = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}


def serve() -> None:
    """Do what is asked, until there is nothing more to ask."""
    answers = os.fdopen(os.dup(1), "w")
    # What an import prints is no answer.
    os.dup2(2, 1)
    for name, value in BACKEND.items():
        os.environ.setdefault(name, value)
    running: set[int] = set()
    try:
        for line in sys.stdin:
            match json.loads(line):
                case {"import": source}:
                    _import(source)
                    answer = None
                case {"fork": arguments, "environment": environment, "log": log}:
                    answer = _fork(arguments, environment, log, answers.fileno())
                    running.add(answer)
                case {"status": process}:
                    answer = _status(process, running)
            print(json.dumps(answer), file=answers, flush=True)
    finally:
        for process in running:
            with suppress(ProcessLookupError):
                os.killpg(process, signal.SIGKILL)


def _import(source: str) -> None:
    import ipykernel.kernelapp  # noqa: F401

    for statement in source.splitlines():
        # What cannot be imported is an error of the cell that imports it.
        with suppress(Exception):
            exec(statement, {})


def _status(process: int, running: set[int]) -> int | None:
    """Give a kernel's exit code, None while it runs."""
    if process not in running:
        return -signal.SIGKILL
    ended, status = os.waitpid(process, os.WNOHANG)
    if not ended:
        return None
    running.remove(process)
    return os.waitstatus_to_exitcode(status)


def _fork(
    arguments: list[str], environment: dict[str, str], log: str, answers: int
) -> int:
    server = os.getpid()
    process = os.fork()
    if process:
        # Here too, lest the group be asked for before the kernel has made it.
        with suppress(OSError):
            os.setpgid(process, process)
        return process
    os.setpgid(0, 0)
    nothing = os.open(os.devnull, os.O_RDONLY)
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for opened, standard in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(opened, standard)
    # As long as this process had it, nobody would see the server's answers end.
    os.close(answers)
    os.environ.clear()
    os.environ.update(environment)
    for name, value in BACKEND.items():
        os.environ.setdefault(name, value)
    # What an import has asked for stays the server's otherwise.
    tempfile.tempdir = None
    # Copies of one process would otherwise draw the same where no seed is set.
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance(argv=[*arguments, f"--IPKernelApp.parent_handle={server}"])
    # Without the ends of what was imported before the fork, as of any process's end.
    os._exit(0)


if __name__ == "__main__":
    serve()
