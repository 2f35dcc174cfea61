"""The text form: what is printed reads back to an equal module, and what is wrong is refused."""

import math
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastism.errors import InputError, ParseError, VerifyError
from fastism.ir import (
    Constant,
    Graph,
    GraphBuilder,
    ModelInput,
    Module,
    Node,
    Origin,
    Sites,
    TensorType,
    Value,
)
from fastism.ir.ops import OpDefinition, registry
from fastism.ir.ops.structure import as_stated
from fastism.ir.parser import parse_module
from fastism.ir.printer import change_text, print_module, print_node
from fastism.ir.ranges import Range
from fastism.ir.text import attribute_text
from fastism.testing.equality import assert_same_module
from tests.ir.trunk import trunk

GOLDEN = Path(__file__).parents[1] / "golden"
ANYTHING = "test.anything"


@pytest.fixture(scope="module", autouse=True)
def _an_op_that_takes_anything() -> Iterator[None]:
    """Registered for this file alone: other tests ask that every op has its forms."""
    kinds = OpDefinition(
        ANYTHING,
        as_stated,
        arity=None,
        attributes={"value": None, "odd name": 1.0},
        roles=("kernel", "odd.role"),
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(registry._TABLE, ANYTHING, kinds)
        yield


def tower() -> Module:
    """An imported model that calls a nested one, with two outputs and a name that needs quotes."""
    constants: dict[str, Constant] = {}
    inner = GraphBuilder("tower", constants)
    x = inner.input("x", TensorType.parse("f32[N,30,4]"))
    kernel = inner.constant("conv.kernel", np.arange(160, dtype=np.float32).reshape(5, 4, 8))
    bias = inner.constant("conv.bias", np.arange(8, dtype=np.float32))
    y = inner.add(
        "conv1d",
        [x],
        name="conv",
        attributes={"width": 5, "pad": "same", "activation": "relu"},
        constants={"kernel": kernel, "bias": bias},
        origin=Origin("conv", "Conv1D"),
    )
    y = inner.add(
        "max_pool",
        [y],
        name="pool 1",
        attributes={"size": 3, "stride": 3},
        origin=Origin("pool 1", "MaxPooling1D"),
    )
    nested = inner.finish([y, x])
    outer = GraphBuilder("main", constants)
    seq = outer.input("seq", TensorType.parse("f32[N,30,4]"))
    outer.add(
        "call",
        [seq],
        name="tower",
        attributes={"graph": "tower"},
        results=nested.types(nested.outputs),
        origin=Origin("tower", "Functional"),
    )
    flat = outer.add("flatten", ["tower!0"], name="flatten", origin=Origin("flat", "Flatten"))
    kernel = outer.constant("dense.kernel", np.arange(240, dtype=np.float32).reshape(80, 3))
    out = outer.add(
        "dense",
        [flat],
        name="dense",
        constants={"kernel": kernel},
        origin=Origin("dense", "Dense"),
    )
    mean = outer.add("global_average_pool", ["tower!1"], name="mean", origin=Origin("mean"))
    graphs = (outer.finish([out, mean]), nested)
    return Module(
        "imported", graphs, constants, None, "seq", ("profile", "mean of x"), "tower.h5", "9c1e07"
    )


def round_trip(module: Module) -> None:
    text = print_module(module)
    assert text.isascii()
    for given_constants in (module.constants, None):
        again = parse_module(text, given_constants)
        assert_same_module(module, again)
        assert print_module(again) == text


# -- goldens ----------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.fism")), ids=lambda path: path.stem)
def test_text_to_module_to_text_is_the_identity(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert print_module(parse_module(text)) == text


def test_the_imported_golden_is_what_the_builder_makes() -> None:
    golden = parse_module((GOLDEN / "imported.fism").read_text(encoding="utf-8"))
    assert_same_module(golden, tower())
    assert print_module(golden) == print_module(tower())


# -- round trips ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sites",
    [
        Sites.every(30),
        Sites(tuple(range(0, 28, 3)), 3),
        Sites((5,), 2),
        Sites((4, 17, 2)),
        Sites((9, 8, 7)),
        Sites(()),
    ],
    ids=str,
)
def test_sites_read_back(sites: Sites) -> None:
    round_trip(trunk(sites))


def test_content_given_at_parse_is_attached() -> None:
    module = trunk()
    again = parse_module(print_module(module), module.constants)
    assert again.constants["conv.kernel"].data is module.constants["conv.kernel"].data
    assert parse_module(print_module(module)).constants["conv.kernel"].data is None


NAMES = st.one_of(
    st.from_regex(r"[A-Za-z0-9_./:!-]{1,12}", fullmatch=True),
    st.sampled_from(
        ["true", "none", "inf", "nan", "1e5", "//x", "a//b", "a:", ":a", "return", "}"]
    ),
    st.text(min_size=1, max_size=8),
)
SCALARS = st.one_of(
    st.integers(),
    st.floats(allow_nan=False),
    st.just(math.nan),
    st.booleans(),
    st.none(),
    st.text(max_size=8),
    NAMES,
)
ATTRIBUTES = st.recursive(
    SCALARS, lambda inside: st.lists(inside, max_size=3).map(tuple), max_leaves=6
)


@st.composite
def modules(draw: st.DrawFn) -> Module:
    """A module whose names, attributes and fields may be anything."""
    fresh = iter(draw(st.lists(NAMES, min_size=12, max_size=12, unique=True)))
    type_ = TensorType("f32", ("N", 6, 4))
    constants = {next(fresh): Constant.of(np.zeros(3, "i4")), "a.kernel": Constant.of(1.5)}
    values = [Value(next(fresh), type_)]
    inputs, nodes = tuple(values), []
    for _ in range(draw(st.integers(1, 2))):
        results = tuple(Value(next(fresh), type_) for _ in range(draw(st.integers(1, 2))))
        used = draw(st.lists(st.sampled_from(values), max_size=3))
        usual = results[0].name.removesuffix("!0") if len(results) > 1 else results[0].name
        roles = st.sampled_from(["kernel", "odd.role"])
        nodes.append(
            Node(
                name=draw(st.sampled_from([usual, next(fresh)])),
                op=ANYTHING,
                inputs=tuple(value.name for value in used),
                results=results,
                attributes={"value": draw(ATTRIBUTES), "odd name": draw(ATTRIBUTES)},
                constants=tuple((draw(roles), name) for name in constants),
                origin=draw(st.none() | st.builds(Origin, NAMES, st.just("") | NAMES)),
                segment=draw(st.none() | st.integers(0, 99)),
                mode=draw(st.none() | NAMES),
                stop=draw(st.none() | st.text(max_size=9)),
            )
        )
        values.extend(results)
    outputs = tuple(v.name for v in draw(st.lists(st.sampled_from(values), max_size=3)))
    extra = draw(st.dictionaries(NAMES, ATTRIBUTES, max_size=2))
    graph = Graph(next(fresh), inputs, tuple(nodes), outputs, extra, (("sites", "a.kernel"),))
    starts = draw(st.none() | st.lists(st.integers(0, 5), unique=True).map(tuple))
    return Module(
        draw(NAMES),
        (graph, graph.replace(name="again")),
        constants,
        None if starts is None else Sites(starts),
        draw(st.just("") | NAMES),
        tuple(draw(st.lists(NAMES, max_size=2))),
        draw(st.just("") | NAMES),
        draw(st.sampled_from(["", "9c1e07"])),
        draw(NAMES),
        tuple(draw(st.lists(MODEL_INPUTS, max_size=2))),
    )


MODEL_INPUTS = st.builds(
    ModelInput,
    NAMES,
    st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple),
    tokens=st.booleans(),
    turned=st.booleans(),
    layer=st.just("") | NAMES,
)


