"""How each node runs, where locality ends and why, and what runs as a unit."""

from __future__ import annotations

import numpy as np
import pytest

from fastism.errors import PassError
from fastism.ir import Module, Sites
from fastism.ir.ops import OpDefinition, registry
from fastism.ir.ops.pointwise import local
from fastism.ir.origin import Origin
from fastism.ir.verify import verify
from fastism.passes import Annotate, Segment
from fastism.passes.stops import kind_of_stop

WEIGHTS = {
    "conv.kernel": np.ones((3, 4, 2), "float32"),
    "next.kernel": np.ones((3, 2, 2), "float32"),
    "dense.kernel": np.ones((18, 3), "float32"),
    "small.kernel": np.ones((2, 3), "float32"),
}

CONV = "  %conv : f32[N,9,2] = conv1d(%seq) {width=3, pad=same} @conv.kernel\n"


@pytest.fixture
def segmented(parsed):
    """Annotate and segment a graph of one sequence input; ``rest`` are more inputs."""

    def run(body: str, outputs: str, *stops: str, rest: str = "", sites=None) -> Module:
        text = f"graph @main(%seq: f32[N,9,4]{rest}) {{\n{body}\n  return {outputs}\n}}\n"
        module = parsed(text, "canonical", WEIGHTS, sites=sites or Sites.every(9))
        module = module.rewrite(lambda node: node.replace(origin=Origin(f"layer_{node.name}")))
        result = Segment(stop_layers=stops)(Annotate()(module))
        verify(result)
        return result

    return run


def modes(module: Module) -> dict[str, str | None]:
    return {node.name: node.mode for node in module.main.nodes}


def stops(module: Module) -> dict[str, str]:
    return {node.name: node.stop for node in module.main.nodes if node.stop}


def test_a_local_chain_ends_at_the_flatten(segmented) -> None:
    module = segmented(
        CONV
        + """
  %relu : f32[N,9,2] = relu(%conv)
  %flat : f32[N,18] = flatten(%relu)
  %dense : f32[N,3] = dense(%flat) @dense.kernel
  %tanh : f32[N,3] = tanh(%dense)
""",
        "%tanh",
    )
    assert modes(module) == {
        "conv": "delta",
        "relu": "delta",
        "flat": "exit",
        "dense": "exit",
        "tanh": "whole",
    }
    assert stops(module) == {"flat": "gives every position a weight of its own"}
    assert [node.segment for node in module.main.nodes] == [1, 1, 2, 2, 3]


def test_a_flatten_read_by_others_is_computed_whole(segmented) -> None:
    module = segmented(
        """
  %flat : f32[N,36] = flatten(%seq)
  %relu : f32[N,36] = relu(%flat)
""",
        "%relu",
    )
    assert modes(module) == {"flat": "whole", "relu": "whole"}
    assert list(stops(module)) == ["flat"]


@pytest.mark.parametrize("op", ["global_average_pool", "global_sum_pool", "global_max_pool"])
def test_global_pools_leave_the_windows(segmented, op: str) -> None:
    module = segmented(CONV + f"  %pool : f32[N,2] = {op}(%conv)", "%pool")
    assert modes(module)["pool"] == "exit"
    assert stops(module) == {"pool": "pools over the whole length"}


def test_what_the_edit_cannot_reach_runs_once(segmented) -> None:
    module = segmented(
        CONV
        + """
  %side : f32[N,9,2] = relu(%track)
  %sum : f32[N,9,2] = add(%conv, %side)
""",
        "%sum",
        rest=", %track: f32[N,9,2]",
    )
    assert modes(module) == {"conv": "delta", "side": "reference", "sum": "delta"}
    assert module.main.by_name["side"].segment == 0


def test_what_no_output_can_see_runs_once(segmented) -> None:
    """Position 0 is cropped away, and the convolution reads one position to each side."""
    body = CONV + "  %crop : f32[N,3,2] = crop(%conv) {left=3, right=3}"
    unseen = segmented(body, "%crop", sites=Sites((0, 1)))
    assert set(modes(unseen).values()) == {"reference"}
    assert set(modes(segmented(body, "%crop", sites=Sites((0, 4)))).values()) == {"delta"}


def test_a_local_value_that_meets_a_whole_one(segmented) -> None:
    module = segmented(
        CONV
        + """
  %pool : f32[N,1,2] = global_average_pool(%conv) {keepdims=true}
  %gate : f32[N,9,2] = multiply(%conv, %pool)
  %after : f32[N,9,2] = relu(%gate)
""",
        "%after",
    )
    assert modes(module) == {"conv": "delta", "pool": "exit", "gate": "whole", "after": "whole"}
    assert stops(module)["gate"] == "meets a value that is changed everywhere"
    assert "after" not in stops(module)


