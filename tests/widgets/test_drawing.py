"""What the canvas draws, and what it answers."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from mnist_helpers import preprocessing
from mnist_helpers.data.stand_in import make_stand_in
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.widgets import drawing

SAMPLES = json.loads(drawing.SAMPLES.read_text())
points = st.tuples(st.integers(-20, 300), st.integers(-20, 300))
strokes = st.lists(st.lists(points, min_size=1, max_size=20), min_size=1, max_size=4)


@given(strokes)
def test_ink_is_where_the_pen_has_been(drawn):
    """By the distance to the nearest stroke, which SciPy measures."""
    canvas = drawing.draw_strokes(drawn)
    margin = 40
    free = np.ones((drawing.CANVAS_SIDE + 2 * margin,) * 2, bool)
    for stroke in drawn:
        for start, end in zip(stroke, stroke[1:] + stroke[-1:], strict=True):
            places = np.linspace(start, end, 700)
            columns, rows = np.rint(places).astype(int).T + margin
            free[rows, columns] = False
    distance = ndimage.distance_transform_edt(free)[margin:-margin, margin:-margin]
    assert canvas[distance < drawing.PEN_WIDTH / 2 - 2].all()
    assert not canvas[distance > drawing.PEN_WIDTH / 2 + 2].any()


@pytest.mark.parametrize("canvas", drawing.sample_drawings().values())
def test_a_shrunk_canvas_keeps_the_place_of_its_ink(canvas):
    shrunk = np.array(ndimage.center_of_mass(drawing.shrink(canvas)))
    centre = np.array(ndimage.center_of_mass(canvas))
    np.testing.assert_allclose(shrunk + 0.5, (centre + 0.5) / 10, atol=0.05)
    # Which is not where MNIST has it.
    assert np.abs(shrunk - 14).max() > 4


@pytest.mark.parametrize("shape", [(784,), (28, 28, 1)])
def test_the_canvas_is_answered_by_networks_and_training_images(shape, monkeypatch):
    sent = []
    monkeypatch.setattr(
        drawing.DrawingCanvas,
        "send",
        lambda _, message, buffers: sent.append(
            (json.loads(json.dumps(message)), *buffers)
        ),
    )
    stand_in = make_stand_in()
    scaled = preprocessing.scale_images(stand_in.train_images)
    keras.utils.set_random_seed(0)
    softmax = keras.layers.Dense(10, activation="softmax")
    network = keras.Sequential([keras.Input(shape), keras.layers.Flatten(), softmax])
    canvas = drawing.DrawingCanvas(
        {"a network": network}, scaled.reshape(-1, *shape), stand_in.train_labels
    )
    asked = {"request": {"number": 7}, "strokes": next(iter(SAMPLES.values()))}
    canvas._reply(canvas, asked | {"what": "answers"}, [])
    canvas._reply(canvas, asked | {"what": "nearest"}, [])
    (answers, drawn), (nearest, pictures) = sent
    assert answers["request"] == nearest["request"] == {"number": 7}
    image = np.frombuffer(drawn, np.uint8).reshape(28, 28)
    expected = network.predict(
        preprocessing.scale_images(image[np.newaxis]).reshape(1, *shape), verbose=0
    )
    [answer] = answers["answers"]
    np.testing.assert_allclose(answer["probabilities"], expected[0], atol=1e-6)
    assert answer["digit"] == expected.argmax()
    differences = ((stand_in.train_images / 255 - image / 255) ** 2).sum(axis=(1, 2))
    order = np.argsort(differences)[: drawing.NEAREST]
    assert pictures == stand_in.train_images[order].tobytes()
    assert nearest["nearest"] == stand_in.train_labels[order].tolist()
