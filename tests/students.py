"""What a class hands in, made from honest submissions: edited, forged and hostile."""

import hashlib
import io
import json
import zipfile
from collections.abc import Callable

import h5py
import nbformat
import numpy as np

from mnist_helpers.commands.archives import pack, unpack
from mnist_helpers.data import load_mnist
from mnist_helpers.evaluation import evaluate

FOLDER = "mnist-submission"
Files = dict[str, bytes]
SMALL = "02_small_mlp"
MODEL, RESULTS = f"models/{SMALL}.keras", f"results/{SMALL}.json"
NOTEBOOK, PREDICTIONS = f"notebooks/{SMALL}.ipynb", f"predictions/{SMALL}.npz"


def read(archive: bytes) -> Files:
    return {
        name.removeprefix(f"{FOLDER}/"): content
        for name, content in unpack(archive).items()
    }


def sign(files: Files, author: str = "") -> bytes:
    """Bring every digest up to date, as a forger would, and pack."""
    files = dict(files)
    for name in [name for name in files if name.startswith("results/")]:
        results = json.loads(files[name])
        for path in results["files"]:
            if path in files:
                results["files"][path] = hashlib.sha256(files[path]).hexdigest()
        files[name] = json.dumps(results).encode()
    manifest = json.loads(files.pop("MANIFEST.json"))
    manifest["name"] = author or manifest["name"]
    manifest["files"] = {n: hashlib.sha256(c).hexdigest() for n, c in files.items()}
    files["MANIFEST.json"] = json.dumps(manifest).encode()
    return pack({f"{FOLDER}/{name}": content for name, content in files.items()})


# What a student may do: each takes and returns files.


def edit_text(files: Files) -> Files:
    return change_notebook(files, lambda cells: cells[1].update(source="## My words"))


def add_cells(files: Files) -> Files:
    def change(cells):
        text = nbformat.v4.new_markdown_cell("#### Mine\n\n![](https://a.b/c.png)")
        script = nbformat.v4.new_output("display_data")
        script.data = {"text/html": "<script>alert(1)</script>"}
        count = 1 + max(cell.get("execution_count") or 0 for cell in cells)
        code = nbformat.v4.new_code_cell("mine()", outputs=[script])
        code.execution_count = count
        cells.extend([text, code])

    return change_notebook(files, change)


def keep(files: Files) -> Files:
    return files


def save_as_before(files: Files) -> Files:
    """Save as older versions of Jupyter do, in whose format no cell has an id."""
    notebook = json.loads(files[NOTEBOOK])
    notebook["nbformat_minor"] = 4
    for cell in notebook["cells"]:
        del cell["id"]
    return files | {NOTEBOOK: json.dumps(notebook).encode()}


HONEST = {
    "as it is": keep,
    "other text": edit_text,
    "more cells": add_cells,
    "an older format": save_as_before,
}


def pack_again(archive: bytes) -> bytes:
    """Pack as a Mac does, from a folder of another name."""
    folder = "Ada's work (1)"
    files = {f"{folder}/{name}": content for name, content in read(archive).items()}
    files |= {f"{folder}/.DS_Store": b"x", f"__MACOSX/{folder}/._README.md": b"x"}
    return pack(files)


# What is forged, with every digest brought up to date.


def change_notebook(files: Files, change: Callable) -> Files:
    notebook = nbformat.reads(files[NOTEBOOK].decode(), as_version=4)
    change(notebook.cells)
    return files | {NOTEBOOK: nbformat.writes(notebook).encode()}


def change_results(files: Files, change: Callable) -> Files:
    results = json.loads(files[RESULTS])
    change(results)
    return files | {RESULTS: json.dumps(results).encode()}


def change_weights(files: Files, change: Callable) -> Files:
    members = unpack(files[MODEL])
    stream = io.BytesIO(members["model.weights.h5"])
    with h5py.File(stream, "r+") as file:
        change(file["layers/dense/vars"])
    members["model.weights.h5"] = stream.getvalue()
    return files | {MODEL: pack(members)}


def set_weights(value: float) -> Callable[[Files], Files]:
    def set_all(group):
        group["0"][...] = value

    return lambda files: change_weights(files, set_all)


def write_predictions(probabilities: np.ndarray) -> bytes:
    stream = io.BytesIO()
    labels = load_mnist().test_labels
    np.savez_compressed(stream, probabilities=probabilities, labels=labels)
    return stream.getvalue()


def invent_everything(files: Files) -> Files:
    """Make up predictions, and scores that fit them, wherever scores are stored."""
    labels = load_mnist().test_labels
    probabilities = np.full((len(labels), 10), 0.01, np.float32)
    answers = labels.copy()
    answers[:300] = (answers[:300] + 1) % 10
    probabilities[np.arange(len(labels)), answers] = 0.91
    scores = evaluate(labels, probabilities)
    metrics = {name: getattr(scores, name) for name in ("accuracy", "macro_f1", "loss")}

    def tell(results):
        results["metrics"] |= metrics
        for digit, f1 in scores.per_class["f1"].items():
            results["per_class"][str(digit)]["f1"] = f1

    def show(cells):
        for cell in cells:
            for output in cell.get("outputs", []):
                if "scores" in output.get("metadata", {}):
                    output.metadata["scores"] |= metrics

    files = change_notebook(change_results(files, tell), show)
    return files | {PREDICTIONS: write_predictions(probabilities)}


