"""Each rule of propagation, run by the numpy backend, against the whole graph on every mutant.

The graphs are written as text, each for a few rules: no model is loaded for them.
"""

from __future__ import annotations

import numpy as np
import pytest

from fastism.ir import Sites
from fastism.runtime.execute import Executor
from fastism.runtime.scoring import Scoring
from tests.runtime.executed import LENGTH, LETTERS, compiled, on_every_mutant, sequences

LAYER = "windowed_opaque(%conv) {key=layer, width=3, pad=same, features=(6)"
HALF = "windowed_opaque(%conv) {key=half, width=3, stride=2, pad=same, features=(6)"

GRAPHS: dict[str, tuple[str, str]] = {
    "pooled and dense": (
        """%relu : f32[N,24,6] = relu(%conv)
           %pool : f32[N,8,6] = max_pool(%relu) {size=3, stride=3}
           %flat : f32[N,48] = flatten(%pool)
           %top : f32[N,3] = dense(%flat) @eight.kernel""",
        "%top",
    ),
    "overlapping pools, same padding": (
        """%pool : f32[N,12,6] = max_pool(%conv) {size=3, stride=2, pad=same}
           %next : f32[N,12,6] = conv1d(%pool) {width=3, pad=same} @next.kernel @next.bias
           %mean : f32[N,6,6] = average_pool(%next) {size=5, stride=2, pad=same}""",
        "%mean",
    ),
    "average over padding": (
        "%mean : f32[N,24,6] = average_pool(%conv) {size=4, stride=1, pad=same}",
        "%mean",
    ),
    "an average of values": (
        """%relu : f32[N,24,6] = relu(%conv)
           %mean : f32[N,8,6] = average_pool(%relu) {size=4, stride=3, pad=same}
           %norm : f32[N,8,6] = scale_shift(%mean) @norm.scale @norm.shift
           %tanh : f32[N,8,6] = tanh(%norm)""",
        "%tanh",
    ),
    "dilated residual": (
        """%relu : f32[N,24,6] = relu(%conv)
           %next : f32[N,24,6] = conv1d(%relu) {width=3, dilation=4, pad=same} @next.kernel
           %sum : f32[N,24,6] = add(%relu, %next)
           %crop : f32[N,10,6] = crop(%sum) {left=6, right=8}""",
        "%crop",
    ),
    "strided": (
        """%next : f32[N,12,6] = conv1d(%conv) {width=3, stride=2, pad=same} @next.kernel @next.bias
           %flat : f32[N,72] = flatten(%next)
           %top : f32[N,3] = dense(%flat) @twelve.kernel""",
        "%top",
    ),
    "few of its results are read": (
        """%relu : f32[N,24,6] = relu(%conv)
           %next : f32[N,24,6] = conv1d(%relu) {width=3, pad=causal} @next.kernel @next.bias
           %crop : f32[N,2,6] = crop(%next) {left=11, right=11}""",
        "%crop",
    ),
    "scaled behind a convolution": (
        """%norm : f32[N,24,6] = scale_shift(%conv) @norm.scale @norm.shift
           %relu : f32[N,24,6] = relu(%norm)""",
        "%relu",
    ),
    "scaled and returned": (
        "%norm : f32[N,24,6] = scale_shift(%conv) @norm.scale @norm.shift",
        "%norm, %conv",
    ),
    "groups": (
        "%half : f32[N,24,6] = conv1d(%conv) {width=3, groups=2, pad=same} @half.kernel",
        "%half",
    ),
    "means, sums and maxima of all positions": (
        """%mean : f32[N,6] = global_average_pool(%conv)
           %sum : f32[N,6] = global_sum_pool(%conv)
           %most : f32[N,6] = global_max_pool(%conv)
           %kept : f32[N,1,6] = global_max_pool(%conv) {keepdims=true}
           %even : f32[N,1,6] = global_average_pool(%conv) {keepdims=true}""",
        "%mean, %sum, %most, %kept, %even",
    ),
    "two strands": (
        """%back : f32[N,24,4] = slice(%seq) {start=23, stop=none, step=-1}
           %turned : f32[N,24,6] = conv1d(%back) {width=5, pad=same} @conv.kernel @conv.bias
           %both : f32[N,48,6] = concatenate(%conv, %turned) {axis=1}
           %relu : f32[N,48,6] = relu(%both)
           %next : f32[N,48,6] = conv1d(%relu) {width=3, pad=same} @next.kernel
           %most : f32[N,6] = global_max_pool(%next)
           %sum : f32[N,6] = global_sum_pool(%next)""",
        "%most, %sum",
    ),
    "every second position, up to the last but three": (
        """%cut : f32[N,10,6] = slice(%conv) {start=1, stop=-3, step=2}
           %tanh : f32[N,10,6] = tanh(%cut)
           %next : f32[N,10,6] = conv1d(%tanh) {width=3, pad=same} @next.kernel""",
        "%next, %cut",
    ),
    "two strands, each position twice": (
        """%back : f32[N,24,4] = slice(%seq) {start=23, stop=none, step=-1}
           %turned : f32[N,24,6] = conv1d(%back) {width=5, pad=same} @conv.kernel @conv.bias
           %both : f32[N,48,6] = concatenate(%conv, %turned) {axis=1}
           %twice : f32[N,96,6] = upsample(%both) {factor=2}
           %next : f32[N,96,6] = conv1d(%twice) {width=3, pad=same} @next.kernel
           %most : f32[N,6] = global_max_pool(%next)""",
        "%most",
    ),
    "two strands into a dense layer": (
        """%back : f32[N,24,4] = slice(%seq) {start=23, stop=none, step=-1}
           %turned : f32[N,24,6] = conv1d(%back) {width=5, pad=same} @conv.kernel @conv.bias
           %both : f32[N,48,6] = concatenate(%conv, %turned) {axis=1}
           %flat : f32[N,288] = flatten(%both)
           %top : f32[N,3] = dense(%flat) @both.kernel""",
        "%top",
    ),
    "joined channels": (
        """%relu : f32[N,24,6] = relu(%conv)
           %both : f32[N,24,10] = concatenate(%relu, %seq) {axis=2}
           %soft : f32[N,24,10] = softmax(%both)""",
        "%soft",
    ),
    "padded and spread": (
        """%pad : f32[N,27,6] = zero_pad(%conv) {left=2, right=1}
           %up : f32[N,54,6] = upsample(%pad) {factor=2}
           %relu : f32[N,54,6] = relu(%up)
           %pool : f32[N,27,6] = max_pool(%relu) {size=2, stride=2}""",
        "%pool",
    ),
    "positions joined and split": (
        """%wide : f32[N,12,12] = reshape(%conv) {shape=(12, 12)}
           %relu : f32[N,12,12] = relu(%wide)
           %thin : f32[N,48,3] = reshape(%relu) {shape=(48, 3)}""",
        "%thin",
    ),
    "a product, and a slope a channel": (
        """%next : f32[N,24,6] = conv1d(%conv) {width=3, pad=causal} @next.kernel
           %gate : f32[N,24,6] = sigmoid(%next)
           %product : f32[N,24,6] = multiply(%conv, %gate)
           %slope : f32[N,24,6] = prelu(%product) @slope.alpha
           %less : f32[N,24,6] = subtract(%slope, %gate)""",
        "%less",
    ),
    "whole behind a window": (
        """%mean : f32[N,6] = global_average_pool(%conv)
           %tanh : f32[N,6] = tanh(%mean)
           %top : f32[N,2] = dense(%tanh) @top.kernel
           %soft : f32[N,2] = softmax(%top)""",
        "%soft",
    ),
    "a mean spread over positions": (
        """%mean : f32[N,1,6] = global_average_pool(%conv) {keepdims=true}
           %less : f32[N,24,6] = subtract(%conv, %mean)
           %one : f32[N,24,2] = conv1d(%less) {width=1} @one.kernel""",
        "%one",
    ),
    "weighed by scores": (
        """%score : f32[N,24,1] = conv1d(%conv) {width=1} @score.kernel
           %pool : f32[N,6] = softmax_pool(%score, %conv)
           %own : f32[N,6] = softmax_pool(%conv, %conv)
           %still : f32[N,6] = softmax_pool(%score, %track)""",
        "%pool, %own, %still",
    ),
    "squeezed, excited and flattened": (
        """%mean : f32[N,1,6] = global_average_pool(%conv) {keepdims=true}
           %gate : f32[N,1,6] = sigmoid(%mean)
           %out : f32[N,24,6] = multiply(%gate, %conv)
           %flat : f32[N,144] = flatten(%out)
           %top : f32[N,3] = dense(%flat) @six.kernel @six.bias
           %bare : f32[N,3] = dense(%flat) kernel=@six.kernel""",
        "%top, %bare",
    ),
    "beside an input that stays": (
        """%side : f32[N,24,6] = relu(%track)
           %sum : f32[N,24,6] = add(%conv, %side)
           %both : f32[N,24,12] = concatenate(%side, %conv) {axis=2}
           %long : f32[N,48,6] = concatenate(%side, %conv) {axis=1}""",
        "%sum, %both, %long",
    ),
    "another precision beside an input that stays": (
        """%wide : f64[N,24,6] = cast(%conv) {dtype=f64}
           %other : f64[N,24,6] = cast(%track) {dtype=f64}
           %sum : f64[N,24,6] = add(%wide, %other)""",
        "%sum",
    ),
    "planes beside an input that stays": (
        """%plane : f32[N,24,2,3] = reshape(%conv) {shape=(24, 2, 3)}
           %other : f32[N,24,2,3] = reshape(%track) {shape=(24, 2, 3)}
           %sum : f32[N,24,2,3] = add(%plane, %other)
           %tanh : f32[N,24,2,3] = tanh(%sum)""",
        "%sum, %tanh",
    ),
    "a layer of a declared window": (
        f"""%live : f32[N,24,6] = {LAYER}}}
           %tanh : f32[N,24,6] = tanh(%live)
           %next : f32[N,24,6] = conv1d(%tanh) {{width=3, pad=same}} @next.kernel""",
        "%next",
    ),
    "a linear layer of a declared window": (
        f"""%live : f32[N,24,6] = {LAYER}, linear=true}}
           %next : f32[N,24,6] = conv1d(%live) {{width=3, pad=same}} @next.kernel""",
        "%next",
    ),
    "a strided layer of a declared window": (
        f"""%live : f32[N,12,6] = {HALF}}}
           %next : f32[N,12,6] = conv1d(%live) {{width=3, pad=same}} @next.kernel""",
        "%next",
    ),
    "over both edges, where a function of nothing is a half": (
        """%gate : f32[N,24,6] = sigmoid(%conv)
           %next : f32[N,12,6] = conv1d(%gate) {width=5, stride=2, pad=same} @five.kernel
           %soft : f32[N,12,6] = sigmoid(%next)
           %mean : f32[N,6,6] = average_pool(%soft) {size=5, stride=2, pad=same}
           %tanh : f32[N,6,6] = tanh(%mean)""",
        "%tanh",
    ),
    "functions of the letters themselves": (
        """%tanh : f32[N,24,4] = tanh(%seq)
           %both : f32[N,24,10] = concatenate(%tanh, %conv) {axis=2}
           %soft : f32[N,24,10] = softmax(%both)""",
        "%soft",
    ),
    "the ends apart": (
        """%left : f32[N,4,6] = crop(%conv) {left=0, right=20}
           %right : f32[N,4,6] = crop(%conv) {left=20, right=0}""",
        "%left, %right",
    ),
}


