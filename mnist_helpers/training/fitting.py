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
from IPython import get_ipython
from IPython.display import DisplayHandle

from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.environment.tensorflow import tensorflow as tf
from mnist_helpers.preprocessing import check_labels
from mnist_helpers.training.front_end import has_front_end
from mnist_helpers.training.interrupting import interrupt_noted

# Callbacks hear of a training pass this often: enough to show progress in an epoch
# of many seconds, and too seldom to slow one of a tenth of a second.
CALLS_PER_EPOCH = 10
EVALUATION_BATCH_SIZE = 1000


def epoch_order(count: int, seed: int, epoch: int) -> np.ndarray:
    """Order in which an epoch visits the training images.

    Parameters
    ----------
    count : int
        Number of training images.
    seed : int
        Seed of the run, 0 or more.
    epoch : int
        Number of the epoch, from 0. Every epoch has an order of its own, which does
        not depend on the epochs before it.

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
    convolutions on a processor. Batch-level callbacks are called about ten times an
    epoch, as they are in Keras with ``steps_per_execution``.

    Where somebody looks on, as in JupyterLab, an interrupt ends the training after the
    running epoch, as a callback would; a second one ends it at once, by
    ``KeyboardInterrupt``, as the first does in a headless run.

    Parameters
    ----------
    model : keras.Model
        Compiled, with one output unit a class.
    inputs : ndarray of shape (n, ...), floating point
        What the model takes, without NaN or infinity.
    labels : ndarray of shape (n,), any integer dtype
        The class of each input.
    validation_data : tuple of (ndarray, ndarray), optional
        Inputs and labels that are evaluated after every epoch.
    epochs : int
        Passes over the training set, at least 1.
    batch_size : int
        Inputs a gradient step, from 1 to n.
    seed : int
        Seed of the batches' order, 0 or more. The initial weights are the model's.
    callbacks : sequence of keras.callbacks.Callback
        Any Keras callbacks.

    Returns
    -------
    TrainingHistory
        Its ``history`` holds a list of one number per epoch for each of loss, the
        model's metrics, and ``val_`` with each of them; its ``within_epochs`` holds
        loss and accuracy about ten times per epoch.

    Raises
    ------
    ValueError
        If an argument is not as described, before any training starts.
    """
    if not getattr(model, "compiled", False):
        raise ValueError("model: not compiled; call model.compile() before fit()")
    _check_data(model, inputs, labels, "training")
    if validation_data is not None:
        _check_data(model, *validation_data, "validation")
    _check_whole_number("epochs", epochs, 1, None)
    _check_whole_number("batch_size", batch_size, 1, len(inputs))
    _check_whole_number("seed", seed, 0, None)

    train = _Batches(model.train_step, inputs, labels, batch_size, model.jit_compile)
    # An evaluation is over before XLA would have compiled it.
    validate = validation_data and _Batches(
        model.test_step, *validation_data, EVALUATION_BATCH_SIZE, jit_compile=False
    )
    # Variables that the first step has to make would have it traced twice.
    model.optimizer.build(model.trainable_variables)
    _say_what_was_trained(model.optimizer)
    model.test_step((train.inputs[:1], train.labels[:1]))
    history = TrainingHistory(len(inputs), batch_size)
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.ModelCheckpoint):
            history.kept_by = callback.monitor if callback.save_best_only else None
    # Last, because what other callbacks add to an epoch's metrics is history too.
    hooks = keras.callbacks.CallbackList(
        [*callbacks, history],
        model=model,
        epochs=epochs,
        steps=train.count,
        batch_size=batch_size,
        seed=seed,
        verbose=0,
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
                if model.stop_training:
                    break
            if validate:
                logs |= _validate(model, validate, hooks)
            hooks.on_epoch_end(epoch, logs)
            if model.stop_training or interrupted.is_set():
                break
    model.optimizer.finalize_variable_values(model.trainable_weights)
    hooks.on_train_end(logs)
    return history


class TrainingHistory(keras.callbacks.History):
    """Keras's history, and the training metrics within the epochs.

    Parameters
    ----------
    images : int
        Number of training images.
    batch_size : int
        Images per gradient step.

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

    def __init__(self, images: int, batch_size: int) -> None:
        super().__init__()
        self.images = images
        self.batch_size = batch_size
        self.within_epochs: dict[str, list[float]] = {}
        self.kept_by: str | None = None

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Start the clock."""
        super().on_train_begin(logs)
        self._started = time.perf_counter()

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Stop the clock."""
        self.seconds = time.perf_counter() - self._started

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Forget the running means of the epoch before."""
        self.done: list[int] = []
        self.running: list[dict[str, float]] = []

    def on_train_batch_end(
        self, batch: int, logs: dict[str, float] | None = None
    ) -> None:
        """Note the running means of the epoch so far."""
        done = min((batch + 1) * self.batch_size, self.images)
        # A short last batch is too few images for a mean of its own.
        if self.done and done - self.done[-1] < self.batch_size:
            self.done.pop()
            self.running.pop()
        self.done.append(done)
        self.running.append(dict(logs))

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Take the running means apart into means over the images between them."""
        super().on_epoch_end(epoch, logs)
        done = np.array(self.done)
        entries = {"epoch": epoch + done / self.images}
        for name in ("accuracy", "loss"):
            if name in self.running[-1]:
                sums = done * [means[name] for means in self.running]
                entries[name] = np.diff(sums, prepend=0) / np.diff(done, prepend=0)
        for name, values in entries.items():
            self.within_epochs.setdefault(name, []).extend(values.tolist())


def _say_what_was_trained(optimizer: keras.optimizers.Optimizer) -> None:
    """Say that a training goes on from an earlier one, or would learn nothing."""
    steps = int(optimizer.iterations)
    if steps == 0:
        return
    print(
        f"This network has already been trained for {steps:,} steps, and goes on from "
        "there. To start anew, build and compile it again."
    )
    if float(optimizer.learning_rate) == 0:
        print("Its learning rate has fallen to 0: nothing more will be learned.")


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
        self.run = _compile(step, jit_compile)
        self.step = step

    def calls(self, order: np.ndarray) -> Iterator[tuple[int, int, Callable[[], None]]]:
        """Yield the first and last batch of each call, and the call itself."""
        end = self.full * self.batch_size
        batches = tf.constant(order[:end].reshape(-1, self.batch_size))
        batches_per_call = -(-self.full // CALLS_PER_EPOCH) or 1
        for first in range(0, self.full, batches_per_call):
            stop = min(first + batches_per_call, self.full)
            # Tensors, because Python numbers would have it traced for each value.
            bounds = tf.constant(first), tf.constant(stop)
            yield (
                first,
                stop - 1,
                partial(self.run, self.inputs, self.labels, batches, *bounds),
            )
        if self.full < self.count:
            # One short batch an epoch does not repay compiling the step for its size.
            rows = order[end:]
            batch = tf.gather(self.inputs, rows), tf.gather(self.labels, rows)
            yield self.full, self.full, partial(self.step, batch)


def _compile(
    step: Callable[[tuple[tf.Tensor, tf.Tensor]], object], jit_compile: bool
) -> Callable[..., None]:
    @tf.function(jit_compile=jit_compile, autograph=False)
    def run(inputs, labels, batches, first, stop):
        def body(index):
            rows = batches[index]
            step((tf.gather(inputs, rows), tf.gather(labels, rows)))
            return index + 1

        tf.while_loop(lambda index: index < stop, body, [first])

    return run


def _metrics(model: keras.Model) -> dict[str, float]:
    return {name: float(value) for name, value in model.get_metrics_result().items()}


def _validate(
    model: keras.Model, validate: _Batches, hooks: keras.callbacks.CallbackList
) -> dict[str, float]:
    model.reset_metrics()
    hooks.on_test_begin()
    rows = np.arange(len(validate.inputs), dtype=np.int32)
    for _first, _last, run in validate.calls(rows):
        run()
    logs = _metrics(model)
    hooks.on_test_end(logs)
    return {f"val_{name}": value for name, value in logs.items()}


def _check_data(
    model: keras.Model, inputs: np.ndarray, labels: np.ndarray, part: str
) -> None:
    expected = (None, *model.input_shape[1:])
    if not (
        isinstance(inputs, np.ndarray) and np.issubdtype(inputs.dtype, np.floating)
    ):
        got = getattr(inputs, "dtype", type(inputs).__name__)
        raise ValueError(
            f"{part} inputs: got {got}, expected a floating-point array; "
            "scale the images first"
        )
    if inputs.shape[1:] != expected[1:] or len(inputs) == 0:
        raise ValueError(
            f"{part} inputs: got shape {inputs.shape}, expected {expected} "
            "with at least one row"
        )
    # The minimum and the maximum of anything with a NaN are NaN.
    if not np.isfinite([inputs.min(), inputs.max()]).all():
        raise ValueError(f"{part} inputs: got NaN or infinity, expected finite numbers")
    check_labels(labels, len(inputs), f"{part} labels", classes=model.output_shape[-1])


def _check_whole_number(name: str, value: int, low: int, high: int | None) -> None:
    if (
        isinstance(value, bool)
        or not isinstance(value, (int, np.integer))
        or value < low
        or (high is not None and value > high)
    ):
        most = "" if high is None else f" and at most {high:,}, the size of the data"
        raise ValueError(
            f"{name}: got {value!r}, expected a whole number of at least {low}{most}"
        )


class Progress(keras.callbacks.Callback):
    """Show a line an epoch; in a notebook, also how far the running epoch is.

    In a notebook the lines are one output that is replaced as training goes on, so
    that the stored notebook holds the finished lines alone. In JupyterLab, learning
    curves are shown above them until training ends.
    """

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Start the clock and an empty output."""
        self.started = time.perf_counter()
        self.lines: list[str] = []
        self.validation = ""
        self.handle = DisplayHandle() if get_ipython() else None
        if self.handle:
            self.handle.display({"text/plain": "training ..."}, raw=True)
        self.curves = None
        if has_front_end():
            # Drawing takes time and memory to load, which only a front end has use for.
            from mnist_helpers.training.live import LiveCurves

            self.curves = LiveCurves(self.handle)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Remember which epoch runs."""
        self.epoch = epoch

    def on_train_batch_end(
        self, batch: int, logs: dict[str, float] | None = None
    ) -> None:
        """Show how much of all epochs is done, and how long the rest will take."""
        epochs_done = self.epoch + (batch + 1) / self.params["steps"]
        done = epochs_done / self.params["epochs"]
        seconds = time.perf_counter() - self.started
        left = seconds / epochs_done * (self.params["epochs"] - epochs_done)
        self._show(
            f"epoch {self.epoch + 1}/{self.params['epochs']}   {done:4.0%} done, "
            f"about {left:.0f} s left   loss {logs['loss']:.4f}{self.validation}"
        )

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Add the line of the epoch that has ended."""
        if "val_accuracy" in logs:
            self.validation = f"   last val_accuracy {logs['val_accuracy']:.4f}"
        numbers = "   ".join(f"{name} {value:.4f}" for name, value in logs.items())
        self.lines.append(f"epoch {epoch + 1:2d}/{self.params['epochs']}   {numbers}")
        if self.handle:
            self._show()
        else:
            print(self.lines[-1], flush=True)

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Leave the lines alone, as a headless run does."""
        self.curves = None
        self._show()

    def _show(self, *running: str) -> None:
        text = "\n".join([*self.lines, *running])
        if self.curves:
            self.curves.show(self.model.history.history, text)
        elif self.handle:
            self.handle.update({"text/plain": text}, raw=True)
