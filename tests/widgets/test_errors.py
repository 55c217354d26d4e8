"""The table behind a confusion matrix: what it finds, page by page."""

import json

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mnist_helpers.evaluation import evaluate
from mnist_helpers.widgets import errors

COUNT = 200


def predictions():
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (COUNT, 28, 28), dtype=np.uint8)
    labels = generator.integers(0, 10, COUNT)
    scores = np.exp(generator.normal(size=(COUNT, 10)) * 2)
    return images, labels, scores / scores.sum(axis=1, keepdims=True)


def make_table(*predictions) -> tuple[errors.ErrorTable, list]:
    """Make a table, and the list that its messages land in."""
    table = errors.ErrorTable(*predictions)
    sent = []
    table.send = lambda message, buffers: sent.append((message, *buffers))
    return table, sent


def ask(table, first=0, **choice) -> None:
    choice = {"true": None, "predicted": None, "lowest": 0, "highest": 1} | choice
    choice = {"mistakes": False} | choice
    table._answer(table, {"request": "view", "first": first, "choice": choice}, [])


def test_the_table_is_the_confusion_matrix():
    images, labels, probabilities = predictions()
    table, _ = make_table(images, labels, probabilities)
    assert table.confusion == evaluate(labels, probabilities).confusion.tolist()


digits_or_any = st.none() | st.integers(0, 9)
shares = st.floats(0, 1)


@given(digits_or_any, digits_or_any, shares, shares, st.booleans())
def test_what_is_found_is_what_was_asked_for(true, predicted, lowest, highest, wrong):
    images, labels, probabilities = predictions()
    order = np.argsort(-probabilities.max(axis=1))
    images, labels, probabilities = images[order], labels[order], probabilities[order]
    expected = [
        true in (None, label)
        and predicted in (None, row.argmax())
        and lowest <= row.max() <= highest
        and not (wrong and row.argmax() == label)
        for label, row in zip(labels, probabilities, strict=True)
    ]
    table, sent = make_table(images, labels, probabilities)
    choice = {"true": true, "predicted": predicted, "mistakes": wrong}
    ask(table, lowest=lowest, highest=highest, **choice)
    [(message, pictures)] = sent
    assert message["count"] == sum(expected)
    assert pictures == images[np.flatnonzero(expected)][: errors.PAGE].tobytes()


def test_a_confidence_that_rounding_left_above_1_is_within_it():
    images, labels, probabilities = predictions()
    probabilities[7] = np.eye(10)[3] * np.nextafter(1, 2)
    table, sent = make_table(images, labels, probabilities)
    ask(table, lowest=1)
    assert sent[0][0]["count"] == 1


def test_pages_follow_one_another_with_their_own_images():
    images, labels, probabilities = predictions()
    table, sent = make_table(images, labels, probabilities)
    for first in range(0, COUNT, errors.PAGE):
        ask(table, first)
    order = np.argsort(-probabilities.max(axis=1))
    assert b"".join(buffer for _, buffer in sent) == images[order].tobytes()
    json.dumps(sent[0][0])
    shown = [each["true"] for message, _ in sent for each in message["predictions"]]
    assert shown == labels[order].tolist()
