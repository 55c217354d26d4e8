"""Where a sweep runs: processes of this machine, or any scheduler of Dask."""

import importlib.metadata
import logging
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from distributed import Client, LocalCluster
from rich.console import Console

from mnist_helpers.commands.sweeping.points import (
    UnfitWorkerError,
    check_fit,
    describe_worker,
)

CONNECT_SECONDS = 10
# Dask's, which tell of lost connections by tracebacks; a sweep says so in a line.
LOGGERS = ("distributed", "distributed.client", "tornado.application")


class ClusterError(RuntimeError):
    """A scheduler that is not there, or workers that are not as a sweep needs them."""


@contextmanager
def connect(
    address: str | None, workers: int, received: list[int], console: Console
) -> Iterator[Client]:
    """Start processes on this machine, or connect to a scheduler.

    Parameters
    ----------
    address : str or None
        Of a scheduler, such as ``tcp://10.0.0.1:8786``. None starts worker processes
        that, like their scheduler, listen on this machine only.
    workers : int
        How many to start.
    received : list of int
        Signals that ask to stop; while it is empty, the first worker is waited for.
    console : Console
        Where it is said that it is.

    Yields
    ------
    Client
        With at least one worker, unless there was a signal. The worker processes
        that were started end with it; those of a scheduler stay.

    Raises
    ------
    ClusterError
        If there is no scheduler at the address.
    """
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    if address is None:
        with _local_cluster(workers) as cluster, Client(cluster) as client:
            yield client
        return
    try:
        client = Client(address, timeout=CONNECT_SECONDS)
    except (OSError, ValueError) as error:
        raise ClusterError(f"no scheduler at {address}: {error}") from None
    with client:
        if not client.nthreads():
            console.print("waiting for a worker", highlight=False)
        while not (received or client.nthreads()):
            time.sleep(0.2)
        yield client


@contextmanager
def _local_cluster(workers: int) -> Iterator[LocalCluster]:
    # Ctrl-C is for this process alone; what it starts would otherwise stop by itself.
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        cluster = LocalCluster(
            n_workers=workers,
            threads_per_worker=1,
            processes=True,
            host="127.0.0.1",
            # Without a dashboard, and its place for one on a port of its own.
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            memory_limit=0,
            silence_logs=logging.CRITICAL,
        )
    finally:
        signal.signal(signal.SIGINT, handler)
    with cluster:
        yield cluster


def check_workers(client: Client, dataset_digest: str) -> tuple[dict[str, object], int]:
    """Make sure that every worker has this package, these versions and this data.

    Parameters
    ----------
    client : Client
        Connected.
    dataset_digest : str
        Of the data that the sweep is on.

    Returns
    -------
    expected : dict
        What a worker that joins later has to have.
    threads : int
        How many a point may compute with: a machine's cores over the points that it
        runs at once; of several machines, the least.

    Raises
    ------
    ClusterError
        If a worker has not; the message says which, and what.
    """
    installed = client.run(
        importlib.metadata.version, "mnist-helpers", on_error="return"
    )
    for address, version in installed.items():
        if isinstance(version, importlib.metadata.PackageNotFoundError):
            raise ClusterError(
                f"worker {address} has no package mnist_helpers; install the same "
                "course there"
            )
    here = describe_worker() | {"data": dataset_digest}
    expected = {name: here[name] for name in ("package", "versions", "python", "data")}
    points: dict[str, int] = {}
    cores: dict[str, int] = {}
    slots = client.nthreads()
    for address, found in client.run(describe_worker, on_error="return").items():
        if isinstance(found, Exception):
            raise ClusterError(f"worker {address}: {type(found).__name__}: {found}")
        try:
            check_fit(address, found, expected)
        except UnfitWorkerError as error:
            raise ClusterError(str(error)) from None
        host = found["host"]
        points[host] = points.get(host, 0) + slots.get(address, 1)
        cores[host] = found["cores"]
    threads = min(max(1, cores[host] // points[host]) for host in points)
    return expected, threads
