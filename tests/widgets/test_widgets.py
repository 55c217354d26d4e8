"""What the widgets say in the kernel, and whether they are shown at all."""

import itertools
import json
from queue import Empty

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from scipy import ndimage

from mnist_helpers import preprocessing
from mnist_helpers.data.stand_in import make_stand_in
from mnist_helpers.environment.tensorflow import keras
from mnist_helpers.evaluation import scores as evaluation
from mnist_helpers.training.front_end import has_front_end
from mnist_helpers.widgets import drawing, errors

points = st.tuples(st.integers(-20, 300), st.integers(-20, 300))
strokes = st.lists(st.lists(points, min_size=1, max_size=20), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def stand_in():
    return make_stand_in()


@pytest.fixture(scope="module")
def inputs(stand_in):
    return preprocessing.scale_images(stand_in.train_images)


@pytest.fixture(scope="module")
def networks():
    """Networks as the course has them, before any training."""
    dense, flatten = keras.layers.Dense, keras.layers.Flatten
    convolution = keras.layers.Conv2D
    keras.utils.set_random_seed(0)
    return {
        "dense": keras.Sequential(
            [keras.Input((784,)), dense(10, activation="softmax")]
        ),
        "convolutional": keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                convolution(4, 3, activation="relu"),
                flatten(),
                dense(10, activation="softmax"),
            ]
        ),
    }


@pytest.fixture(scope="module")
def reader(networks, inputs, stand_in):
    return drawing.Reader(networks, inputs, stand_in.train_labels)


# Strokes.


@settings(deadline=None)
@given(strokes)
def test_ink_is_where_the_pen_has_been(drawn):
    """By the distance to the nearest stroke, which SciPy measures."""
    canvas = drawing.draw_strokes(drawn)
    assert canvas.shape == (drawing.CANVAS_SIDE, drawing.CANVAS_SIDE)
    assert set(np.unique(canvas)) <= {0, 255}
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


def test_a_shrunk_canvas_keeps_the_place_of_its_ink():
    for canvas in drawing.sample_drawings().values():
        shrunk = drawing.shrink(canvas)
        assert shrunk.shape == (28, 28)
        np.testing.assert_allclose(
            np.array(ndimage.center_of_mass(shrunk)) + 0.5,
            (np.array(ndimage.center_of_mass(canvas)) + 0.5) / 10,
            atol=0.05,
        )


def test_the_samples_are_off_the_middle_until_they_are_centred():
    for canvas in drawing.sample_drawings().values():
        shrunk = ndimage.center_of_mass(drawing.shrink(canvas))
        assert np.abs(np.array(shrunk) - 14).max() > 4
        image = preprocessing.centre_by_mass(preprocessing.fit_to_box(canvas))
        centre = ndimage.center_of_mass(image)
        np.testing.assert_allclose(centre, (14, 14), atol=0.5 + 1e-9)


def beside(*drawings: list, gap: int) -> list:
    """Put drawings side by side at half their size, with room between their points."""
    together, right = [], 0
    for drawn in drawings:
        left = min(x for stroke in drawn for x, _y in stroke)
        together += [
            [(right + (x - left) / 2, y / 2) for x, y in stroke] for stroke in drawn
        ]
        right = gap + max(x for stroke in together for x, _y in stroke)
    return [[(20 + x, 20 + y) for x, y in stroke] for stroke in together]


SAMPLES = json.loads(drawing.SAMPLES.read_text())


@pytest.mark.parametrize(
    "drawn",
    [
        *SAMPLES.values(),
        # A 5 with its bar apart, and an open 4 whose strokes just miss each other.
        [
            [(90, 60), (90, 130), (150, 140), (150, 200), (90, 210)],
            [(130, 40), (210, 40)],
        ],
        [[(80, 50), (70, 140), (140, 140)], [(170, 40), (170, 220)]],
        [],
    ],
)
def test_one_digit_is_not_taken_for_more(drawn):
    assert not drawing.shows_several_digits(drawing.draw_strokes(drawn))


@pytest.mark.parametrize("pair", [*itertools.product(SAMPLES, repeat=2)])
def test_two_digits_side_by_side_are_noticed(pair):
    strokes = beside(*(SAMPLES[digit] for digit in pair), gap=40)
    assert drawing.shows_several_digits(drawing.draw_strokes(strokes))


