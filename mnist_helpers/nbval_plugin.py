"""A pytest plugin that lets numbers in a notebook's outputs move by a tolerance.

nbval compares outputs to the letter, so another processor's last digit fails it. Tags
of a code cell state how far its numbers may move:

nbval-tolerance=0.01      numbers with a decimal point or an exponent, by 0.01; and
                          percentages as what they mean: 92.7 % is 0.927
nbval-count-tolerance=25  whole numbers: 980 or 60,000, by 25

Everything else stays exact: cells without these tags; in a cell with one, numbers of
the other kind, how a number is written (its decimals, an exponent, a per-cent sign),
and the text, in which only blanks may grow or shrink, because column widths move. A
number inside a word, version or name is text (``x1``, ``2.21.0``, ``SHA-256``), and so
are HTML and the headings of its tables. ``nan`` and ``inf`` equal only themselves.

stderr never decides. Notebooks run in kernels of the Python that runs pytest, and
pytest-xdist keeps the cells of a notebook on one worker.
"""

import re
from collections.abc import Iterable
from decimal import Context, Decimal
from difflib import unified_diff
from typing import Any

import pytest

TAG = "nbval-tolerance"
COUNT_TAG = "nbval-count-tolerance"
# nbval waits 5 s for a cell's next output, which a busy machine can exceed.
OUTPUT_TIMEOUT_SECONDS = 60

_NUMBER = re.compile(
    r"""
    <(?P<element>style|script|th)\b.*?</(?P=element)>  # HTML that is text throughout,
    | <[a-z/!][^<>]*>                                  # and any other tag
    | (?<![\w.])(?<![^\W\d]-)                          # not inside a word or a name
      (?P<number>
        (?P<value>[-+]?(?:
          (?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)
          (?:\.(?P<decimals>[0-9]+))?(?P<exponent>e[-+]?[0-9]+)?
          | (?P<special>nan|inf)))
        (?!\w|\.\w)(?:[^\S\n]?(?P<percent>%))?)
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
# In binary, 0.93 is more than 0.01 from 0.92. No error is raised: what is too large to
# subtract becomes infinite or nan, which is within no tolerance.
_DECIMALS = Context(prec=1000, traps=[])


def read_tolerances(tags: Iterable[str]) -> dict[str, Decimal]:
    """Read the tolerances among a cell's tags, by the tag's name.

    Raises
    ------
    ValueError
        If a tolerance is not a plain number such as 0.01.
    """
    tolerances = {}
    for tag in tags:
        name, _, value = tag.partition("=")
        if not name.startswith((TAG, COUNT_TAG)):
            continue
        if name not in (TAG, COUNT_TAG) or not re.fullmatch(r"\d+(\.\d+)?", value):
            raise ValueError(f'tag "{tag}": expected {TAG}=0.01 or {COUNT_TAG}=25')
        tolerances[name] = Decimal(value)
    return tolerances


def find_differences(
    stored: str, new: str, tolerances: dict[str, Decimal]
) -> list[str]:
    """Compare two outputs: the text without the numbers, then number by number.

    Returns a line for the reader about each difference.
    """
    if _text_lines(stored) != _text_lines(new):
        both = (text.split("\n") for text in (stored, new))
        return list(unified_diff(*both, "stored", "new", n=0, lineterm=""))
    return [
        f"{_label(old)}: stored {old['number']}, new {now['number']}, {reason}"
        for old, now in zip(_numbers(stored), _numbers(new), strict=True)
        if (reason := _why_different(old, now, tolerances))
    ]


def _numbers(text: str) -> list[re.Match]:
    return [found for found in _NUMBER.finditer(text) if found["number"]]


def _text_lines(text: str) -> list[str]:
    """Return the lines with NUL for each number and the blanks folded."""
    text = _NUMBER.sub(lambda found: "\0" if found["number"] else found[0], text)
    lines = [" ".join(line.split()) for line in text.split("\n")]
    return [re.sub(" ?\0 ?", "\0", line) for line in lines]


def _form(number: re.Match) -> tuple[int, bool, bool, bool]:
    """Return how a number is written, in which a whole number has nothing true."""
    decimals, *marks = number.group("decimals", "exponent", "special", "percent")
    return len(decimals or ""), *map(bool, marks)


def _value(number: re.Match) -> Decimal:
    return _DECIMALS.create_decimal(number["value"].replace(",", ""))


def _why_different(old: re.Match, now: re.Match, tolerances: dict[str, Decimal]) -> str:
    """Return why two numbers differ, or nothing if they do not."""
    if old["number"] == now["number"]:
        return ""
    if _form(old) != _form(now):
        return "written in another form"
    tag = TAG if any(_form(old)) else COUNT_TAG
    tolerance = tolerances.get(tag, Decimal(0))
    limit = tolerance * 100 if old["percent"] else tolerance
    distance = _DECIMALS.subtract(_value(old), _value(now)).copy_abs()
    if limit and distance.is_finite() and distance <= limit:
        return ""
    return f"{distance} apart, tolerance {limit} ({tag}={tolerance})"


def _label(number: re.Match) -> str:
    """Name a number by what is before it on its line or its table's row."""
    before = number.string[: number.start()]
    row = re.split(r"<tr[^>]*>|\n(?!\s*<)", before)[-1]
    return " ".join(re.sub("<[^>]*>", " ", row).split()).rstrip(":") or "a number"


def pytest_configure(config: pytest.Config) -> None:
    """Run notebooks in kernels of this Python, and each on one worker of xdist."""
    if not any(config.getoption(name, False) for name in ("nbval", "nbval_lax")):
        return
    # A kernel of another project may have the name that the notebooks call for.
    if not config.option.nbval_kernel_name:
        config.option.nbval_current_env = True
    # The cells of a notebook share a kernel.
    if config.getoption("dist", "no") in ("load", "worksteal"):
        config.option.dist = "loadfile"


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Leave stderr out of the comparison."""
    if hasattr(collector, "skip_compare"):  # only nbval's notebooks have it
        collector.skip_compare += ("stderr",)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give a cell of a notebook its tolerances."""
    if not hasattr(item.parent, "skip_compare"):
        return
    item.output_timeout = OUTPUT_TIMEOUT_SECONDS
    try:
        tolerances = read_tolerances(item.cell.metadata.get("tags") or [])
    except ValueError as error:
        raise pytest.UsageError(f"{item.nodeid}: {error}") from None
    if tolerances:
        # nbval offers no comparison of one text to replace, but it passes each through
        # `sanitize`, and pairs, skips and counts outputs itself.
        sanitize = item.sanitize
        item.sanitize = lambda output: _tolerant(sanitize(output), tolerances)


class _TolerantText(str):
    """A sanitized output, which nbval compares by ``stored != new``."""

    tolerances: dict[str, Decimal]

    def __ne__(self, new: object) -> bool:
        return bool(find_differences(self, str(new), self.tolerances))


def _tolerant(output: Any, tolerances: dict[str, Decimal]) -> Any:
    if not isinstance(output, str):
        return output
    text = _TolerantText(output)
    text.tolerances = tolerances
    return text


@pytest.hookimpl(tryfirst=True)
def pytest_assertrepr_compare(left: object, right: object) -> list[str] | None:
    """Explain a difference: nbval asks this hook, and prints the first answer."""
    if isinstance(left, _TolerantText):
        return find_differences(left, str(right), left.tolerances)
    return None
