"""A plan folder gives back what was saved, and refuses everything else in one clear statement."""

from __future__ import annotations

import json
from pathlib import Path

import ml_dtypes
import numpy as np
import pytest

from fastism.errors import PlanError
from fastism.io.manifest import sha256
from fastism.io.plan_folder import OpaqueRecord, load_plan, save_plan
from fastism.io.tensors import read_tensors, write_tensors
from fastism.ir import Constant, GraphBuilder, Module, Origin, Sites, TensorType

KERNEL = np.linspace(-1, 1, 3 * 4 * 5, dtype=np.float32).reshape(3, 4, 5)
MANIFEST = {"chunk": 512, "notes": ["a", None, 1.5]}
OPAQUE = {
    "encoder/attention pool": OpaqueRecord(
        "keras",
        {"class_name": "Attention", "config": {"heads": 2}},
        {
            "kernel/0": np.arange(6, dtype=ml_dtypes.bfloat16).reshape(2, 3),
            "seed": np.array([1, 2], np.uint32),
        },
    ),
    "encoder/attention:pool": OpaqueRecord("toy", {}, {"kernel/0": np.float16([0.5, np.nan])}),
}


def make_module(stage: str = "imported", **constants: np.ndarray) -> Module:
    held: dict[str, Constant] = {name: Constant.of(array) for name, array in constants.items()}
    builder = GraphBuilder("main", held)
    x = builder.input("seq", TensorType.parse("f32[N,20,4]"))
    kernel = builder.constant("conv.kernel", KERNEL)
    y = builder.add(
        "conv1d",
        [x],
        name="conv",
        attributes={"width": 3},
        constants={"kernel": kernel},
        origin=Origin("conv", "Conv1D"),
    )
    return Module(
        stage,
        (builder.finish([y]),),
        held,
        sites=Sites.every(20),
        seq_input="seq",
        outputs=("out",),
        model="basset.h5",
        sha256="ab" * 32,
    )


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan"
    stages = [
        make_module(half=np.float16([1, 2]), brain=np.ones(3, ml_dtypes.bfloat16)),
        make_module("flat", table=np.arange(20, dtype=np.int32)),
    ]
    save_plan(path, stages=stages, manifest=MANIFEST, opaque=OPAQUE)
    return path


def edit_manifest(plan: Path, **fields: object) -> None:
    path = plan / "manifest.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_round_trip(plan: Path) -> None:
    contents = load_plan(plan)
    assert list(contents.stages) == ["imported", "flat"]
    expected = make_module(half=np.float16([1, 2]), brain=np.ones(3, ml_dtypes.bfloat16))
    assert contents.stages["imported"] == expected
    for module in contents.stages.values():
        np.testing.assert_array_equal(module.data(module.main.nodes[0], "kernel"), KERNEL)
    brain = contents.stages["imported"].constants["brain"].data
    assert brain is not None
    assert brain.dtype == ml_dtypes.bfloat16
    assert contents.stages["flat"].constants["table"].data.dtype == np.int32
    assert contents.manifest == MANIFEST


def test_opaque_layers_come_back_whatever_their_names(plan: Path) -> None:
    opaque = load_plan(plan).opaque
    assert opaque.keys() == OPAQUE.keys()
    for key, record in OPAQUE.items():
        assert opaque[key].front_end == record.front_end
        assert opaque[key].config == record.config
        assert opaque[key].weights.keys() == record.weights.keys()
        for name, array in record.weights.items():
            assert opaque[key].weights[name].dtype == array.dtype
            np.testing.assert_array_equal(opaque[key].weights[name], array)


def test_the_layout_and_the_manifest(plan: Path) -> None:
    files = {path.relative_to(plan).as_posix() for path in plan.rglob("*") if path.is_file()}
    assert files == {
        "manifest.json",
        "ir/000-imported.fism",
        "ir/001-flat.fism",
        "weights.safetensors",
        "tables.safetensors",
        "opaque.safetensors",
        "opaque/000-encoder_attention_pool.json",
        "opaque/001-encoder_attention_pool.json",
    }
    manifest = json.loads((plan / "manifest.json").read_text())
    assert manifest["version"] == 2
    assert manifest["versions"].keys() == {"fastism", "tensorflow", "keras", "numpy"}
    assert manifest["model"] == {"name": "basset.h5", "sha256": "ab" * 32}
    assert manifest["inputs"] == {"seq": [20, 4]}
    assert manifest["files"].keys() == files - {"manifest.json"}


def test_a_constant_of_several_stages_is_stored_once(plan: Path) -> None:
    stored = read_tensors(plan / "weights.safetensors")
    assert sorted(key.partition("#")[0] for key in stored) == ["brain", "conv.kernel", "half"]


def test_no_file_holds_a_pickle(plan: Path) -> None:
    for path in plan.rglob("*"):
        assert path.is_dir() or path.suffix in {".json", ".fism", ".safetensors"}


@pytest.mark.parametrize(
    "name", ["ir/001-flat.fism", "weights.safetensors", "tables.safetensors", "opaque.safetensors"]
)
def test_a_damaged_file_is_named(plan: Path, name: str) -> None:
    path = plan / name
    content = path.read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(PlanError, match=f"{name} was altered"):
        load_plan(plan)
    path.write_bytes(content[:-7])
    with pytest.raises(PlanError, match=rf"{name} is truncated\n(.*\n)*.*{len(content) - 7} of"):
        load_plan(plan)
    path.unlink()
    with pytest.raises(PlanError, match=f"lost its file {name}"):
        load_plan(plan)


