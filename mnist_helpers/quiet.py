"""TensorFlow and Keras, imported without TensorFlow's start-up log.

The log names the processor's features and the graphics card that is not there, on
standard error, where every notebook would keep it as an output. Some of it is written
before TensorFlow reads TF_CPP_MIN_LOG_LEVEL, so standard error itself is closed while
TensorFlow loads. What goes wrong in loading is raised, not logged.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _without_standard_error() -> Iterator[None]:
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with _without_standard_error():
    import keras
    import tensorflow

__all__ = ["keras", "tensorflow"]
