"""Intervals of the sequence that a picture points out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from fastism.errors import InputError
from fastism.plotting.landscape import Landscape

_SHADE, _EDGE = "#f6e8b8", "#7a6210"
_CHARACTER = 0.075
"""Inches that a character of a label takes."""
_LINE = 0.13
"""Height of a line of labels, as a share of the logo's."""


@dataclass(frozen=True)
class Highlight:
    """The interval ``[start, stop)`` of the sequence, and what to write above it."""

    start: int
    stop: int
    label: str = ""


def check_highlights(highlights: Sequence[Highlight], landscape: Landscape) -> None:
    """Raises InputError for an interval that is empty, or outside of what is drawn."""
    for each in highlights:
        if each.stop <= each.start:
            raise InputError(f"the highlight {each.start}:{each.stop} holds no position")
        if each.stop <= landscape.start or each.start >= landscape.stop:
            raise InputError(
                f"the highlight {each.start}:{each.stop} is not in the picture",
                why=f"it shows [{landscape.start}, {landscape.stop})",
            )


def draw_highlights(
    logo: Axes, heat: Axes, landscape: Landscape, highlights: Sequence[Highlight]
) -> None:
    """Shade them behind the logo, frame them on the heat map, and write the labels above.

    Labels that would run into each other stand on lines of their own.
    """
    inside = [h for h in highlights if h.start < landscape.stop and h.stop > landscape.start]
    ends: list[float] = []
    inches = logo.get_window_extent().width / logo.figure.dpi
    each_takes = _CHARACTER * len(landscape.text) / inches
    for each in sorted(inside, key=lambda each: each.start):
        start, stop = max(each.start, landscape.start), min(each.stop, landscape.stop)
        logo.axvspan(start, stop, color=_SHADE, linewidth=0, zorder=-2)
        frame = Rectangle(
            (start, 0),
            stop - start,
            1,
            transform=heat.get_xaxis_transform(),
            fill=False,
            edgecolor=_EDGE,
            linewidth=1,
            clip_on=False,
        )
        heat.add_patch(frame)
        if each.label:
            line = _line(ends, start, len(each.label) * each_takes)
            logo.annotate(
                each.label,
                (start, 1 + line * _LINE),
                xycoords=logo.get_xaxis_transform(),
                fontsize=8,
                color=_EDGE,
                va="bottom",
                annotation_clip=False,
            )


def _line(ends: list[float], start: float, width: float) -> int:
    """The first line with room from ``start`` on; ``ends`` has where each line is taken up to."""
    for line, end in enumerate(ends):
        if end <= start:
            ends[line] = start + width
            return line
    ends.append(start + width)
    return len(ends) - 1
