"""The machine and the versions behind a result."""

import hashlib
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from mnist_helpers.files import file_digest, project_root

PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn", "matplotlib", "papermill")
# Instruction sets that change the order of floating-point sums, or their precision, or
# whether TensorFlow takes to oneDNN by itself.
VECTOR_FLAGS = (
    *("avx2", "fma", "avx_vnni"),
    *("avx512f", "avx512_vnni", "avx512_bf16", "avx512_fp16"),
    *("amx_bf16", "amx_fp16"),
)

# How the variables begin that change what TensorFlow and Keras do: TensorFlow itself,
# its compiler XLA, oneDNN, which was called DNNL and computes its convolutions and
# matrix products, and OpenMP.
SETTINGS = (
    *("TF_CPP_", "TF_ENABLE_", "TF_DETERMINISTIC_", "TF_NUM_", "KERAS_"),
    *("XLA_FLAGS", "TF_XLA_FLAGS"),
    *("ONEDNN_", "DNNL_", "TF_ONEDNN_", "TF_SET_ONEDNN_"),
    "OMP_",
)

GIT_SECONDS = 10


def describe_environment() -> dict[str, object]:
    """Say what is needed to explain a number: versions, processor, settings.

    Returns
    -------
    dict
        ``versions`` (package to version), ``python``, ``system``, ``processor``,
        ``vector_flags`` (empty where the system does not tell), ``cores`` that this
        process may use, ``settings``, the variables set for TensorFlow, ``commit`` of
        the checkout and whether it had ``local_changes``; both are ``unknown`` without
        git or outside a checkout; and ``package``, a digest of this package's code.
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
        "settings": {
            name: value
            for name, value in sorted(os.environ.items())
            if name.startswith(SETTINGS)
        },
        "commit": commit,
        "local_changes": local_changes,
        "package": _package_digest(),
    }


def _package_digest() -> str:
    package = Path(__file__).parents[1]
    # The published tables and recorded strokes too: notebooks show them.
    files = sorted(
        file for file in package.rglob("*") if file.suffix in (".py", ".csv", ".json")
    )
    digests = [f"{file.relative_to(package)} {file_digest(file)}" for file in files]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def _processor() -> tuple[str, set[str]]:
    cpuinfo = Path("/proc/cpuinfo")
    if not cpuinfo.exists():
        return platform.processor() or platform.machine(), set()
    fields = {}
    for line in cpuinfo.read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    name = fields.get("model name", platform.machine())
    return name, set(fields.get("flags", "").split())


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _describe_checkout(root: Path) -> tuple[str, bool | str]:
    """Return the commit, and whether tracked files differ from it."""
    try:
        top, commit = _git(root, "rev-parse", "--show-toplevel", "HEAD").splitlines()
        # A copy of the course without its .git may lie in another repository.
        if not Path(top).samefile(root):
            return "unknown", "unknown"
        changes = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return "unknown", "unknown"
    return commit, bool(changes)


def _git(root: Path, *arguments: str) -> str:
    # Without the locks, it leaves the checkout alone while others work in it.
    return subprocess.run(
        ["git", "--no-optional-locks", "-C", str(root), *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=GIT_SECONDS,
    ).stdout