# What the networks and the training images say.


def test_the_answers_are_those_of_predict(reader, networks, stand_in):
    image = stand_in.test_images[0]
    scaled = preprocessing.scale_images(image[np.newaxis])
    expected = [
        network.predict(scaled.reshape(1, *network.input_shape[1:]), verbose=0)[0]
        for network in networks.values()
    ]
    np.testing.assert_allclose(reader.answer(image), expected, atol=1e-6)


def test_a_training_image_is_nearest_to_itself(reader, stand_in):
    for row in (0, 700, 1544):
        images, labels = reader.nearest(stand_in.train_images[row])
        np.testing.assert_array_equal(images[0], stand_in.train_images[row])
        assert labels[0] == stand_in.train_labels[row]


def test_the_nearest_are_those_of_least_difference(reader, stand_in):
    for image in stand_in.test_images[:10]:
        images, labels = reader.nearest(image)
        differences = (stand_in.train_images / 255 - image / 255) ** 2
        order = np.argsort(differences.sum(axis=(1, 2)))[: drawing.NEAREST]
        np.testing.assert_array_equal(images, stand_in.train_images[order])
        np.testing.assert_array_equal(labels, stand_in.train_labels[order])


def test_fewer_training_images_than_are_shown_are_all_shown(networks, inputs, stand_in):
    reader = drawing.Reader(networks, inputs[:3], stand_in.train_labels[:3])
    assert len(reader.nearest(stand_in.test_images[0])[0]) == 3


@pytest.mark.parametrize("shape", [(-1, 784), (-1, 28, 28), (-1, 28, 28, 1)])
def test_training_images_are_taken_in_every_shape(networks, inputs, stand_in, shape):
    reader = drawing.Reader(networks, inputs.reshape(shape), stand_in.train_labels)
    assert reader.nearest(stand_in.test_images[0])[0].shape == (8, 28, 28)


def test_what_cannot_be_asked_is_refused(networks, inputs, stand_in):
    labels = stand_in.train_labels
    with pytest.raises(ValueError, match="networks: got none"):
        drawing.Reader({}, inputs, labels)
    with pytest.raises(ValueError, match="scale them first"):
        drawing.Reader(networks, stand_in.train_images, labels)
    with pytest.raises(ValueError, match=r"inputs: got float32 of shape \(1545, 14"):
        drawing.Reader(networks, inputs[:, ::2, ::2], labels)
    with pytest.raises(ValueError, match="labels: got shape"):
        drawing.Reader(networks, inputs, labels[1:])
    for sizes, message in [
        ((100, 10), r"networks: 'other' takes inputs of shape \(100,\)"),
        ((784, 5), r"networks: the answer of 'other'"),
    ]:
        with pytest.raises(ValueError, match=message):
            drawing.Reader({"other": linear_network(*sizes)}, inputs, labels)
    logits = linear_network(784, 10)
    with pytest.raises(ValueError, match=r"networks: the answer of 'logits'"):
        drawing.Reader({"logits": logits}, inputs, labels)


def linear_network(inputs, outputs):
    """Without a softmax, its answers are no probabilities."""
    dense = keras.layers.Dense(outputs)
    return keras.Sequential([keras.Input((inputs,)), dense])


@pytest.fixture
def canvas(reader, monkeypatch):
    """A canvas whose messages land in its list ``sent``."""
    canvas = drawing.DrawingCanvas(reader)
    canvas.sent = []
    monkeypatch.setattr(
        drawing.DrawingCanvas,
        "send",
        lambda self, message, buffers: self.sent.append((message, *buffers)),
    )
    return canvas


LINE = [[x, 60] for x in range(40, 200, 3)]
SEVEN = {"request": {"number": 7}, "strokes": [LINE, [[120, 60], [120, 200]]]}


def test_an_answer_holds_what_the_canvas_shows(canvas, reader):
    assert canvas.networks == ["dense", "convolutional"]
    canvas._answer(canvas, SEVEN | {"what": "answers"}, [])
    message, image = canvas.sent[-1]
    json.dumps(message)
    assert message["request"] == SEVEN["request"]
    assert message["several"] is False
    drawn = np.frombuffer(image, np.uint8).reshape(28, 28)
    np.testing.assert_allclose(
        [row["probabilities"] for row in message["answers"]],
        reader.answer(drawn),
        atol=1e-6,
    )


