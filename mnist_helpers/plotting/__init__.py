"""The figures that the four notebooks show.

Every function takes arrays and returns a new ``Figure``, neither shown nor saved, with
its alt text as its label. The figures are made without pyplot, so nothing has to be
closed. What a colour says, a line style, a marker, a hatching or a word says too.

Figures that only the further notebooks show are in modules of their own, such as
``mnist_helpers.plotting.calibration``.
"""

from mnist_helpers.plotting.curves import (
    compare_curves,
    learning_curves,
)
from mnist_helpers.plotting.predictions import prediction_gallery
from mnist_helpers.plotting.samples import class_balance, mean_images, sample_images
from mnist_helpers.plotting.scores import compare_f1, confusion_matrix
from mnist_helpers.plotting.style import set_style
from mnist_helpers.plotting.weights import weight_images

__all__ = [
    "class_balance",
    "compare_curves",
    "compare_f1",
    "confusion_matrix",
    "learning_curves",
    "mean_images",
    "prediction_gallery",
    "sample_images",
    "set_style",
    "weight_images",
]
