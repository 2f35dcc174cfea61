"""The upper half of a picture: letters as high as they contribute, or bars where there are many."""

from __future__ import annotations

import logomaker
import numpy as np
from matplotlib.axes import Axes

from fastism.plotting.landscape import Landscape
from fastism.plotting.palette import GREY, letter_colors

_WIDTH = 0.94
"""Of a letter; positions are one apart."""
_THINNEST = 0.8
"""Points of a bar: a single position among thousands is still seen."""


def draw_letters(axes: Axes, landscape: Landscape) -> None:
    """Each position's letter; below the line, and upside down, where it contributes negatively.

    A position that holds no letter (N) gets a grey bar.
    """
    colors = letter_colors(landscape.alphabet)
    for position, (letter, height) in enumerate(
        zip(landscape.text, landscape.heights, strict=True), landscape.start
    ):
        floor, ceiling = sorted((0.0, float(height)))
        if letter == ".":
            axes.bar(position + 0.5, height, _WIDTH, color=GREY, linewidth=0)
        elif ceiling > floor:
            logomaker.Glyph(
                position + 0.5,
                letter,
                ax=axes,
                floor=floor,
                ceiling=ceiling,
                width=_WIDTH,
                color=colors[letter],
                flip=height < 0,
            )
    axes.axhline(0, color="black", linewidth=0.6)


def draw_bars(axes: Axes, landscape: Landscape) -> None:
    """A bar a position, in the colour of its letter."""
    colors = {".": GREY, **letter_colors(landscape.alphabet)}
    there = np.flatnonzero(np.isfinite(landscape.heights))
    inches = axes.get_window_extent().width / axes.figure.dpi
    axes.vlines(
        landscape.start + there + 0.5,
        0,
        landscape.heights[there],
        colors=[colors[landscape.text[index]] for index in there],
        linewidth=max(72 * inches / len(landscape.text), _THINNEST),
    )
    axes.axhline(0, color="black", linewidth=0.6)
