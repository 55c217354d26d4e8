"""What a run says at its end, and the exit code that it ends with."""

import sys
from pathlib import Path

from rich.table import Table

from mnist_helpers.commands.console import new_table
from mnist_helpers.commands.execution import Outcome
from mnist_helpers.errors import ExitCode
from mnist_helpers.results.assignment import VERDICTS


def summary_table(outcomes: list[Outcome]) -> Table:
    """List what each notebook claimed, what it measured and how long it took."""
    table = new_table("notebook", "claim", "measured", "met?", "seconds")
    for outcome in outcomes:
        claims = _claims(outcome)
        verdicts = [VERDICTS[claim["met"]] for claim in claims]
        if outcome.exit_code is not ExitCode.COMPLETED:
            verdicts = [outcome.exit_code.name.lower().replace("_", " ")]
        table.add_row(
            outcome.name,
            "\n".join(
                f"{claim['metric']} >= {claim['minimum']:.3f}" for claim in claims
            ),
            "\n".join(f"{claim['measured']:.4f}" for claim in claims),
            "\n".join(verdicts),
            "earlier run" if outcome.earlier else f"{outcome.seconds:.0f}",
        )
    return table


def print_failures(outcomes: list[Outcome], output: Path) -> None:
    """Say on standard error why notebooks failed."""
    failed = [each for each in outcomes if each.exit_code is not ExitCode.COMPLETED]
    for outcome in failed:
        print(f"{outcome.name}: {outcome.message}", file=sys.stderr)
        unfinished = output / "notebooks" / f"{outcome.name}.failed.ipynb"
        if unfinished.exists():
            print(f"executed up to there: {unfinished}", file=sys.stderr)


def exit_code_of(outcomes: list[Outcome]) -> ExitCode:
    """Choose a run's exit code: a signal before a failure before a missed claim."""
    worst = max((outcome.exit_code for outcome in outcomes), default=ExitCode.COMPLETED)
    missed = any(claim["met"] is False for each in outcomes for claim in _claims(each))
    if worst is ExitCode.COMPLETED and missed:
        return ExitCode.CLAIM_NOT_MET
    return worst


def _claims(outcome: Outcome) -> list[dict]:
    return outcome.results.get("claims", []) if outcome.results else []
