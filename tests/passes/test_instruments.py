"""What watches a pipeline: dumps that read back, timings, prints."""

import io

import numpy as np
import pytest

from fastism.errors import PassError
from fastism.ir import Sites
from fastism.ir.parser import parse_module
from fastism.passes import DumpStages, Pipeline, PrintAfter, Timings
from fastism.passes.instruments import PrintChanged

WEIGHTS = {"conv.kernel": np.ones((3, 4, 2), "float32")}
TEXT = """
graph @main(%seq: f32[N,9,4]) {
  %conv : f32[N,9,2] = conv1d(%seq) {width=3, pad=same, activation=relu} @conv.kernel
  return %conv
}
"""


@pytest.fixture
def module(parsed):
    return parsed(TEXT, "flat", WEIGHTS, sites=Sites.every(9))


def test_dumps_are_numbered_and_read_back(module, tmp_path) -> None:
    pipeline = Pipeline.parse("canonicalize,annotate", (DumpStages(tmp_path / "stages"),))
    stages = pipeline.run_stages(module)
    paths = sorted((tmp_path / "stages").iterdir())
    assert [path.name for path in paths] == [
        "000-text.fism",
        "001-canonicalize.fism",
        "002-annotate.fism",
    ]
    assert tuple(parse_module(path.read_text()) for path in paths) == stages


def test_a_dump_is_written_with_the_passes_so_far(module, tmp_path) -> None:
    def names(stage, passes) -> str:
        return " ".join([stage.after, *(pass_.name for pass_ in passes)])

    Pipeline.parse("flatten,canonicalize", (DumpStages(tmp_path, names),)).run(module)
    assert [path.read_text() for path in sorted(tmp_path.iterdir())] == [
        "text",
        "flatten flatten",
        "canonicalize flatten canonicalize",
    ]


def test_another_run_is_numbered_from_the_start(module, tmp_path) -> None:
    pipeline = Pipeline.parse("flatten,canonicalize", (DumpStages(tmp_path),))
    pipeline.run(module)
    pipeline.run(module)
    assert len(list(tmp_path.iterdir())) == 3


def test_a_failing_pass_leaves_the_dump_of_its_input(module, tmp_path) -> None:
    with pytest.raises(PassError):
        Pipeline.parse("flatten,annotate", (DumpStages(tmp_path),)).run(module)
    assert [path.name for path in sorted(tmp_path.iterdir())] == [
        "000-text.fism",
        "001-flatten.fism",
    ]


def test_timings_name_every_pass(module) -> None:
    timings = Timings()
    Pipeline.parse("flatten,canonicalize", (timings,)).run(module)
    assert [name for name, _ in timings.seconds] == ["flatten", "canonicalize"]
    assert all(seconds > 0 for _, seconds in timings.seconds)
    assert timings.total == sum(seconds for _, seconds in timings.seconds)
    assert [line.split()[0] for line in str(timings).splitlines()] == [
        "flatten",
        "canonicalize",
        "total",
    ]


@pytest.mark.parametrize(
    ("names", "printed"),
    [(None, ["flatten", "canonicalize"]), (("flatten",), ["flatten"]), ((), [])],
)
def test_print_after_prints_the_passes_asked_for(module, names, printed) -> None:
    stream = io.StringIO()
    Pipeline.parse("flatten,canonicalize", (PrintAfter(stream, names),)).run(module)
    heads = [line for line in stream.getvalue().splitlines() if line.startswith("// fastism")]
    assert [head.split("after=")[1] for head in heads] == printed


def test_what_each_pass_changed(module) -> None:
    stream = io.StringIO()
    Pipeline.parse("flatten,canonicalize", (PrintChanged(stream),)).run(module)
    assert stream.getvalue() == (
        "// flatten: nothing changed\n"
        "// canonicalize\n"
        "--- before canonicalize\n"
        "+++ after canonicalize\n"
        "@@ -6,4 +6,5 @@\n"
        " graph @main(%seq: f32[N,9,4]) {\n"
        "-  %conv : f32[N,9,2] = conv1d(%seq) {width=3, pad=same, activation=relu}"
        " @conv.kernel#" + module.constants["conv.kernel"].digest[:4] + "\n"
        "-  return %conv\n"
        "+  %conv : f32[N,9,2] = conv1d(%seq) {width=3, pad=same}"
        " @conv.kernel#" + module.constants["conv.kernel"].digest[:4] + "\n"
        "+  %conv.relu : f32[N,9,2] = relu(%conv)\n"
        "+  return %conv.relu\n"
        " }\n"
    )
