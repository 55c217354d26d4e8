"""Train compiled Keras models, and show how far they are."""

from mnist_helpers.training.fitting import Progress, epoch_order, fit

__all__ = ["Progress", "epoch_order", "fit"]