def assert_scored(name: str, sites: Sites) -> Executor:
    """Every mutant at these sites has the scores of the whole graph; none is predicted in full."""
    executor, x = compiled(*GRAPHS[name], sites), sequences()
    rows = np.repeat(LETTERS[:, None], sites.width, axis=1)
    track = np.random.default_rng(5).normal(size=(3, LENGTH, 6)).astype("float32")
    others = {"track": track} if "%track" in GRAPHS[name][0] else {}
    found = Scoring(executor, {"seq": x, **others}, rows, batch_size=2, memory=1 << 20).every()
    for head, expected in zip(found, on_every_mutant(executor, x, rows, **others), strict=True):
        scale = np.abs(expected).max()
        np.testing.assert_allclose(head.alternate, expected, atol=1e-5 * scale, rtol=0)
    return executor


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("name", GRAPHS)
def test_every_mutant_is_scored(name: str, width: int) -> None:
    assert_scored(name, Sites.every(LENGTH, width))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    ("name", "op"),
    [("two strands", "sum_window"), ("two strands into a dense layer", "dense_rows")],
)
@pytest.mark.parametrize("sites", [Sites((2, 3, 5)), Sites((4, 8, 3), 3)])
def test_strands_that_lie_apart(name: str, op: str, sites: Sites) -> None:
    """A window on each strand, where they lie far apart at all of the sites."""
    (group,) = assert_scored(name, sites).groups
    assert [node.op for node in group.graph.nodes].count(op) == 2


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("site", "width"), [(6, 13), (17, 7)])
def test_strands_do_not_share_starts_where_their_windows_would_meet(site: int, width: int) -> None:
    """Windows of 7 positions that start on a grid are 13 wide, and two would meet at site 17."""
    executor = assert_scored("two strands into a dense layer", Sites((2, site), 3))
    (group,) = executor.groups
    rows = [node for node in group.graph.nodes if node.op == "dense_rows"]
    assert [group.graph.values[node.inputs[0]].type.length for node in rows] == [width] * 2
