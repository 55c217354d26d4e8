"""The assignment's three networks, in Keras."""

from types import ModuleType

from common import HIDDEN_UNITS


def build(keras: ModuleType, network: str):
    """Build one; who calls chooses how Keras was imported, which decides its speed."""
    layers = keras.layers
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
