"""The compiled training against Keras's own, batch by batch."""

import hashlib

import numpy as np
import pytest

from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.training import fitting as training

pytestmark = pytest.mark.slow

IMAGES = 200
BATCH_SIZE = 32  # leaves a short last batch of 8


def make_data(shape: tuple[int, ...], count: int = IMAGES):
    generator = np.random.default_rng(0)
    inputs = generator.random((count, *shape), dtype=np.float32)
    labels = generator.integers(0, 10, count).astype(np.uint8)
    return inputs, labels


def dense_network() -> list[keras.Layer]:
    return [
        keras.Input(shape=(784,)),
        keras.layers.Dense(8, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]


def convolutional_network() -> list[keras.Layer]:
    return [
        keras.Input(shape=(28, 28, 1)),
        keras.layers.Conv2D(4, 3, activation="relu"),
        keras.layers.MaxPooling2D(2),
        keras.layers.Flatten(),
        keras.layers.Dense(10, activation="softmax"),
    ]


def compiled(layers, optimizer, *, jit_compile: bool) -> keras.Model:
    keras.utils.set_random_seed(3)
    model = keras.Sequential(layers())
    model.compile(
        optimizer=optimizer(),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=jit_compile,
    )
    return model


def small_model(jit_compile: bool = False) -> keras.Model:
    return compiled(dense_network, keras.optimizers.Adam, jit_compile=jit_compile)


def digest(model: keras.Model) -> str:
    state = hashlib.sha256()
    for weight in model.get_weights():
        state.update(weight.tobytes())
    return state.hexdigest()


@pytest.mark.parametrize(
    ("layers", "jit_compile"),
    [(dense_network, True), (dense_network, False), (convolutional_network, False)],
)
@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.Adam(0.002),
        lambda: keras.optimizers.SGD(0.05, momentum=0.9),
    ],
    ids=["adam", "momentum"],
)
def test_equals_train_on_batch(layers, jit_compile, optimizer):
    inputs, labels = make_data(layers()[0].shape[1:])
    validation = make_data(layers()[0].shape[1:], 50)
    ours = compiled(layers, optimizer, jit_compile=jit_compile)
    plain = compiled(layers, optimizer, jit_compile=False)

    history = training.fit(
        ours,
        inputs,
        labels,
        validation_data=validation,
        epochs=2,
        batch_size=BATCH_SIZE,
        seed=5,
    )
    for epoch in range(2):
        order = training.epoch_order(len(inputs), 5, epoch)
        sums = np.zeros(2)
        for start in range(0, len(order), BATCH_SIZE):
            rows = order[start : start + BATCH_SIZE]
            sums += len(rows) * np.array(
                plain.train_on_batch(inputs[rows], labels[rows])
            )
        loss, accuracy = sums / len(order)
        assert history.history["loss"][epoch] == pytest.approx(loss, rel=1e-5)
        assert history.history["accuracy"][epoch] == pytest.approx(accuracy)

    for ours_weight, plain_weight in zip(
        ours.get_weights(), plain.get_weights(), strict=True
    ):
        np.testing.assert_allclose(ours_weight, plain_weight, rtol=1e-3, atol=2e-6)
    loss, accuracy = plain.evaluate(*validation, verbose=0)
    assert history.history["val_loss"][-1] == pytest.approx(loss, rel=1e-4)
    assert history.history["val_accuracy"][-1] == pytest.approx(accuracy)


@pytest.mark.parametrize(
    ("layers", "jit_compile"), [(dense_network, True), (convolutional_network, False)]
)
def test_same_seed_gives_the_same_weights_to_the_bit(layers, jit_compile):
    inputs, labels = make_data(layers()[0].shape[1:])
    digests = []
    for seed in (1, 1, 2):
        model = compiled(layers, keras.optimizers.Adam, jit_compile=jit_compile)
        training.fit(model, inputs, labels, epochs=2, batch_size=BATCH_SIZE, seed=seed)
        digests.append(digest(model))
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


def test_every_epoch_has_an_order_of_its_own_that_repeats_between_runs():
    orders = [training.epoch_order(1000, 7, epoch) for epoch in range(3)]
    for order in orders:
        np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    assert not np.array_equal(orders[0], orders[1])
    assert not np.array_equal(orders[1], orders[2])
    np.testing.assert_array_equal(orders[2], training.epoch_order(1000, 7, 2))
    assert not np.array_equal(orders[0], training.epoch_order(1000, 8, 0))


