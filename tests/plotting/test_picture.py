"""The picture of a sequence: what stands where, and that nothing lies over anything else."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import PathPatch
from matplotlib.text import Text

from fastism.errors import InputError
from fastism.plotting.highlights import Highlight
from fastism.plotting.landscape import Landscape, landscape
from fastism.plotting.palette import letter_colors
from fastism.plotting.picture import draw
from fastism.plotting.save import save
from tests.plotting.scored import scored

AMINO_ACIDS = "ACDEFGHIKLMNPQRSTVWY"


def sequence(length: int, alphabet: str = "ACGT", peak: int = 0) -> Landscape:
    """A landscape with a single strong letter at ``peak``, and noise."""
    draw_from = np.random.default_rng(0)
    text = "".join(draw_from.choice(list(alphabet), length))
    change = draw_from.normal(size=(length, len(alphabet), 1)) * 0.01
    change[peak] -= 1
    change[np.arange(length), [alphabet.index(letter) for letter in text]] = 0
    made = scored(text, alphabet, alternate=(1 + change).astype(np.float32))
    return landscape(made)


def letters(figure: Figure, axes: int) -> int:
    return sum(isinstance(patch, PathPatch) for patch in figure.axes[axes].patches)


def test_up_to_150_positions_every_one_has_a_letter() -> None:
    figure = draw(sequence(150))
    logo, heat = figure.axes[:2]
    assert letters(figure, 0) == 150
    assert logo.get_xlim() == heat.get_xlim() == (0, 150)
    assert [label.get_text() for label in heat.get_yticklabels()] == ["A", "C", "G", "T"]
    assert len(heat.collections[0].get_offsets()) == 150


def test_more_have_bars_and_a_close_up_around_what_contributes_most() -> None:
    figure = draw(sequence(1000, peak=700))
    overview, _, _, close, heat = figure.axes[:5]
    assert letters(figure, 0) == 0
    assert letters(figure, 3) == 100
    assert overview.get_xlim() == (0, 1000)
    start, stop = close.get_xlim()
    assert (stop - start, start < 700 < stop) == (100, True)
    assert heat.get_xlim() == (start, stop)


def test_of_many_positions_each_column_shows_the_farthest() -> None:
    shown = draw(sequence(10_001, peak=5_000)).axes[1].images[0].get_array()
    assert shown.shape == (4, 1_667)
    assert (shown[:, 5_000 // 6] < -0.9).sum() == 3


def test_a_range_and_highlights() -> None:
    shown = sequence(1000)
    figure = draw(shown, start=40, stop=80, highlights=[Highlight(50, 60, "motif")])
    assert figure.axes[0].get_xlim() == (40, 80)
    assert [text.get_text() for text in figure.axes[0].texts] == ["motif"]
    with pytest.raises(InputError, match="no site between 1000 and 1010"):
        draw(shown, start=1000, stop=1010)
    with pytest.raises(InputError, match="nothing to draw of made between 0 and 4"):
        draw(landscape(scored(alternate=np.full((4, 4, 1), np.nan, np.float32))))
    with pytest.raises(InputError, match="the highlight 0:9 is not in the picture"):
        draw(shown, start=40, stop=80, highlights=[Highlight(0, 9)])


def shown(figure: Figure) -> list[Text]:
    """The texts of a figure, without those of ticks outside of what the axes show."""
    hidden = set[Text]()
    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            ticks = axis.get_major_ticks()
            hidden |= {tick.label1 for tick in ticks if not low <= tick.get_loc() <= high}
    texts = set(figure.findobj(Text)) - hidden
    return [text for text in texts if text.get_visible() and text.get_text()]


@pytest.mark.parametrize(
    ("length", "alphabet"), [(100, "ACGT"), (1000, "ACGT"), (120, AMINO_ACIDS)]
)
def test_no_text_lies_over_another(length: int, alphabet: str) -> None:
    named = [(10, 22, "CTCF"), (12, 30, "a long label"), (90, 95, "end")]
    marked = [Highlight(*each) for each in named]
    figure = draw(sequence(length, alphabet), highlights=marked)
    figure.draw_without_rendering()
    boxes = {text: text.get_window_extent() for text in shown(figure)}
    page = figure.bbox
    for text, box in boxes.items():
        assert page.x0 <= box.x0 <= box.x1 <= page.x1 + 1, text
    for (one, first), (other, second) in combinations(boxes.items(), 2):
        across = min(first.x1, second.x1) - max(first.x0, second.x0)
        down = min(first.y1, second.y1) - max(first.y0, second.y0)
        assert not (across > 1 and down > 1), (one, other)


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf"])
def test_the_same_picture_is_the_same_file(tmp_path: Path, suffix: str) -> None:
    for name in ("one", "other"):
        save(draw(sequence(3)), tmp_path / f"{name}.{suffix}")
    first = (tmp_path / f"one.{suffix}").read_bytes()
    assert first == (tmp_path / f"other.{suffix}").read_bytes()
    assert first.startswith({"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}[suffix])


DEUTERANOPIA = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]]
PROTANOPIA = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]]


@pytest.mark.parametrize(
    "sight", [np.eye(3), DEUTERANOPIA, PROTANOPIA], ids=["all", "green", "red"]
)
def test_bases_are_told_apart_by_colour(sight: object) -> None:
    """Machado, Oliveira, Fernandes (2009), at full severity, in linear light."""
    seen = {}
    for letter, color in letter_colors("ACGT").items():
        rgb = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
        linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
        light = np.clip(np.asarray(sight) @ linear, 0, 1)
        seen[letter] = np.cbrt(light)
    for one, other in combinations("ACGT", 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 0.15, (one, other)
