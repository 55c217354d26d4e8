"""Networks that train in a second, and data for them."""

import numpy as np

from mnist_helpers.environment.tensorflow import keras


def make_data(shape: tuple[int, ...] = (784,), count: int = 200):
    generator = np.random.default_rng(0)
    inputs = generator.random((count, *shape), dtype=np.float32)
    return inputs, generator.integers(0, 10, count).astype(np.uint8)


def dense_network() -> list[keras.Layer]:
    return [
        keras.Input(shape=(784,)),
        keras.layers.Dense(8, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]


def compiled(layers=dense_network, optimizer="adam", jit_compile=False) -> keras.Model:
    keras.utils.set_random_seed(3)
    model = keras.Sequential(layers())
    loss = "sparse_categorical_crossentropy"
    model.compile(optimizer, loss, metrics=["accuracy"], jit_compile=jit_compile)
    return model


def weights(model: keras.Model) -> bytes:
    return b"".join(each.tobytes() for each in model.get_weights())