@pytest.mark.parametrize("name", ["relu", "layer_relu"])
def test_a_named_layer_stops(segmented, name: str) -> None:
    body = CONV + "  %relu : f32[N,9,2] = relu(%conv)\n  %last : f32[N,9,2] = tanh(%relu)"
    module = segmented(body, "%last", name)
    assert modes(module) == {"conv": "delta", "relu": "whole", "last": "whole"}
    assert stops(module) == {"relu": "named as a stop layer"}


def test_a_dense_layer_named_as_a_stop_takes_the_flatten_with_it(segmented) -> None:
    body = CONV + "  %flat : f32[N,18] = flatten(%conv)\n  %dense : f32[N,3] = dense(%flat) "
    module = segmented(body + "@dense.kernel", "%dense", "dense")
    assert modes(module) == {"conv": "delta", "flat": "whole", "dense": "whole"}


def test_an_unknown_stop_layer_is_refused_with_the_nearest(segmented) -> None:
    with pytest.raises(
        PassError, match=r"(?s)no layer 'layer_cnov' to stop.*did you mean layer_con"
    ):
        segmented(CONV, "%conv", "layer_cnov")


def test_segments_are_runs_behind_a_convolution(segmented) -> None:
    """Convolutions open a segment, pointwise ops and pools join, a value read twice closes it."""
    module = segmented(
        CONV
        + """
  %relu : f32[N,9,2] = relu(%conv)
  %next : f32[N,9,2] = conv1d(%relu) {width=3, pad=same} @next.kernel
  %tanh : f32[N,9,2] = tanh(%next)
  %pool : f32[N,3,2] = max_pool(%tanh) {size=3, stride=3}
  %left : f32[N,3,2] = relu(%pool)
  %right : f32[N,3,2] = tanh(%pool)
  %sum : f32[N,3,2] = add(%left, %right)
""",
        "%sum",
    )
    assert {node.name: node.segment for node in module.main.nodes} == {
        "conv": 1,
        "relu": 1,
        "next": 2,
        "tanh": 2,
        "pool": 2,
        "left": 3,
        "right": 4,
        "sum": 5,
    }


def test_an_op_that_nothing_writes_on_windows(segmented, monkeypatch) -> None:
    """Its positions are those of its input, but how it passes a change on nobody has said."""
    mine = OpDefinition("mine", lambda node, types, roles: types[:1], relation=local)
    monkeypatch.setitem(registry._TABLE, "mine", mine)
    module = segmented(CONV + "  %mine : f32[N,9,2] = mine(%conv)\n", "%mine")
    assert modes(module) == {"conv": "delta", "mine": "whole"}
    assert stops(module) == {"mine": "mine has no rule for windows"}
    assert kind_of_stop(module.main.nodes[1]) == "unknown"


def test_a_machine_whose_memory_is_slow_leaves_windows_as_wide_as_the_value(parsed) -> None:
    """There, taking the reference away and adding it again costs more than windows save."""
    body = (
        CONV
        + "  %tanh : f32[N,9,2] = tanh(%conv)\n"
        + "".join(
            f"  %next{n} : f32[N,9,2] = conv1d(%{before}) {{width=3, pad=same}} @next.kernel\n"
            f"  %tanh{n} : f32[N,9,2] = tanh(%next{n})\n"
            for n, before in enumerate(("tanh", "tanh0", "tanh1"))
        )
    )
    text = f"graph @main(%seq: f32[N,9,4]) {{\n{body}\n  return %tanh2\n}}\n"
    module = Annotate()(parsed(text, "canonical", WEIGHTS, sites=Sites.every(9)))
    assert set(modes(Segment()(module)).values()) == {"delta"}
    assert modes(Segment(rates=(1e12, 1e3))(module))["tanh2"] == "whole"
    assert modes(Segment(rates=(1e12, 1e3), weigh=False)(module))["tanh2"] == "delta"


def test_token_numbers_have_no_windows(segmented) -> None:
    body = CONV + "  %numbers : i32[N,9] = token(%conv) {dtype=i32}\n"
    module = segmented(body, "%numbers")
    assert modes(module) == {"conv": "delta", "numbers": "whole"}
    assert stops(module) == {"numbers": "gives token numbers, which have no windows"}
