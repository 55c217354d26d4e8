"""Train compiled Keras models, and show how far they are."""

from mnist_helpers.training.fitting import epoch_order, fit
from mnist_helpers.training.progress import Progress

__all__ = ["Progress", "epoch_order", "fit"]
