"""Hostile model files: whatever they carry, nothing of it runs and nothing outside them is read."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from fastism.cli import main
from fastism.errors import ModelError, PlanError
from fastism.frontends.keras.files.load import load_model
from fastism.frontends.keras.files.model_file import _check_member
from fastism.frontends.keras.files.trust import objects, refuse_code
from fastism.frontends.keras.live.opaque import OpaqueLayer
from fastism.quiet import keras
from tests.frontends.old_files import sequential, write_h5

layers = keras.layers


def malicious(marker: Path) -> keras.Model:
    """A model whose Lambda makes a file when it is called, as loading does."""
    function = eval(f"lambda x: (open({str(marker)!r}, 'w').close(), x)[1]")
    code = layers.Lambda(function, name="code")
    return keras.Sequential([keras.Input((12, 4)), code, layers.Dense(2)])


def config_of(path: Path) -> dict[str, Any]:
    """The configuration in a model file."""
    if path.suffix == ".keras":
        with zipfile.ZipFile(path) as archive:
            return json.loads(archive.read("config.json"))
    with h5py.File(path) as file:
        return json.loads(file.attrs["model_config"])


def rewrite(path: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """Edit the configuration in a model file."""
    config = config_of(path)
    edit(config)
    if path.suffix != ".keras":
        with h5py.File(path, "a") as file:
            file.attrs["model_config"] = json.dumps(config)
        return
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def honest(path: Path) -> Path:
    keras.Sequential([keras.Input((12, 4)), layers.Conv1D(2, 3, name="c")]).save(path)
    return path


def refusal(path: Path, **options: Any) -> ModelError:
    with pytest.raises(ModelError) as caught:
        load_model(path, **options)
    assert caught.value.why
    return caught.value


@pytest.mark.parametrize("version", ["3", "2.4.0", "1.0.0"])
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_lambda_never_runs(
    tmp_path: Path, ending: str, version: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nor does it in a file that says an old Keras wrote it, nor by the command line."""
    marker, path = tmp_path / "marker", tmp_path / f"model.{ending}"
    malicious(marker).save(path)
    marker.unlink(missing_ok=True)
    if ending == "h5":
        with h5py.File(path, "a") as file:
            file.attrs["keras_version"] = version
    assert "Python code of its own" in str(refusal(path))
    model = load_model(path, custom_objects={"code": lambda x: x * 2})
    assert model.get_layer("code").function(3) == 6
    assert main(["compile", str(path), "-o", str(tmp_path / "plan")]) == 2
    assert "--unsafe" in capsys.readouterr().err
    assert not marker.exists()
    assert not (tmp_path / "plan").exists()
    if version == "3":
        load_model(path, unsafe=True)
        assert marker.exists(), "the file is not malicious: the test proves nothing"


def function(module: str | None, name: str) -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


