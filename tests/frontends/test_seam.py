"""A second front end needs its own files and one line: everything else takes its models as well."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fastism
from fastism.checking.check import check_plan
from fastism.checking.model import model_scores, seconds_an_item
from fastism.checking.mutants import every_item
from fastism.cli import main
from fastism.errors import InputError, MismatchError, ModelError
from fastism.frontends import registry
from fastism.frontends.models import loaded, lowered
from fastism.io.scores import read_scores
from tests.frontends.toy import Toy

LENGTH = 40


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry.MODULES, "paths", dict(registry.MODULES.paths))
    registry.register_front_end("toy", "tests.frontends.toy")


def toy(seed: int = 0) -> Toy:
    random = np.random.default_rng(seed)

    def draw(*shape: int) -> np.ndarray:
        return random.normal(size=shape).astype(np.float32)

    layers = {
        "conv 1": {"kernel": draw(5, 4, 6)},
        "conv 2": {"kernel": draw(3, 6, 3)},
        "sort": {"scale": draw(3)},
        "dense": {"kernel": draw(LENGTH * 3, 2) / 10},
    }
    return Toy(LENGTH, layers)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "model.toy"
    toy().save(path)
    return path


def sequences(count: int = 2) -> np.ndarray:
    letters = np.random.default_rng(1).integers(0, 4, (count, LENGTH))
    return np.eye(4, dtype=np.float32)[letters]


@pytest.mark.parametrize("backend", ["tensorflow", "reference"])
def test_a_live_model_is_compiled_saved_loaded_and_scored(tmp_path: Path, backend: str) -> None:
    model, x = toy(), sequences()
    plan = fastism.compile(model, backend=backend)
    assert list(plan.opaque) == ["sort"]
    windows = [node.op for graph in plan.module.graphs[1:] for node in graph.nodes]
    assert "conv1d_spread" in windows  # the convolutions run on windows all the same
    plan.save(tmp_path / "plan")
    again = fastism.load(tmp_path / "plan")
    scores = again(x)["score"]
    for n, site, letter in [(0, 0, 3), (1, 17, 0), (0, LENGTH - 1, 1)]:
        mutant = x[n].copy()
        mutant[site] = np.eye(4)[letter]
        expected = model(mutant.T[None])[0]
        np.testing.assert_allclose(scores.alternate[n, site, letter], expected, atol=1e-5)
    np.testing.assert_allclose(scores.reference, model(np.swapaxes(x, 1, 2)), atol=1e-5)


def test_the_checks_call_it() -> None:
    model = toy()
    plan = fastism.compile(model, sites=slice(10, 20))
    assert check_plan(plan, model).largest_effect > 0.01
    with pytest.raises(MismatchError, match="every lowered layer agrees on its own"):
        check_plan(plan, toy(seed=1))
    found, expected = plan(sequences())["score"], model_scores(plan, model, sequences())["score"]
    np.testing.assert_allclose(found.alternate, expected.alternate, atol=1e-5)
    x = plan.inputs(sequences())
    assert seconds_an_item(model, plan, x, every_item(plan, 1)) > 0


def test_the_verbs_take_its_files(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    letters = ["".join("ACGT"[i] for i in row) for row in sequences().argmax(-1)]
    Path("x.fa").write_text(f">a\n{letters[0]}\n>b\n{letters[1]}\n")
    assert main(["compile", "model.toy", "-o", "plan", "--tune", "off"]) == 0
    assert "agrees with the model" in capsys.readouterr().err
    assert main(["verify", "plan", "-m", "model.toy"]) == 0
    assert "agrees with model.toy" in capsys.readouterr().out
    assert main(["run", "plan", "-s", "x.fa", "-o", "scores.h5"]) == 0
    assert main(["explain", "plan"]) == 0
    assert "sort" in capsys.readouterr().out
    reference = read_scores(Path("scores.h5")).reference["score"]
    expected = toy()(np.swapaxes(sequences(), 1, 2))
    np.testing.assert_allclose(reference, expected, atol=1e-5)
    assert main(["opt", "model.toy", "-p", "flatten"]) == 0
    assert "input %bases {shape=(4, 40), turned=true}" in capsys.readouterr().out


def test_a_file_is_known_by_its_front_end(file: Path) -> None:
    assert isinstance(loaded(file), Toy)
    module = lowered(file).module
    assert (module.model, len(module.sha256)) == ("model.toy", 64)
    with pytest.raises(ModelError, match=r"a \.toy file is a whole model"):
        lowered(file, architecture=toy)


def test_a_plan_says_which_front_end_restores_a_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fastism.compile(toy(), sites=[3]).save(tmp_path / "plan")
    monkeypatch.delitem(registry.MODULES.paths, "toy")
    with pytest.raises(InputError, match="there is no front end 'toy'; known: keras"):
        fastism.load(tmp_path / "plan")


def test_names_of_front_ends_are_unique() -> None:
    registry.register_front_end("toy", "tests.frontends.toy")
    with pytest.raises(InputError, match="two front ends are called 'toy'"):
        registry.register_front_end("toy", "somewhere.else")


def test_a_module_without_a_front_end_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry.MODULES.paths, "none", "tests.frontends.old_files")
    with pytest.raises(InputError, match="the front end 'none' has no FRONT_END"):
        registry.front_end("none")