@pytest.mark.parametrize("count", [1, 31, 32, 33, 320, 321])
def test_every_image_is_visited_once_an_epoch(count):
    # With one weight a row, a zero start and plain gradient descent, a row that is
    # visited once an epoch has moved by its own gradient once, whatever the order.
    inputs = np.eye(count, dtype=np.float32)
    labels = np.zeros(count, np.uint8)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input(shape=(count,)),
            keras.layers.Dense(
                2, activation="softmax", kernel_initializer="zeros", use_bias=False
            ),
        ]
    )
    model.compile(
        optimizer=keras.optimizers.SGD(1.0), loss="sparse_categorical_crossentropy"
    )
    batch_size = min(32, count)
    training.fit(model, inputs, labels, epochs=1, batch_size=batch_size, seed=0)
    short = count % batch_size
    order = training.epoch_order(count, 0, 0)
    expected = np.full(count, 0.5 / batch_size)
    if short:
        expected[order[-short:]] = 0.5 / short
    np.testing.assert_allclose(model.get_weights()[0][:, 0], expected, rtol=1e-5)


def test_returns_a_keras_history_and_calls_the_callbacks(tmp_path):
    class Recorder(keras.callbacks.Callback):
        def __init__(self):
            super().__init__()
            self.calls = []

        def on_train_begin(self, logs=None):
            self.calls.append("train begin")

        def on_epoch_begin(self, epoch, logs=None):
            self.calls.append(f"epoch {epoch} begin")

        def on_train_batch_end(self, batch, logs=None):
            self.calls.append(f"batch {batch}")
            assert logs["loss"] > 0

        def on_test_end(self, logs=None):
            self.calls.append("test end")

        def on_epoch_end(self, epoch, logs=None):
            self.calls.append(f"epoch {epoch} end")

        def on_train_end(self, logs=None):
            self.calls.append("train end")

    recorder = Recorder()
    inputs, labels = make_data((784,), 96)
    history = training.fit(
        small_model(),
        inputs,
        labels,
        validation_data=(inputs, labels),
        epochs=2,
        batch_size=40,
        seed=0,
        callbacks=[recorder],
    )
    assert isinstance(history, keras.callbacks.History)
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert history.epoch == [0, 1]
    an_epoch = ["batch 0", "batch 1", "batch 2", "test end"]
    assert recorder.calls == [
        "train begin",
        "epoch 0 begin",
        *an_epoch,
        "epoch 0 end",
        "epoch 1 begin",
        *an_epoch,
        "epoch 1 end",
        "train end",
    ]


@pytest.mark.parametrize("count", [640, 650])
def test_metrics_within_epochs_are_means_over_their_images(count):
    inputs, labels = make_data((784,), count)
    model, plain = small_model(), small_model()
    history = training.fit(
        model, inputs, labels, epochs=2, batch_size=BATCH_SIZE, seed=5
    )
    expected = {"epoch": [], "loss": [], "accuracy": []}
    for epoch in range(2):
        order = training.epoch_order(count, 5, epoch)
        # Ten parts of two batches each; the last takes what is left.
        for part in range(10):
            start, end = 64 * part, 64 * (part + 1) if part < 9 else count
            sums = np.zeros(2)
            for first in range(start, end, BATCH_SIZE):
                rows = order[first : min(first + BATCH_SIZE, end)]
                sums += len(rows) * np.array(
                    plain.train_on_batch(inputs[rows], labels[rows])
                )
                plain.reset_metrics()
            expected["epoch"].append(epoch + end / count)
            expected["loss"].append(sums[0] / (end - start))
            expected["accuracy"].append(sums[1] / (end - start))
    assert set(history.within_epochs) == set(expected)
    for name, values in expected.items():
        assert history.within_epochs[name] == pytest.approx(values, rel=1e-4)


def test_a_model_without_accuracy_trains():
    inputs, labels = make_data((784,))
    model = keras.Sequential(dense_network())
    model.compile(loss="sparse_categorical_crossentropy")
    history = training.fit(model, inputs, labels, epochs=1, batch_size=32, seed=1)
    assert set(history.within_epochs) == {"epoch", "loss"}
    assert set(history.history) == {"loss"}


