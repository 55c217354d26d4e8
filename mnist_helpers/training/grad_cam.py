"""Where a convolutional network looks."""

import numpy as np
from scipy import ndimage

from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.environment.tensorflow import tensorflow as tf


def grad_cam(
    model: keras.Sequential, layer: str, inputs: np.ndarray, digits: np.ndarray
) -> np.ndarray:
    """Map how much each place of an image speaks for a digit: Grad-CAM.

    The channels of a convolution are added up, each weighted by the mean gradient of
    the digit's score before the softmax, and what is negative is left out (Selvaraju
    et al., "Grad-CAM", 2017).

    Parameters
    ----------
    model : keras.Sequential
        Built; its last layer is dense, with softmax.
    layer : str
        Name of one of its convolutions, without padding before it.
    inputs : ndarray of shape (n, rows, columns, channels), dtype float32
        What the model takes.
    digits : ndarray of shape (n,), any integer dtype
        For which digit, image by image.

    Returns
    -------
    ndarray of shape (n, rows, columns), dtype float32
        From 0 to 1, where an image speaks most for its digit; all 0 where nothing does.
    """
    convolution, last = model.get_layer(layer), model.layers[-1]
    following = model.layers[model.layers.index(convolution) + 1 : -1]
    maps = keras.Model(model.inputs[0], convolution.output)(inputs)
    with tf.GradientTape() as tape:
        tape.watch(maps)
        features = maps
        for each in following:
            features = each(features)
        scores = tf.matmul(features, last.kernel) + last.bias
        chosen = tf.gather(scores, digits, batch_dims=1)
    gradients = tape.gradient(chosen, maps)
    weights = tf.reduce_mean(gradients, axis=(1, 2), keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(weights * maps, axis=3)).numpy()
    highest = heat.max(axis=(1, 2), keepdims=True)
    return _spread(heat / np.where(highest > 0, highest, 1), inputs.shape[1:3])


def _spread(heat: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Enlarge maps to the images that they were made from.

    Without padding a map lacks the images' margins: its values are as many pixels
    apart as pooling has skipped, and about the centre.
    """
    steps = np.array(shape) // heat.shape[1:]
    centres = [(np.array(size) - 1) / 2 for size in (heat.shape[1:], shape)]
    return ndimage.affine_transform(
        heat,
        [1, *(1 / steps)],
        [0, *(centres[0] - centres[1] / steps)],
        output_shape=(len(heat), *shape),
        order=1,
    )