def test_the_nearest_images_come_with_their_labels(canvas, reader):
    canvas._answer(canvas, SEVEN | {"what": "answers"}, [])
    canvas._answer(canvas, SEVEN | {"what": "nearest"}, [])
    (_answers, drawn), (message, pictures) = canvas.sent
    json.dumps(message)
    assert message["request"] == SEVEN["request"]
    images, labels = reader.nearest(np.frombuffer(drawn, np.uint8).reshape(28, 28))
    assert pictures == images.tobytes()
    assert message["nearest"] == labels.tolist()


# Predictions to look at.


def some_predictions(count=200):
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (count, 28, 28), dtype=np.uint8)
    labels = generator.integers(0, 10, count)
    scores = generator.normal(size=(count, 10)) * 2
    scores[np.arange(count), labels] += 2
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return images, labels, probabilities


def test_the_table_is_the_confusion_matrix():
    images, labels, probabilities = some_predictions()
    table = errors.Predictions(images, labels, probabilities).confusion()
    expected = evaluation.evaluate(labels, probabilities).confusion
    np.testing.assert_array_equal(table, expected)


digits_or_any = st.none() | st.integers(0, 9)
shares = st.floats(0, 1)


@settings(deadline=None)
@given(digits_or_any, digits_or_any, shares, shares, st.booleans())
def test_what_is_found_is_what_was_asked_for(true, predicted, lowest, highest, wrong):
    predictions = errors.Predictions(*some_predictions())
    rows = set(predictions.find(true, predicted, lowest, highest, wrong).tolist())
    for row, (label, probabilities) in enumerate(
        zip(predictions.labels, predictions.probabilities, strict=True)
    ):
        answer, confidence = probabilities.argmax(), probabilities.max()
        fits = (
            true in (None, label)
            and predicted in (None, answer)
            and lowest <= confidence <= highest
            and not (wrong and answer == label)
        )
        assert (row in rows) == fits


def test_both_ends_of_a_range_of_confidence_are_in_it():
    images, labels, probabilities = some_predictions(2)
    # By rounding; it is shown as 100 %.
    probabilities[0] = np.eye(10)[3] * np.nextafter(1, 2)
    predictions = errors.Predictions(images, labels, probabilities)
    assert predictions.find(None, None, 1, 1, False).tolist() == [0]
    confidence = probabilities[1].max()
    assert predictions.find(None, None, confidence, confidence, False).tolist() == [1]


def test_the_surest_come_first_with_their_own_images():
    images, labels, probabilities = some_predictions()
    predictions = errors.Predictions(images, labels, probabilities)
    confidence = predictions.probabilities.max(axis=1)
    assert (np.diff(confidence) <= 0).all()
    first = probabilities.max(axis=1).argmax()
    np.testing.assert_array_equal(predictions.images[0], images[first])
    assert predictions.labels[0] == labels[first]


def test_pages_follow_one_another(monkeypatch):
    sent = []
    monkeypatch.setattr(
        errors.ErrorTable,
        "send",
        lambda _, *message, **more: sent.append((*message, more["buffers"])),
    )
    predictions = errors.Predictions(*some_predictions())
    table = errors.ErrorTable(predictions)
    choice = {
        "true": None,
        "predicted": None,
        "lowest": 0,
        "highest": 1,
        "mistakes": False,
    }
    pictures = b""
    for first in range(0, 200, errors.PAGE):
        question = {"request": "view 1", "first": first, "choice": choice}
        table._answer(table, question, [])
        answer, (buffer,) = sent[-1]
        json.dumps(answer)
        assert answer["count"] == 200
        assert len(buffer) == 784 * len(answer["predictions"])
        pictures += buffer
    assert pictures == predictions.images.tobytes()


# With a front end and without.

SHOW = """
import numpy as np
from mnist_helpers.widgets import errors
errors.explore(
    np.zeros((1, 28, 28), np.uint8), np.zeros(1, int), np.eye(1, 10, dtype=np.float32)
)
"""
ASK = "from mnist_helpers.training.front_end import has_front_end; has_front_end()"


