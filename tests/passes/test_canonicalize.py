"""The rules of canonicalize, before and after, and the outputs unchanged under numpy."""

import numpy as np
import pytest

from fastism.backends.reference import run
from fastism.errors import PassError
from fastism.ir.printer import print_graph
from fastism.ir.verify import verify
from fastism.passes import Canonicalize
from fastism.passes.canonicalization.scope import Scope


def array(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.5, 1.5, size=shape).astype("float32")


WEIGHTS = {
    "conv.kernel": array(3, 4, 4),
    "dense.kernel": array(4, 2, seed=2),
    "dense.bias": array(2, seed=3),
    "wide.kernel": array(24, 2, seed=4),
    "joined.kernel": array(30, 2, seed=11),
    "bn.gamma": array(4, seed=5),
    "bn.beta": array(4, seed=6),
    "bn.mean": array(4, seed=7),
    "bn.variance": array(4, seed=8),
    "scale.scale": array(24, seed=9),
    "scale.shift": array(24, seed=10),
}


def graph(body: str, outputs: str) -> str:
    return f"graph @main(%seq: f32[N,6,4]) {{\n{body}\n  return {outputs}\n}}\n"


@pytest.fixture
def rewritten(parsed):
    """Canonicalize a graph; hold the result to the same outputs, and to being its own result."""

    def rewrite(body, outputs):
        before = parsed(graph(body, outputs), "flat", WEIGHTS)
        after = Canonicalize()(before)
        verify(after)
        assert Canonicalize()(after) == after
        x = np.random.default_rng(99).normal(size=(2, 6, 4))
        # by position: two outputs may have become one value
        old, new = (
            [run(m, "main", {"seq": x}, dtype="float64")[name] for name in m.main.outputs]
            for m in (before, after)
        )
        for a, b in zip(old, new, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)  # constants are float32
        return after

    return rewrite


@pytest.fixture
def check(rewritten, parsed):
    """Before / Expected, for rules that make no new constants."""

    def check(before, outputs, expected, expected_outputs):
        found = rewritten(before, outputs)
        wanted = parsed(graph(expected, expected_outputs), "canonical", WEIGHTS)
        assert print_graph(found.main, found.constants) == print_graph(
            wanted.main, wanted.constants
        )
        assert found == wanted.replace(after="canonicalize")

    return check


def test_noise_goes(check) -> None:
    check(
        """
  %drop  : f32[N,6,4] = dropout(%seq) {rate=0.5}
  %noise : f32[N,6,4] = gaussian_noise(%drop)
  %act   : f32[N,6,4] = relu(%noise)
  %same  : f32[N,6,4] = identity(%act)
""",
        "%same",
        """
  %act : f32[N,6,4] = relu(%seq)
""",
        "%act",
    )


def test_shape_ops_that_keep_the_type_go(check) -> None:
    check(
        """
  %crop    : f32[N,6,4] = crop(%seq)
  %repeat  : f32[N,6,4] = upsample(%crop) {factor=1}
  %reshape : f32[N,6,4] = reshape(%repeat) {shape=(6, 4)}
  %flat    : f32[N,24]  = flatten(%reshape)
  %again   : f32[N,24]  = flatten(%flat)
""",
        "%again",
        """
  %flat : f32[N,24] = flatten(%seq)
""",
        "%flat",
    )


def test_outputs_follow_in_order_to_inputs_and_shared_values(check) -> None:
    check(
        """
  %act   : f32[N,6,4] = tanh(%seq)
  %drop  : f32[N,6,4] = dropout(%act)
  %input : f32[N,6,4] = identity(%seq)
  %last  : f32[N,6,4] = relu(%drop)
""",
        "%last, %drop, %input, %act",
        """
  %act  : f32[N,6,4] = tanh(%seq)
  %last : f32[N,6,4] = relu(%act)
""",
        "%last, %act, %seq, %act",
    )


