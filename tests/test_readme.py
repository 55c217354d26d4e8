"""What the README says is so: its commands, links, table, exit codes and layout."""

import re
import subprocess
import sys
from pathlib import Path

import publish as publishing
import pytest

from mnist_helpers.errors import ExitCode
from mnist_helpers.results.assignment import PARTS
from mnist_helpers.results.published import published_seeds

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(set(re.findall(r"-m mnist_helpers (\w+)", README)))


def test_it_is_short():
    assert len(README.splitlines()) <= 220


@pytest.mark.parametrize("page", ["README.md", publishing.SPEED_README])
def test_every_link_and_picture_exists(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = re.findall(r'\]\(([^)#]+)\)|src="([^"]+)"', text)
    local = ["".join(target) for target in targets if "://" not in target[0]]
    assert local
    for target in local:
        assert ((ROOT / page).parent / target).exists(), target


def test_every_make_target_exists():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^)make (\w+)", README, re.MULTILINE))
    assert named <= set(re.findall(r"^(\w+):", makefile, re.MULTILINE))


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_and_option_exists(command):
    ended = subprocess.run(
        [sys.executable, "-m", "mnist_helpers", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    for line in re.findall(rf"-m mnist_helpers {command}\b([^`\n]*)", README):
        for option in re.findall(r"(?<=\s)--?[a-z][a-z-]*", line):
            assert re.search(rf"(?<![\w-]){option}\b", ended.stdout), option


def test_the_results_are_the_published_ones_and_reach_what_is_asked():
    seeds = published_seeds()
    assert f"\n{publishing.results_table(seeds)}\n" in README
    assert "seeds 1 to 10" in README
    assert set(seeds.groupby("notebook").seed.agg(tuple)) == {tuple(range(1, 11))}
    for notebook, part in PARTS.items():
        medians = seeds[seeds.notebook == notebook].median(numeric_only=True)
        for score in part.scores:
            _name, column, _digits = publishing.SCORES[score.metric]
            assert medians[column] >= score.minimum


def test_the_exit_codes_are_all_there():
    table = README.partition("| exit code |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
    assert [int(code) for row in rows for code in row.split(", ")] == list(ExitCode)


def test_the_layout_is_that_of_the_folders():
    layout = README.partition("## Layout")[2]
    modules = re.findall(r"^    (\w+) ", layout, re.MULTILINE)
    there = {path.stem for path in (ROOT / "mnist_helpers").iterdir()}
    assert set(modules) == there - {"__init__", "__pycache__"}
    for folder in re.findall(r"^(\w+/)", layout, re.MULTILINE):
        assert (ROOT / folder).is_dir()
