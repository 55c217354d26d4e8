"""Distort training images at random, and average predictions over shifted images."""

import numpy as np

from mnist_helpers.environment.tensorflow import keras

IMAGE_SHAPE = (28, 28, 1)
AMOUNTS = ("rotation", "scaling", "shearing", "shifting")
# No shift, and one pixel to every side and corner: (rows, columns).
SHIFTS = [(rows, columns) for rows in (0, -1, 1) for columns in (0, -1, 1)]


@keras.saving.register_keras_serializable("mnist_helpers")
class RandomAffine(keras.layers.Layer):
    """Rotate, scale, shear and shift every image by amounts of its own.

    Each amount is drawn evenly from an interval around "no change", anew in every
    batch, and in training only. The image is sampled once, bilinearly, and so blurred
    once; Keras's own layers would do it in four turns. Images may come as rows.

    Parameters
    ----------
    rotation : float
        At most so many degrees to either side.
    scaling : float
        At most this share larger or smaller, rows and columns each by their own.
    shearing : float
        At most so many columns to either side for each row.
    shifting : float
        At most so many pixels, rows and columns each by their own.
    seed : int
        Seed of the draws.
    """

    def __init__(
        self,
        rotation: float,
        scaling: float,
        shearing: float,
        shifting: float,
        seed: int,
        **options: object,
    ) -> None:
        super().__init__(**options)
        self.amounts = rotation, scaling, shearing, shifting
        self.seed = seed
        self.draws = keras.random.SeedGenerator(seed)

    def get_config(self) -> dict[str, object]:
        """Return what it was made with, as Keras saves it with a model."""
        amounts = dict(zip(AMOUNTS, self.amounts, strict=True))
        return super().get_config() | amounts | {"seed": self.seed}

    def call(self, inputs, training: bool = False):
        """Distort images of shape (n, 28, 28, 1) or (n, 784)."""
        if not training:
            return inputs
        images = keras.ops.reshape(inputs, (-1, *IMAGE_SHAPE))
        transforms = self._transforms(keras.ops.shape(images)[0])
        distorted = keras.ops.image.affine_transform(images, transforms)
        return keras.ops.reshape(distorted, keras.ops.shape(inputs))

    def _transforms(self, count):
        """Draw maps from a place in a new image to the one in the old image."""
        rotation, scaling, shearing, shifting = self.amounts
        draws = keras.random.uniform((count, 6), -1, 1, seed=self.draws)
        angle = draws[:, 0] * np.deg2rad(rotation)
        width = 1 + draws[:, 1] * scaling
        height = 1 + draws[:, 2] * scaling
        shear = draws[:, 3] * shearing
        cosine, sine = keras.ops.cos(angle), keras.ops.sin(angle)
        a, b = cosine * width, shear - sine * height
        c, d = sine * width, cosine * height
        # The middle of the image stays where it is, but for the shift.
        rows, columns = (size / 2 - 0.5 for size in IMAGE_SHAPE[:2])
        right = draws[:, 4] * shifting + columns * (1 - a) - rows * b
        down = draws[:, 5] * shifting + rows * (1 - d) - columns * c
        zero = keras.ops.zeros_like(a)
        return keras.ops.stack([a, b, right, c, d, down, zero, zero], axis=1)


def average_shifts(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """Average the predictions for every image and its shifts by one pixel.

    Parameters
    ----------
    model : keras.Model
        Gives probabilities.
    inputs : ndarray of shape (n, 28, 28, 1) or (n, 784), float32
        Images, background 0.

    Returns
    -------
    ndarray of shape (n, classes), dtype float32
        The mean probabilities over `SHIFTS`.
    """
    images = inputs.reshape(-1, *IMAGE_SHAPE)
    padded = np.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)])
    total = np.zeros((len(inputs), model.output_shape[-1]), np.float32)
    for down, right in SHIFTS:
        shifted = padded[:, 1 - down : 29 - down, 1 - right : 29 - right]
        shifted = shifted.reshape(inputs.shape)
        total += model.predict(shifted, batch_size=1000, verbose=0)
    return total / len(SHIFTS)
