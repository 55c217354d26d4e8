"""What the README says is so, and its commands work when pasted."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import publish as publishing
import pytest

from mnist_helpers.data.mnist import STAND_IN
from mnist_helpers.results import published

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def block_with(words: str) -> str:
    (found,) = [block for block in BLOCKS if words in block]
    return found


def test_every_path_that_is_linked_exists():
    for target in re.findall(r"\]\(([^)#]+)\)", README.replace("\n", " ")):
        if "://" not in target:
            assert (ROOT / target).exists(), target


def test_every_module_of_the_tree_exists():
    tree = README.partition("## The tree")[2]
    for name in re.findall(r"^    (\w+(?:\.py|/))", tree, re.MULTILINE):
        assert (ROOT / "mnist_helpers" / name).exists(), name


@pytest.mark.slow
def test_every_command_of_the_package_exists():
    source = "from mnist_helpers.__main__ import main; main(['--help'])"
    helped = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, check=True
    )
    named = set(re.findall(r"-m mnist_helpers (\w+)", README))
    assert named == set(re.findall(r"^    (\w+)", helped.stdout, re.MULTILINE))


def test_the_results_table_is_that_of_the_published_seeds():
    seeds = published.published_seeds()
    assert set(seeds.groupby("notebook").seed.nunique()) == {10}
    table = README.partition(publishing.TABLE_START)[2].partition(publishing.TABLE_END)[
        0
    ]
    for notebook, of_notebook in seeds.groupby("notebook"):
        (row,) = [line for line in table.splitlines() if f"[{notebook}]" in line]
        for number in (
            f"**{of_notebook.accuracy.median():.4f}**",
            f"({of_notebook.accuracy.min():.4f} to",
            f"**{of_notebook.macro_f1.median():.4f}**",
            f"to {of_notebook.macro_f1.max():.4f})",
        ):
            assert number in row


def test_the_published_seeds_bear_out_what_the_notebooks_say_of_them():
    accuracy = published.published_seeds().groupby("notebook").accuracy
    lowest, highest = accuracy.min(), accuracy.max()
    assert highest["02_small_mlp"] < lowest["03_wide_mlp"]
    assert highest["03_wide_mlp"] < lowest["04_cnn"]
    spread = accuracy.std()
    assert spread["02_small_mlp"] > spread["03_wide_mlp"] > spread["04_cnn"]


def test_the_published_seeds_meet_what_the_assignment_asks():
    seeds = published.published_seeds()
    assert seeds.dataset_digest.nunique() == 1

    def column(notebook: str, name: str) -> pd.Series:
        return seeds[seeds.notebook == notebook][name]

    assert column("02_small_mlp", "accuracy").median() >= 0.925
    assert column("03_wide_mlp", "accuracy").median() >= 0.975
    assert column("04_cnn", "accuracy").median() >= 0.991
    assert column("04_cnn", "macro_f1").median() >= 0.991
    assert column("04_cnn", "macro_f1").min() >= 0.99
    assert column("04_cnn", "lowest_class_f1").min() >= 0.98


def test_the_better_recipes_reach_what_is_said_of_them():
    seconds = []
    for network, aim in [("small_mlp", 0.938), ("wide_mlp", 0.987), ("cnn", 0.9955)]:
        ladder = published.published_ladder(network)
        assert ladder.groupby("step").seed.nunique().tolist() == 4 * [5]
        by_step = ladder.groupby("step", sort=False).accuracy.median()
        assert f"{by_step.iloc[-1]:.4f}" in README
        assert by_step.iloc[-1] >= aim
        # Longer training alone is what every notebook says brings nothing.
        assert by_step["longer"] <= by_step["baseline"]
        assert by_step["nine shifts"] > by_step["distorted images"]
        seconds += list(ladder.seconds)
    assert f"longer than {max(seconds):.0f} s" in README
    assert max(seconds) < 4 * 60


@pytest.mark.notebooks
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("run 03", "written to build/narrow"),
        ("parameters 03", "HIDDEN_UNITS"),
        ("build/by-hand", ""),
        ("sweep 02", "9 of 9 points are in build/three-widths"),
    ],
)
def test_command_works_when_pasted(words, expected):
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block_with(words)],
        cwd=ROOT,
        env=os.environ | {"MNIST_HELPERS_DATA": STAND_IN},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert expected in ended.stdout
