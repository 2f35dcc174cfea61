"""``fastism explain``: readable at a hundred columns, and all of it in JSON."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import keras
import pytest

from fastism import api, data
from fastism.cli import main
from tests.zoo.registry import randomize

MODEL = data.path("demo.h5")
COLUMNS = 100


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("explained") / "plan"
    api.compile(MODEL, sites=slice(90, 110), backend="reference").save(path)
    return str(path)


def explained(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(["explain", *arguments]) == 0
    return capsys.readouterr().out


def test_sixty_layers_fit_a_hundred_columns(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    x = inputs = keras.Input((300, 4), name="sequence")
    x = keras.layers.Conv1D(8, 15, padding="same")(x)
    for index in range(29):
        name = f"residual_tower_of_dilated_convolutions_{index}"
        step = keras.layers.Conv1D(8, 3, padding="same", dilation_rate=2, name=name)(x)
        x = keras.layers.Add(name=f"{name}_sum")([x, step])
    x = keras.layers.Dense(1)(keras.layers.GlobalAveragePooling1D()(x))
    model = keras.Model(inputs, x)
    assert len(model.layers) > 60
    randomize(model, 0)
    api.compile(model, backend="reference").save(tmp_path / "plan")
    for option in ([], ["--site", "150"], ["--stop", "residual_tower_of_dilated_convolutions_9"]):
        out = explained(capsys, str(tmp_path / "plan"), *option)
        assert max(map(len, out.splitlines())) <= COLUMNS
        assert "volutions_28_sum" in out


def test_it_says_why_every_segment_begins(plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = explained(capsys, plan)
    assert "reads the edited input" in out
    assert "locality ends at flatten: gives every position a weight of its own" in out
    assert "behind the stop at flatten: " in out


def test_json_is_all_of_it(plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(explained(capsys, plan, "--json", "--site", "95", "--stop", "conv_3"))
    assert found["version"] == 1
    assert found["site"]["start"] == 95
    assert found["site"]["values"][0]["change"] == [[95, 96]]
    assert found["what_if"]["after"]["ends"][0] == ["conv_3", "named as a stop layer"]
    assert found["summary"]["ends"] == found["what_if"]["after"]["ends"]


def test_a_site_is_followed(plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "[95,96)" in explained(capsys, plan, "--site", "95")


def test_other_options_change_the_prediction(plan: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = explained(capsys, plan, "--stop", "conv_2")
    assert "locality ends at" in out
    assert "conv_2" in out
    assert "an item is predicted to take" in out


def test_the_page_is_written_whole(
    plan: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "graph.html"
    assert not explained(capsys, plan, "--html", str(page), "--site", "95", "--stop", "conv_3")
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "named as a stop layer" in text
    for options, said in (
        (["--html", str(page)], "exists already"),
        (["--html", str(page), "--json"], "ask for one at a time"),
        (["--html", f"{plan}/graph.html"], "this command reads"),
        (["--force"], "there is none"),
        (["--html", str(page), "--force", "--site", "1"], "no site starts at 1"),
    ):
        assert main(["explain", plan, *options]) == 2
        assert said in capsys.readouterr().err
    assert page.read_text(encoding="utf-8") == text


def test_the_windows_are_drawn(
    plan: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "windows.svg"
    assert not explained(capsys, plan, "--plot", str(picture), "--site", "95")
    drawn = picture.read_text(encoding="utf-8")
    assert "the base at 95 is edited" in drawn
    for options, said in (
        (["--plot", str(picture)], "exists already"),
        (["--plot", str(picture), "--json"], "ask for one at a time"),
        (["--plot", str(tmp_path / "windows")], "does not say what kind of picture"),
        (["--plot", str(picture), "--force", "--site", "1"], "no site starts at 1"),
    ):
        assert main(["explain", plan, *options]) == 2
        assert said in capsys.readouterr().err
    assert picture.read_text(encoding="utf-8") == drawn


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--site", "5"], "no site starts at 5"),
        (["--stop", "conv_22"], "there is no layer 'conv_22' to stop at"),
        (["--outputs", "nix"], "the model has no output 'nix'"),
        (["--length", "1000"], "fixes the length of the input"),
        (["--custom-objects", "nix.py"], "--custom-objects nix.py cannot be imported"),
    ],
)
def test_what_does_not_fit_is_said(
    plan: str, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", plan, *options]) == 2
    out, err = capsys.readouterr()
    assert not out
    assert said in err


def test_of_a_plan_from_scheduled_text_what_it_has(
    plan: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (text,) = Path(plan, "ir").glob("*scheduled.fism")
    later = str(tmp_path / "later")
    assert main(["compile", str(text), "--weights", plan, "-o", later, "--tune", "off"]) == 0
    capsys.readouterr()
    whole = json.loads(explained(capsys, plan, "--json"))
    found = json.loads(explained(capsys, later, "--json"))
    assert found.keys() == {"version", "computed"}
    graphs = found["computed"]
    assert sum(graph["sites"] for graph in graphs) == 20
    assert (min(graph["first"] for graph in graphs), max(g["last"] for g in graphs)) == (90, 109)
    spent = sum(graph["sites"] * graph["multiply_adds"] for graph in graphs) / 20
    assert spent == pytest.approx(whole["summary"]["total_item_macs"], abs=len(whole["segments"]))
    for graph in graphs:
        assert graph["multiply_adds"] == sum(row["multiply_adds"] for row in graph["values"])
    assert main(["explain", later]) == 0
    out, err = capsys.readouterr()
    assert max(map(len, out.splitlines())) <= COLUMNS
    assert f"@{graphs[0]['graph']}: {graphs[0]['sites']} sites from" in out
    assert "compiled from text of the scheduled stage" in err
    for options in (["--site", "95"], ["--stop", "conv_2"], ["--outputs", "nix"]):
        assert main(["explain", later, *options]) == 2
        err = capsys.readouterr().err
        assert "no segmented stage, which holds how far each edit reaches" in err
        assert "fastism compile segmented.fism --weights plan/ -o plan2/" in err


def test_a_plan_with_an_op_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those that know it are processes of their own: an op is registered for good."""
    example = Path(__file__).parents[2] / "examples" / "custom_op.py"
    ops = tmp_path / "my_ops.py"
    ops.write_text(example.read_text())
    (tmp_path / "make.py").write_text(
        "import keras, fastism, my_ops\n"
        "layers = [keras.Input((40, 4)), my_ops.SoftMaxPool(), keras.layers.Flatten()]\n"
        "fastism.compile(keras.Sequential(layers)).save('plan')\n"
    )
    subprocess.run([sys.executable, "make.py"], cwd=tmp_path, check=True)
    assert main(["explain", str(tmp_path / "plan")]) == 2
    assert "there is no op 'soft_max_pool'" in capsys.readouterr().err
    command = [sys.executable, "-m", "fastism", "explain", "plan", "--custom-objects", "my_ops.py"]
    read = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "soft_max_pool" in read.stdout
