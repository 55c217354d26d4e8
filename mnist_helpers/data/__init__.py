"""Load MNIST and confirm by its SHA-256 that it is MNIST."""

from mnist_helpers.data.mnist import Dataset, load_mnist

__all__ = ["Dataset", "load_mnist"]