def test_there_is_no_front_end_outside_a_kernel():
    assert has_front_end() is False


@pytest.fixture(scope="module")
def kernel():
    manager, client = start_new_kernel()
    yield client
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def execute(client, code: str, metadata: dict) -> list[dict]:
    """Run code as a front end would, and give what the kernel publishes."""
    content = {
        "code": code,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": True,
    }
    request = client.session.msg("execute_request", content, metadata=metadata)
    client.shell_channel.send(request)
    published = []
    while True:
        try:
            message = client.get_iopub_msg(timeout=60)
        except Empty:
            pytest.fail("the kernel says nothing")
        if message["parent_header"].get("msg_id") != request["header"]["msg_id"]:
            continue
        if message["content"].get("execution_state") == "idle":
            return published
        published.append(message)


def data_of(published: list[dict]) -> list[dict]:
    return [
        message["content"]["data"]
        for message in published
        if message["msg_type"] in ("display_data", "execute_result")
    ]


@pytest.mark.slow
def test_a_front_end_names_the_cell_and_gets_the_widget(kernel):
    metadata = {"cellId": "0b2f", "deletedCells": [], "recordTiming": False}
    [answer] = data_of(execute(kernel, ASK, metadata))
    assert answer["text/plain"] == "True"
    published = execute(kernel, SHOW, metadata)
    [shown] = data_of(published)
    assert shown["text/plain"] == errors.INSTEAD
    opened = [m["content"]["data"] for m in published if m["msg_type"] == "comm_open"]
    [place] = [each["state"]["place"] for each in opened if "place" in each["state"]]
    assert shown["text/html"] == (
        f'<div data-mnist-widget="{place}">{errors.INSTEAD}</div>'
    )


@pytest.mark.slow
def test_without_a_front_end_there_is_the_same_sentence_and_no_widget(kernel):
    [answer] = data_of(execute(kernel, ASK, {}))
    assert answer["text/plain"] == "False"
    published = execute(kernel, SHOW, {})
    [shown] = data_of(published)
    assert shown["text/plain"] == errors.INSTEAD
    assert "comm_open" not in {message["msg_type"] for message in published}


REMEMBER = """
import gc
import weakref
from mnist_helpers.widgets import Explorer, show

class Data:
    pass

class Widget(Explorer):
    _esm = "export default {}"

alive = weakref.WeakSet()

def make():
    data = Data()
    alive.add(data)
    widget = Widget()
    widget.on_msg(lambda *_, data=data: None)
    return widget
"""
COUNT = "gc.collect(); len(alive)"


@pytest.mark.slow
def test_a_cell_that_is_run_again_lets_go_of_what_it_displayed(kernel):
    """Its own only, and whatever one run displays stays together."""
    execute(kernel, REMEMBER, {})

    def run(cell: str, code: str) -> set[str]:
        published = execute(kernel, code, {"cellId": cell})
        assert "error" not in {message["msg_type"] for message in published}
        return {message["msg_type"] for message in published}

    def alive() -> int:
        [answer] = data_of(execute(kernel, COUNT, {}))
        return int(answer["text/plain"])

    twice = "show(make, 'a widget'); show(make, 'a widget')"
    assert "comm_close" not in run("one", twice) | run("two", "show(make, 'a widget')")
    assert alive() == 3
    assert "comm_close" in run("one", twice)
    assert alive() == 3
    # Even where nothing takes its place.
    failed = execute(kernel, "show(lambda: 1 / 0, '')", {"cellId": "one"})
    assert "error" in {message["msg_type"] for message in failed}
    assert alive() == 1


@pytest.mark.slow
def test_a_headless_run_stores_no_widget():
    """By nbclient, on which papermill, nbconvert and nbval's like are built."""
    notebook = new_notebook(cells=[new_code_cell(ASK), new_code_cell(SHOW)])
    NotebookClient(notebook, timeout=120).execute()
    assert notebook.cells[0].outputs[0].data["text/plain"] == "False"
    assert notebook.cells[1].outputs[0].data["text/plain"] == errors.INSTEAD
    assert "widgets" not in notebook.metadata