def raise_accuracy(files: Files) -> Files:
    return change_results(files, lambda results: results["metrics"].update(accuracy=1))


def show_other_scores(files: Files) -> Files:
    def change(cells):
        for cell in cells:
            for output in cell.get("outputs", []):
                if "scores" in output.get("metadata", {}):
                    output.metadata["scores"]["accuracy"] = 0.99

    return change_notebook(files, change)


def run_backwards(files: Files) -> Files:
    def change(cells):
        code = [cell for cell in cells if cell.cell_type == "code"]
        code[0].execution_count, code[1].execution_count = 2, 1

    return change_notebook(files, change)


def take_other_model(files: Files) -> Files:
    return files | {MODEL: files["models/03_wide_mlp.keras"]}


def spoil_probabilities(value: float) -> Callable[[Files], Files]:
    content = np.full((10_000, 10), value, np.float32)
    return lambda files: files | {PREDICTIONS: write_predictions(content)}


def link_outside(group) -> None:
    del group["0"]
    group["0"] = h5py.ExternalLink("/etc/passwd", "x")


def fill_metadata(files: Files) -> Files:
    notebook = json.loads(files[NOTEBOOK])
    notebook["metadata"]["x"] = [{}] * 1_000_000
    return files | {NOTEBOOK: json.dumps(notebook).encode()}


def leave_out(name: str) -> Callable[[Files], Files]:
    return lambda files: {n: each for n, each in files.items() if n != name}


FORGED = {
    "weights of zero": set_weights(0.0),
    "weights that are not finite": set_weights(np.nan),
    "everything but the weights": invent_everything,
    "predictions of labels": spoil_probabilities(0.1),
    "a higher accuracy": raise_accuracy,
    "other scores in the notebook": show_other_scores,
    "cells in another order": run_backwards,
    "a model that is missing": leave_out(MODEL),
    "a notebook that is missing": leave_out(NOTEBOOK),
    "probabilities that are not numbers": spoil_probabilities(np.nan),
    "infinite probabilities": spoil_probabilities(np.inf),
    "a million values": fill_metadata,
    "a link out of a model": lambda files: change_weights(files, link_outside),
}


# Nobody can ask another network than the assigned one: it is in order, and its scores
# count for nothing.
OTHER_NETWORK = "the model of another part"


# What is no submission at all, or means harm: each takes an archive.


def add_member(name: str, content: bytes = b"x", attributes: int = 0):
    def change(archive: bytes) -> bytes:
        stream = io.BytesIO(archive)
        with zipfile.ZipFile(stream, "a", zipfile.ZIP_DEFLATED) as packed:
            member = zipfile.ZipInfo(name)
            member.external_attr = attributes
            member.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(member, content)
        return stream.getvalue()

    return change


def add_thousands(archive: bytes) -> bytes:
    stream = io.BytesIO(archive)
    with zipfile.ZipFile(stream, "a") as packed:
        for number in range(5000):
            packed.writestr(f"{FOLDER}/{number}", b"")
    return stream.getvalue()


def encrypt(archive: bytes) -> bytes:
    """Set the bit that says so in every entry of the table of contents."""
    entry = archive.index(b"PK\1\2")
    changed = bytearray(archive)
    while entry >= 0:
        changed[entry + 8] |= 1
        entry = changed.find(b"PK\1\2", entry + 1)
    return bytes(changed)


def pack_several(archive: bytes) -> bytes:
    """Pack a folder of submissions, as bulk downloads come."""
    return pack(
        {
            f"{student}/{name}": content
            for student in ("Ada", "Grace")
            for name, content in read(archive).items()
        }
    )


HOSTILE = {
    "several in one": pack_several,
    "a zip in a zip": lambda archive: pack({"Ada/mnist-submission.zip": archive}),
    "cut off": lambda archive: archive[: len(archive) // 2],
    "no zip": lambda _archive: b"%PDF-1.7 my homework",
    "empty": lambda _archive: b"",
    "of something else": lambda _archive: pack({"homework.txt": b"done"}),
    "encrypted": encrypt,
    "with thousands of members": add_thousands,
    "that unpacks to gigabytes": add_member(f"{FOLDER}/zeros", bytes(2**28)),
    "with a way out": add_member(f"{FOLDER}/../../evil"),
    "with an absolute path": add_member("/etc/evil"),
    "with a link": add_member(f"{FOLDER}/link", b"/etc/passwd", 0o120777 << 16),
    "with a name twice": add_member(f"{FOLDER}/README.md"),
}