@settings(max_examples=150, deadline=None)
@given(modules())
def test_any_module_reads_back(module: Module) -> None:
    round_trip(module)


@given(ATTRIBUTES)
def test_kinds_of_numbers_stay_apart(value: object) -> None:
    node = Node("n", ANYTHING, ("x",), (Value("n", TensorType("f32", ())),), {"value": value})
    graph = Graph("g", (Value("x", TensorType("f32", ())),), (node,), ("n",))
    (again,) = parse_module(print_module(Module("flat", (graph,)))).main.nodes
    assert repr(again["value"]) == repr(value)


# -- what a person reads ----------------------------------------------------------------------


def test_the_worked_site_is_the_middle_one_or_the_one_asked_for() -> None:
    module = trunk()
    assert "change=5 @15:[13,18) need=[6,24) = conv1d(%seq)" in print_module(module)
    assert "change=5 @0:[0,3) need=[6,24) = conv1d(%seq)" in print_module(module, at=0)
    assert_same_module(parse_module(print_module(module, at=29)), module)
    with pytest.raises(
        InputError, match=r"no site starts at 30\n  why: the sites start at 0 to 29"
    ):
        print_module(module, at=30)


def test_a_dump_names_the_next_command() -> None:
    assert print_module(trunk()).endswith("\n// next: fastism opt <this file> -p segment\n")
    assert "next" not in print_module(trunk().replace(stage="scheduled"))


