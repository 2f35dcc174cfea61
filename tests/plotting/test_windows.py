"""Where the picture of windows puts positions, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fastism.errors import InputError, VerifyError
from fastism.ir import Constant, GraphBuilder, Interval, Module, Sites, TensorType, Window
from fastism.ir.analysis import annotated
from fastism.passes.manager import Pipeline
from fastism.plotting.rows import Placement, rows_of
from fastism.plotting.windows import draw_windows, plot_windows


def module() -> Module:
    """Pool by four, crop one pooled position on each side, flatten; of 40 bases."""
    constants: dict[str, Constant] = {}
    builder = GraphBuilder("main", constants)
    x = builder.input("seq", TensorType.parse("f32[N,40,4]"))
    x = builder.add("max_pool", [x], name="pool", attributes={"size": 4, "stride": 4})
    x = builder.add("relu", [x], name="relu")
    x = builder.add("crop", [x], name="crop", attributes={"left": 1, "right": 1})
    x = builder.add("flatten", [x], name="flat")
    graph = builder.finish([x])
    bare = Module("flat", (graph,), constants, Sites.every(40), seq_input="seq")
    return bare.replace(graphs=(annotated(graph, bare),), stage="annotated")


@pytest.mark.parametrize(
    ("window", "span"),
    [
        (Window(width=5, pad=2), (7.0, 8.0)),
        (Window(width=5), (9.0, 10.0)),
        (Window(width=4, stride=4), (28.0, 32.0)),
        (Window(pad=-3), (10.0, 11.0)),
        (Window(factor=2), (3.5, 4.0)),
        (Window(stride=-1, pad=-39), (32.0, 33.0)),
    ],
    ids=["same", "valid", "pool", "crop", "upsample", "flip"],
)
def test_a_position_lies_over_the_inputs_it_reads(
    window: Window, span: tuple[float, float]
) -> None:
    assert Placement().through(window).span(Interval(7, 8)) == span


def test_rows_follow_the_window_and_skip_what_stays_in_place() -> None:
    rows = rows_of(module(), 9)
    assert [row.label for row in rows] == ["seq", "pool · max_pool", "crop", "flat · flatten"]
    spans = [row.span(interval, 40) for row in rows for interval in row.change]
    assert spans == [(9, 10), (8, 12), (8, 12), (0, 40)]
    assert [row.count for row in rows] == ["1 of 40", "1 of 10", "1 of 8", "all"]
    assert rows[0].span(rows[0].need, 40) == (4, 36)


def test_segments_have_colours_brackets_and_reasons() -> None:
    segmented = Pipeline.parse("segment").run(module().replace(outputs=("score",)))
    rows = rows_of(segmented, 9)
    assert [row.segment for row in rows] == [None, 1, 2, 3]
    assert [row.mode for row in rows] == [None, "delta", "delta", "whole"]
    figure = draw_windows(segmented, 9)
    said = [text.get_text() for text in figure.axes[0].texts]
    assert said == [
        "locality ends: gives every position a weight of its own",
        "1 · on windows",
        "2 · on windows",
        "3 · whole",
    ]


def test_it_writes_a_picture(tmp_path: Path) -> None:
    plot_windows(module(), tmp_path / "windows.png", site=0)
    assert (tmp_path / "windows.png").read_bytes().startswith(b"\x89PNG")


def test_it_refuses_what_it_cannot_draw(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no site 40"):
        plot_windows(module(), tmp_path / "x.png", site=40)
    drawn = module()
    inputs = tuple(replace(value, change=None) for value in drawn.main.inputs)
    bare = drawn.replace(graphs=(drawn.main.replace(inputs=inputs),))
    with pytest.raises(VerifyError, match="no change ranges"):
        plot_windows(bare, tmp_path / "x.png", site=0)
