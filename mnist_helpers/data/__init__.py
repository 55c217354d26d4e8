"""Load MNIST and confirm that it is MNIST; read photographs of digits."""

from mnist_helpers.data.mnist import Dataset, load_mnist
from mnist_helpers.data.photo import FoundDigit, read_photo

__all__ = ["Dataset", "FoundDigit", "load_mnist", "read_photo"]
