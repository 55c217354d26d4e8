"""The figures of the course.

Every function takes arrays and results, and returns a new ``Figure`` that it neither
shows nor saves. The figures are made without pyplot, so nothing has to be closed, and
a notebook cell that ends with a figure shows it once.

Colours come from seaborn's colour-blind palette; what a colour says, a line style, a
marker, a hatching or a word says too. Axes that are to be compared from network to
network have the same limits everywhere, widened only for data outside them.
"""

from mnist_helpers.plotting.costs import compare_seconds, growth
from mnist_helpers.plotting.curves import compare_curves, learning_curves
from mnist_helpers.plotting.features import weight_images
from mnist_helpers.plotting.predictions import prediction_gallery
from mnist_helpers.plotting.samples import class_balance, mean_images, sample_images
from mnist_helpers.plotting.scores import compare_f1, confusion_matrix
from mnist_helpers.plotting.style import set_style

__all__ = [
    "class_balance",
    "compare_curves",
    "compare_f1",
    "compare_seconds",
    "confusion_matrix",
    "growth",
    "learning_curves",
    "mean_images",
    "prediction_gallery",
    "sample_images",
    "set_style",
    "weight_images",
]
