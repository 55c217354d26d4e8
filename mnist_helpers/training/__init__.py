"""Train compiled Keras models, and show how far they are."""

from mnist_helpers.training.fitting import (
    Progress,
    describe_layers,
    epoch_order,
    fit,
)

__all__ = ["Progress", "describe_layers", "epoch_order", "fit"]
