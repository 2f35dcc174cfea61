"""Lowering: what the module says, and what the user is told when there is none."""

from __future__ import annotations

import numpy as np
import pytest

from fastism import api
from fastism.errors import InputError, LoweringError, ModelError
from fastism.frontends.keras.calls import trace
from fastism.frontends.keras.lowering.lower import lower
from fastism.ir.types import TensorType
from fastism.quiet import keras
from tests.zoo import ZOO

layers, ops = keras.layers, keras.ops


def _model(*stack: keras.Layer, shape: tuple[int | None, ...] = (20, 4)) -> keras.Model:
    inputs = x = keras.Input(shape, name="dna")
    for layer in stack:
        x = layer(x)
    return keras.Model(inputs, x, name="small")


def test_module_of_a_chain() -> None:
    conv = layers.Conv1D(3, 4, dilation_rate=2, padding="causal", activation="relu", name="conv")
    norm = layers.BatchNormalization(name="norm", epsilon=0.25)
    lowered = lower(_model(conv, norm), name="small.keras", sha256="abc")
    module, graph = lowered.module, lowered.module.main
    assert (module.stage, module.model, module.sha256) == ("imported", "small.keras", "abc")
    assert (module.seq_input, module.outputs, module.sites) == ("dna", ("norm",), None)
    assert (graph.name, graph.outputs, lowered.opaque) == ("main", ("norm",), {})
    first, second = graph.nodes
    assert dict(first.attributes) == {
        "width": 4,
        "stride": 1,
        "dilation": 2,
        "groups": 1,
        "pad": "causal",
        "activation": "relu",
    }
    assert first.inputs == ("dna",)
    assert dict(first.constants) == {"kernel": "conv.kernel", "bias": "conv.bias"}
    assert str(first.origin) == "conv (Conv1D)"
    assert second["epsilon"] == 0.25
    assert set(dict(second.constants)) == {"gamma", "beta", "mean", "variance"}
    np.testing.assert_array_equal(module.data(first, "kernel"), conv.kernel.numpy())


def test_activation_with_options_is_a_node_of_its_own() -> None:
    lowered = lower(_model(layers.Dense(3, activation=layers.LeakyReLU(0.1), name="dense")))
    dense, leaky = lowered.module.main.nodes
    assert (dense.op, dense["activation"], dense.name) == ("dense", "linear", "dense")
    assert (leaky.op, leaky["negative_slope"], leaky.name) == ("relu", 0.1, "dense/relu")
    assert leaky.origin == dense.origin
    assert lowered.module.main.outputs == ("dense/relu",)
    assert lowered.module.outputs == ("dense",)


def test_shared_layer_is_two_nodes_and_one_weight() -> None:
    inputs = keras.Input((20, 4), name="dna")
    conv = layers.Conv1D(4, 3, padding="same", name="conv")
    module = lower(keras.Model(inputs, conv(conv(inputs)))).module
    assert [node.name for node in module.main.nodes] == ["conv", "conv:2"]
    assert sorted(module.constants) == ["conv.bias", "conv.kernel"]


def test_nested_models_are_graphs_with_paths() -> None:
    module = lower(ZOO["nested_twice"]()).module
    assert [graph.name for graph in module.graphs] == ["main", "inner", "middle"]
    conv = module.graph["inner"].by_name["conv"]
    assert conv.origin is not None
    assert conv.origin.layer == "middle/inner/conv"
    assert conv.constant("kernel") == "middle/inner/conv.kernel"
    assert module.graph["main"].by_name["middle"].op == "call"
    assert module.graph["middle"].by_name["inner"]["graph"] == "inner"


def test_nested_model_called_twice_is_one_graph_unless_lengths_differ() -> None:
    once = lower(ZOO["nested_shared"]()).module
    assert [graph.name for graph in once.graphs] == ["main", "siamese"]
    twice = lower(ZOO["nested_at_two_lengths"]()).module
    assert [graph.name for graph in twice.graphs] == ["main", "any_length", "any_length:2"]
    assert {graph.inputs[0].type.length for graph in twice.graphs[1:]} == {40, 27}


