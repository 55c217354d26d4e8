"""Draw a digit and see, while drawing, what networks make of it."""

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage
from traitlets import Int, List, Unicode

from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.environment.tensorflow import tensorflow as tf
from mnist_helpers.evaluation.scores import check_probabilities, format_confidence
from mnist_helpers.preprocessing import (
    IMAGE_SHAPE,
    centre_by_mass,
    check_labels,
    fit_to_box,
    scale_images,
)
from mnist_helpers.widgets import Explorer, read_script, show

# Pixels of the canvas to a side, and of the pen's width.
CANVAS_SIDE = 280
PEN_WIDTH = 22
NEAREST = 8
INSTEAD = (
    "Run this notebook in JupyterLab to get the canvas: draw a digit and see what the "
    "networks answer."
)
# Digits and their strokes, drawn small and near a corner.
SAMPLES = Path(__file__).with_name("strokes.json")

Strokes = Sequence[Sequence[Sequence[float]]]


def draw_strokes(strokes: Strokes) -> np.ndarray:
    """Draw strokes with a round pen, as the canvas shows them.

    Parameters
    ----------
    strokes : sequence of sequences of (x, y)
        From the upper left corner, in pixels of the canvas; what lies outside is cut
        off.

    Returns
    -------
    ndarray of shape (280, 280), dtype uint8
        0 (background) to 255 (ink).
    """
    canvas = Image.new("L", (CANVAS_SIDE, CANVAS_SIDE))
    pen = ImageDraw.Draw(canvas)
    for stroke in strokes:
        points = [(float(x), float(y)) for x, y in stroke]
        pen.line(points, fill=255, width=PEN_WIDTH)
        for point in points:
            pen.circle(point, PEN_WIDTH / 2, fill=255)
    return np.asarray(canvas)


def shrink(drawing: np.ndarray) -> np.ndarray:
    """Scale a whole canvas to 28x28 pixels, the digit left where it is.

    Parameters
    ----------
    drawing : ndarray of shape (280, 280), dtype uint8
        0 (background) to 255 (ink).

    Returns
    -------
    ndarray of shape (28, 28), dtype uint8
    """
    resampling = Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(drawing).resize(IMAGE_SHAPE[::-1], resampling))


def sample_drawings() -> dict[str, np.ndarray]:
    """Draw a few digits as people do: small, and not in the middle.

    Returns
    -------
    dict of str to ndarray of shape (280, 280), dtype uint8
        The drawings by their digits.
    """
    samples = json.loads(SAMPLES.read_text(encoding="utf-8"))
    return {digit: draw_strokes(strokes) for digit, strokes in samples.items()}


def shows_several_digits(drawing: np.ndarray) -> bool:
    """Tell whether a drawing looks like more than one digit.

    That is, whether two pieces of at least half its height stand side by side with half
    a pen's width of paper between them, unlike a 5 and its bar, or an open 4.

    Parameters
    ----------
    drawing : ndarray of shape (280, 280), dtype uint8
        0 (background) to 255 (ink).

    Returns
    -------
    bool
    """
    pieces = ndimage.find_objects(ndimage.label(drawing)[0])
    lowest = max((rows.stop for rows, _ in pieces), default=0)
    highest = min((rows.start for rows, _ in pieces), default=0)
    tall = sorted(
        (columns.start, columns.stop)
        for rows, columns in pieces
        if rows.stop - rows.start >= (lowest - highest) / 2
    )
    return any(right[0] - left[1] >= PEN_WIDTH / 2 for left, right in pairwise(tall))


