"""The assignment's three networks, in Keras."""

import keras
from common import HIDDEN_UNITS
from keras import layers


def build(network: str) -> keras.Sequential:
    if network == "cnn":
        return keras.Sequential(
            [
                keras.Input(shape=(28, 28, 1)),
                layers.Conv2D(32, 3, activation="relu"),
                layers.MaxPooling2D(2),
                layers.Conv2D(64, 3, activation="relu"),
                layers.MaxPooling2D(2),
                layers.Flatten(),
                layers.Dense(128, activation="relu"),
                layers.Dense(10, activation="softmax"),
            ]
        )
    return keras.Sequential(
        [
            keras.Input(shape=(784,)),
            layers.Dense(HIDDEN_UNITS[network], activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
