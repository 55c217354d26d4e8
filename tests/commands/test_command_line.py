"""The command line: which notebooks and parameters it takes, and how it ends."""

import subprocess
import sys
from pathlib import Path

import pytest
from tiny_notebooks import write_notebook

from mnist_helpers.__main__ import main
from mnist_helpers.commands import data
from mnist_helpers.commands.notebooks import assign_parameters, find_notebooks
from mnist_helpers.errors import CourseError

ROOT = Path(__file__).parents[2]
NOTEBOOKS = ROOT / "notebooks"


def test_notebooks_are_found_by_number_name_path_and_folder(tmp_path):
    names = ("01_a", "02_b", "further/how_sure", "further/better")
    paths = {name: write_notebook(tmp_path / f"{name}.ipynb") for name in names}

    def found(*wanted: str) -> list[str]:
        return [path.stem for path in find_notebooks(tmp_path, wanted)]

    assert found() == ["01_a", "02_b"]
    assert found("further") == ["better", "how_sure"]
    assert found("how_sure", "02") == ["02_b", "how_sure"]
    assert found("01_a", str(paths["further/better"])) == ["01_a", "better"]
    for unknown in ("how", "elsewhere/01_a.ipynb"):
        with pytest.raises(CourseError, match=rf"'{unknown}'; .* 02_b, better, how_s"):
            found(unknown)


def test_a_parameter_goes_typed_to_the_notebooks_that_have_it(tmp_path):
    path = write_notebook(tmp_path / "{LABEL} of all" / "01_a.ipynb")
    given = {"SEED": "7", "RATE": "1", "LABEL": "1", "SLOW": "true"}
    assigned = assign_parameters([path], given)[path]
    assert assigned == {"SEED": 7, "RATE": 1.0, "LABEL": "1", "SLOW": True}
    assert isinstance(assigned["RATE"], float)
    of_course = assign_parameters(
        find_notebooks(NOTEBOOKS, ["01", "03"]),
        {"LEARNING_RATE": "1e-3", "HIDDEN_UNITS": "32"},
    )
    assert list(of_course.values()) == [
        {"LEARNING_RATE": 0.001},
        {"LEARNING_RATE": 0.001, "HIDDEN_UNITS": 32},
    ]


def test_a_damaged_notebook_is_named_with_a_way_out(tmp_path):
    path = tmp_path / "01_a.ipynb"
    path.write_text("<<<<<<< HEAD\n{}")
    with pytest.raises(CourseError, match=r"01_a.ipynb cannot be read.*git restore"):
        assign_parameters([path], {})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Usage: python -m mnist_helpers"),
        (["run", "05"], "error: no notebook '05'; expected one of 01_loading"),
        (["run", "-p", "EPOCH", "3"], "error: unknown parameter EPOCH. Did you mean E"),
        (["run", "-p", "EPOCHS", "many"], "EPOCHS: got 'many', expected a whole numb"),
        (["run", "-p", "SEED", "1.5"], "SEED: got '1.5', expected a whole number"),
        (["run", "-p", "LEARNING_RATE", "-1"], "LEARNING_RATE: got -1.0, expected"),
        (["run", "-p", "LEARNING_RATE", "nan"], "LEARNING_RATE: got nan, expected"),
        (["run", "--jobs", "0"], "Invalid value for '--jobs'"),
        (["sweep", "further", "--grid", "SEED=1"], "error: got 5 notebooks for 'furt"),
        (["submission", "--author", "A\nB"], "error: --author: got 'A\\nB', expected"),
    ],
)
def test_wrong_arguments_end_at_once_with_exit_code_2(
    arguments, message, tmp_path, capsys
):
    output = ["--output", str(tmp_path / "output")] if arguments else []
    assert main([*arguments, *output]) == 2
    printed = capsys.readouterr()
    assert message in printed.err
    assert printed.out == ""
    assert not (tmp_path / "output").exists()


def test_ctrl_c_ends_any_command_with_exit_code_130(monkeypatch, capsys):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(data, "load_mnist", interrupt)
    assert main(["run"]) == 130
    assert capsys.readouterr().err == "interrupted\n"


@pytest.mark.parametrize("argument", ["--help", "-h"])
def test_a_pipe_that_is_closed_is_no_error(argument):
    child = subprocess.Popen(
        [sys.executable, "-m", "mnist_helpers", argument],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait() == 0


def test_help_comes_without_what_takes_seconds_to_import():
    source = (
        "import sys; from mnist_helpers.__main__ import main; main(['--help']);"
        "print({'tensorflow', 'dask', 'sklearn', 'pandas'} & {*sys.modules})"
    )
    helped = subprocess.check_output([sys.executable, "-c", source], text=True)
    assert helped.endswith("\nset()\n")


def test_make_passes_on_an_author_of_any_characters(tmp_path):
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\nprintf "%s|" "$AUTHOR" "$STUDENT_ID" "$@"')
    python.chmod(0o755)
    author = 'Ada "Countess" L\'Estrange; `$(false)`'
    printed = subprocess.check_output(
        [
            *("make", "--silent", "--old-file=setup", "submission", f"BIN={tmp_path}"),
            *(f"AUTHOR={author.replace('$', '$$')}", "STUDENT_ID=1 2"),
        ],
        cwd=ROOT,
        text=True,
    )
    assert printed == f"{author}|1 2|-m|mnist_helpers|submission|"
