"""How the course's training time grows: with epochs, training images, hidden units."""

import json
import time

from mnist_helpers import preprocessing, training
from mnist_helpers.data.mnist import load_mnist
from mnist_helpers.environment.tensorflow import keras

EPOCHS = (1, 2, 5, 10, 20)
SHARES = (0.125, 0.25, 0.5, 1.0)  # of the training images
HIDDEN_UNITS = (8, 32, 128, 256, 512, 1024)

mnist = load_mnist()
inputs = preprocessing.flatten_images(preprocessing.scale_images(mnist.train_images))


def train(epochs: int, training_images: int, hidden_units: int) -> float:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [
            keras.Input(shape=(784,)),
            keras.layers.Dense(hidden_units, activation="relu"),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizer="adam",
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=True,
    )
    started = time.perf_counter()
    training.fit(
        model,
        inputs[:training_images],
        mnist.train_labels[:training_images],
        epochs=epochs,
        batch_size=32,
        seed=1,
    )
    return time.perf_counter() - started


most = len(inputs)
train(1, most // 8, 8)  # TensorFlow's own first time
counts = [int(share * most) for share in SHARES]
measured = [
    *(
        ("epochs\n8 units, all images", epochs, train(epochs, most, 8))
        for epochs in EPOCHS
    ),
    *(
        ("training images\n8 units, 5 epochs", count, train(5, count, 8))
        for count in counts
    ),
    *(
        ("hidden units\n2 epochs, all images", units, train(2, most, units))
        for units in HIDDEN_UNITS
    ),
]
print(json.dumps({"scaling": measured}))
