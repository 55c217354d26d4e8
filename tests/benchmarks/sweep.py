"""How fast sweeps are: points by workers, and what the scheduler takes for a point.

The points are those of notebook 02, an epoch on the stand-in data, so that as little of
their time as possible is training. What the scheduler takes is measured with points
that do nothing.
"""

import json
import os
import shutil
import tempfile
import time
from pathlib import Path

from distributed import wait
from rich.console import Console

from mnist_helpers.commands.execution import CELL_TIMEOUT
from mnist_helpers.commands.sweeping.clusters import connect
from mnist_helpers.commands.sweeping.sweep import sweep
from mnist_helpers.data.mnist import DATA_VARIABLE, STAND_IN, load_mnist
from mnist_helpers.files import project_root

# Workers that train, and what each number of them is given.
TRAINING = (1, 2)
TRAINED = 40
# Workers that do nothing, and how often.
WORKERS = (1, 2, 4)
POINTS = (10, 100, 500)


def run_points(workers: int, count: int) -> dict[str, object]:
    folder = Path(tempfile.mkdtemp())
    try:
        started = time.perf_counter()
        points, _ending = sweep(
            project_root() / "notebooks" / "02_small_mlp.ipynb",
            {"EPOCHS": [1], "SEED": list(range(count))},
            load_mnist(),
            folder,
            None,
            workers,
            False,
            CELL_TIMEOUT,
            Console(quiet=True),
        )
        seconds = time.perf_counter() - started
        finished = sum(point.results is not None for point in points)
        assert finished == count, f"{finished} of {count} points are finished"
    finally:
        shutil.rmtree(folder)
    return {"kind": "points", "workers": workers, "points": count, "seconds": seconds}


def run_nothing(workers: int) -> list[dict[str, object]]:
    measured = []
    with connect(None, workers, [], Console(quiet=True)) as client:
        wait(client.map(hash, range(1000), pure=False))
        for count in POINTS:
            started = time.perf_counter()
            client.gather(client.map(hash, range(count), pure=False))
            seconds = time.perf_counter() - started
            measured.append({"kind": "nothing", "workers": workers, "points": count})
            measured[-1]["seconds"] = seconds
    return measured


# Dask's processes import this file too.
if __name__ == "__main__":
    os.environ[DATA_VARIABLE] = STAND_IN
    measured = [run_points(workers, TRAINED) for workers in TRAINING]
    for workers in WORKERS:
        measured += run_nothing(workers)
    print(json.dumps({"sweep": measured}))
