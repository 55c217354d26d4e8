"""How a command can end, and the one exception that says what a person can mend."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of ``python -m mnist_helpers``."""

    COMPLETED = 0
    # A cell failed or took too long, a kernel died, or something was not written.
    NOTEBOOK_FAILED = 1
    ARGUMENT_WRONG = 2
    CLAIM_NOT_MET = 3
    DATA_UNUSABLE = 4
    RUNS_DIFFER = 5
    SUBMISSION_FAULTY = 6
    CLUSTER_UNUSABLE = 7
    # 128 and the number of the signal, as shells have it.
    INTERRUPTED = 130
    TERMINATED = 143


class CourseError(Exception):
    """A fault that the person at the course can mend, by what the message says."""

    def __init__(self, message: str, exit_code: ExitCode = ExitCode.ARGUMENT_WRONG):
        super().__init__(message)
        self.exit_code = exit_code
