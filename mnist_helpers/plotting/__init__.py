"""The figures of the course.

Every function takes arrays and results, and returns a new ``Figure`` that it neither
shows nor saves. The figures are made without pyplot, so nothing has to be closed, and
a notebook cell that ends with a figure shows it once. Each computes its alt text from
the data that it draws; ``figure.get_label()`` returns it.

Colours come from seaborn's colour-blind palette; what a colour says, a line style, a
marker, a hatching or a word says too. Axes that are to be compared from network to
network have the same limits everywhere, widened only for data outside them.
"""

from mnist_helpers.plotting.costs import compare_seconds, growth, ladder, width
from mnist_helpers.plotting.curves import (
    compare_curves,
    learning_curves,
    trial_curves,
)
from mnist_helpers.plotting.drawings import drawing_steps
from mnist_helpers.plotting.features import embedding, feature_maps, weight_images
from mnist_helpers.plotting.predictions import (
    confusion_pairs,
    error_sheet,
    prediction_gallery,
    saliency,
)
from mnist_helpers.plotting.samples import (
    class_balance,
    corruption_samples,
    mean_images,
    sample_images,
)
from mnist_helpers.plotting.scores import (
    compare_f1,
    confusion_matrix,
    reliability,
    robustness,
)
from mnist_helpers.plotting.style import set_style

__all__ = [
    "class_balance",
    "compare_curves",
    "compare_f1",
    "compare_seconds",
    "confusion_matrix",
    "confusion_pairs",
    "corruption_samples",
    "drawing_steps",
    "embedding",
    "error_sheet",
    "feature_maps",
    "growth",
    "ladder",
    "learning_curves",
    "mean_images",
    "prediction_gallery",
    "reliability",
    "robustness",
    "saliency",
    "sample_images",
    "set_style",
    "trial_curves",
    "weight_images",
    "width",
]
