"""The picture of one sequence: a logo of contributions over the heat map of all mutations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import ConnectionPatch, Rectangle
from matplotlib.ticker import MaxNLocator

from fastism.errors import InputError
from fastism.plotting.heat import color_scale, draw_heat
from fastism.plotting.highlights import Highlight, check_highlights, draw_highlights
from fastism.plotting.landscape import Landscape
from fastism.plotting.logo import draw_bars, draw_letters

LEGIBLE = 150
"""Positions up to which every one has a letter; more have bars, and a close-up with letters."""
CLOSE_UP = 100
"""Positions of a close-up."""
_NARROWEST, _WIDEST, _POSITION = 9, 12, 0.3
"""Inches: of the figure, and of a position where there are few."""
_LOGO, _ROW, _GAP = 1.6, 0.19, 0.3
"""Inches: the heights of a logo, of a row of the heat map, and of the gap above the close-up."""
_QUIET, _FRAME = "#5a6372", "#2b2f36"

Panel = tuple[Axes, Axes]
"""A logo, and the heat map below it."""


def draw(
    landscape: Landscape,
    *,
    start: int | None = None,
    stop: int | None = None,
    highlights: Sequence[Highlight] = (),
) -> Figure:
    """Draw a landscape, whole or from ``start`` to ``stop`` of the sequence.

    Up to `LEGIBLE` positions have letters. Of more the whole is an overview, and the `CLOSE_UP`
    positions that contribute most stand below it. Raises InputError for an interval that holds no
    site, or a highlight outside of what is drawn.
    """
    shown = _zoomed(landscape, start, stop)
    check_highlights(highlights, shown)
    panels = [shown] if len(shown.text) <= LEGIBLE else [shown, _strongest(shown)]
    heights = [_LOGO, max(_ROW * len(shown.labels), 0.5)]
    width = min(max(_POSITION * len(shown.text) + 1.5, _NARROWEST), _WIDEST)
    figure = Figure(
        figsize=(width, sum(heights) * len(panels) + 1.2 + _GAP * (len(panels) - 1)),
        layout=ConstrainedLayoutEngine(h_pad=0.02, w_pad=0.05, hspace=0.0, wspace=0.01),
    )
    ratios = heights if len(panels) == 1 else [*heights, _GAP, *heights]
    grid = figure.add_gridspec(len(ratios), 2, width_ratios=[80, 1], height_ratios=ratios)
    scale, drawn = color_scale(shown), list[Panel]()
    for row, part in zip((0, 3), panels, strict=False):
        logo = figure.add_subplot(grid[row, 0])
        panel = logo, figure.add_subplot(grid[row + 1, 0], sharex=logo)
        _draw_panel(panel, part, letters=part is panels[-1])
        image = draw_heat(panel[1], part, scale, marks=part is panels[-1])
        draw_highlights(*panel, part, highlights)
        bar = figure.colorbar(image, cax=figure.add_subplot(grid[row + 1, 1]))
        bar.ax.spines["outline"].set_visible(False)
        bar.ax.tick_params(length=2, labelsize=7)
        drawn.append(panel)
    if len(panels) > 1:
        _connect(figure, drawn[0], drawn[1], panels[1])
    figure.suptitle(_title(landscape), x=0.008, ha="left", fontsize=11)
    figure.supxlabel(_legend(landscape), x=0.008, ha="left", fontsize=8, color=_QUIET)
    return figure


def _zoomed(landscape: Landscape, start: int | None, stop: int | None) -> Landscape:
    """The part of a landscape between two positions of the sequence."""
    first = landscape.start if start is None else max(start, landscape.start)
    last = landscape.stop if stop is None else min(stop, landscape.stop)
    if first >= last:
        raise InputError(
            f"there is no site between {start or 0} and {last if stop is None else stop}",
            why=f"the sites of {landscape.name} lie in [{landscape.start}, {landscape.stop})",
        )
    if np.isnan(landscape.between(first, last).heights).all():
        raise InputError(
            f"there is nothing to draw of {landscape.name} between {first} and {last}",
            why="no site lies there, or its scores are NaN or infinite",
        )
    return landscape.between(first, last)


def _strongest(landscape: Landscape) -> Landscape:
    """The `CLOSE_UP` positions in a row that contribute most, with what does in their middle."""
    sizes = np.nan_to_num(np.abs(landscape.heights))
    first = int(np.convolve(sizes, np.ones(CLOSE_UP), "valid").argmax())
    part = sizes[first : first + CLOSE_UP]
    middle = first + int(part @ np.arange(CLOSE_UP) / (part.sum() or 1.0))
    first = landscape.start + min(max(middle - CLOSE_UP // 2, 0), len(sizes) - CLOSE_UP)
    return landscape.between(first, first + CLOSE_UP)


def _draw_panel(panel: Panel, landscape: Landscape, *, letters: bool) -> None:
    logo, heat = panel
    (draw_letters if letters else draw_bars)(logo, landscape)
    heights = landscape.heights[np.isfinite(landscape.heights)]
    low, high = min(heights.min(), 0.0), max(heights.max(), 0.0)
    room = 0.04 * (high - low) or 1.0
    logo.set(xlim=(landscape.start, landscape.stop), ylim=(low - room, high + room))
    logo.set_ylabel("contribution", fontsize=8)
    logo.tick_params(axis="x", length=0, labelbottom=False)
    for axes in panel:
        axes.tick_params(axis="y", length=2, labelsize=8)
        axes.spines[["top", "right", "bottom", "left"]].set_visible(False)
    logo.spines["left"].set_visible(True)
    heat.set_ylabel(landscape.score, fontsize=8)
    heat.xaxis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=True))
    heat.tick_params(axis="x", length=2, labelsize=8)
    heat.tick_params(axis="y", length=0)


def _connect(figure: Figure, above: Panel, below: Panel, near: Landscape) -> None:
    """Frame the close-up in the overview, and lead from there down to it."""
    _, heat = above
    for axes in above:
        frame = Rectangle(
            (near.start, 0),
            len(near.text),
            1,
            transform=axes.get_xaxis_transform(),
            fill=False,
            edgecolor=_FRAME,
            linewidth=0.9,
            clip_on=False,
        )
        axes.add_patch(frame)
    for tick in heat.get_xticklabels():  # the leads pass behind them
        tick.set_bbox({"facecolor": "white", "linewidth": 0, "pad": 1})
    for x, end in ((near.start, 0.0), (near.stop, 1.0)):
        lead = ConnectionPatch(
            (x, 0),
            (end, 1),
            heat.get_xaxis_transform(),
            below[0].transAxes,
            color=_FRAME,
            linewidth=0.6,
            alpha=0.6,
            zorder=-1,
        )
        lead.set_in_layout(False)
        figure.add_artist(lead)


def _title(landscape: Landscape) -> str:
    said = "" if np.isnan(landscape.reference) else f" = {landscape.reference:.4g}"
    place = "" if landscape.region is None else f"    {landscape.region}"
    return f"{landscape.name}{place}    {landscape.output}{said}"


def _legend(landscape: Landscape) -> str:
    site = f"; a site is {landscape.width} positions wide" if landscape.width > 1 else ""
    return (
        f"logo: {landscape.height}; dot: what the sequence holds; positions count from 0{site}\n"
        f"heat map: {landscape.score}, {landscape.formula}"
    )
