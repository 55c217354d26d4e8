"""How a run can end, and the exit code that says so."""

from enum import IntEnum


class Ending(IntEnum):
    """An ending of a command or of one notebook; its value is the exit code."""

    COMPLETED = 0
    CELL_FAILED = 1
    ARGUMENT_WRONG = 2
    CLAIM_NOT_MET = 3
    DATA_UNUSABLE = 4
    TIMED_OUT = 5
    KERNEL_DIED = 6
    ARTEFACT_MISSING = 7
    FOLDER_BUSY = 8
    RUNS_DIFFER = 9
    SUBMISSION_FAULTY = 10
    CLUSTER_UNUSABLE = 11
    # 128 and the number of the signal, as shells have it.
    INTERRUPTED = 130
    TERMINATED = 143

    @property
    def phrase(self) -> str:
        """The name in words, such as ``kernel died``."""
        return self.name.lower().replace("_", " ")
