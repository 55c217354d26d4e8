"""Look behind a confusion matrix: the images of a cell, with their probabilities."""

import numpy as np
from sklearn.metrics import confusion_matrix
from traitlets import List

from mnist_helpers.preprocessing import CLASSES
from mnist_helpers.widgets import Explorer, describe_answer, read_script, show

PAGE = 12
INSTEAD = (
    "Run this notebook in JupyterLab to explore the confusion matrix: choose a cell "
    "and see its images."
)


class ErrorTable(Explorer):
    """A confusion matrix of cells to choose, and the images of the chosen one."""

    _esm = read_script("errors.js")
    confusion = List().tag(sync=True)

    def __init__(
        self, images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray
    ) -> None:
        # The most confident first.
        order = np.argsort(-probabilities.max(axis=1), kind="stable")
        self._images, self._labels = images[order], labels[order]
        self._probabilities = probabilities[order]
        self._predicted = self._probabilities.argmax(axis=1)
        confusion = confusion_matrix(
            self._labels, self._predicted, labels=range(CLASSES)
        )
        super().__init__(confusion=confusion.tolist())
        self.on_msg(self._answer)

    def _answer(self, _widget: Explorer, request: dict, _buffers: list) -> None:
        """Answer a choice that the front end sends, a page at a time."""
        choice = request["choice"]
        # Rounding may have left it a little above 1.
        confidence = np.minimum(self._probabilities.max(axis=1), 1)
        chosen = (confidence >= choice["lowest"]) & (confidence <= choice["highest"])
        for name, digits in (("true", self._labels), ("predicted", self._predicted)):
            if choice[name] is not None:
                chosen &= digits == choice[name]
        if choice["mistakes"]:
            chosen &= self._labels != self._predicted
        found = np.flatnonzero(chosen)
        rows = found[request["first"] :][:PAGE]
        predictions = [
            {"true": int(self._labels[row]), "predicted": int(self._predicted[row])}
            | describe_answer(self._probabilities[row])
            for row in rows
        ]
        reply = {"request": request["request"], "first": request["first"]}
        reply |= {"count": len(found), "page": PAGE, "predictions": predictions}
        self.send(reply, buffers=[self._images[rows].tobytes()])


def explore(images: np.ndarray, labels: np.ndarray, probabilities: np.ndarray) -> None:
    """Display a confusion matrix to explore, or, without a front end, a sentence.

    Parameters
    ----------
    images : ndarray of shape (n, 28, 28), dtype uint8
        The images as stored.
    labels : ndarray of shape (n,), any integer dtype
        Their digits.
    probabilities : ndarray of shape (n, 10), any floating dtype
        The predictions.
    """
    show(lambda: ErrorTable(images, labels, probabilities), INSTEAD)