def test_outputs_carry_the_users_names() -> None:
    assert lower(ZOO["two_inputs_dict"]()).module.outputs == ("counts", "profile")
    module = lower(ZOO["two_inputs_dict"](), seq_input="sequence").module
    assert (module.seq_input, module.main.inputs[0].name) == ("sequence", "bias_track")
    repeated = lower(ZOO["outputs_at_every_depth"]()).module
    assert repeated.outputs == ("pooled", "first", "second", "first:2", "sequence")
    assert repeated.main.outputs == ("pooled", "first", "second", "first", "sequence")


def test_operands_become_one_number_a_channel() -> None:
    inputs = keras.Input((20, 4), name="dna")
    module = lower(
        keras.Model(inputs, 1.0 - inputs * ops.convert_to_tensor([[1.0, 2, 3, 4]]))
    ).module
    scale, shift = module.main.nodes
    np.testing.assert_array_equal(module.data(scale, "scale"), [1, 2, 3, 4])
    np.testing.assert_array_equal(module.data(shift, "scale"), [-1] * 4)
    np.testing.assert_array_equal(module.data(shift, "shift"), [1] * 4)


def test_length_is_carried_through_every_type() -> None:
    module = lower(ZOO["spliceai_any_length"](), length=100).module
    assert module.main.types(module.main.outputs) == (TensorType("f32", ("N", 60, 3)),)


def running(x: object) -> object:
    return ops.cumprod(x, axis=-1)


@pytest.mark.parametrize(
    ("stack", "reason"),
    [
        ([layers.Dense(2, activation=running)], "it uses Cumprod: fastism does not know"),
        ([layers.GRU(2)], "it is recurrent: an edit reaches every position that it reads later"),
    ],
)
def test_what_has_no_rule_is_opaque_and_says_why(stack: list[keras.Layer], reason: str) -> None:
    lowered = lower(_model(*stack))
    (layer,) = lowered.opaque.values()
    assert reason in layer.why
    assert [node.op for node in lowered.module.main.nodes] == ["opaque"]


def test_an_operation_that_is_read_as_itself_is_looked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Keras's cumprod runs on no symbolic tensor, and is TensorFlow's: read, it is Keras's."""
    reads = []
    read = trace.replayed
    monkeypatch.setattr(trace, "replayed", lambda *given: reads.append(given) or read(*given))
    lower(_model(layers.Dense(2, activation=running)))
    assert len(reads) == 1


def test_a_layer_over_channels_first_is_turned_over() -> None:
    """Over (N, L, C) it takes the positions for channels, and they stay where they are."""
    first = {"data_format": "channels_first"}
    for layer, ops_of_it, shape in (
        (layers.Conv1D(3, 3, **first), ["permute", "conv1d", "permute"], "f32[N,3,2]"),
        (layers.MaxPooling1D(2, **first), ["permute", "max_pool", "permute"], "f32[N,20,2]"),
        (layers.GlobalMaxPooling1D(**first), ["permute", "global_max_pool"], "f32[N,20]"),
    ):
        lowered = lower(_model(layer))
        assert not lowered.opaque
        assert [node.op for node in lowered.module.main.nodes] == ops_of_it
        assert str(lowered.module.main.nodes[-1].type) == shape
        assert not lowered.module.inputs


@pytest.mark.parametrize("layer", [layers.Dropout(0.5), layers.BatchNormalization()])
def test_a_layer_called_with_training_predicts_all_the_same(layer: keras.Layer) -> None:
    """As in `predict`, which tells every layer of a model that it is not training."""
    inputs = keras.Input((20, 4))
    lowered = lower(keras.Model(inputs, layer(inputs, training=True)))
    assert not lowered.opaque


def test_a_class_that_shares_the_name_of_keras_is_not_taken_for_it() -> None:
    class Dense(keras.layers.Dense):
        def call(self, x: object) -> object:
            return -super().call(x)

    nodes = lower(_model(Dense(2, name="own"))).module.main.nodes
    assert [node.op for node in nodes] == ["dense", "scale_shift", "scale_shift"]


def test_a_model_over_something_else_is_refused() -> None:
    with pytest.raises(ModelError, match=r"shape is \(N, 20\), not \(N, length, channels\)"):
        lower(_model(layers.Dense(2), shape=(20,)))
    with pytest.raises(ModelError, match=r"\(N, 20, 4, 3\)"):
        lower(_model(layers.Conv2D(2, 3), shape=(20, 4, 3)))
    with pytest.raises(ModelError, match="choose the sequence input: sequence"):
        lower(ZOO["two_inputs_late"](), seq_input="cell")
    with pytest.raises(ModelError, match="its shape is"):
        lower(_model(layers.GlobalMaxPooling1D(), shape=(20, None)))


