"""Draw a digit and see, while drawing, what networks make of it."""

import io
import json
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from traitlets import Bytes, Int, List, Unicode

from mnist_helpers.data import read_photo
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.environment.tensorflow import tensorflow as tf
from mnist_helpers.errors import CourseError
from mnist_helpers.preprocessing import (
    IMAGE_SHAPE,
    centre_by_mass,
    fit_to_box,
    scale_images,
)
from mnist_helpers.results.earlier import answer_photo
from mnist_helpers.widgets import Explorer, describe_answer, read_script, show

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


def draw_strokes(strokes: Sequence[Sequence[Sequence[float]]]) -> np.ndarray:
    """Draw strokes, of (x, y) in pixels, with a round pen, as the canvas shows them.

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
    """Scale a whole canvas to 28x28 pixels, the digit left where it is."""
    resampling = Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(drawing).resize(IMAGE_SHAPE[::-1], resampling))


def sample_drawings() -> dict[str, np.ndarray]:
    """Draw a few digits, by their names, as people do: small, and not in the middle."""
    samples = json.loads(SAMPLES.read_text(encoding="utf-8"))
    return {digit: draw_strokes(strokes) for digit, strokes in samples.items()}


class DrawingCanvas(Explorer):
    """The canvas, and what networks and training images say to the drawing on it."""

    _esm = read_script("drawing.js")
    networks = List(Unicode()).tag(sync=True)
    canvas_side = Int(CANVAS_SIDE).tag(sync=True)
    pen_width = Int(PEN_WIDTH).tag(sync=True)
    # The file that was chosen, and what was read in it, in HTML.
    photo = Bytes().tag(sync=True, from_json=lambda view, _widget: bytes(view))
    readings = Unicode().tag(sync=True)

    def __init__(
        self,
        networks: Mapping[str, keras.Model],
        inputs: np.ndarray,
        labels: np.ndarray,
    ) -> None:
        super().__init__(networks=list(networks))
        self._networks = networks
        self._rows = inputs.reshape(len(inputs), -1)
        self._squares = np.einsum("ij,ij->i", self._rows, self._rows)
        self._labels = labels
        # For a single image, traced networks take a fraction of the time.
        self._call = tf.function(self._call_all, autograph=False)
        self.answer(np.zeros(IMAGE_SHAPE, np.uint8))
        self.on_msg(self._reply)
        self.observe(self._read, "photo")

    def _read(self, change: dict) -> None:
        self.readings = "Reading …"
        try:
            found = read_photo(io.BytesIO(change["new"]))
            answers = answer_photo(found, self._networks)
            self.readings = answers.to_html(border=0, index_names=False)
        except CourseError as error:
            self.readings = escape(str(error))

    def answer(self, image: np.ndarray) -> np.ndarray:
        """Return each network's ten probabilities for an image as stored."""
        return self._call(scale_images(image[np.newaxis])).numpy()

    def _call_all(self, pixels: tf.Tensor) -> tf.Tensor:
        answers = [
            network(tf.reshape(pixels, (1, *network.input_shape[1:])))
            for network in self._networks.values()
        ]
        return tf.concat(answers, axis=0)

    def nearest(self, image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the training images, and their labels, that differ least from an image.

        The nearest come first, by the sum of squared differences pixel by pixel.
        """
        pixels = scale_images(image[np.newaxis]).reshape(-1)
        # Without the drawing's own square, which is the same for all.
        distances = self._squares - 2 * (self._rows @ pixels)
        found = np.argsort(distances, kind="stable")[:NEAREST]
        images = np.rint(self._rows[found] * 255).astype(np.uint8)
        return images.reshape(-1, *IMAGE_SHAPE), self._labels[found]

    def _reply(self, _widget: Explorer, question: dict, _buffers: list) -> None:
        """Answer a question of the front end, under the name that it gave to it."""
        pictures = image = centre_by_mass(fit_to_box(draw_strokes(question["strokes"])))
        if question["what"] == "answers":
            found = [
                {"digit": int(row.argmax())} | describe_answer(row)
                for row in self.answer(image)
            ]
        else:
            pictures, labels = self.nearest(image)
            found = labels.tolist()
        reply = {"request": question["request"], question["what"]: found}
        self.send(reply, buffers=[pictures.tobytes()])


def draw(
    networks: Mapping[str, keras.Model], inputs: np.ndarray, labels: np.ndarray
) -> None:
    """Display a canvas to draw a digit on, or, without a front end, a sentence.

    Under the canvas stand the answers of the networks, the image that they see, and
    the training images nearest to it.

    Parameters
    ----------
    networks : dict of str to keras.Model
        Finished networks by their names. Each takes 784 pixels in any shape.
    inputs : ndarray of shape (n, 28, 28), (n, 28, 28, 1) or (n, 784), dtype float32
        The training images, scaled to [0, 1].
    labels : ndarray of shape (n,), any integer dtype
        Their digits.
    """
    show(lambda: DrawingCanvas(networks, inputs, labels), INSTEAD)
