"""Load MNIST and prove that it is MNIST."""

from mnist_helpers.data.mnist import Dataset, load_mnist

__all__ = ["Dataset", "load_mnist"]
