"""Load MNIST in a process of its own, as a specification on the command line says."""

import json
import sys
from pathlib import Path

import mnist_server

from mnist_helpers.data import mnist as data


def write_half_and_wait(path: Path, arrays: object) -> None:
    write_archive(path, arrays)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size // 2)
    print("half written", flush=True)
    sys.stdin.read()


specification = json.loads(sys.argv[1])
mnist_server.block_other_sockets()
mnist_server.apply_specification(specification)
write_archive = data.write_archive
if specification.get("stop_in_write"):
    data.write_archive = write_half_and_wait
dataset = data.load_mnist()
digest = mnist_server.digest_of(mnist_server.arrays_of(dataset))
print(json.dumps([dataset.name, digest]))