def test_activations_are_split_off(check) -> None:
    check(
        """
  %conv  : f32[N,6,4] = conv1d(%seq) {width=3, pad=same, activation=gelu} @conv.kernel kind=C
  %flat  : f32[N,24]  = flatten(%conv)
  %dense : f32[N,2]   = dense(%flat) {activation=softmax} @wide.kernel layer=a/dense kind=D
""",
        "%dense",
        """
  %conv          : f32[N,6,4] = conv1d(%seq) {width=3, pad=same} @conv.kernel kind=C
  %conv.gelu     : f32[N,6,4] = gelu(%conv) layer=conv kind=C
  %flat          : f32[N,24]  = flatten(%conv.gelu)
  %dense         : f32[N,2]   = dense(%flat) @wide.kernel layer=a/dense kind=D
  %dense.softmax : f32[N,2]   = softmax(%dense) layer=a/dense kind=D
""",
        "%dense.softmax",
    )


def test_a_split_activation_takes_no_name_in_use(rewritten) -> None:
    found = rewritten(
        """
  %conv.relu : f32[N,6,4] = tanh(%seq)
  %conv      : f32[N,6,4] = conv1d(%conv.relu) {width=3, pad=same, activation=relu} @conv.kernel
""",
        "%conv, %conv.relu",
    )
    assert [node.name for node in found.main.nodes] == ["conv.relu", "conv", "conv.relu:2"]
    assert found.main.outputs == ("conv.relu:2", "conv.relu")


def test_a_name_is_given_once(parsed) -> None:
    scope = Scope(parsed(graph("  %act : f32[N,6,4] = relu(%seq)", "%act"), "flat"))
    assert [scope.unique(name) for name in ("act", "act", "seq", "new", "new")] == [
        "act:2",
        "act:3",
        "seq:2",
        "new",
        "new:2",
    ]


def test_an_unknown_activation_is_refused(parsed) -> None:
    body = "  %d : f32[N,6,2] = dense(%seq) {activation=swoosh} @dense.kernel"
    with pytest.raises(PassError, match="canonicalize: there is no op 'swoosh'"):
        Canonicalize()(parsed(graph(body, "%d"), "flat", WEIGHTS))


@pytest.mark.parametrize(
    "roles", ["@bn.mean @bn.variance", "@bn.gamma @bn.beta @bn.mean @bn.variance"]
)
def test_batch_norm_becomes_scale_and_shift(rewritten, roles) -> None:
    found = rewritten(f"  %bn : f32[N,6,4] = batch_norm(%seq) {{epsilon=0.1}} {roles}", "%bn")
    (node,) = found.main.nodes
    assert (node.op, dict(node.attributes)) == ("scale_shift", {})
    assert node.constants == (("scale", "bn.scale"), ("shift", "bn.shift"))
    assert set(found.constants) == {"bn.scale", "bn.shift"}
    assert [str(c.type) for c in found.constants.values()] == ["f32[4]", "f32[4]"]


def test_batch_norm_is_folded_in_float64(parsed) -> None:
    # in float32, 4097 - 4096 / sqrt(1 + 1e-7) * sqrt(1 + 1e-7) would lose the variance's epsilon
    weights = {
        "bn.beta": np.array([4096.0], "float32"),
        "bn.mean": np.array([4096.0], "float32"),
        "bn.variance": np.array([1.0], "float32"),
    }
    text = """
graph @main(%seq: f32[N,6,1]) {
  %bn : f32[N,6,1] = batch_norm(%seq) {epsilon=1e-7} @bn.beta @bn.mean @bn.variance
  return %bn
}
"""
    found = Canonicalize()(parsed(text, "flat", weights))
    exact = 4096.0 - 4096.0 / np.sqrt(1.0 + 1e-7)
    assert found.constants["bn.shift"].data == np.float32(exact)
    assert exact > 1e-4


