"""Running a graph: outputs, precision, nested graphs, opaque layers, a user's op, and errors."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from fastism.backends import reference
from fastism.backends.base import Backend
from fastism.errors import InputError, LoweringError, VerifyError
from fastism.ir import Constant, GraphBuilder, Module, Origin, TensorType, ops

X = np.linspace(-1, 1, 24, dtype="float32").reshape(2, 4, 3)
SEQ = TensorType.parse("f32[N,4,3]")


def single(op: str, origin: Origin | None = None, **options: object) -> Module:
    builder = GraphBuilder("main", {})
    seq = builder.input("seq", SEQ)
    out = builder.add(op, [seq], name="out", origin=origin, **options)  # type: ignore[arg-type]
    return Module("imported", (builder.finish([out]),), builder.constants)


def dense() -> Module:
    constants: dict[str, Constant] = {}
    builder = GraphBuilder("main", constants)
    kernel = builder.constant("kernel", np.full((3, 2), 1 / 3, "float32"))
    hidden = builder.add(
        "dense", [builder.input("seq", SEQ)], name="hidden", constants={"kernel": kernel}
    )
    return Module(
        "imported", (builder.finish([builder.add("tanh", [hidden], name="out")]),), constants
    )


def test_every_op_has_a_numpy_form() -> None:
    node = dense().main.nodes[0]
    for name in ops.names():
        assert callable(reference.FORMS.of(node.replace(op=name)))


def test_outputs_by_name_and_values_to_keep() -> None:
    outputs = reference.run(dense(), "main", {"seq": X})
    assert list(outputs) == ["out"]
    kept = reference.run(dense(), "main", {"seq": X}, keep=["seq", "hidden"])
    assert list(kept) == ["seq", "hidden"]
    np.testing.assert_array_equal(outputs["out"], np.tanh(kept["hidden"]))
    with pytest.raises(InputError, match="%nowhere"):
        reference.run(dense(), "main", {"seq": X}, keep=["nowhere"])


def test_double_precision_reaches_every_value() -> None:
    third = np.float64(np.float32(1 / 3))
    for dtype, wanted in ((None, "float32"), ("float64", "float64")):
        values = reference.run(dense(), "main", {"seq": X}, dtype=dtype, keep=["hidden", "out"])
        assert {str(array.dtype) for array in values.values()} == {wanted}
    exact = X.astype("float64").sum(axis=2) * third
    np.testing.assert_allclose(values["hidden"][..., 0], exact, rtol=1e-14)


def test_integers_are_cast_to_what_the_graph_states() -> None:
    out = reference.run(dense(), "main", {"seq": np.ones((2, 4, 3), "int8")})["out"]
    assert out.dtype == np.float32


def test_the_module_is_a_backend() -> None:
    backend: Backend[np.ndarray] = reference
    emitted = backend.emit(dense(), {})["main"]
    np.testing.assert_array_equal(
        emitted({"seq": X})["out"], reference.run(dense(), "main", {"seq": X})["out"]
    )


def test_call_runs_another_graph() -> None:
    inner = GraphBuilder("inner", {})
    source = inner.input("x", SEQ)
    two = inner.finish([inner.add("tanh", [source], name="a"), source])
    outer = GraphBuilder("main", {})
    called = outer.add(
        "call",
        [outer.input("seq", SEQ)],
        name="sub",
        attributes={"graph": "inner"},
        results=[SEQ, SEQ],
    )
    module = Module("imported", (outer.finish([called, "sub!1"]), two))
    outputs = reference.run(module, "main", {"seq": X})
    np.testing.assert_array_equal(outputs["sub!0"], np.tanh(X))
    np.testing.assert_array_equal(outputs["sub!1"], X)


def opaque_module() -> Module:
    origin = Origin("attn_pool", "AttentionPool")
    return single("opaque", origin, attributes={"key": "attn"}, results=[SEQ])


def test_opaque_layers_run_by_key() -> None:
    outputs = reference.run(
        opaque_module(), "main", {"seq": X}, opaque={"attn": lambda x: [x[:, ::-1]]}
    )
    np.testing.assert_array_equal(outputs["out"], X[:, ::-1])


def test_opaque_results_must_fit_the_graph() -> None:
    run = partial(reference.run, opaque_module(), "main", {"seq": X})
    with pytest.raises(VerifyError, match="attn_pool") as error:
        run(opaque={"attn": lambda x: [x[:, :2]]})
    assert "shape (2, 2, 3)" in str(error.value)
    with pytest.raises(VerifyError, match="2 results for 1"):
        run(opaque={"attn": lambda x: [x, x]})


def test_a_missing_opaque_layer_reads_well() -> None:
    with pytest.raises(InputError) as error:
        reference.run(opaque_module(), "main", {"seq": X})
    assert str(error.value) == (
        "the opaque layer 'attn' is not there\n"
        "  in layer 'attn_pool', node %out\n"
        "  why: fastism cannot express the layer, so the layer itself must be given to run it\n"
        "  try: opaque={'attn': a function from arrays to a list of arrays}"
    )


def test_a_users_own_op(monkeypatch: pytest.MonkeyPatch) -> None:
    from fastism.ir.ops import registry as definitions

    monkeypatch.setattr(definitions, "_TABLE", dict(definitions._TABLE))
    monkeypatch.setattr(reference.FORMS, "_table", dict(reference.FORMS._table))
    ops.register(ops.OpDefinition("double", lambda node, types, roles: (types[0],)))
    module = single("double", Origin("twice", "Twice"))
    with pytest.raises(LoweringError) as error:
        reference.run(module, "main", {"seq": X})
    assert "layer 'twice', node %out" in str(error.value)
    assert 'implements("double")' in str(error.value)

    reference.implements("double")(lambda node, inputs, constants, context: 2 * inputs[0])
    np.testing.assert_array_equal(reference.run(module, "main", {"seq": X})["out"], 2 * X)
    with pytest.raises(VerifyError, match="numpy form already"):
        reference.implements("double")(lambda node, inputs, constants, context: inputs[0])
    with pytest.raises(VerifyError, match="no op 'triple'"):
        reference.implements("triple")


def test_missing_graphs_inputs_and_weights() -> None:
    with pytest.raises(InputError, match="no graph @other; it has @main"):
        reference.run(dense(), "other", {"seq": X})
    with pytest.raises(InputError, match=r"input %seq: f32\[N,4,3\] is missing"):
        reference.run(dense(), "main", {})
    with pytest.raises(InputError, match=r"shape \(2, 3, 3\)"):
        reference.run(dense(), "main", {"seq": X[:, 1:]})
    module = dense()
    bare = {name: Constant(c.type, c.digest) for name, c in module.constants.items()}
    with pytest.raises(InputError, match="kernel of dense has no content"):
        reference.run(module.replace(constants=bare), "main", {"seq": X})


def test_bfloat16_wants_a_precision() -> None:
    builder = GraphBuilder("main", {})
    out = builder.add("tanh", [builder.input("x", TensorType.parse("bf16[N,2]"))], name="out")
    module = Module("imported", (builder.finish([out]),))
    with pytest.raises(InputError, match="bfloat16"):
        reference.run(module, "main", {"x": X[:, :2, 0]})
    kept = reference.run(module, "main", {"x": X[:, :2, 0]}, dtype="float32")["out"]
    np.testing.assert_array_equal(kept, np.tanh(X[:, :2, 0]))