def test_defaults_are_left_out() -> None:
    text = print_module(trunk())
    assert "conv1d(%seq) {width=5, pad=same} @conv.kernel#" in text
    assert parse_module(text).main.nodes[0]["dilation"] == 1


def test_inputs_that_the_model_takes_otherwise_have_a_line() -> None:
    """Of what it has as the graph does, none is said."""
    given = (
        ModelInput("seq", (30,), tokens=True),
        ModelInput("two words", (4, 30), turned=True, layer="the layer"),
        ModelInput("age", (1,)),
    )
    values = [("seq", "f32[N,30,4]"), ("two words", "f32[N,30,4]"), ("age", "f32[N,1]")]
    inputs = tuple(Value(name, TensorType.parse(type)) for name, type in values)
    module = Module("flat", (Graph("main", inputs, (), ("age",)),), inputs=given)
    text = print_module(module)
    assert [line for line in text.splitlines() if line.startswith("input")] == [
        "input %seq {shape=(30,), tokens=true}",
        'input %"two words" {shape=(4, 30), turned=true, layer="the layer"}',
        "input %age {shape=(1,)}",
    ]
    assert parse_module(text).inputs == given


def test_the_line_of_one_node() -> None:
    module = trunk()
    node = module.main.nodes[0]
    line = print_node(node, module.constants)
    assert line.startswith(f"%{node.name} : ")
    assert " = conv1d(%seq) {width=5, pad=same} @conv.kernel#" in line
    assert "@15:" not in line
    assert print_node(node) == re.sub(r"#[0-9a-f]+", "#?", line)


def test_how_wide_a_change_is() -> None:
    one = Range(np.array([2]), np.array([5]), 9)
    assert [change_text(each) for each in (Range.none(1, 9), Range.all([True], 9), one)] == [
        "none",
        "all",
        "3",
    ]


def test_a_list_is_no_attribute() -> None:
    with pytest.raises(VerifyError, match="it is a list; attributes are numbers"):
        attribute_text([1])  # type: ignore[arg-type]


# -- text that is refused ---------------------------------------------------------------------