HOSTILE: dict[str, dict[str, Any]] = {
    "a module's function": function("os", "system"),
    "a builtin": function("builtins", "exec"),
    "a tool of Keras": function("keras.utils", "get_file"),
    "a switch of Keras": function("keras.config", "enable_unsafe_deserialization"),
    "an inner function of Keras": function("keras.src.utils.python_utils", "func_load"),
    "a module's class": {"module": "subprocess", "class_name": "Popen", "config": {"args": "ls"}},
    "an inner class of Keras": {
        "module": "keras.src.utils.file_utils",
        "class_name": "Archive",
        "config": {},
    },
    "a type of a module": {
        "module": "os",
        "class_name": "__typespec__",
        "spec_name": "_Environ",
        "registered_name": "_Environ",
        "config": [],
    },
    "a lambda": {"module": "builtins", "class_name": "__lambda__", "config": {"value": "4wA="}},
    "a Lambda of a tool": {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"function": function("keras.ops", "relu")},
        "registered_name": None,
    },
    "a renamed Lambda": {"module": None, "class_name": "any>Lambda", "config": {"function": "f"}},
    "a Lambda of a registered name": {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"function": {"class_name": "__lambda__", "config": {"code": "4wA="}}},
        "registered_name": "fastism>hard_sigmoid",
    },
    "a TensorFlow program": {
        "module": "keras.layers",
        "class_name": "TFSMLayer",
        "config": {"filepath": "/tmp/x"},
    },
    "a program": {
        "module": None,
        "class_name": "TensorFlowProgram",
        "config": {"inputs": {}, "outputs": {}, "size": 8},
        "registered_name": "fastism>TensorFlowProgram",
    },
    "a program under another name": {
        "module": "keras.layers",
        "class_name": "Dense",
        "config": {"inputs": {}, "outputs": {}, "size": 8},
        "registered_name": "fastism>TensorFlowProgram",
    },
    "a pickle": {"module": "keras.layers", "class_name": "TorchModuleWrapper", "config": {}},
    "a file to read": {
        "module": "keras.layers",
        "class_name": "StringLookup",
        "config": {"vocabulary": "/etc/passwd"},
    },
    "a huge layer": {"module": "keras.layers", "class_name": "Dense", "config": {"units": 10**13}},
}


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("part", HOSTILE.values(), ids=HOSTILE)
def test_what_a_configuration_may_not_name(
    tmp_path: Path, ending: str, part: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is refused before Keras is asked, as a layer, and deep inside one."""
    monkeypatch.setattr(keras.saving, "load_model", lambda *_, **__: pytest.fail("Keras is asked"))
    path = honest(tmp_path / f"model.{ending}")
    rewrite(path, lambda config: config["config"]["layers"].append({**part, "name": "evil"}))
    assert "cannot load" in str(refusal(path))
    honest(path)
    rewrite(path, lambda config: config["config"]["layers"][-1]["config"].update(activation=part))
    assert "cannot load" in str(refusal(path))


def test_keras_own_and_the_users_own_pass() -> None:
    config = keras.saving.serialize_keras_object(
        keras.Sequential(
            [
                keras.Input((12, 4)),
                layers.Conv1D(2, 3, activation="gelu", dtype="mixed_float16"),
                layers.Dense(2, kernel_regularizer="l2", kernel_initializer="he_normal"),
                layers.Activation(keras.ops.log1p),
                layers.Dropout(0.5, seed=3),
            ]
        )
    )
    refuse_code(config, "what", None)
    own = {"module": "theirs", "class_name": "Own", "config": {}, "registered_name": "Own"}
    refuse_code(own, "what", {"Own": object})
    with pytest.raises(PlanError, match="it uses Own, which is not part of Keras"):
        refuse_code(own, "what", None, PlanError)


def test_a_lambda_of_the_users_function_passes(tmp_path: Path) -> None:
    def doubled(x: Any) -> Any:
        return x * 2

    model = keras.Sequential([keras.Input((12, 4)), layers.Lambda(doubled)])
    model.save(tmp_path / "model.keras")
    refusal(tmp_path / "model.keras")
    loaded = load_model(tmp_path / "model.keras", custom_objects={"doubled": doubled})
    assert np.asarray(loaded(np.ones((1, 12, 4)))).max() == 2


@pytest.mark.parametrize("name", ["../out", "/tmp/out", "a/../../out", "C:/out", "..\\out"])
def test_an_archive_that_leads_out_of_itself(tmp_path: Path, name: str) -> None:
    path = honest(tmp_path / "model.keras")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(name, "x")
    assert "leads out of the archive" in str(refusal(path))


def test_an_archive_with_a_link(tmp_path: Path) -> None:
    path = honest(tmp_path / "model.keras")
    member = zipfile.ZipInfo("assets/link")
    member.external_attr = 0o120777 << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(member, "/etc/passwd")
    assert "it is a link" in str(refusal(path))


def _external_link(file: h5py.File) -> None:
    file["c"] = h5py.ExternalLink("/etc/hosts", "/")


def _soft_link(file: h5py.File) -> None:
    file["c"] = h5py.SoftLink("/elsewhere")


def _external_data(file: h5py.File) -> None:
    file.create_dataset("c", (8,), "u1", external=[("/etc/hostname", 0, 8)])


def _nothing(file: h5py.File) -> None:
    file.create_dataset("c", data=h5py.Empty("f4"))


def _bomb(file: h5py.File) -> None:
    file.create_dataset("c", (2**20, 2**20), "f4", chunks=(1024, 1024), compression="gzip")


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("edit", [_external_link, _soft_link, _external_data, _bomb, _nothing])
def test_weights_outside_the_file(tmp_path: Path, ending: str, edit: Any) -> None:
    path = honest(tmp_path / f"model.{ending}")
    if ending == "h5":
        with h5py.File(path, "a") as file:
            edit(file.create_group("model_weights/evil"))
    else:
        content = io.BytesIO()
        with h5py.File(content, "w") as file:
            edit(file.create_group("layers"))
        with zipfile.ZipFile(path) as archive:
            config = archive.read("config.json")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", config)
            archive.writestr("model.weights.h5", content.getvalue())
    assert "not trusted" in str(refusal(path))


def test_weights_alone_are_looked_into_too(tmp_path: Path) -> None:
    path = write_h5(tmp_path / "w.h5", "", {}, {"c": []}, whole=False)
    with h5py.File(path, "a") as file:
        _external_link(file["c"])
    model = keras.Sequential([keras.Input((12, 4)), layers.Conv1D(2, 3)])
    assert "not trusted" in str(refusal(path, architecture=lambda: model))


def test_an_old_file_names_no_module(tmp_path: Path) -> None:
    own = {"name": "d", "units": 2, "activation": function("os", "system")}
    config = sequential(("Dense", {**own, "batch_input_shape": [None, 4]}))
    assert "system" in str(refusal(write_h5(tmp_path / "a.h5", "Sequential", config, {})))


@pytest.mark.parametrize("part", HOSTILE.values(), ids=HOSTILE)
def test_a_plan_brings_no_code_either(part: dict[str, Any]) -> None:
    stored = {
        "key": "k",
        "why": "",
        "types": ["f32[N,4]"],
        "operation": part,
        "arguments": [[], {}],
    }
    with pytest.raises(PlanError, match="cannot be restored") as caught:
        OpaqueLayer.restore(stored, {})
    reasons = ("not part of Keras", "reads the file", "carries", "runs a", "no memory holds")
    assert any(reason in str(caught.value.why) for reason in reasons)


def _of_no_weights(path: Path) -> Path:
    """A file of two kilobytes whose layer would be of gigabytes."""
    model = keras.Sequential(
        [keras.Input((12, 4)), layers.Dense(2, name="large"), layers.Dense(2, name="last")]
    )
    model.save(path)
    return path


def _widen(config: dict[str, Any]) -> None:
    for part in objects(config):
        if part["class_name"] == "Dense" and part["config"]["name"] == "large":
            part["config"]["units"] = 2**30
        if "build_config" in part:
            part.pop("build_config")


@pytest.mark.parametrize("version", ["3", "2.4.0"])
@pytest.mark.parametrize("ending", ["keras", "h5"])
def test_a_small_file_does_not_ask_for_gigabytes(
    tmp_path: Path, ending: str, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _of_no_weights(tmp_path / f"model.{ending}")
    rewrite(path, _widen)
    if ending == "h5":
        with h5py.File(path, "a") as file:
            file.attrs["keras_version"] = version
    made: list[Any] = []
    initial = keras.initializers.GlorotUniform.__call__

    def record(initializer: Any, shape: Any, dtype: Any = None) -> Any:
        made.append(shape)
        return initial(initializer, shape, dtype)

    monkeypatch.setattr(keras.initializers.GlorotUniform, "__call__", record)
    error = refusal(path)
    assert "it asks for weights of the shape (4, 1073741824)" in str(error)
    assert "layer 'large' (Dense)" in str(error)
    assert not made
    monkeypatch.undo()
    assert keras.layers.Dense(3).add_weight.__func__ is keras.layers.Layer.add_weight
    assert keras.layers.Layer.add_weight.__module__.startswith("keras.")


def test_a_result_that_no_memory_holds(tmp_path: Path) -> None:
    inputs = keras.Input((2, 4))
    wide = layers.ZeroPadding1D((0, 2**30), name="wide")(inputs)
    keras.Model(inputs, layers.GlobalMaxPooling1D()(wide)).save(tmp_path / "model.keras")
    assert "which no memory holds" in str(refusal(tmp_path / "model.keras"))


@pytest.mark.parametrize("name", ["config.json", "metadata.json"])
def test_a_configuration_that_swells(tmp_path: Path, name: str) -> None:
    path = honest(tmp_path / "model.keras")
    with zipfile.ZipFile(path) as archive:
        members = {each: archive.read(each) for each in archive.namelist()}
    members[name] = b" " * 2**27 + members[name]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in members.items():
            archive.writestr(each, content)
    assert path.stat().st_size < 2**20
    assert "it claims 134,2" in str(refusal(path))


def test_a_long_configuration_that_does_not_swell(tmp_path: Path) -> None:
    member = zipfile.ZipInfo("config.json")
    member.file_size = member.compress_size = 2**26 + 1
    with pytest.raises(ModelError, match="67,108,864 is the most"):
        _check_member(tmp_path / "model.keras", member)


def test_a_group_that_holds_itself(tmp_path: Path) -> None:
    path = honest(tmp_path / "model.h5")
    with h5py.File(path, "a") as file:
        file["model_weights/again"] = file["model_weights"]
    assert "may never end" in str(refusal(path))


def test_a_configuration_nested_without_end(tmp_path: Path) -> None:
    path = honest(tmp_path / "model.h5")
    with h5py.File(path, "a") as file:
        file.attrs["model_config"] = '{"class_name": ' * 600 + "1" + "}" * 600
    refusal(path)


def test_weights_that_are_missing_are_named(tmp_path: Path) -> None:
    """Not by the first line of what Keras says, which counts objects."""
    path = honest(tmp_path / "model.keras")
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    weights = io.BytesIO(members["model.weights.h5"])
    with h5py.File(weights, "a") as file:
        names: list[str] = []
        file.visit(lambda name: names.append(name) if name.endswith("vars/1") else None)
        del file[names[0]]
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in {**members, "model.weights.h5": weights.getvalue()}.items():
            archive.writestr(name, content)
    assert "expected 2 variables, but received 1 variables" in str(refusal(path).why)


def test_of_the_words_of_old_policies_only_classes_are_known(tmp_path: Path) -> None:
    policy = {"module": "keras.mixed_precision", "registered_name": None}
    config = {"class_name": "Dense", "config": {"dtype": policy}}
    for name, refused in (("Policy", False), ("set_global_policy", True)):
        policy.update({"class_name": name, "config": {"name": "float16"}})
        with pytest.raises(ModelError) if refused else nullcontext():
            refuse_code(config, "cannot load", None)
