"""How sure a score is: the 95 % interval around it.

It is about one finished network: what its score may be over all images of the kind of
the test images, judging by these. How else the training might have come out, with
another seed, is another question, which several runs answer.
"""

from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest

CONFIDENCE = 0.95
RESAMPLES = 2000
# The same test results get the same interval, whatever the seed of the run.
RESAMPLING_SEED = 0


class Interval(NamedTuple):
    """The lowest and the highest value that agree with what was measured."""

    low: float
    high: float

    def __str__(self) -> str:
        """Write it to four decimals, such as ``0.9906 to 0.9940``."""
        return f"{self.low:.4f} to {self.high:.4f}"


def wilson_interval(successes: int, count: int) -> Interval:
    """Return Wilson's score interval (1927) of a share.

    It holds where the textbook's share plus or minus 1.96 standard errors does not:
    close to 0 and to 1, and for few images.
    """
    interval = binomtest(successes, count).proportion_ci(CONFIDENCE, "wilson")
    return Interval(float(interval.low), float(interval.high))


def accuracy_interval(confusion: np.ndarray) -> Interval:
    """Return the `wilson_interval` of the accuracy, from the confusion matrix."""
    return wilson_interval(int(np.trace(confusion)), int(confusion.sum()))


def macro_f1_interval(confusion: np.ndarray) -> Interval:
    """Return the interval of the macro-F1 by a percentile bootstrap (Efron, 1979).

    The images are drawn anew, with replacement, and scored, 2,000 times; the interval
    leaves out a fortieth of the scores at either end. A score depends on the images by
    the confusion matrix alone, and images drawn with replacement fill its cells as a
    multinomial distribution does: that is what is drawn here. A network without a
    mistake has nothing to draw one from: its interval is 1 to 1.
    """
    count = int(confusion.sum())
    generator = np.random.default_rng(RESAMPLING_SEED)
    drawn = generator.multinomial(count, confusion.ravel() / count, RESAMPLES)
    confusions = drawn.reshape(RESAMPLES, *confusion.shape)
    right = confusions.diagonal(axis1=1, axis2=2)
    # F1 is twice the right ones, over those that are the class and those called it.
    either = confusions.sum(axis=1) + confusions.sum(axis=2)
    f1 = 2 * right / np.maximum(either, 1)
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(f1.mean(axis=1), [tail, 1 - tail])
    return Interval(float(low), float(high))
