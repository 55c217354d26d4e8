"""Look behind a confusion matrix: the images of a cell, with their probabilities."""

import numpy as np
from sklearn.metrics import confusion_matrix
from traitlets import List

from mnist_helpers.evaluation.scores import check_probabilities, format_confidence
from mnist_helpers.preprocessing import CLASSES, check_images, check_labels
from mnist_helpers.widgets import Explorer, read_script, show

PAGE = 12
INSTEAD = (
    "Run this notebook in JupyterLab to explore the confusion matrix: choose a cell "
    "and see its images."
)


class Predictions:
    """Predictions to choose from, the surest first.

    Parameters
    ----------
    images : ndarray of shape (n, 28, 28), dtype uint8
        The images as stored.
    labels : ndarray of shape (n,), any integer dtype
        Their digits.
    probabilities : ndarray of shape (n, 10), any floating dtype
        The predictions, rows in the same order.

    Raises
    ------
    ValueError
        If an argument is not what it should be.
    """

    def __init__(
        self, images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray
    ) -> None:
        check_images(images)
        check_labels(labels, len(images))
        check_probabilities(probabilities, len(images))
        order = np.argsort(-probabilities.max(axis=1), kind="stable")
        self.images = images[order]
        self.labels = labels[order].astype(int)
        self.probabilities = probabilities[order]
        self.predicted = self.probabilities.argmax(axis=1)

    def confusion(self) -> np.ndarray:
        """Count the images by true digit, a row each, and by predicted digit.

        Returns
        -------
        ndarray of shape (10, 10), integers
        """
        return confusion_matrix(self.labels, self.predicted, labels=range(CLASSES))

    def find(
        self,
        true: int | None,
        predicted: int | None,
        lowest: float,
        highest: float,
        mistakes: bool,
    ) -> np.ndarray:
        """Choose predictions.

        Parameters
        ----------
        true, predicted : int or None
            A digit; None for any.
        lowest, highest : float
            The probability of the predicted digit, both ends among them.
        mistakes : bool
            Leave out what is right.

        Returns
        -------
        ndarray of shape (m,), integers
            Their rows, the surest first.
        """
        # Rounding may have left it a little above 1.
        confidence = np.minimum(self.probabilities.max(axis=1), 1)
        chosen = (confidence >= lowest) & (confidence <= highest)
        if true is not None:
            chosen &= self.labels == true
        if predicted is not None:
            chosen &= self.predicted == predicted
        if mistakes:
            chosen &= self.labels != self.predicted
        return np.flatnonzero(chosen)


class ErrorTable(Explorer):
    """A confusion matrix of cells to choose, and the images of the chosen one."""

    _esm = read_script("errors.js")
    confusion = List().tag(sync=True)

    def __init__(self, predictions: Predictions) -> None:
        super().__init__(confusion=predictions.confusion().tolist())
        self._predictions = predictions
        self.on_msg(self._answer)

    def _answer(self, _widget: Explorer, request: dict, _buffers: list) -> None:
        """Answer a choice that the front end sends, a page at a time."""
        found = self._predictions.find(**request["choice"])
        rows = found[request["first"] :][:PAGE]
        predictions = [
            {
                "true": int(self._predictions.labels[row]),
                "predicted": int(self._predictions.predicted[row]),
                "confidence": format_confidence(probabilities.max()),
                "probabilities": probabilities.tolist(),
            }
            for row, probabilities in zip(
                rows, self._predictions.probabilities[rows], strict=True
            )
        ]
        self.send(
            {
                "request": request["request"],
                "first": request["first"],
                "count": len(found),
                "page": PAGE,
                "predictions": predictions,
            },
            buffers=[self._predictions.images[rows].tobytes()],
        )


def explore(images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray) -> None:
    """Display a confusion matrix to explore, or, without a front end, a sentence.

    Parameters
    ----------
    images, labels, probabilities
        As of `Predictions`.

    Raises
    ------
    ValueError
        As of `Predictions`.
    """
    show(lambda: ErrorTable(Predictions(images, labels, probabilities)), INSTEAD)
