"""The machine and the versions behind a result."""

import hashlib
import os
import platform
from importlib.metadata import version
from pathlib import Path

from mnist_helpers.files import file_digest

PACKAGES = ("tensorflow", "keras", "numpy", "scikit-learn", "matplotlib", "papermill")
# Instruction sets that change the order of floating-point sums, or their precision.
VECTOR_FLAGS = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16")

# How the variables begin that change what TensorFlow and Keras do.
SETTINGS = ("TF_CPP_", "TF_ENABLE_", "TF_NUM_", "XLA_FLAGS", "OMP_", "KERAS_")


def describe_environment() -> dict[str, object]:
    """Say what is needed to explain a number: versions, processor, settings.

    Returns
    -------
    dict
        ``versions`` (package to version), ``python``, ``system``, ``processor``,
        ``vector_flags`` (empty where the system does not tell), ``cores`` that this
        process may use, ``settings``, the variables set for TensorFlow, and
        ``package``, a digest of this package's code.
    """
    processor, flags = _processor()
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
        "package": _package_digest(),
    }


def _package_digest() -> str:
    modules = sorted(Path(__file__).parent.glob("*.py"))
    digests = [f"{module.name} {file_digest(module)}" for module in modules]
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
