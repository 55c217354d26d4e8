"""What publishing keeps of a run, and that it keeps all of it or nothing."""

import copy
import json

import nbformat
import pandas as pd
import publish as publishing
import pytest
from made_up_results import RESULTS, UNTRAINED
from nbformat.v4 import new_code_cell, new_notebook
from rich.console import Console

from mnist_helpers.commands import sweep
from mnist_helpers.commands.execution import Outcome
from mnist_helpers.commands.summary import exit_code_of
from mnist_helpers.errors import ExitCode


def make_results(notebook: str, accuracy: float, met: bool | None = True) -> dict:
    results = copy.deepcopy(RESULTS) | {"notebook": notebook}
    results["model"]["name"] = "small_mlp"
    results["metrics"] |= {"accuracy": accuracy, "macro_f1": accuracy - 0.001}
    results["per_class"]["1"]["f1"] = 0.7
    results["claims"][0] |= {"asked": "about 93 %", "met": met}
    results["findings"]["plain"] = {"validation_accuracy": 0.92, "silent_units": 1}
    return results


def make_outcome(notebook: str = "02_small_mlp", **changes) -> Outcome:
    fields = {
        "seconds": 12.4,
        "exit_code": ExitCode.COMPLETED,
        "message": "",
        "results": make_results(notebook, 0.92),
    }
    return Outcome(notebook, **(fields | changes))


def make_failure(message: str) -> Outcome:
    return make_outcome(
        exit_code=ExitCode.NOTEBOOK_FAILED, message=message, results=None
    )


def write_page(page, start: str, end: str) -> None:
    page.parent.mkdir(parents=True, exist_ok=True)
    page.write_text(f"Before\n{start}\nold table\n{end}\nAfter\n")


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """Make a small checkout whose notebooks are run by the test."""
    (tmp_path / "figures").mkdir()
    cell = new_code_cell("1", id="one", metadata={"tags": []})
    cell.metadata["papermill"] = {"duration": 1.0}
    executed = new_notebook(cells=[cell], metadata={"papermill": {"version": "2"}})
    for name in ("02_small_mlp", "further/how_sure"):
        path = tmp_path / "notebooks" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True)
        nbformat.write(new_notebook(cells=[]), path)
    for name in ("02_old", "how_sure_old", "lab_draw", "bench_seconds"):
        (tmp_path / "figures" / f"{name}.png").write_bytes(b"old")
    left = tmp_path / "build" / "run" / "figures" / "02_left.png"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"of an earlier run")
    write_page(tmp_path / "README.md", publishing.TABLE_START, publishing.TABLE_END)
    speed = tmp_path / publishing.SPEED_README
    write_page(speed, publishing.SPEED_START, publishing.SPEED_END)
    seeds_file = tmp_path / "seeds.csv"
    seeds_file.write_text("old seeds\n")
    monkeypatch.setattr(publishing, "PUBLISHED_SEEDS", seeds_file)
    monkeypatch.setattr(publishing, "PUBLISHED_CELLS", tmp_path / "cells.json")

    def run(assigned, output, *options):
        [(path, parameters)] = assigned.items()
        for folder in ("notebooks", "figures"):
            (output / folder).mkdir(parents=True, exist_ok=True)
        nbformat.write(executed, output / "notebooks" / path.name)
        figure = f"figures/{path.stem.partition('_')[0]}_new.png"
        (output / figure).write_bytes(b"new")
        seed = parameters.get("SEED", 1)
        results = make_results(path.stem, 0.90 + seed / 100) | {"seed": seed}
        if path.parent.name == "further":
            results = UNTRAINED | {"notebook": path.stem}
        results["files"] = {figure: "digest"}
        return [make_outcome(path.stem, results=results)]

    monkeypatch.setattr(publishing, "run_notebooks", run)
    return tmp_path


def publish(checkout):
    with (checkout / "log.txt").open("w") as log:
        return publishing.publish(checkout, Console(file=log))


def test_publishing_refreshes_notebooks_figures_seeds_and_the_table(checkout):
    outcomes = publish(checkout)
    assert [outcome.name for outcome in outcomes] == ["02_small_mlp", "how_sure"]
    assert exit_code_of(outcomes) is ExitCode.COMPLETED
    for name in ("02_small_mlp", "further/how_sure"):
        notebook = nbformat.read(checkout / "notebooks" / f"{name}.ipynb", 4)
        assert "papermill" not in notebook.metadata
        assert notebook.cells[0].metadata == {}
        assert notebook.cells[0].id == "one"
    assert sorted(path.name for path in (checkout / "figures").iterdir()) == [
        *("02_new.png", "bench_seconds.png", "how_new.png", "lab_draw.png")
    ]
    seeds = pd.read_csv(checkout / "seeds.csv")
    assert set(seeds.plain_validation_accuracy) == {0.92}
    assert set(seeds.plain_silent_units) == {1}
    assert list(seeds.seed) == list(range(1, 11))
    assert seeds.accuracy.median() == pytest.approx(0.955)
    assert set(seeds.lowest_class_f1) == {0.7}
    readme = (checkout / "README.md").read_text()
    assert readme.startswith("Before\n")
    assert readme.endswith("After\n")
    assert "old table" not in readme
    assert (
        "| [02_small_mlp](notebooks/02_small_mlp.ipynb)<br>small MLP, 784-8-10, "
        "20 marks | about 93&nbsp;% | accuracy **0.9550** (0.9100 to 1.0000) |"
    ) in readme


