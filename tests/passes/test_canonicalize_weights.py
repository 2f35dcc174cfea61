"""What canonicalize does where text names weights whose content is not there."""

import numpy as np
import pytest

from fastism.errors import PassError
from fastism.passes import Canonicalize
from fastism.passes.weights import weight

WEIGHTS = {
    "conv.kernel": np.ones((3, 4, 4), "float32"),
    "dense.kernel": np.ones((4, 2), "float32"),
    "bn.mean": np.ones(4, "float32"),
    "bn.variance": np.ones(4, "float32"),
}


def graph(body: str, outputs: str) -> str:
    return f"graph @main(%seq: f32[N,6,4]) {{\n{body}\n  return {outputs}\n}}\n"


@pytest.mark.parametrize(
    "body",
    [
        "  %top : f32[N,6,4] = batch_norm(%seq) @bn.mean @bn.variance layer=encoder/top",
        "  %top : f32[N,6,2] = dense(%seq) @dense.kernel layer=encoder/top",
    ],
)
def test_weights_that_are_not_there_are_asked_for(parsed, body) -> None:
    module = parsed(graph(body, "%top"), "flat", WEIGHTS, detached=True)
    with pytest.raises(PassError, match=r"(?s)canonicalize: .* only its hash .*layer encoder/top"):
        Canonicalize()(module)


def test_text_without_weights_will_do_where_none_are_computed_with(parsed) -> None:
    body = "  %c : f32[N,6,4] = conv1d(%seq) {width=3, pad=same, activation=relu} @conv.kernel"
    module = Canonicalize()(parsed(graph(body, "%c"), "flat", WEIGHTS, detached=True))
    assert [node.op for node in module.main.nodes] == ["conv1d", "relu"]


def test_a_weight_that_is_not_there_is_asked_for_where_it_is_needed(parsed) -> None:
    text = (
        "graph @main(%seq: f32[N,9,4]) {\n"
        "  %a : f32[N,9,4] = scale_shift(%seq) @a.scale layer=tower/a kind=Scale\n"
        "  %b : f32[N,9,4] = scale_shift(%a) @b.scale\n  return %b\n}\n"
    )
    weights = {"a.scale": np.ones(4), "b.scale": np.ones(4)}
    module = parsed(text, "canonical", weights, detached=True)
    for node, where in zip(module.main.nodes, ("layer tower/a (Scale)", "node %b"), strict=True):
        with pytest.raises(PassError) as caught:
            weight(module, node, f"{node.name}.scale")
        assert caught.value.where == where
        assert caught.value.what == (
            f"@{node.name}.scale of scale_shift %{node.name} is needed, and only its hash is here"
        )
        assert f"constant '{node.name}.scale' was read from text" in str(caught.value.why)
