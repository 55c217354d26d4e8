"""TensorFlow and Keras, set the same on every machine, and without a start-up log.

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

from mnist_helpers.environment.variables import FIXED, settings


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


os.environ.update(FIXED)
with _quick_and_quiet():
    import keras
    import tensorflow

# Users of other projects may have set these in ~/.keras/keras.json or by variables.
keras.config.set_floatx("float32")
keras.config.set_dtype_policy("float32")
keras.config.set_epsilon(1e-7)
keras.config.set_image_data_format("channels_last")
keras.config.set_max_epochs(None)
keras.config.set_max_steps_per_epoch(None)
# It would advise, among a notebook's outputs, against predicting with many models.
tensorflow.get_logger().setLevel("ERROR")

__all__ = ["describe_threads", "describe_versions", "keras", "tensorflow"]


def describe_versions() -> str:
    """Name what this kernel computes with: versions, and variables set by the user."""
    versions = (
        f"Python {platform.python_version()}, TensorFlow {tensorflow.__version__}, "
        f"Keras {keras.__version__}, NumPy {numpy.__version__}"
    )
    own = [f"{name}={value}" for name, value in settings().items() if name not in FIXED]
    return f"{versions}\nNumbers may depend on {', '.join(own)}" if own else versions


def describe_threads() -> dict[str, int]:
    """Return TensorFlow's threads as configured; 0 leaves the number to TensorFlow."""
    threading = tensorflow.config.threading
    return {
        "intra_op": threading.get_intra_op_parallelism_threads(),
        "inter_op": threading.get_inter_op_parallelism_threads(),
    }