def test_a_model_that_was_never_built_is_refused() -> None:
    with pytest.raises(ModelError, match="call it once on data"):
        lower(keras.Sequential([layers.Dense(2)]))


def test_lengths_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="any length, and none was given"):
        lower(ZOO["spliceai_any_length"]())
    with pytest.raises(InputError, match="takes sequences of 40 positions, not 50"):
        lower(ZOO["chain_same"](), length=50)
    with pytest.raises(InputError, match="length must be at least 1"):
        lower(ZOO["spliceai_any_length"](), length=0)
    with pytest.raises(LoweringError, match="crops all 40 positions away"):
        lower(ZOO["spliceai_any_length"](), length=40)
    assert lower(ZOO["chain_same"](), length=40).module.main.inputs[0].type.length == 40


def test_an_input_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="no input 'dna'") as caught:
        lower(ZOO["two_sequences"](), seq_input="dna")
    assert caught.value.attempt == "one of sequence, track"
    with pytest.raises(InputError, match="no input number 2"):
        lower(ZOO["two_sequences"](), seq_input=2)


def test_a_layer_that_mixes_the_batch_is_refused() -> None:
    inputs = keras.Input((20, 4))
    for mixed in (ops.reshape(inputs, (-1, 4)), ops.transpose(inputs, (1, 0, 2)), ops.sum(inputs)):
        with pytest.raises(LoweringError, match="mixes the sequences of a batch"):
            lower(keras.Model(inputs, mixed))


class Negated(keras.Model):
    """A functional model whose call does something else than its graph."""

    def call(self, inputs: object, training: bool | None = None) -> object:
        return -super().call(inputs, training=training)


class Paired(keras.Model):
    """A model without a graph, called on a dict of inputs."""

    def call(self, inputs: dict[str, object]) -> object:
        return ops.concatenate([ops.max(inputs["dna"], axis=1), inputs["cell"]], axis=1)


def test_models_that_run_code_of_their_own_are_the_graph_that_it_runs() -> None:
    inputs = keras.Input((20, 4), name="dna")
    negated = Negated(inputs, layers.Dense(2)(inputs), name="negated")
    x = np.random.default_rng(0).normal(size=(2, 20, 4)).astype("float32")
    assert not lower(negated).opaque
    assert lower(negated).module.outputs == ("negated",)
    plan = api.compile(negated)
    np.testing.assert_allclose(plan(x).reference, negated(x), atol=1e-6)

    paired = Paired(name="paired")
    cell = np.ones((2, 3), "float32")
    expected = paired({"dna": x, "cell": cell})
    lowered = lower(paired, seq_input=1)
    assert [str(value.type) for value in lowered.module.main.inputs] == ["f32[N,3]", "f32[N,20,4]"]
    assert not lowered.opaque
    plan = api.compile(paired, seq_input=1)
    np.testing.assert_allclose(plan({"dna": x, "cell": cell}).reference, expected, atol=1e-6)


def test_the_code_of_a_nested_model_is_read() -> None:
    inputs = keras.Input((20, 4), name="dna")
    inner = Negated(inputs, layers.Conv1D(4, 3)(inputs), name="negated")
    lowered = lower(_model(layers.Conv1D(4, 3, padding="same", name="conv"), inner))
    ops_ = [node.op for node in lowered.module.main.nodes if node.op != "identity"]
    assert ops_ == ["conv1d", "conv1d", "scale_shift"]


def test_an_input_of_text_says_what_to_do() -> None:
    text = keras.Input((20,), dtype="string", name="text")
    tokens = layers.StringLookup(vocabulary=list("ACGT"), name="lookup")(text)
    scores = layers.Flatten()(layers.Embedding(5, 3)(tokens))
    with pytest.raises(ModelError, match="the input 'text' holds text") as caught:
        lower(keras.Model(text, scores))
    assert "keras.Model([..., model.get_layer('lookup').output], model.outputs)" in str(
        caught.value
    )
    behind = keras.Model([tokens], scores)
    assert lower(behind).module.main.inputs[0].type == TensorType("f32", ("N", 20, 5))