@pytest.mark.parametrize("failing", ["how_sure", "seed-03"])
def test_a_failure_leaves_everything_as_it_was(checkout, monkeypatch, failing):
    succeed = publishing.run_notebooks

    def run(assigned, output, *options):
        outcomes = succeed(assigned, output, *options)
        if failing in (output.name, next(iter(assigned)).stem):
            return [make_failure("on purpose")]
        return outcomes

    monkeypatch.setattr(publishing, "run_notebooks", run)
    before = {
        path: path.read_bytes()
        for path in checkout.rglob("*")
        if path.is_file() and "build" not in path.parts
    }
    with pytest.raises(
        publishing.PublishingError, match=r"nothing was published.*on purpose"
    ) as raised:
        publish(checkout)
    assert raised.value.ending is ExitCode.NOTEBOOK_FAILED
    for path, content in before.items():
        assert path.read_bytes() == content


def test_an_interruption_leaves_everything_as_it_was(checkout, monkeypatch):
    succeed = publishing.run_notebooks

    def run(assigned, output, *options):
        if output.name == "run":
            raise KeyboardInterrupt
        return succeed(assigned, output, *options)

    monkeypatch.setattr(publishing, "run_notebooks", run)
    with pytest.raises(KeyboardInterrupt):
        publish(checkout)
    assert (checkout / "seeds.csv").read_text() == "old seeds\n"


def test_a_readme_without_the_place_for_the_table_is_refused(checkout):
    (checkout / "README.md").write_text("no place")
    with pytest.raises(publishing.PublishingError, match="the table goes between them"):
        publish(checkout)
    assert (checkout / "seeds.csv").read_text() == "old seeds\n"


@pytest.mark.parametrize(
    ("outcomes", "ending"),
    [
        ([make_outcome()], ExitCode.COMPLETED),
        ([make_outcome(results=make_results("a", 0.5, met=None))], ExitCode.COMPLETED),
        (
            [make_outcome(results=make_results("a", 0.5, met=False))],
            ExitCode.CLAIM_NOT_MET,
        ),
        (
            [make_outcome(results=make_results("a", 0.5, met=False)), make_failure("")],
            ExitCode.NOTEBOOK_FAILED,
        ),
    ],
)
def test_the_ending_of_a_run_is_that_of_its_first_failure(outcomes, ending):
    assert exit_code_of(outcomes) is ending


def test_the_speed_table_names_contenders_targets_and_the_machine(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(publishing, "PUBLISHED_SPEEDRUNS", tmp_path / "speedruns.csv")
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "bench_old.png").write_bytes(b"old")
    readme = tmp_path / publishing.SPEED_README
    write_page(readme, publishing.SPEED_START, publishing.SPEED_END)
    measured = tmp_path / "measured"
    measured.mkdir()
    (measured / "bench_seconds.png").write_bytes(b"new")
    runs = [
        {
            "part": "small",
            "contender": contender,
            "seconds": seconds,
            "epoch_seconds": 1,
        }
        for contender, seconds in [("ours", 2), ("ours", 4), ("plain Keras", 30)]
    ]
    runs.append(
        {
            "part": "speedrun",
            "contender": "ours",
            "seed": 1,
            "seconds": 9.5,
            "macro_f1": 0.991,
        }
    )
    results = {
        "runs": runs,
        "torch": "not installed",
        "targets": [
            {"name": "fast", "required": ">= 8.0", "measured": 7.994, "met": False}
        ],
        "environment": {
            "processor": "some processor",
            "cores": 2,
            "vector_flags": [],
            "python": "3.11",
            "versions": {"tensorflow": "2", "keras": "3", "numpy": "2"},
        },
        "dataset": {"name": "MNIST", "digest": "b2"},
    }
    (measured / "bench.json").write_text(json.dumps(results))
    publishing.publish_speed(tmp_path, measured)
    text = readme.read_text()
    assert "old table" not in text
    assert "| 784-8-10: 10 epochs | **3.0** (2.0 to 4.0) | **30.0** |" in text
    assert "| fast | >= 8.0 | 7.994 | not met |" in text
    assert "some processor, 2 cores" in text
    assert text.startswith("Before\n")
    assert text.endswith("After\n")
    [race] = pd.read_csv(tmp_path / "speedruns.csv").to_dict("records")
    assert race["macro_f1"] == 0.991
    assert race["dataset_digest"] == "b2"
    figures = [path.name for path in (tmp_path / "figures").iterdir()]
    assert figures == ["bench_seconds.png"]


