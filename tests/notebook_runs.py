"""Start notebooks and nbval in processes of their own, as people do."""

import os
import subprocess
import sys
from pathlib import Path

from mnist_helpers.data.mnist import DATA_VARIABLE, STAND_IN

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
FURTHER = sorted((ROOT / "notebooks" / "further").glob("*.ipynb"))
SOLUTIONS = ROOT / "notebooks" / "solutions" / "solutions.ipynb"


def environment(**variables: str) -> dict[str, str]:
    # nbval starts a notebook in its own folder, where a relative path is another.
    data = os.environ.get(DATA_VARIABLE, "")
    if data and data != STAND_IN:
        variables = {DATA_VARIABLE: str(Path(data).absolute())} | variables
    return os.environ | variables


def finish(*command, cwd=ROOT, **variables) -> subprocess.CompletedProcess:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
    )


def validate(*notebooks: Path, **variables) -> subprocess.CompletedProcess:
    # In a process of its own, as people run it; without the marks of this one.
    return finish(
        sys.executable,
        *("-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider"),
        *("--nbval-cell-timeout=600", f"--rootdir={ROOT}", *notebooks),
        **variables,
    )
