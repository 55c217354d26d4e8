"""Distort training images at random, and average predictions over shifted images."""

import numpy as np

from mnist_helpers.environment.tensorflow import keras

# No shift, and one pixel to every side and corner: (rows, columns).
SHIFTS = [(rows, columns) for rows in (0, -1, 1) for columns in (0, -1, 1)]


@keras.saving.register_keras_serializable("mnist_helpers")
class RandomAffine(keras.layers.Layer):
    """Rotate, scale, shear and shift every image by amounts of its own.

    Each amount is drawn evenly from an interval around "no change", anew in every
    batch. The image is sampled once, bilinearly, and so blurred once; Keras's own
    layers would do it in four turns. Only training distorts: else nothing changes.

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
        Of the draws.
    image_shape : tuple of int
        Rows, columns and channels of an image, also where it comes as one row.
    **options
        Those of any Keras layer.
    """

    def __init__(
        self,
        *,
        rotation: float,
        scaling: float,
        shearing: float,
        shifting: float,
        seed: int,
        image_shape: tuple[int, int, int] = (28, 28, 1),
        **options: object,
    ) -> None:
        super().__init__(**options)
        self.amounts = {
            "rotation": rotation,
            "scaling": scaling,
            "shearing": shearing,
            "shifting": shifting,
        }
        self.seed = seed
        self.image_shape = tuple(image_shape)
        self.draws = keras.random.SeedGenerator(seed)

    def get_config(self) -> dict[str, object]:
        """Return what it was made with, as Keras saves it with a model."""
        own = {**self.amounts, "seed": self.seed, "image_shape": self.image_shape}
        return super().get_config() | own

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        """Return the shape of the images that came in."""
        return input_shape

    def call(self, inputs, training: bool = False):
        """Distort images of shape (n, rows, columns, channels), or (n, pixels)."""
        if not training:
            return inputs
        images = keras.ops.reshape(inputs, (-1, *self.image_shape))
        distorted = keras.ops.image.affine_transform(
            images, self._transforms(keras.ops.shape(images)[0])
        )
        return keras.ops.reshape(distorted, keras.ops.shape(inputs))

    def _transforms(self, count):
        """Draw maps from a place in a new image to the one in the old image."""
        draws = keras.random.uniform((count, 6), -1, 1, seed=self.draws)
        angle = draws[:, 0] * np.deg2rad(self.amounts["rotation"])
        width = 1 + draws[:, 1] * self.amounts["scaling"]
        height = 1 + draws[:, 2] * self.amounts["scaling"]
        shear = draws[:, 3] * self.amounts["shearing"]
        cosine, sine = keras.ops.cos(angle), keras.ops.sin(angle)
        a, b = cosine * width, shear - sine * height
        c, d = sine * width, cosine * height
        # The middle of the image stays where it is, but for the shift.
        rows, columns = (size / 2 - 0.5 for size in self.image_shape[:2])
        right = draws[:, 4] * self.amounts["shifting"] + columns * (1 - a) - rows * b
        down = draws[:, 5] * self.amounts["shifting"] + rows * (1 - d) - columns * c
        zero = keras.ops.zeros_like(a)
        return keras.ops.stack([a, b, right, c, d, down, zero, zero], axis=1)


def average_shifts(
    model: keras.Model,
    inputs: np.ndarray,
    image_shape: tuple[int, int, int] = (28, 28, 1),
) -> np.ndarray:
    """Predict every image and its shifts by one pixel, and average: nine opinions.

    Parameters
    ----------
    model : keras.Model
        Gives probabilities.
    inputs : ndarray of shape (n, ...), float32
        Images, background 0, as the model takes them.
    image_shape : tuple of int
        Rows, columns and channels of an image, also where it comes as one row.

    Returns
    -------
    ndarray of shape (n, classes), dtype float32
        The mean probabilities over `SHIFTS`.
    """
    rows, columns, _channels = image_shape
    images = inputs.reshape(-1, *image_shape)
    padded = np.pad(images, [(0, 0), (1, 1), (1, 1), (0, 0)])
    total = np.zeros((len(inputs), model.output_shape[-1]), np.float32)
    for down, right in SHIFTS:
        shifted = padded[:, 1 - down : 1 - down + rows, 1 - right : 1 - right + columns]
        total += model.predict(
            shifted.reshape(inputs.shape), batch_size=1000, verbose=0
        )
    return total / len(SHIFTS)
