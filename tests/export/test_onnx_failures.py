"""What goes wrong, and how it reads."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import onnx
import pytest
import tensorflow as tf

from fastism import export as backend
from fastism.backends import onnx as onnx_backend
from fastism.errors import InputError, LoweringError, MismatchError, PlanError
from fastism.ir import GraphBuilder, Module, TensorType
from fastism.ir.origin import Origin
from tests.exported import Export, Exported


@pytest.fixture
def found(exported: Export, tmp_path: Path) -> Exported:
    """A plan and a copy of its export, to alter."""
    original = exported("global_maximum")
    return Exported(original.plan, Path(shutil.copytree(original.folder, tmp_path / "export")))


def test_an_existing_folder_is_not_replaced_unasked(found: Exported) -> None:
    with pytest.raises(PlanError, match="exists already\n  try: another name, or --force"):
        backend.export(found.plan, found.folder)


def test_force_replaces_an_export_and_checks_it(found: Exported) -> None:
    (found.folder / "propagate0.onnx").write_text("torn")
    files = backend.export(found.plan, found.folder, force=True)
    assert [path.name for path in files] == [
        "intout.onnx",
        "manifest.json",
        "propagate0.onnx",
        "source.onnx",
    ]
    assert backend.check(found.plan, found.folder).largest_difference < 1e-5


def test_force_replaces_nothing_else(found: Exported, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes").write_text("keep")
    with pytest.raises(PlanError, match="holds something other than an export"):
        backend.export(found.plan, tmp_path / "mine", force=True)
    assert (tmp_path / "mine" / "notes").read_text() == "keep"


def test_onnxruntime_missing(
    found: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(PlanError) as caught:
        backend.export(found.plan, tmp_path / "new")
    assert "needs onnxruntime, and it is not installed" in str(caught.value)
    assert "pip install 'fastism[onnx]'" in str(caught.value)
    assert not (tmp_path / "new").exists()
    with pytest.raises(PlanError, match="needs onnxruntime"):
        onnx_backend.emit(found.plan.module, {})


def test_an_unknown_operator_set(found: Exported, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"operator set 9 cannot be written\n  why: 17 and 18 can"):
        backend.export(found.plan, tmp_path / "new", opset=9)


def test_opset_18_is_written(found: Exported, tmp_path: Path) -> None:
    backend.export(found.plan, tmp_path / "new", opset=18)
    for path in (tmp_path / "new").glob("*.onnx"):
        assert onnx.load(path).opset_import[0].version == 18


def _alter(path: Path, name: str) -> None:
    """Double the weights whose name starts with ``name``."""
    model = onnx.load(path)
    (weight,) = (t for t in model.graph.initializer if t.name.startswith(name))
    doubled = onnx.numpy_helper.to_array(weight) * 2
    weight.CopyFrom(onnx.numpy_helper.from_array(doubled, weight.name))
    onnx.save(model, path)


def test_a_wrong_source_graph_is_caught(found: Exported) -> None:
    _alter(found.folder / "source.onnx", "head.kernel")
    with pytest.raises(MismatchError, match=r"source.onnx disagrees .* output 'head'"):
        backend.check(found.plan, found.folder)


@pytest.mark.parametrize("graph", ["intout", "propagate0"])
def test_wrong_weights_are_caught(found: Exported, graph: str) -> None:
    path = found.folder / f"{graph}.onnx"
    weights = onnx.load(path).graph.initializer
    kernel = next(t.name for t in weights if sorted(t.dims)[-2:] == [2, 5])
    _alter(path, kernel)
    with pytest.raises(MismatchError, match="disagrees with the plan"):
        backend.check(found.plan, found.folder)


def test_a_failed_check_leaves_nothing(
    found: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["fastism.export.check"], "TOLERANCE", -1.0)
    with pytest.raises(MismatchError, match="--no-check writes the files all the same"):
        backend.export(found.plan, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_the_export_of_another_plan(found: Exported, exported: Export) -> None:
    other = exported("chain_strided_same")
    with pytest.raises(PlanError, match="was exported from another plan"):
        backend.check(found.plan, other.folder)


def test_a_torn_file(found: Exported) -> None:
    (found.folder / "intout.onnx").write_text("torn")
    with pytest.raises(PlanError, match=r"onnxruntime cannot load .*intout.onnx"):
        backend.check(found.plan, found.folder)


def test_no_export_at_all(found: Exported, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="holds no exported plan"):
        backend.check(found.plan, tmp_path)


def test_a_graph_too_large_for_a_file(
    found: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["fastism.export.export"], "LARGEST", 100)
    with pytest.raises(PlanError, match="would be larger than an ONNX file can be"):
        backend.export(found.plan, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_graph_that_is_not_valid(
    found: Exported, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = onnx.load(found.folder / "intout.onnx")
    model.graph.node[0].op_type = "Unknown"
    export = sys.modules["fastism.export.export"]
    monkeypatch.setattr(export, "plan_models", lambda plan, opset: {"intout": model})
    with pytest.raises(
        LoweringError, match=r"intout.onnx would not be valid ONNX\n  why: .*Unknown"
    ):
        backend.export(found.plan, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_a_layer_that_onnx_cannot_express() -> None:
    builder = GraphBuilder("main", {})
    x = builder.input("x", TensorType("f32", ("N", 8, 4)))
    out = builder.add(
        "opaque",
        [x],
        name="odd",
        attributes={"key": "odd"},
        results=[TensorType("f32", ("N", 8, 4))],
        origin=Origin("odd", "Lambda"),
    )
    module = Module("canonical", (builder.finish([out]),), builder.constants)
    with pytest.raises(LoweringError) as caught:
        onnx_backend.written(module, {"odd": lambda x: [tf.math.lgamma(x)]})
    assert "layer 'odd', node %odd" in str(caught.value)
    assert "ONNX has no form of TensorFlow's Lgamma" in str(caught.value)
