"""What a notebook says of its network, and whether it is so."""

from dataclasses import dataclass

VERDICTS = {True: "met", False: "NOT MET", None: "not checked"}


@dataclass(frozen=True)
class Claim:
    """A least value of a metric, and what was measured.

    Attributes
    ----------
    metric : str
        Such as ``test accuracy``.
    minimum : float
        The least value that meets the claim.
    measured : float
        The value in this run.
    met : bool or None
        None where the claim is not checked, because the data is not MNIST.
    assignment : str
        What the assignment asks for, in its words.
    """

    metric: str
    minimum: float
    measured: float
    met: bool | None
    assignment: str

    def __str__(self) -> str:
        """Say the claim in a line."""
        return (
            f"{self.metric} of at least {self.minimum:.3f}: "
            f"measured {self.measured:.4f}, {VERDICTS[self.met]}"
        )
