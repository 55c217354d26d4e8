"""The machine and the versions behind a result."""

import hashlib
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from mnist_helpers.environment.files import project_root
from mnist_helpers.environment.variables import settings

PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn", "matplotlib", "papermill")
# Instruction sets that change the order of floating-point sums, or their precision, or
# whether TensorFlow takes to oneDNN by itself.
VECTOR_FLAGS = (
    *("avx2", "fma", "avx_vnni"),
    *("avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16"),
    *("amx_bf16", "amx_fp16"),
)
GIT_SECONDS = 10


def describe_environment() -> dict[str, object]:
    """Record what explains a number: versions, processor, settings, code.

    The values can be written as JSON. ``commit`` and ``local_changes`` are "unknown"
    outside a checkout; ``package`` is a digest of this package's code and tables.
    """
    processor, flags = _processor()
    commit, local_changes = _describe_checkout(project_root())
    return {
        "versions": {name: version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": processor,
        "vector_flags": [flag for flag in VECTOR_FLAGS if flag in flags],
        "cores": _usable_cores(),
        "settings": settings(),
        "commit": commit,
        "local_changes": local_changes,
        "package": _package_digest(),
    }


def _package_digest() -> str:
    package = Path(__file__).parents[1]
    sha256 = hashlib.sha256()
    for file in sorted(package.rglob("*")):
        if file.suffix in (".py", ".csv", ".json", ".toml"):
            sha256.update(file.relative_to(package).as_posix().encode())
            sha256.update(file.read_bytes())
    return sha256.hexdigest()


def _processor() -> tuple[str, list[str]]:
    """Return the processor's name and, where Linux lists them, its flags."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text("utf-8").splitlines() if cpuinfo.exists() else []
    fields = dict(map(str.strip, line.split(":", 1)) for line in lines if ":" in line)
    name = fields.get("model name", platform.processor() or platform.machine())
    return name, fields.get("flags", "").split()


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _describe_checkout(root: Path) -> tuple[str, bool | str]:
    """Return the commit, and whether tracked files differ from it."""
    try:
        top, commit = _git(root, "rev-parse", "--show-toplevel", "HEAD").splitlines()
        # A copy of the course without its .git may lie in another repository.
        if Path(top).samefile(root):
            return commit, bool(_git(root, "status", "-s", "-uno"))
    except (OSError, subprocess.SubprocessError):
        pass
    return "unknown", "unknown"


def _git(root: Path, *arguments: str) -> str:
    # Without the locks, it leaves the checkout alone while others work in it.
    command = ["git", "--no-optional-locks", "-C", str(root), *arguments]
    # A variable such as GIT_DIR would name another repository.
    environment = {n: v for n, v in os.environ.items() if not n.startswith("GIT_")}
    return subprocess.check_output(
        command,
        env=environment,
        text=True,
        stderr=subprocess.DEVNULL,
        timeout=GIT_SECONDS,
    )