def test_a_manifest_of_another_format_version(plan: Path) -> None:
    edit_manifest(plan, version=1)
    with pytest.raises(PlanError, match="has plan format 1\n  why: this fastism reads format 2"):
        load_plan(plan)


def test_a_manifest_that_lost_a_field(plan: Path) -> None:
    edit_manifest(plan, stages=[{"stage": "flat"}])
    with pytest.raises(PlanError, match="is not a whole plan"):
        load_plan(plan)


def test_a_file_without_its_checksum(plan: Path) -> None:
    edit_manifest(plan, files={})
    with pytest.raises(PlanError, match=r"is not a whole plan\n  why: .*\.fism"):
        load_plan(plan)


def test_a_checksum_of_a_file_outside(plan: Path) -> None:
    (plan.parent / "secret").write_text("secret")
    files = json.loads((plan / "manifest.json").read_text())["files"]
    edit_manifest(plan, files={**files, "../secret": {"bytes": 6, "sha256": ""}})
    with pytest.raises(PlanError, match=r"has lost its file \.\./secret"):
        load_plan(plan)


@pytest.mark.parametrize("fields", [{"inputs": {}}, {"seq_input": "other"}])
def test_a_manifest_of_other_inputs(plan: Path, fields: dict[str, object]) -> None:
    edit_manifest(plan, **fields)
    with pytest.raises(PlanError, match="does not name the inputs"):
        load_plan(plan)


@pytest.mark.parametrize(
    ("text", "message"),
    [("{", "not JSON"), ("[]", "something else"), ('{"format": "other"}', "something else")],
)
def test_a_manifest_that_is_something_else(plan: Path, text: str, message: str) -> None:
    (plan / "manifest.json").write_text(text)
    with pytest.raises(PlanError, match=f"is not a plan\n  why: .*{message}"):
        load_plan(plan)


def test_a_path_that_is_no_plan(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="there is no plan at"):
        load_plan(tmp_path / "missing")
    with pytest.raises(PlanError, match=r"holds no manifest\.json"):
        load_plan(tmp_path)


def test_weights_swapped_under_a_matching_checksum(plan: Path) -> None:
    """The digest of a constant holds even where the manifest was rewritten with the file."""
    path = plan / "weights.safetensors"
    write_tensors(path, {key: array * 2 for key, array in read_tensors(path).items()})
    files = json.loads((plan / "manifest.json").read_text())["files"]
    files[path.name] = {"bytes": path.stat().st_size, "sha256": sha256(path)}
    edit_manifest(plan, files=files)
    with pytest.raises(PlanError, match=r"the constant .* was altered"):
        load_plan(plan)


def test_an_existing_target_needs_force(plan: Path) -> None:
    stages = [make_module("flat")]
    with pytest.raises(PlanError, match=r"exists already\n  try: .*--force"):
        save_plan(plan, stages=stages, manifest={}, opaque={})
    save_plan(plan, stages=stages, manifest={}, opaque={}, force=True)
    assert list(load_plan(plan).stages) == ["flat"]
    assert [path.name for path in plan.parent.iterdir()] == ["plan"]


def test_force_never_replaces_what_is_not_a_plan(tmp_path: Path) -> None:
    thesis = tmp_path / "home" / "thesis.tex"
    thesis.parent.mkdir()
    thesis.write_text("years of work")
    for target in (thesis.parent, thesis):
        with pytest.raises(PlanError, match="another name"):
            save_plan(target, stages=[make_module()], manifest={}, opaque={}, force=True)
    assert thesis.read_text() == "years of work"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failed_save_leaves_the_old_plan(
    plan: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("fastism.io.plan_folder.write_manifest", fail)
    with pytest.raises(error):
        save_plan(plan, stages=[make_module("flat")], manifest={}, opaque={}, force=True)
    assert list(load_plan(plan).stages) == ["imported", "flat"]
    assert [path.name for path in plan.parent.iterdir()] == ["plan"]


def test_stages_of_one_name_are_all_kept(tmp_path: Path) -> None:
    stages = [make_module(), make_module("flat"), make_module("flat").replace(after="drop-noise")]
    save_plan(tmp_path / "plan", stages=stages, manifest={}, opaque={})
    contents = load_plan(tmp_path / "plan")
    assert list(contents.stages) == ["imported", "flat", "flat:2"]
    assert list(contents.stages.values()) == stages


def test_a_module_without_its_weights_is_not_saved(tmp_path: Path) -> None:
    module = make_module()
    bare = {name: Constant(c.type, c.digest) for name, c in module.constants.items()}
    with pytest.raises(PlanError, match=r"'conv\.kernel' has no content"):
        save_plan(
            tmp_path / "plan", stages=[module.replace(constants=bare)], manifest={}, opaque={}
        )
    assert not list(tmp_path.iterdir())


def test_an_old_plan_comes_back_if_the_new_one_cannot_take_its_place(
    plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="no"):
        save_plan(plan, stages=[make_module("flat")], manifest={}, opaque={}, force=True)
    assert list(load_plan(plan).stages) == ["imported", "flat"]
    assert [path.name for path in plan.parent.iterdir()] == ["plan"]


@pytest.mark.parametrize("name", ["weights.safetensors", "ir/000-imported.fism", "manifest.json"])
def test_a_file_that_is_a_link_to_elsewhere(plan: Path, tmp_path: Path, name: str) -> None:
    """It may be there today and be another tomorrow, or be the reader's own."""
    outside = tmp_path / "outside"
    (plan / name).rename(outside)
    (plan / name).symlink_to(outside)
    with pytest.raises(PlanError, match=f"{name} is a link that leads out of the plan"):
        load_plan(plan)
