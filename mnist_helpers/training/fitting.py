"""Fit a compiled Keras model at compiled speed.

Keras's own ``fit`` goes back to Python after every batch, which costs a network as
small as these more time than its arithmetic. Here the data stays in TensorFlow's
memory and many batches run in one call; what happens in a batch is Keras's own
``train_step``.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.environment.tensorflow import tensorflow as tf
from mnist_helpers.errors import CourseError
from mnist_helpers.training.interrupting import interrupt_noted

# Callbacks hear of a training pass this often: enough to show progress in an epoch
# of many seconds, and too seldom to slow one of a tenth of a second.
CALLS_PER_EPOCH = 10
EVALUATION_BATCH_SIZE = 1000


def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """Order the training images of an epoch, which does not depend on other epochs.

    Parameters
    ----------
    count : int
        Number of training images.
    seed : int
        Seed of the run.
    epoch : int
        Number of the epoch, from 0.

    Returns
    -------
    ndarray of shape (count,), dtype int32
        Every row number from 0 to count - 1, once.
    """
    return np.random.default_rng([seed, epoch]).permutation(count).astype(np.int32)


def fit(
    model: keras.Model,
    inputs: np.ndarray,
    labels: np.ndarray,
    *,
    validation_data: tuple[np.ndarray, np.ndarray] | None = None,
    epochs: int,
    batch_size: int,
    seed: int,
    callbacks: Sequence[keras.callbacks.Callback] = (),
) -> "TrainingHistory":
    """Train a compiled model, as ``model.fit`` does, with the epochs compiled.

    Every epoch visits every training image once, in the order of `epoch_order`; the
    last batch may be short. The model's ``compile`` argument ``jit_compile=True``
    has XLA compile the training, which suits dense networks and is slow for
    convolutions on a processor. Batch-level callbacks are called about ten times per
    epoch, as they are in Keras with ``steps_per_execution``.

    In a front end such as JupyterLab, the first interrupt ends the training after the
    running epoch; a second one, or the first in a headless run, raises
    ``KeyboardInterrupt`` at once.
    """
    if not model.compiled:
        raise CourseError("model: call model.compile() before training.fit()")
    started = time.perf_counter()
    train = _Batches(model.train_step, inputs, labels, batch_size, model.jit_compile)
    # An evaluation is over before XLA would have compiled it.
    validate = validation_data and _Batches(
        model.test_step, *validation_data, EVALUATION_BATCH_SIZE, jit_compile=False
    )
    # Variables that the first step has to make would have it traced twice.
    model.optimizer.build(model.trainable_variables)
    model.test_step((train.inputs[:1], train.labels[:1]))
    history = TrainingHistory()
    keeping = [each for each in callbacks if getattr(each, "save_best_only", False)]
    history.kept_by = keeping[0].monitor if keeping else None
    # Last, because what other callbacks add to an epoch's metrics is history too.
    hooks = keras.callbacks.CallbackList(
        [*callbacks, history],
        model=model,
        epochs=epochs,
        steps=train.count,
        batch_size=batch_size,
        seed=seed,
        images=len(inputs),
    )
    logs: dict[str, float] = {}
    model.stop_training = False
    hooks.on_train_begin()
    with interrupt_noted() as interrupted:
        for epoch in range(epochs):
            hooks.on_epoch_begin(epoch)
            model.reset_metrics()
            for first, last, run in train.calls(epoch_order(len(inputs), seed, epoch)):
                hooks.on_train_batch_begin(first)
                run()
                logs = _metrics(model)
                hooks.on_train_batch_end(last, logs)
            if validate:
                logs |= _validate(model, validate)
            hooks.on_epoch_end(epoch, logs)
            if model.stop_training or interrupted.is_set():
                break
    model.optimizer.finalize_variable_values(model.trainable_weights)
    hooks.on_train_end(logs)
    history.seconds = time.perf_counter() - started
    return history


class TrainingHistory(keras.callbacks.History):
    """Keras's history, and the training metrics within the epochs.

    Attributes
    ----------
    within_epochs : dict of str to list of float
        ``epoch``: how many epochs were done; ``loss`` and, where the model has it,
        ``accuracy``: the mean over the images since the entry before.
    seconds : float
        Wall-clock time of the training, compiling included.
    kept_by : str or None
        The metric by which a ``ModelCheckpoint`` keeps the best epoch, if one does.
    """

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Begin with no entries."""
        super().on_train_begin(logs)
        self.within_epochs: dict[str, list[float]] = {}

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Forget the running means of the epoch before."""
        self.done: list[int] = []
        self.running: list[dict[str, float]] = []

    def on_train_batch_end(
        self, batch: int, logs: dict[str, float] | None = None
    ) -> None:
        """Note the running means of the epoch so far."""
        done = (batch + 1) * self.params["batch_size"]
        self.done.append(min(done, self.params["images"]))
        self.running.append(dict(logs))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Take the running means apart into means over the images between them."""
        super().on_epoch_end(epoch, logs)
        # A short last batch is too few images for a mean of its own.
        last = len(self.done) > 1 and self.done[-1] - self.done[-2]
        if 0 < last < self.params["batch_size"]:
            del self.done[-2], self.running[-2]
        done = np.array(self.done)
        entries = {"epoch": epoch + done / self.params["images"]}
        for name in {"accuracy", "loss"} & self.running[-1].keys():
            sums = done * [means[name] for means in self.running]
            entries[name] = np.diff(sums, prepend=0) / np.diff(done, prepend=0)
        for name, values in entries.items():
            self.within_epochs.setdefault(name, []).extend(values.tolist())