REFUSED = [
    ("// fastism 1 ", "// fastism 2 ", "line 1: expected the header '// fastism 1  stage="),
    ("sites [0,30)", "sites [0,30", "line 2: expected a name, a number or a mark"),
    ("[0,30)", "[0,30) step=0", "line 2: expected a step of 1 or more"),
    ("width=1", "width=x", "line 2: expected the width of the sites"),
    (
        "constant @",
        "constant @spare#00 : f32[1]\nconstant @spare#00 : f32[1]\nconstant @",
        "not listed yet",
    ),
    ("width=1", "breadth=1", "line 2: expected 'width='"),
    ("outputs crop", "outcomes crop", "line 4: expected one of sites, seq_input, outputs"),
    ("f32[5,4,8]", "f31[5,4,8]", "unknown element type 'f31'"),
    ("f32[5,4,8]", "f32[5,4,9]", r"the content given for it is a f32\[5,4,8\] with hash"),
    ("= conv1d", "= conv9d", "there is no op 'conv9d'"),
    ("{width=5,", "{breadth=5,", "op 'conv1d' has no attribute breadth"),
    ("{width=5,", "{", "op 'conv1d' needs the attribute width"),
    ("{width=5,", "{width=5, width=5,", "line 8: expected each attribute once"),
    ("{width=5,", "{width=5-5,", "line 8: expected an attribute's value"),
    ("@conv.kernel#", "@conv.gamma#", "line 8: expected a constant listed above the graphs"),
    ("pad=same} @conv.kernel#", "pad=same} @conv.kernel#f00", "@conv.kernel is listed with #"),
    ("conv1d(%seq)", "conv1d(%sequel)", "line 8: expected a value defined above"),
    ("conv1d(%seq)", "conv1d(%seq", r"line 8: expected '\)'"),
    ("crop(%conv) {", "crop(%conv) mood=x {", "line 9: expected a constant, segment=, mode="),
    ("return %crop", "return %crap", "line 10: expected a value defined above"),
    ("return %crop", "", "line 11: expected a node, as %name : ..., or return"),
    ("change=5 @15:[13,18)", "change=4 @15:[13,18)", r"line 8: expected change=5 @15:\[13,18\)"),
    ("@15:[13,18)", "@15:[13,19)", r"that is what the sites and the ops' rules give"),
    ("@15:[13,18)", "@31:[13,18)", "line 8: expected the start of a site that is listed above"),
    ("need=[6,24)", "need=[7,24)", r"need=\[6,24\)"),
    ("change=5 @15:[13,18) ", " ", "line 8: expected change=5"),
    ("seq_input %seq", "", "ranges that can be recomputed"),
    ("seq_input %seq", "input %seq {shape=30}", r"line 3: expected \{shape=\(600,\)\}, and tokens"),
    ("seq_input %seq", "input %seq {tokens=true}", "line 3: expected {shape="),
    ("seq_input %seq", "input %seq {shape=(30,), form=1}", "line 3: expected one of shape, tokens"),
    ('layer="x y"', 'layer="x \\y"', "line 9: expected a quoted string"),
]


@pytest.mark.parametrize(("old", "new", "message"), REFUSED, ids=[row[1] for row in REFUSED])
def test_wrong_text_is_refused(old: str, new: str, message: str) -> None:
    module = trunk()
    last = module.main.nodes[1].replace(origin=Origin("x y"))
    graph = module.main.replace(nodes=(module.main.nodes[0], last))
    module = module.with_graphs([graph])
    text = print_module(module)
    assert old in text
    with pytest.raises(ParseError, match=message):
        parse_module(text.replace(old, new, 1), module.constants)


def test_an_error_points_at_its_place() -> None:
    text = print_module(trunk()).replace("= crop(", "= (")
    with pytest.raises(ParseError) as caught:
        parse_module(text)
    message, line, caret = str(caught.value).splitlines()
    assert message == "line 9: expected an op"
    assert line.startswith("  9 |   %crop : f32[N,18,8] change=5")
    assert line[caret.index("^") :].startswith("(%conv)")


def test_an_empty_text_is_refused() -> None:
    with pytest.raises(ParseError, match="line 1: expected the header"):
        parse_module("")
