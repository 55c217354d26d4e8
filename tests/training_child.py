"""Train a small network whose best epoch is the third, and die where one is told to."""

import os
import signal
import sys
from pathlib import Path

import numpy as np

from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.training import fitting as training

EPOCHS = 5
BATCH_SIZE = 32
IMAGES = 400  # leaves a short last batch of 16
STEPS_AN_EPOCH = 13
BEST_EPOCH = 2


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Killer(keras.callbacks.Callback):
    """Call `act` at the end of an epoch, or in the middle of it."""

    def __init__(self, epoch: int, act, middle: bool = False) -> None:
        super().__init__()
        self.fatal_epoch = epoch
        self.act = act
        self.middle = middle

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.middle and self.epoch == self.fatal_epoch and batch >= 5:
            self.act()

    def on_epoch_end(self, epoch, logs=None):
        if not self.middle and epoch == self.fatal_epoch:
            self.act()


def data(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    inputs = generator.normal(size=(count, 20)).astype(np.float32)
    weights = np.random.default_rng(0).normal(size=(20, 10))
    return inputs, (inputs @ weights).argmax(axis=1)


def build(units: int = 16) -> keras.Model:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input((20,)),
            keras.layers.Dense(units, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    # After the third epoch it climbs back up the loss.
    model.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.PiecewiseConstantDecay(
                [(BEST_EPOCH + 1) * STEPS_AN_EPOCH], [0.005, -0.005]
            )
        ),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    return model


def train(folder: Path, before=(), after=(), **changes) -> tuple:
    """Train, with callbacks before and after the one that writes the best epoch."""
    model = changes.pop("model", None) or build()
    keep_best = keras.callbacks.ModelCheckpoint(
        folder / "best.keras", monitor="val_loss", save_best_only=True
    )
    settings = {"epochs": EPOCHS, "batch_size": BATCH_SIZE, "seed": 3}
    inputs, labels = changes.pop("data", data(IMAGES, 1))
    history = training.fit(
        model,
        inputs,
        labels,
        validation_data=data(500, 2),
        callbacks=[*before, keep_best, *after],
        state=folder / "state.npz",
        **settings | changes,
    )
    best = keras.models.load_model(folder / "best.keras")
    return model, best, history


def kill_in_write_of_state(number: int) -> None:
    written = 0

    def watch(event: str, arguments: tuple) -> None:
        nonlocal written
        if event == "os.rename" and str(arguments[1]).endswith("state.npz"):
            written += 1
            if written == number:
                die()

    sys.addaudithook(watch)


def main(folder: Path, moment: str) -> None:
    checkpoint = folder / "best.keras"

    def die_with_half_a_checkpoint() -> None:
        os.truncate(checkpoint, checkpoint.stat().st_size // 2)
        die()

    before, after = [], []
    match moment:
        case "in an epoch":
            before = [Killer(BEST_EPOCH, die, middle=True)]
        case "in the checkpoint":
            after = [Killer(BEST_EPOCH, die_with_half_a_checkpoint)]
        case "before the state":
            after = [Killer(BEST_EPOCH, die)]
        case "in the state":
            kill_in_write_of_state(BEST_EPOCH + 1)
        case "after the best":
            before = [Killer(BEST_EPOCH + 1, die, middle=True)]
    train(folder, before, after)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