def test_dense_over_positions_becomes_a_convolution(rewritten) -> None:
    found = rewritten(
        "  %dense : f32[N,6,2] = dense(%seq) {activation=relu} @dense.kernel @dense.bias layer=top",
        "%dense",
    )
    dense, relu = found.main.nodes
    assert (dense.op, dense["width"], dense["activation"]) == ("conv1d", 1, "linear")
    assert dense.constants == (("kernel", "dense.conv1d.kernel"), ("bias", "dense.bias"))
    assert str(found.constants["dense.conv1d.kernel"].type) == "f32[1,4,2]"
    assert (relu.name, relu.inputs, relu.origin) == ("dense.relu", ("dense",), dense.origin)


def test_shared_weights_stay_shared(rewritten) -> None:
    found = rewritten(
        """
  %a/bn  : f32[N,6,4] = batch_norm(%seq) @bn.mean @bn.variance
  %a/top : f32[N,6,2] = dense(%a/bn) @dense.kernel
  %tanh  : f32[N,6,4] = tanh(%seq)
  %b/bn  : f32[N,6,4] = batch_norm(%tanh) @bn.mean @bn.variance
  %b/top : f32[N,6,2] = dense(%b/bn) @dense.kernel
  %c/bn  : f32[N,6,4] = batch_norm(%tanh) {epsilon=0.5} @bn.mean @bn.variance
""",
        "%a/top, %b/top, %c/bn",
    )
    nodes = found.main.by_name
    assert nodes["a/bn"].constants == nodes["b/bn"].constants
    assert nodes["a/top"].constants == nodes["b/top"].constants
    assert nodes["c/bn"].constants != nodes["b/bn"].constants
    assert len(found.constants) == 5


def test_dense_over_more_axes_becomes_a_convolution_too(rewritten) -> None:
    body = """
  %four  : f32[N,3,2,4] = reshape(%seq) {shape=(3, 2, 4)}
  %dense : f32[N,3,2,2] = dense(%four) @dense.kernel
  %flat  : f32[N,12]    = flatten(%dense)
"""
    assert [node.op for node in rewritten(body, "%flat").main.nodes] == ["conv1d", "flatten"]


def test_element_wise_functions_move_in_front_of_a_flatten(check) -> None:
    check(
        """
  %pool  : f32[N,2,4] = max_pool(%seq) {size=3, stride=3}
  %flat  : f32[N,8]   = flatten(%pool) layer=flat
  %act   : f32[N,8]   = relu(%flat) {threshold=0.1} layer=act
  %drop  : f32[N,8]   = dropout(%act)
  %other : f32[N,8]   = tanh(%drop)
  %soft  : f32[N,8]   = softmax(%other)
""",
        "%soft",
        """
  %pool  : f32[N,2,4] = max_pool(%seq) {size=3, stride=3}
  %act   : f32[N,2,4] = relu(%pool) {threshold=0.1} layer=act
  %other : f32[N,2,4] = tanh(%act)
  %flat  : f32[N,8]   = flatten(%other) layer=flat
  %soft  : f32[N,8]   = softmax(%flat)
""",
        "%soft",
    )


@pytest.mark.parametrize(
    ("reader", "outputs"),
    [
        ("  %act : f32[N,24] = relu(%flat)", "%act, %flat"),
        ("  %act : f32[N,24] = relu(%flat)\n  %out : f32[N,24] = add(%flat, %act)", "%out"),
        ("  %act : f32[N,24] = scale_shift(%flat) @scale.scale @scale.shift", "%act"),
        ("  %act : f32[N,24] = add(%flat, %flat)", "%act"),
    ],
    ids=["flatten is an output", "flatten is read twice", "per element", "binary"],
)
def test_nothing_moves_where_it_would_cost_or_differ(check, reader, outputs) -> None:
    body = f"  %flat : f32[N,24] = flatten(%seq)\n{reader}"
    check(body, outputs, body, outputs)


def test_only_the_part_of_a_chain_that_one_node_reads_moves(check) -> None:
    check(
        """
  %flat : f32[N,24] = flatten(%seq)
  %act  : f32[N,24] = relu(%flat)
  %exp  : f32[N,24] = exponential(%act)
""",
        "%exp, %act",
        """
  %act  : f32[N,6,4] = relu(%seq)
  %flat : f32[N,24]  = flatten(%act)
  %exp  : f32[N,24]  = exponential(%flat)
""",
        "%exp, %flat",
    )


