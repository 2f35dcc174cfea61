"""Questions that are asked of graphs and modules: numbers of nodes, outputs, what leads where."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from fastism.errors import InputError, VerifyError
from fastism.ir import Constant, GraphBuilder, Module, Node, Origin, TensorType, Value
from fastism.ir.module import contents
from fastism.ir.place import Place
from fastism.ir.stages import next_pass
from fastism.ir.ways import Way, read, written
from tests.passes.conftest import module_of

TEXT = """
graph @main(%seq: f32[N,9,4], %x: f32[N,9,4]) {
  %conv : f32[N,9,4] = conv1d(%seq) {width=1} @conv.kernel
  %sum : f32[N,9,4] = add(%conv, %x)
  %relu : f32[N,9,4] = relu(%sum)
  return %relu, %conv, %sum
}
"""


def module() -> Module:
    return module_of(TEXT, "canonical", {"conv.kernel": np.ones((1, 4, 4), np.float32)})


def node(**attributes: Any) -> Node:
    value = Value("x", TensorType.parse("f32[N,3]"))
    return Node("x", "relu", ("y",), (value,), attributes, origin=Origin("a/b/c", "ReLU"))


def test_attributes_are_of_their_kinds() -> None:
    given = node(one=3, half=0.5, word="a")
    assert (given.integer("one"), given.integer("none"), given.integer("none", 7)) == (3, 0, 7)
    assert (given.count("one"), given.count("none"), given.count("none", 0, least=0)) == (3, 1, 0)
    assert (given.number("half"), given.number("one"), given.number("none")) == (0.5, 3.0, 0.0)
    assert given.number("none", 2) == 2.0
    assert type(given.number("one")) is float
    for ask, said in (
        (lambda: given.integer("half"), "half=0.5 is not a whole number"),
        (lambda: given.count("one", least=4), "one=3 is below 4"),
        (lambda: given.count("word"), "word='a' is not a whole number"),
        (lambda: given.number("word"), "word='a' is not a number"),
    ):
        with pytest.raises(ValueError, match=said):
            ask()


def test_a_layer_may_be_called_by_those_around_it() -> None:
    assert node().labels == {"x", "a", "a/b", "a/b/c"}
    assert node().replace(origin=None).labels == {"x"}
    assert (str(Origin("a/b", "ReLU")), str(Origin("a/b"))) == ("a/b (ReLU)", "a/b")


def test_what_leads_where() -> None:
    graph = module().main.to_networkx()
    assert graph.name == "main"
    assert dict(graph.nodes(data="op")) == {
        **{"seq": "input", "x": "input"},
        **{"conv": "conv1d", "sum": "add", "relu": "relu"},
    }
    assert sorted(graph.edges(data="value")) == [
        ("conv", "sum", "conv"),
        ("seq", "conv", "seq"),
        ("sum", "relu", "sum"),
        ("x", "sum", "x"),
    ]


def test_some_outputs_in_another_order() -> None:
    chosen = module().with_outputs(["out2", "out0"])
    assert (chosen.outputs, chosen.main.outputs) == (("out2", "out0"), ("sum", "relu"))
    assert chosen.main.nodes == module().main.nodes
    nested = module().main.replace(name="nested")
    several = module().with_graphs([module().main, nested, nested.replace(name="other")])
    assert several.with_outputs(["out1"]).graphs[1:] == several.graphs[1:]
    for names, said in (
        (["out0", "nix"], "the model has no output 'nix'"),
        ([], "no output is wanted"),
        (["out1", "out1"], "an output is wanted twice: out1, out1"),
    ):
        with pytest.raises(InputError, match=said):
            module().with_outputs(names)


def test_nobody_writes_into_a_node() -> None:
    given = {"width": 3, "pad": "same"}
    node = Node("n", "conv1d", ("seq",), (), given)
    given["width"] = 5
    assert node.attributes == {"width": 3, "pad": "same"}
    with pytest.raises(TypeError, match="does not support item assignment"):
        node.attributes["width"] = 5  # type: ignore[index]


def test_the_pass_that_comes_next() -> None:
    assert next_pass("imported") == "flatten"
    assert next_pass("split") == "schedule"
    assert next_pass("scheduled") is None
    assert next_pass("nix") is None


def test_ways_to_run_a_graph_read_back() -> None:
    at = Place(module(), module().main)
    ways = (Way("native", 5.21e-5, 5.69e-5), Way("TensorFlow", 9e-5), Way("x", None, 0.0))
    attribute = (("native", 52100, 56900), ("TensorFlow", 90000, None), ("x", None, 0))
    assert written(ways) == attribute
    found = read(at, attribute)
    assert [way.name for way in found] == ["native", "TensorFlow", "x"]
    assert found[0].predicted_seconds == pytest.approx(5.21e-5)
    assert found[0].measured_seconds == pytest.approx(5.69e-5)
    assert (found[1].measured_seconds, found[2].measured_seconds) == (None, 0.0)
    assert read(at, None) == ()
    wrong: list[Any] = [3, (("a", 1),), ((1, 2, 3),), (("a", 1.5, 2),), (("a", 1, -2),)]
    for each in wrong:
        with pytest.raises(VerifyError, match=r"has the way to run .*|a name and two times in ns"):
            read(at, each)


def test_contents_by_hash() -> None:
    given, digest = module(), module().constants["conv.kernel"].digest
    bare = Constant(given.constants["conv.kernel"].type, digest)
    detached = given.with_constants({"conv.kernel": bare})
    assert set(contents([given])) == {digest}
    assert contents([detached, given])[digest].data is not None
    assert given.content("conv.kernel").shape == (1, 4, 4)
    assert given.data(given.main.nodes[0], "kernel") is given.content("conv.kernel")
    assert given.data(given.main.nodes[0], "bias") is None
    with pytest.raises(ValueError, match=r"'conv\.kernel' was read from text without its content"):
        detached.content("conv.kernel")


def test_names_that_are_taken_get_a_number() -> None:
    builder = GraphBuilder("main", {})
    x = builder.input("x", TensorType.parse("f32[N,3]"))
    builder.reserve(["y", "y:3"])
    assert builder.add("relu", [x], name="x") == "x:2"
    assert builder.add("relu", [x], name="y") == "y:2"
    assert builder.add("relu", [x], name="y") == "y:4"
    assert builder.add("relu", [x], name="z") == "z"
    assert builder.input("y", TensorType.parse("f32[N,3]"), exact=True) == "y"
    assert builder.last.name == "z"
    assert builder.constant("w", [1.0]) == "w"
    assert builder.constant("w", [1.0]) == "w"
    assert builder.constant("w", [2.0]) == "w:2"
    assert builder.constant("w", [3.0]) == "w:3"
    assert builder.constant("w", [2.0]) == "w:2"