def test_the_widths_are_those_of_a_sweep(tmp_path, monkeypatch):
    widths = tmp_path / "widths.csv"
    widths.write_text("old")
    monkeypatch.setattr(publishing, "PUBLISHED_WIDTHS", widths)
    notebook = tmp_path / "notebooks" / "03_wide.ipynb"
    notebook.parent.mkdir()
    nbformat.write(new_notebook(), notebook)
    exit_code = ExitCode.NOTEBOOK_FAILED
    measured = {
        **{"HIDDEN_UNITS": 8, "SEED": 1, "EPOCHS": 10},
        **{"accuracy": 0.993, "best_validation_accuracy": 0.99},
        **{"model_parameters": 225_034, "training_seconds": 1.5},
        **{"dataset_digest": "ab", "processor": "a processor", "tensorflow": "2.21.0"},
    }

    def run(path, grid, dataset, output, settings, console):
        assert path == notebook
        assert grid == [
            "HIDDEN_UNITS=1,2,4,8,16,32,64,128,256,512,1024",
            "SEED=1,2,3,4,5,6,7,8,9,10",
        ]
        output.mkdir(parents=True, exist_ok=True)
        pd.DataFrame([measured]).to_csv(output / "sweep.csv", index=False)
        return exit_code

    monkeypatch.setattr(sweep, "sweep", run)
    with (tmp_path / "log.txt").open("w") as log:
        console = Console(file=log)
        with pytest.raises(publishing.PublishingError, match="nothing was published"):
            publishing.publish_widths(tmp_path, None, console)
        assert widths.read_text() == "old"
        exit_code = ExitCode.COMPLETED
        publishing.publish_widths(tmp_path, None, console)
    [row] = pd.read_csv(widths).to_dict("records")
    assert row == {
        "hidden_units": 8,
        "seed": 1,
        "parameters": 225_034,
        "accuracy": 0.993,
        "best_validation_accuracy": 0.99,
        "seconds": 1.5,
        "dataset_digest": "ab",
        "processor": "a processor",
        "tensorflow": "2.21.0",
    }


def test_ablations_are_kept_as_tables(tmp_path, monkeypatch):
    ablations = tmp_path / "ablations"
    ablations.mkdir()
    (ablations / "cnn.csv").write_text("old")
    monkeypatch.setattr(publishing, "PUBLISHED_ABLATIONS", ablations)
    cell = new_code_cell("EXTENDED: bool = False", metadata={"tags": ["parameters"]})
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    folder = tmp_path / "notebooks" / "further"
    folder.mkdir(parents=True)
    notebook = new_notebook(cells=[cell], metadata={"kernelspec": kernel})
    for path in (folder / "better_recipes.ipynb", folder.parent / "02_plain.ipynb"):
        nbformat.write(notebook, path)
    ending = ExitCode.NOTEBOOK_FAILED

    def run(assigned, output, *options):
        assert {path.stem: given for path, given in assigned.items()} == {
            "better_recipes": {"EXTENDED": True}
        }
        (output / "tables").mkdir(parents=True, exist_ok=True)
        (output / "tables" / "cnn.csv").write_text("step,accuracy\nlonger,0.9\n")
        results = UNTRAINED | {"files": {"tables/cnn.csv": "digest"}}
        return [
            make_outcome(exit_code=ending, message="it broke", results=results),
        ]

    monkeypatch.setattr(publishing, "run_notebooks", run)
    with (tmp_path / "log.txt").open("w") as log:
        console = Console(file=log)
        with pytest.raises(publishing.PublishingError, match="it broke"):
            publishing.publish_ablations(tmp_path, console)
        assert (ablations / "cnn.csv").read_text() == "old"
        ending = ExitCode.COMPLETED
        publishing.publish_ablations(tmp_path, console)
    [row] = pd.read_csv(ablations / "cnn.csv").to_dict("records")
    assert row == {
        "step": "longer",
        "accuracy": 0.9,
        "dataset_digest": "ab" * 32,
        "processor": "a processor",
        "tensorflow": "2.21.0",
        "commit": RESULTS["environment"]["commit"],
    }


def test_nothing_is_published_from_the_stand_in(monkeypatch, capsys):
    monkeypatch.setenv("MNIST_HELPERS_DATA", "stand-in")
    monkeypatch.setattr("sys.argv", ["publish.py"])
    assert publishing.main() == ExitCode.DATA_UNUSABLE
    assert "is not MNIST: nothing is published from it" in capsys.readouterr().err
