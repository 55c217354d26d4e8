"""The table behind a confusion matrix: what it finds, page by page."""

import json

import numpy as np
from hypothesis import given, settings
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


def test_the_table_is_the_confusion_matrix():
    images, labels, probabilities = predictions()
    table = errors.ErrorTable(images, labels, probabilities)
    assert table.confusion == evaluate(labels, probabilities).confusion.tolist()


digits_or_any = st.none() | st.integers(0, 9)
shares = st.floats(0, 1)


@settings(deadline=None)
@given(digits_or_any, digits_or_any, shares, shares, st.booleans())
def test_what_is_found_is_what_was_asked_for(true, predicted, lowest, highest, wrong):
    images, labels, probabilities = predictions()
    table = errors.ErrorTable(images, labels, probabilities)
    order = np.argsort(-probabilities.max(axis=1))
    expected = [
        place
        for place, (label, row) in enumerate(
            zip(labels[order], probabilities[order], strict=True)
        )
        if true in (None, label)
        and predicted in (None, row.argmax())
        and lowest <= row.max() <= highest
        and not (wrong and row.argmax() == label)
    ]
    assert table.find(true, predicted, lowest, highest, wrong).tolist() == expected


def test_a_confidence_that_rounding_left_above_1_is_within_it():
    images, labels, probabilities = predictions()
    probabilities[7] = np.eye(10)[3] * np.nextafter(1, 2)
    table = errors.ErrorTable(images, labels, probabilities)
    assert table.find(None, None, 1, 1, False).tolist() == [0]


def test_pages_follow_one_another_with_their_own_images(monkeypatch):
    sent = []
    monkeypatch.setattr(
        errors.ErrorTable,
        "send",
        lambda _, message, buffers: sent.append(
            (json.loads(json.dumps(message)), *buffers)
        ),
    )
    images, labels, probabilities = predictions()
    table = errors.ErrorTable(images, labels, probabilities)
    choice = dict.fromkeys(("true", "predicted"))
    choice |= {"lowest": 0, "highest": 1, "mistakes": False}
    for first in range(0, COUNT, errors.PAGE):
        table._answer(table, {"request": "view", "first": first, "choice": choice}, [])
    order = np.argsort(-probabilities.max(axis=1))
    assert b"".join(buffer for _, buffer in sent) == images[order].tobytes()
    shown = [each["true"] for message, _ in sent for each in message["predictions"]]
    assert shown == labels[order].tolist()
    assert {message["count"] for message, _ in sent} == {COUNT}
