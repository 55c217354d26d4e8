"""The figures of what training costs."""

import numpy as np
import pytest
from figure_examples import drawn, widths
from figure_reading import draw, legend_of, texts_of

from mnist_helpers import plotting

# A missing glyph or a layout without room is a warning, and no warning is welcome.
pytestmark = pytest.mark.filterwarnings("error")


# --- width


def test_lines_are_the_medians_and_bands_the_range_of_the_seeds():
    table = widths().assign(processor="named in the published table")
    figure = plotting.width(table.sample(frac=1, random_state=0))
    for axes, values in zip(
        figure.axes,
        (1 - table.accuracy, table.parameters, table.seconds),
        strict=True,
    ):
        seeds = {
            number: sorted(values[table.hidden_units == number])
            for number in (2**power for power in range(11))
        }
        assert dict(axes.lines[0].get_xydata()) == pytest.approx(
            {number: middle for number, (_, middle, _) in seeds.items()}
        )
        (band,) = axes.collections
        corners = {tuple(corner) for corner in band.get_paths()[0].vertices}
        for number, (lowest, _, highest) in seeds.items():
            assert {(number, lowest), (number, highest)} <= corners
        assert axes.get_xscale() == "log"
    assert legend_of(figure) == ["median of the seeds", "lowest to highest seed"]


def test_everything_is_within_the_limits():
    figure, _ = drawn("width")
    for axes in figure.axes:
        low, high = axes.get_ylim()
        (band,) = axes.collections
        values = band.get_paths()[0].vertices[:, 1]
        assert low <= values.min() <= values.max() <= high


def test_marked_widths_have_a_line_and_a_name():
    table = widths()
    figure = plotting.width(table, (4, 64))
    for axes in figure.axes:
        assert [list(line.get_xdata()) for line in axes.lines[1:]] == [[4, 4], [64, 64]]
    errors = [
        np.median(1 - table.accuracy[table.hidden_units == number])
        for number in (4, 64)
    ]
    assert texts_of(figure.axes[0]) == [
        f"4 units\n{100 * errors[0]:.2g} % wrong",
        f"64 units\n{100 * errors[1]:.2g} % wrong",
    ]


def test_a_network_without_errors_can_be_drawn():
    table = widths((8, 128), 1)
    for accuracy in ([0.9, 1.0], [1.0, 1.0]):
        figure = plotting.width(table.assign(accuracy=accuracy))
        draw(figure)
        assert list(figure.axes[0].lines[0].get_ydata()) == pytest.approx(
            [1 - value for value in accuracy]
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop(columns=["seed", "seconds"]), "got no seed, seconds"),
        (lambda table: table[:0], "got no rows"),
        (lambda table: table.to_dict(), "got dict"),
        (lambda table: table.assign(accuracy=98.0), "accuracy: got values from 98.0"),
        (lambda table: table.assign(hidden_units=0), "hidden_units: got values from 0"),
        (lambda table: table.assign(parameters=0), "parameters: got values from 0"),
        (lambda table: table.assign(seconds=0.0), "seconds: got 0 or less"),
        (lambda table: table.assign(seconds=np.nan), "seconds: got nan"),
    ],
)
def test_a_table_that_cannot_be_drawn_is_refused(change, message):
    with pytest.raises(ValueError, match=f"^table.*{message}.*expected"):
        plotting.width(change(widths()))


def test_a_marked_width_that_was_not_measured_is_refused():
    with pytest.raises(ValueError, match=r"^marked: got 7, expected .* 1, 2, 4"):
        plotting.width(widths(), (8, 7))
