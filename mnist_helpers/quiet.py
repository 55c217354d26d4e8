"""TensorFlow and Keras, imported without TensorFlow's start-up log.

The log names the processor's features and the graphics card that is not there, on
standard error, where every notebook would keep it as an output. Some of it is written
before TensorFlow reads TF_CPP_MIN_LOG_LEVEL, so standard error itself is kept back
while TensorFlow loads, and let out only if loading fails.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager


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


# The training is TensorFlow's, whichever backend this machine has Keras set to.
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with _standard_error_kept_back():
    import keras
    import tensorflow

__all__ = ["keras", "tensorflow"]
