"""TensorFlow and Keras, imported without TensorFlow's start-up log, and set for speed.

The log names the processor's features and the graphics card that is not there, on
standard error, where every notebook would keep it as an output. Some of it is written
before TensorFlow reads TF_CPP_MIN_LOG_LEVEL, so standard error itself is kept back
while TensorFlow loads, and let out only if loading fails.

TensorFlow uses oneDNN's convolutions by itself only on processors with AVX-512; on
others too they take a quarter less time. The variables that say so have to be set
before TensorFlow is imported, which is why this is the module that imports it.
"""

import gc
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import numpy


@contextmanager
def _standard_error_kept_back() -> Iterator[None]:
    sys.stderr.flush()
    standard_error = os.dup(2)
    with tempfile.TemporaryFile() as kept:
        os.dup2(kept.fileno(), 2)
        try:
            yield
        except BaseException:
            kept.seek(0)
            os.write(standard_error, kept.read())
            raise
        finally:
            os.dup2(standard_error, 2)
            os.close(standard_error)


@contextmanager
def _garbage_collection_paused() -> Iterator[None]:
    # Loading makes a million objects that stay. To search them for garbage takes an
    # eighth of the time of loading, and slows all that comes after it.
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


# The training is TensorFlow's, whichever backend this machine has Keras set to.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")
with _standard_error_kept_back(), _garbage_collection_paused():
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