class Reader:
    """What networks and training images have to say to a drawing.

    Parameters
    ----------
    networks : dict of str to keras.Model
        Finished networks by their names. Each takes 784 pixels in any shape, and gives
        ten probabilities.
    inputs : ndarray of shape (n, 28, 28), (n, 28, 28, 1) or (n, 784), dtype float32
        The training images, scaled to [0, 1].
    labels : ndarray of shape (n,), any integer dtype
        Their digits.

    Raises
    ------
    ValueError
        If there is no network, or a network, the images or the labels are not what they
        should be.
    """

    def __init__(
        self,
        networks: Mapping[str, keras.Model],
        inputs: np.ndarray,
        labels: np.ndarray,
    ) -> None:
        if not networks:
            raise ValueError("networks: got none, expected at least one, by its name")
        if inputs.dtype != np.float32 or inputs[:1].size != np.prod(IMAGE_SHAPE):
            raise ValueError(
                f"inputs: got {inputs.dtype} of shape {inputs.shape}, expected float32 "
                "of shape (n, 28, 28), (n, 28, 28, 1) or (n, 784); scale them first"
            )
        check_labels(labels, len(inputs))
        for name, network in networks.items():
            _check_network(name, network)
        self.networks = dict(networks)
        # For a single image, traced networks take a fraction of the time.
        self._answer_all = tf.function(self._call_all, autograph=False)
        self._rows = inputs.reshape(len(inputs), -1)
        self._squares = np.einsum("ij,ij->i", self._rows, self._rows)
        self._labels = labels

    def answer(self, image: np.ndarray) -> np.ndarray:
        """Ask the networks.

        Parameters
        ----------
        image : ndarray of shape (28, 28), dtype uint8
            In MNIST's form.

        Returns
        -------
        ndarray of shape (networks, 10), dtype float32
            The probabilities.
        """
        return self._answer_all(scale_images(image[np.newaxis])).numpy()

    def _call_all(self, pixels: tf.Tensor) -> tf.Tensor:
        answers = [
            network(tf.reshape(pixels, (1, *network.input_shape[1:])))
            for network in self.networks.values()
        ]
        return tf.concat(answers, axis=0)

    def nearest(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the training images that differ least, pixel by pixel.

        Parameters
        ----------
        image : ndarray of shape (28, 28), dtype uint8
            In MNIST's form.

        Returns
        -------
        images : ndarray of shape (k, 28, 28), dtype uint8
            The nearest first, by the sum of squared differences; k is 8, or n if that
            is less.
        labels : ndarray of shape (k,)
            Their digits.
        """
        pixels = scale_images(image[np.newaxis]).reshape(-1)
        # Without the drawing's own square, which is the same for all.
        distances = self._squares - 2 * (self._rows @ pixels)
        count = min(NEAREST, len(distances))
        found = np.argpartition(distances, count - 1)[:count]
        found = found[np.argsort(distances[found], kind="stable")]
        images = np.rint(self._rows[found] * 255).astype(np.uint8)
        return images.reshape(-1, *IMAGE_SHAPE), self._labels[found]


def _check_network(name: str, network: keras.Model) -> None:
    shape = network.input_shape[1:]
    if np.prod(shape) != np.prod(IMAGE_SHAPE):
        raise ValueError(
            f"networks: {name!r} takes inputs of shape {shape}, expected one of 784 "
            "pixels, such as (784,) or (28, 28, 1)"
        )
    answer = network(np.zeros((1, *shape), np.float32))
    check_probabilities(np.asarray(answer), 1, f"networks: the answer of {name!r}")


class DrawingCanvas(Explorer):
    """The canvas, and what a `Reader` has to say to the drawing on it."""

    _esm = read_script("drawing.js")
    networks = List(Unicode()).tag(sync=True)
    canvas_side = Int(CANVAS_SIDE).tag(sync=True)
    pen_width = Int(PEN_WIDTH).tag(sync=True)

    def __init__(self, reader: Reader) -> None:
        super().__init__(networks=list(reader.networks))
        self._reader = reader
        self.on_msg(self._answer)

    def _answer(self, _widget: Explorer, question: dict, _buffers: list) -> None:
        """Answer a question of the front end, with the name that it gave to it."""
        drawing = draw_strokes(question["strokes"])
        image = centre_by_mass(fit_to_box(drawing))
        find = {"answers": self._find_answers, "nearest": self._find_nearest}
        found, pictures = find[question["what"]](image)
        self.send(
            {
                "request": question["request"],
                "several": shows_several_digits(drawing),
                question["what"]: found,
            },
            buffers=[pictures.tobytes()],
        )

    def _find_answers(self, image: np.ndarray) -> tuple[list[dict], np.ndarray]:
        answers = [
            {
                "digit": int(row.argmax()),
                "confidence": format_confidence(row.max()),
                "probabilities": row.tolist(),
            }
            for row in self._reader.answer(image)
        ]
        return answers, image

    def _find_nearest(self, image: np.ndarray) -> tuple[list[int], np.ndarray]:
        images, labels = self._reader.nearest(image)
        return labels.tolist(), images


def draw(
    networks: Mapping[str, keras.Model], inputs: np.ndarray, labels: np.ndarray
) -> None:
    """Display a canvas to draw a digit on, or, without a front end, a sentence.

    Under the canvas stand the answers of the networks, the image that they see, and
    the training images nearest to it.

    Parameters
    ----------
    networks, inputs, labels
        As of `Reader`.

    Raises
    ------
    ValueError
        As of `Reader`.
    """

    def make() -> DrawingCanvas:
        reader = Reader(networks, inputs, labels)
        # The first call of a network takes longer than all others.
        reader.answer(np.zeros(IMAGE_SHAPE, np.uint8))
        return DrawingCanvas(reader)

    show(make, INSTEAD)
