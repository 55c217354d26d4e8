"""The course's way: `mnist_helpers.training.fitting.fit`."""

import tempfile
from pathlib import Path

import keras_networks
from common import Clock, read_task

from mnist_helpers import training
from mnist_helpers.environment.tensorflow import keras

task = read_task()
keras.utils.set_random_seed(task.seed)
model = keras_networks.build(keras, task.network)
model.compile(
    optimizer="adam",
    loss="sparse_categorical_crossentropy",
    metrics=["accuracy"],
    jit_compile=task.network != "cnn",
)
with tempfile.TemporaryDirectory() as folder:
    keep_best = keras.callbacks.ModelCheckpoint(
        Path(folder) / "best.keras", monitor="val_accuracy", save_best_only=True
    )
    clock = Clock(task)
    history = training.fit(
        model,
        task.train_inputs,
        task.train_labels,
        validation_data=(task.validation_inputs, task.validation_labels),
        epochs=task.epochs,
        batch_size=task.batch_size,
        seed=task.seed,
        callbacks=[
            keep_best,
            keras.callbacks.LambdaCallback(
                on_epoch_end=lambda _epoch, _logs: clock.epoch_ended()
            ),
        ],
    )
    clock.report(max(history.history["val_accuracy"]))
