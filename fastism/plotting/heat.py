"""The lower half of a picture: the score of every alternative at every position, as colours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm, Normalize
from matplotlib.image import AxesImage

from fastism.plotting.landscape import Landscape
from fastism.plotting.palette import DIVERGING, MISSING, SEQUENTIAL, letter_colors

COLUMNS = 2000
"""Columns that a picture can tell apart: of more positions, each column shows the farthest."""


def color_scale(landscape: Landscape) -> tuple[Normalize, str]:
    """Colours for the values: around the neutral one, as far as the farthest goes either way."""
    if landscape.score == "l2":
        return Normalize(0, float(np.nanmax(landscape.values)) or 1), SEQUENTIAL
    reach = float(np.nanmax(np.abs(landscape.values - landscape.neutral)))
    return CenteredNorm(landscape.neutral, reach or 1), DIVERGING


def draw_heat(
    axes: Axes, landscape: Landscape, scale: tuple[Normalize, str], *, marks: bool
) -> AxesImage:
    """A row an alternative, in their order; with ``marks``, a dot on those the sequence holds."""
    rows = len(landscape.labels)
    axes.set_facecolor(MISSING)
    image = axes.imshow(
        _columns(landscape.values, landscape.neutral),
        norm=scale[0],
        cmap=scale[1],
        aspect="auto",
        interpolation="nearest",
        extent=(landscape.start, landscape.stop, rows - 0.5, -0.5),
    )
    if marks:
        row, column = np.nonzero(landscape.held)
        axes.scatter(
            landscape.start + column + 0.5, row, 10, color="black", edgecolor="white", linewidth=0.5
        )
    axes.set_yticks(range(rows), landscape.labels, fontsize=8)
    colors = letter_colors(landscape.alphabet)
    for tick, label in zip(axes.get_yticklabels(), landscape.labels, strict=True):
        if label in colors:
            tick.set(color=colors[label], fontweight="bold")
    return image


def _columns(values: npt.NDArray[np.float64], neutral: float) -> npt.NDArray[np.float64]:
    """(A, P) in at most `COLUMNS` columns; of the values that fall into one, the farthest."""
    alternatives, positions = values.shape
    if positions <= COLUMNS:
        return values
    each = -(-positions // COLUMNS)
    padded = np.pad(values, ((0, 0), (0, -positions % each)), constant_values=np.nan)
    parts = padded.reshape(alternatives, -1, each)
    far = np.where(np.isnan(parts), -1, np.abs(parts - neutral)).argmax(axis=2)
    return np.take_along_axis(parts, far[..., None], axis=2)[..., 0]
