"""The curves of a training, drawn while it runs."""

import base64
import time
from collections.abc import Mapping

import numpy as np
from IPython.display import DisplayHandle
from matplotlib.ticker import MaxNLocator

from mnist_helpers.plotting.curves import ACCURACY_LIMITS, LOSS_LIMITS
from mnist_helpers.plotting.style import BLUE, GREY, INK, PALE, VERMILION, widen

PAUSE_SECONDS = 0.5
# How many epochs were done, and what was measured then.
Point = tuple[float, Mapping[str, float]]

LIMITS = {"accuracy": ACCURACY_LIMITS, "loss": LOSS_LIMITS}
# Pixels: where the plots' areas begin and end.
LEFTS = {"accuracy": 60, "loss": 450}
WIDTH, TOP, BOTTOM = 300, 40, 220
PICTURE = f"""<svg xmlns="http://www.w3.org/2000/svg" width="780" height="290"
 font-family="DejaVu Sans, sans-serif" font-size="12" fill="{INK}" stroke-width="1.5">
<marker id="dot" markerWidth="6" markerHeight="6" refX="3" refY="3"
 markerUnits="userSpaceOnUse"><circle cx="3" cy="3" r="3" fill="{GREY}"/></marker>
<marker id="square" markerWidth="6" markerHeight="6"
 refX="3" refY="3" markerUnits="userSpaceOnUse"><path d="M0 0h6v6h-6z" fill="{BLUE}"/>
</marker><path d="M0 0h780v290h-780z" fill="white"/>"""
CURVE = '<polyline points="{}" fill="none" marker-start="url(#{marker})" '
CURVE += 'marker-mid="url(#{marker})" marker-end="url(#{marker})" {style}/>'
TRAINING = {"marker": "dot", "style": f'stroke="{GREY}" stroke-dasharray="6 3"'}
VALIDATION = {"marker": "square", "style": f'stroke="{BLUE}"'}
TEXT = '<text x="{:.0f}" y="{:.0f}" text-anchor="{}">{}</text>'


class LiveCurves:
    """A picture in a cell's output whose curves grow as a training goes on.

    It is written as SVG by hand, in a millisecond: matplotlib takes a hundred times as
    long for each, which a training of a few seconds would feel.

    Parameters
    ----------
    epochs : int
        How many the training is to have.
    """

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs
        self.points: list[Point] = []
        self.handle = DisplayHandle()
        self.handle.display(self._draw(self.points), raw=True)
        self.shown_at = time.perf_counter()

    def show_running(self, epochs: float, logs: Mapping[str, float]) -> None:
        """Show where the running epoch is, unless the picture is still new.

        Parameters
        ----------
        epochs : float
            How many are done, with the part of the running one.
        logs : mapping of str to float
            ``loss`` and ``accuracy`` of this epoch so far.
        """
        if time.perf_counter() - self.shown_at > PAUSE_SECONDS:
            self._show([*self.points, (epochs, logs)])

    def add_epoch(self, epochs: int, logs: Mapping[str, float]) -> None:
        """Add an epoch that has ended.

        Parameters
        ----------
        epochs : int
            How many are done.
        logs : mapping of str to float
            ``loss``, ``accuracy``, and ``val_`` with each of them, where measured.
        """
        self.points.append((epochs, dict(logs)))

    def finish(self) -> None:
        """Show the epochs that have ended, and nothing else."""
        self._show(self.points)

    def _show(self, points: list[Point]) -> None:
        self.handle.update(self._draw(points), raw=True)
        self.shown_at = time.perf_counter()

    def _draw(self, points: list[Point]) -> dict[str, str]:
        best = _best(self.points)
        title = f"{int(self.points[-1][0]) if self.points else 0} of {self.epochs}"
        title += " epochs" if self.epochs > 1 else " epoch"
        if best:
            title += f"; best: epoch {best}, "
            title += (
                f"validation accuracy {dict(self.points)[best]['val_accuracy']:.4f}"
            )
        picture = [
            PICTURE,
            TEXT.format(390, 20, "middle", title),
            *(_panel(metric, points, self.epochs, best) for metric in LIMITS),
            CURVE.format("290,275 320,275", **TRAINING),
            TEXT.format(330, 279, "start", "training"),
            CURVE.format("410,275 440,275", **VALIDATION),
            TEXT.format(450, 279, "start", "validation"),
            "</svg>",
        ]
        encoded = base64.b64encode("".join(picture).encode()).decode()
        alt = f"Accuracy and loss of training and validation by epoch: {title}"
        source = f"data:image/svg+xml;base64,{encoded}"
        return {"text/html": f'<img alt="{alt}" src="{source}">', "text/plain": title}


def _best(points: list[Point]) -> float | None:
    """Find the first epoch of the highest validation accuracy."""
    accuracies = {at: logs.get("val_accuracy", np.nan) for at, logs in points}
    known = {at: value for at, value in accuracies.items() if np.isfinite(value)}
    return max(known, key=known.get) if known else None


def _panel(metric: str, points: list[Point], epochs: int, best: float | None) -> str:
    curves = [
        [(at, logs[name]) for at, logs in points if np.isfinite(logs.get(name, np.nan))]
        for name in (metric, f"val_{metric}")
    ]
    values = np.array([value for curve in curves for _at, value in curve])
    low, high = widen(LIMITS[metric], values) if values.size else LIMITS[metric]
    left = LEFTS[metric]

    def place(epoch: float, value: float) -> tuple[float, float]:
        share = (value - low) / (high - low)
        return left + WIDTH * epoch / epochs, BOTTOM - (BOTTOM - TOP) * share

    drawn = []
    for tick in MaxNLocator(6, steps=[1, 2, 5, 10]).tick_values(low, high):
        if low <= tick <= high:
            _x, y = place(0, tick)
            drawn.append(f'<path d="M{left} {y:.1f}h{WIDTH}" stroke="{PALE}"/>')
            drawn.append(TEXT.format(left - 8, y + 4, "end", f"{tick:g}"))
    for tick in MaxNLocator(10, integer=True).tick_values(0, epochs):
        if 0 <= tick <= epochs:
            x, _y = place(tick, low)
            drawn.append(f'<path d="M{x:.1f} {BOTTOM}v4" stroke="{INK}"/>')
            drawn.append(TEXT.format(x, BOTTOM + 18, "middle", f"{tick:g}"))
    drawn.append(
        f'<path d="M{left} {TOP}V{BOTTOM}h{WIDTH}" stroke="{INK}" fill="none"/>'
    )
    drawn.append(TEXT.format(left + WIDTH / 2, BOTTOM + 36, "middle", "epoch"))
    middle = f"translate({left - 44} {(TOP + BOTTOM) / 2}) rotate(-90)"
    label = TEXT.format(0, 0, "middle", metric)
    drawn.append(f'<g transform="{middle}">{label}</g>')
    for curve, style in zip(curves, (TRAINING, VALIDATION), strict=True):
        places = " ".join("{:.1f},{:.1f}".format(*place(*point)) for point in curve)
        drawn.append(CURVE.format(places, **style))
    if best in dict(curves[1]):
        x, y = place(best, dict(curves[1])[best])
        circle = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7" fill="none" '
        drawn.append(f'{circle}stroke="{VERMILION}"/>')
    return "".join(drawn)
