"""The compiled training against Keras's own, batch by batch."""

import numpy as np
import pytest
from small_networks import compiled, dense_network, make_data, weights

from mnist_helpers import training
from mnist_helpers.environment.tensorflow import keras

pytestmark = pytest.mark.slow

BATCH_SIZE = 32  # leaves a short last batch of 8


def convolutional_network() -> list[keras.Layer]:
    return [
        keras.Input(shape=(28, 28, 1)),
        keras.layers.Conv2D(4, 3, activation="relu"),
        keras.layers.MaxPooling2D(2),
        keras.layers.Flatten(),
        keras.layers.Dense(10, activation="softmax"),
    ]


def train_by_keras(model, inputs, labels, rows) -> np.ndarray:
    """Train on rows, batch by batch; return the mean loss and accuracy over them."""
    sums = np.zeros(2)
    for start in range(0, len(rows), BATCH_SIZE):
        batch = rows[start : start + BATCH_SIZE]
        found = model.train_on_batch(inputs[batch], labels[batch])
        model.reset_metrics()
        sums += len(batch) * np.array(found)
    return sums / len(rows)


@pytest.mark.parametrize(
    ("layers", "jit_compile"),
    [(dense_network, True), (dense_network, False), (convolutional_network, False)],
)
def test_equals_train_on_batch(layers, jit_compile):
    shape = layers()[0].shape[1:]
    (inputs, labels), validation = make_data(shape), make_data(shape, 50)
    ours = compiled(layers, keras.optimizers.Adam(0.002), jit_compile)
    plain = compiled(layers, keras.optimizers.Adam(0.002))
    settings = {"epochs": 2, "batch_size": BATCH_SIZE, "seed": 5}
    history = training.fit(
        ours, inputs, labels, validation_data=validation, **settings
    ).history
    for epoch in range(2):
        order = training.epoch_order(len(inputs), 5, epoch)
        loss, accuracy = train_by_keras(plain, inputs, labels, order)
        assert history["loss"][epoch] == pytest.approx(loss, rel=1e-5)
        assert history["accuracy"][epoch] == pytest.approx(accuracy)
    for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=2e-6)
    loss, accuracy = plain.evaluate(*validation, verbose=0)
    assert history["val_loss"][-1] == pytest.approx(loss, rel=1e-4)
    assert history["val_accuracy"][-1] == pytest.approx(accuracy)


@pytest.mark.parametrize(
    ("layers", "jit_compile"), [(dense_network, True), (convolutional_network, False)]
)
def test_the_same_seed_gives_the_same_weights_to_the_bit(layers, jit_compile):
    inputs, labels = make_data(layers()[0].shape[1:])
    found = []
    for seed in (1, 1, 2):
        model = compiled(layers, "adam", jit_compile)
        training.fit(model, inputs, labels, epochs=2, batch_size=BATCH_SIZE, seed=seed)
        found.append(weights(model))
    assert found[0] == found[1]
    assert found[0] != found[2]


@pytest.mark.parametrize("count", [1, 31, 33, 321])
def test_every_image_is_visited_once_per_epoch(count):
    # With one weight per row, a zero start and plain gradient descent, a row that is
    # visited once has moved by its own gradient once, whatever the order.
    inputs = np.eye(count, dtype=np.float32)
    softmax = {"activation": "softmax", "use_bias": False}
    digits = keras.layers.Dense(2, kernel_initializer="zeros", **softmax)
    model = keras.Sequential([keras.Input((count,)), digits])
    model.compile(keras.optimizers.SGD(1.0), "sparse_categorical_crossentropy")
    labels = np.zeros(count, np.uint8)
    history = training.fit(model, inputs, labels, epochs=1, batch_size=32, seed=0)
    assert set(history.within_epochs) == {"epoch", "loss"}
    expected = np.full(count, 0.5 / 32)
    if short := count % 32:
        expected[training.epoch_order(count, 0, 0)[-short:]] = 0.5 / short
    np.testing.assert_allclose(model.get_weights()[0][:, 0], expected, rtol=1e-5)


@pytest.mark.parametrize("count", [640, 650])
def test_metrics_within_epochs_are_means_over_their_images(count):
    inputs, labels = make_data(count=count)
    model, plain = compiled(), compiled()
    within = training.fit(
        model, inputs, labels, epochs=2, batch_size=BATCH_SIZE, seed=5
    ).within_epochs
    for epoch in range(2):
        order = training.epoch_order(count, 5, epoch)
        # Ten parts of two batches each; the last takes what is left.
        for part in range(10):
            start, end = 64 * part, 64 * (part + 1) if part < 9 else count
            place = 10 * epoch + part
            means = train_by_keras(plain, inputs, labels, order[start:end])
            assert within["epoch"][place] == pytest.approx(epoch + end / count)
            found = within["loss"][place], within["accuracy"][place]
            assert found == pytest.approx(tuple(means), rel=1e-4)
    assert {len(values) for values in within.values()} == {20}


def test_keras_callbacks_do_their_work(tmp_path, capsys):
    inputs, labels = make_data()
    batches = []
    count_batches = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: batches.append(batch)
    )
    checkpoint = keras.callbacks.ModelCheckpoint(
        tmp_path / "best.keras", monitor="val_accuracy", save_best_only=True
    )
    model = compiled()
    history = training.fit(
        model,
        inputs,
        labels,
        validation_data=make_data(count=100),
        epochs=20,
        batch_size=100,
        seed=1,
        callbacks=[
            checkpoint,
            keras.callbacks.EarlyStopping("val_loss", patience=2, min_delta=1e9),
            keras.callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1)),
            training.Progress(),
            count_batches,
        ],
    )
    assert history.epoch == [0, 1, 2]
    assert batches == 3 * [0, 1]
    lines = capsys.readouterr().out.splitlines()
    assert [line[:11] for line in lines] == [f"epoch  {n}/20" for n in (1, 2, 3)]
    assert history.history["learning_rate"] == pytest.approx([0.1, 0.05, 0.1 / 3])
    assert history.kept_by == "val_accuracy"
    best = keras.models.load_model(tmp_path / "best.keras")
    _, accuracy = best.evaluate(*make_data(count=100), verbose=0)
    assert accuracy == pytest.approx(max(history.history["val_accuracy"]))
