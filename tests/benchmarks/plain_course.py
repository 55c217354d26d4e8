"""The three networks by plain Keras, one after another.

All by the recipe that the assignment gives the dense networks, the CNN too: batches of
32, 10 epochs, Adam as it comes.
"""

import json
import tempfile
from pathlib import Path

import keras
import keras_networks
import numpy as np
from common import to_inputs

from mnist_helpers import preprocessing
from mnist_helpers.data.mnist import load_mnist

mnist = load_mnist()
train_images, train_labels, validation_images, validation_labels = (
    preprocessing.split_validation(mnist.train_images, mnist.train_labels, 0.1, 1)
)
test_accuracy = {}
for network in ("small", "wide", "cnn"):
    keras.utils.set_random_seed(1)
    model = keras_networks.build(keras, network)
    model.compile(
        optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "best.keras"
        model.fit(
            to_inputs(network, train_images),
            train_labels,
            validation_data=(to_inputs(network, validation_images), validation_labels),
            epochs=10,
            batch_size=32,
            verbose=0,
            callbacks=[
                keras.callbacks.ModelCheckpoint(
                    path, monitor="val_accuracy", save_best_only=True
                )
            ],
        )
        best_model = keras.models.load_model(path)
    predicted = best_model.predict(to_inputs(network, mnist.test_images), verbose=0)
    test_accuracy[network] = np.mean(predicted.argmax(axis=1) == mnist.test_labels)
print(json.dumps({"test_accuracy": test_accuracy}))
