"""Kernels that are forked from a process that has imported the libraries already.

TensorFlow and the other libraries take most of a short run's time to import. Importing
depends on no parameter and starts nothing of TensorFlow's runtime, so a fork of a
process that has done only that is what a new process would be after its imports: a
kernel of its own, in which nothing of another point can be.
"""

import ast
import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from contextlib import suppress
from pathlib import Path

import nbformat
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner
from nbclient.exceptions import DeadKernelError
from traitlets import Instance

from mnist_helpers.commands.execution import Kernels

# Libraries whose import starts no thread that a fork would miss.
FORKABLE = frozenset(
    (
        *("mnist_helpers", "tensorflow", "keras", "numpy", "pandas", "scipy"),
        *("sklearn", "matplotlib", "seaborn", "IPython"),
    )
)
# Elsewhere, processes with libraries of the system's own may not be forked.
CAN_FORK = sys.platform == "linux"


def forkable_imports(notebook: nbformat.NotebookNode) -> str:
    """Collect the imports of a notebook that a kernel may have made before it starts.

    Parameters
    ----------
    notebook : NotebookNode
        Its code cells' own statements count, not those within functions or blocks.

    Returns
    -------
    str
        A statement a line, in the notebook's order.
    """
    lines = []
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        try:
            statements = ast.parse(cell.source).body
        except SyntaxError:  # such as of IPython's own commands
            continue
        for statement in statements:
            match statement:
                case ast.Import(names=names):
                    modules = [alias.name for alias in names]
                case ast.ImportFrom(module=str(module), level=0):
                    modules = [module]
                case _:
                    continue
            if {module.partition(".")[0] for module in modules} <= FORKABLE:
                lines.append(ast.unparse(statement))
    return "\n".join(lines)


class ForkedKernels(Kernels):
    """Kernels of points: forked where that can be, and started anew elsewhere.

    Parameters
    ----------
    environment : dict
        Variables that the kernels get besides those of this process.
    imports : str
        Of `forkable_imports`.
    """

    def __init__(self, environment: dict[str, str], imports: str) -> None:
        super().__init__(environment)
        self.imports = imports
        self._server: _ForkServer | None = None
        self._starting = threading.Lock()

    def new_manager(self) -> AsyncKernelManager | None:
        """Make what forks a kernel."""
        if not CAN_FORK:
            return None
        with self._starting:
            # A point that was on its way when all was stopped starts nothing more.
            if self.stopped_by:
                raise DeadKernelError("not started")
            if self._server is None or not self._server.is_alive():
                self._server = _ForkServer(self.environment, self.imports)
        return _ForkingManager(kernel_name="python3", server=self._server)

    def stop(self, signal_number: int = signal.SIGTERM) -> None:
        """End the kernels, and what they were forked from."""
        super().stop(signal_number)
        with self._starting:
            if self._server:
                self._server.close()


class _ForkServer:
    def __init__(self, environment: dict[str, str], imports: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mnist_helpers.commands.sweeping.fork_server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | environment,
            text=True,
            # Ctrl-C is for the sweep, which ends this process.
            start_new_session=True,
        )
        self._asking = threading.Lock()
        self.ask({"import": imports})

    def is_alive(self) -> bool:
        return self.process.poll() is None

    def ask(self, question: dict[str, object]) -> int | None:
        with self._asking:
            try:
                print(json.dumps(question), file=self.process.stdin, flush=True)
                answer = self.process.stdout.readline()
            except (OSError, ValueError):
                answer = ""
        if not answer:
            raise RuntimeError("the process that kernels are forked from has ended")
        return json.loads(answer)

    def close(self) -> None:
        with suppress(OSError):
            self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class _ForkedProcess:
    """A process that is the server's child, with what jupyter_client asks of one."""

    stdin = stdout = stderr = None

    def __init__(self, server: _ForkServer, pid: int) -> None:
        self.server = server
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            try:
                self.returncode = self.server.ask({"status": self.pid})
            except RuntimeError:
                # It ends its kernels when it ends.
                self.returncode = -signal.SIGKILL
        return self.returncode

    def wait(self) -> int | None:
        return self.poll()

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class _ForkingProvisioner(LocalProvisioner):
    async def launch_kernel(self, cmd, *, env, stderr, **_options):
        server = self.parent.server
        arguments = cmd[cmd.index("ipykernel_launcher") + 1 :]
        pid = server.ask(
            {"fork": arguments, "environment": dict(env), "log": stderr.name}
        )
        self.process = _ForkedProcess(server, pid)
        self.pid = self.pgid = pid
        self.cwd = Path.cwd()
        return self.connection_info


class _ForkingManager(AsyncKernelManager):
    server = Instance(_ForkServer)

    async def _async_pre_start_kernel(self, **options):
        self.kernel_id = self.kernel_id or str(uuid.uuid4())
        self.provisioner = _ForkingProvisioner(
            kernel_id=self.kernel_id, kernel_spec=self.kernel_spec, parent=self
        )
        return await super()._async_pre_start_kernel(**options)