class _Batches:
    """Data that stays in TensorFlow's memory, and a step to run over its batches."""

    def __init__(
        self,
        step: Callable[[tuple[tf.Tensor, tf.Tensor]], object],
        inputs: np.ndarray,
        labels: np.ndarray,
        batch_size: int,
        jit_compile: bool,
    ) -> None:
        self.inputs = tf.convert_to_tensor(inputs)
        self.labels = tf.convert_to_tensor(labels.astype(np.int32))
        self.batch_size = batch_size
        self.full, remainder = divmod(len(inputs), batch_size)
        self.count = self.full + bool(remainder)
        self.step = step
        self.run = tf.function(self._run, jit_compile=jit_compile, autograph=False)

    def calls(self, order: np.ndarray) -> Iterator[tuple[int, int, Callable[[], None]]]:
        """Yield the first and last batch of each call, and the call itself."""
        end = self.full * self.batch_size
        batches = tf.constant(order[:end].reshape(-1, self.batch_size))
        batches_per_call = -(-self.full // CALLS_PER_EPOCH) or 1
        for first in range(0, self.full, batches_per_call):
            stop = min(first + batches_per_call, self.full)
            # Tensors, because Python numbers would have it traced for each value.
            bounds = tf.constant(first), tf.constant(stop)
            yield first, stop - 1, partial(self.run, batches, *bounds)
        if self.full < self.count:
            # One short batch per epoch does not repay compiling the step for its size.
            yield self.full, self.full, partial(self._run_rows, order[end:])

    def _run(self, batches: tf.Tensor, first: tf.Tensor, stop: tf.Tensor) -> None:
        def body(index: tf.Tensor) -> tf.Tensor:
            self._run_rows(batches[index])
            return index + 1

        tf.while_loop(lambda index: index < stop, body, [first])

    def _run_rows(self, rows: np.ndarray | tf.Tensor) -> None:
        self.step((tf.gather(self.inputs, rows), tf.gather(self.labels, rows)))


def _metrics(model: keras.Model) -> dict[str, float]:
    return {name: float(value) for name, value in model.get_metrics_result().items()}


def _validate(model: keras.Model, validate: _Batches) -> dict[str, float]:
    model.reset_metrics()
    rows = np.arange(len(validate.inputs), dtype=np.int32)
    for _first, _last, run in validate.calls(rows):
        run()
    return {f"val_{name}": value for name, value in _metrics(model).items()}