def test_a_dense_layer_over_joined_vectors_is_a_sum(rewritten) -> None:
    found = rewritten(
        """
  %mean  : f32[N,4]  = global_average_pool(%seq)
  %flat  : f32[N,24] = flatten(%seq)
  %pair  : f32[N,2]  = dense(%mean) @dense.kernel
  %both  : f32[N,30] = concatenate(%mean, %flat, %pair)
  %dense : f32[N,2]  = dense(%both) {activation=relu} @joined.kernel @dense.bias layer=top
""",
        "%dense",
    )
    ops = {node.name: node.op for node in found.main.nodes}
    assert ops["dense"] == "add"
    assert "concatenate" not in ops.values()
    pieces = [found.main.by_name[name] for name in found.main.by_name["dense"].inputs]
    assert [piece.inputs for piece in pieces] == [("mean",), ("flat",), ("pair",)]
    assert [dict(piece.constants).get("bias") for piece in pieces] == ["dense.bias", None, None]


def test_a_dense_layer_over_other_joined_vectors_stays(check) -> None:
    body = """
  %mean  : f32[N,4]  = global_average_pool(%seq)
  %sum   : f32[N,20] = concatenate(%mean, %mean, %mean, %mean, %mean)
  %both  : f32[N,24] = concatenate(%sum, %mean)
  %dense : f32[N,2]  = dense(%both) @wide.kernel
"""
    check(body, "%dense", body, "%dense")


def test_channels_in_front_are_turned_back(rewritten) -> None:
    """The kernel's rows change places with them, and functions in between go in front."""
    found = rewritten(
        """
  %turn  : f32[N,4,6] = permute(%seq) {order=(2,1)}
  %act   : f32[N,4,6] = relu(%turn)
  %sig   : f32[N,4,6] = sigmoid(%act)
  %flat  : f32[N,24]  = flatten(%sig)
  %dense : f32[N,2]   = dense(%flat) @wide.kernel
""",
        "%dense",
    )
    nodes = {node.name: (node.op, *node.inputs) for node in found.main.nodes}
    assert nodes == {
        "act.turned": ("relu", "seq"),
        "sig.turned": ("sigmoid", "act.turned"),
        "dense.flat": ("flatten", "sig.turned"),
        "dense": ("dense", "dense.flat"),
    }


def test_a_turned_value_that_others_read_stays(check) -> None:
    body = """
  %turn : f32[N,4,6] = permute(%seq) {order=(2,1)}
  %act  : f32[N,4,6] = relu(%turn)
"""
    check(body, "%act, %turn", body, "%act, %turn")


def test_what_nobody_reads_is_dropped(check) -> None:
    check(
        """
  %spare : f32[N,6,2] = dense(%seq) {activation=relu} @dense.kernel
  %act   : f32[N,6,4] = relu(%seq)
""",
        "%act",
        "  %act : f32[N,6,4] = relu(%seq)",
        "%act",
    )


def test_a_dense_layer_on_an_input_stays(parsed) -> None:
    text = (
        "graph @main(%seq: f32[N,9,4], %x: f32[N,6]) {\n"
        "  %dense : f32[N,2] = dense(%x) @dense.kernel\n"
        "  %relu : f32[N,9,4] = relu(%seq)\n  return %dense, %relu\n}\n"
    )
    module = parsed(text, "canonical", {"dense.kernel": np.ones((6, 2), "float32")})
    assert Canonicalize()(module) == module.replace(after="canonicalize")


def test_a_function_of_a_turned_value_keeps_its_name(parsed) -> None:
    text = (
        "graph @main(%seq: f32[N,9,4]) {\n"
        "  %turn : f32[N,4,9] = permute(%seq) {order=(2, 1)}\n"
        "  %act : f32[N,4,9] = relu(%turn)\n  return %act\n}\n"
    )
    found = Canonicalize()(parsed(text, "canonical"))
    assert [node.name for node in found.main.nodes] == ["act.turned", "act"]
