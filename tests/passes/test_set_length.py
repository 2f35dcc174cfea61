"""The same model at another length: types follow, weights stay, what fixes the length says so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fastism.backends import reference
from fastism.errors import PassError
from fastism.ir import ModelInput, Sites
from fastism.passes.manager import Pipeline
from fastism.runtime.inputs import random_inputs

WEIGHTS = {
    "conv.kernel": np.ones((3, 4, 2), "float32"),
    "dense.kernel": np.ones((16, 3), "float32"),
}
CONV = "  %conv : f32[N,8,2] = conv1d(%seq) {width=3} @conv.kernel\n"


def set_length(parsed, body: str, length: int, sites: Sites):
    text = f"graph @main(%seq: f32[N,10,4], %x: f32[N,3]) {{\n{CONV}{body}  return %last\n}}\n"
    module = parsed(text, "flat", WEIGHTS, sites=sites)
    return Pipeline.parse(f"set-length{{length={length}}}").run(module)


def test_types_and_sites_follow(parsed) -> None:
    body = "  %last : f32[N,4,2] = max_pool(%conv) {size=2, stride=2}\n"
    module = set_length(parsed, body, 20, Sites.every(10))
    assert [str(value.type) for value in module.main.inputs] == ["f32[N,20,4]", "f32[N,3]"]
    assert [str(node.type) for node in module.main.nodes] == ["f32[N,18,2]", "f32[N,9,2]"]
    assert module.sites == Sites.every(20)
    assert module.after == "set-length"


@pytest.mark.parametrize(
    ("own", "longer"),
    [
        (ModelInput("seq", (10, 1, 4)), (20, 1, 4)),
        (ModelInput("seq", (4, 10), turned=True), (4, 20)),
        (ModelInput("seq", (10,), tokens=True), (20,)),
    ],
)
def test_the_model_takes_its_input_at_that_length(parsed, own: ModelInput, longer: tuple) -> None:
    text = f"graph @main(%seq: f32[N,10,4]) {{\n{CONV}  return %conv\n}}\n"
    module = parsed(text, "flat", WEIGHTS, sites=Sites.every(10)).replace(inputs=(own,))
    (found,) = Pipeline.parse("set-length{length=20}").run(module).inputs
    assert found == replace(own, shape=longer)


def test_a_reshape_that_keeps_its_positions_keeps_as_many(parsed) -> None:
    body = "  %last : f32[N,8,1,2] = reshape(%conv) {shape=(8, 1, 2)}\n"
    last = set_length(parsed, body, 20, Sites.every(10)).main.nodes[-1]
    assert (str(last.type), last["shape"]) == ("f32[N,18,1,2]", (18, 1, 2))
    body = "  %last : f32[N,4,4] = reshape(%conv) {shape=(4, 4)}\n"
    with pytest.raises(PassError, match="the layer 'last' fixes the length of the input"):
        set_length(parsed, body, 20, Sites.every(10))


def test_chosen_sites_stay(parsed) -> None:
    body = "  %last : f32[N,8,2] = relu(%conv)\n"
    assert set_length(parsed, body, 6, Sites((1, 5))).sites == Sites((1, 5))
    with pytest.raises(PassError, match="a site reaches to 6, and the input would have 5"):
        set_length(parsed, body, 5, Sites((1, 5)))


def test_sites_that_are_wider_or_none(parsed) -> None:
    body = "  %last : f32[N,8,2] = relu(%conv)\n"
    every = Sites(tuple(range(9)), 2)
    assert set_length(parsed, body, 20, every).sites == Sites(tuple(range(19)), 2)
    text = f"graph @main(%seq: f32[N,10,4]) {{\n{CONV}{body}  return %last\n}}\n"
    module = Pipeline.parse("set-length{length=20}").run(parsed(text, "flat", WEIGHTS))
    assert module.sites is None


def test_a_layer_that_fixes_the_length_is_named(parsed) -> None:
    body = "  %flat : f32[N,16] = flatten(%conv)\n  %last : f32[N,3] = dense(%flat) @dense.kernel\n"
    with pytest.raises(PassError, match=r"(?s)the layer 'last' fixes the length.*--length 20"):
        set_length(parsed, body, 20, Sites.every(10))
    assert set_length(parsed, body, 10, Sites.every(10)).main.nodes[-1].name == "last"


def test_what_keras_runs_fixes_the_length(parsed) -> None:
    body = '  %last : f32[N,8,2] = opaque(%conv) {key="last", why="mixes"}\n'
    with pytest.raises(PassError, match=r"(?s)the layer 'last' fixes .*it is run live"):
        set_length(parsed, body, 20, Sites.every(10))


@pytest.mark.parametrize("name", ["spliceai_any_length", "any_length_pooled"])
def test_it_is_the_model_at_that_length(name: str) -> None:
    """Node for node what lowering the model at the other length gives, and so its outputs."""
    from fastism.frontends.keras.lowering.lower import lower
    from tests.zoo import ENTRIES

    entry = ENTRIES[name]
    assert entry.length is not None
    length, flatten = entry.length + 24, Pipeline.parse("flatten")
    there = flatten.run(lower(entry.build(), length=length).module)
    here = flatten.run(lower(entry.build(), length=entry.length).module)
    set_there = Pipeline.parse(f"set-length{{length={length}}}").run(here)
    assert set_there.main == there.main
    inputs = random_inputs(there.main, 1)
    one, other = (reference.run(m, "main", inputs, opaque={}) for m in (there, set_there))
    for output in there.main.outputs:
        np.testing.assert_array_equal(one[output], other[output])