def test_model_checkpoint_keeps_the_best_epoch(tmp_path):
    inputs, labels = make_data((784,))
    validation = make_data((784,), 100)
    path = tmp_path / "best.keras"
    model = small_model()
    history = training.fit(
        model,
        inputs,
        labels,
        validation_data=validation,
        epochs=6,
        batch_size=BATCH_SIZE,
        seed=1,
        callbacks=[
            keras.callbacks.ModelCheckpoint(
                path, monitor="val_accuracy", save_best_only=True
            )
        ],
    ).history
    best = keras.models.load_model(path)
    _, accuracy = best.evaluate(*validation, verbose=0)
    assert accuracy == pytest.approx(max(history["val_accuracy"]))


def test_early_stopping_and_learning_rate_schedules_work():
    inputs, labels = make_data((784,))
    model = small_model()
    history = training.fit(
        model,
        inputs,
        labels,
        validation_data=(inputs, labels),
        epochs=20,
        batch_size=BATCH_SIZE,
        seed=1,
        callbacks=[
            keras.callbacks.EarlyStopping("val_loss", patience=2, min_delta=1e9),
            keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)),
        ],
    )
    assert len(history.epoch) == 3
    assert history.history["learning_rate"] == pytest.approx([0.1, 0.05, 0.1 / 3])
    assert float(model.optimizer.learning_rate) == pytest.approx(0.1 / 3)


def test_progress_prints_a_line_an_epoch(capsys):
    inputs, labels = make_data((784,))
    training.fit(
        small_model(),
        inputs,
        labels,
        epochs=2,
        batch_size=BATCH_SIZE,
        seed=1,
        callbacks=[training.Progress()],
    )
    lines = capsys.readouterr().out.splitlines()
    assert [line[:10] for line in lines] == ["epoch  1/2", "epoch  2/2"]
    assert all("loss" in line and "accuracy" in line for line in lines)


def good_arguments():
    inputs, labels = make_data((784,), 40)
    return {
        "model": small_model(),
        "inputs": inputs,
        "labels": labels,
        "epochs": 1,
        "batch_size": 8,
        "seed": 0,
    }


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs: got 0"),
        ({"epochs": -1}, "epochs: got -1"),
        ({"epochs": 1.5}, "epochs: got 1.5"),
        ({"epochs": True}, "epochs: got True"),
        ({"batch_size": 0}, "batch_size: got 0"),
        ({"batch_size": 41}, "at most 40"),
        ({"seed": -1}, "seed: got -1"),
        ({"inputs": np.zeros((40, 28, 28), np.float32)}, r"shape \(40, 28, 28\)"),
        ({"inputs": np.zeros((0, 784), np.float32)}, r"shape \(0, 784\)"),
        ({"inputs": np.zeros((40, 784), np.uint8)}, "scale the images first"),
        ({"inputs": [[0.0] * 784] * 40}, "got list"),
        ({"inputs": np.full((40, 784), np.nan, np.float32)}, "NaN or infinity"),
        ({"inputs": np.full((40, 784), np.inf, np.float32)}, "NaN or infinity"),
        ({"labels": np.full(40, 10)}, "labels: got values from 10 to 10"),
        ({"labels": np.full(40, -1)}, "labels: got values from -1"),
        ({"labels": np.zeros(39, int)}, r"labels: got shape \(39,\)"),
        ({"labels": np.zeros(40)}, "labels: got dtype float64"),
        (
            {"validation_data": (np.zeros((5, 28), np.float32), np.zeros(5, int))},
            "validation inputs",
        ),
        (
            {"validation_data": (np.zeros((5, 784), np.float32), np.zeros(4, int))},
            "validation labels",
        ),
        (
            {"model": keras.Sequential([keras.Input((784,)), keras.layers.Dense(10)])},
            "not compiled",
        ),
    ],
)
def test_bad_input_is_refused_before_training(changes, message):
    arguments = good_arguments() | changes
    before = digest(arguments["model"])
    with pytest.raises(ValueError, match=message):
        training.fit(**arguments)
    assert digest(arguments["model"]) == before
