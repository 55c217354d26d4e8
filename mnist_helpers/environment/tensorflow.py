"""TensorFlow and Keras, imported without TensorFlow's start-up log, and set for speed.

Import this before Keras. The log about the processor and the missing graphics card
would stand among every notebook's outputs, and part of it is written before
TensorFlow reads TF_CPP_MIN_LOG_LEVEL.
"""

import gc
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager

import numpy


@contextmanager
def _quick_and_quiet() -> Iterator[None]:
    # Searching the million objects that stay for garbage takes an eighth of the time.
    gc.disable()
    standard_error = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(standard_error, 2)
        os.close(standard_error)
        gc.freeze()
        gc.enable()


# The training is TensorFlow's, whichever backend this machine has Keras set to.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
# TensorFlow takes to oneDNN by itself only on processors with AVX-512; on others its
# convolutions are a quarter faster too.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
with _quick_and_quiet():
    import keras
    import tensorflow

# It would advise, among a notebook's outputs, against predicting with many models.
tensorflow.get_logger().setLevel("ERROR")

__all__ = ["describe_threads", "describe_versions", "keras", "tensorflow"]


def describe_versions() -> str:
    """Name the versions that this kernel computes with."""
    return (
        f"Python {platform.python_version()}, TensorFlow {tensorflow.__version__}, "
        f"Keras {keras.__version__}, NumPy {numpy.__version__}"
    )


def describe_threads() -> dict[str, int]:
    """Return TensorFlow's threads as configured; 0 leaves the number to TensorFlow."""
    threading = tensorflow.config.threading
    return {
        "intra_op": threading.get_intra_op_parallelism_threads(),
        "inter_op": threading.get_inter_op_parallelism_threads(),
    }
