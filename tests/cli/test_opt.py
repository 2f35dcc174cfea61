"""``fastism opt``: every prefix of the pipeline, from a model, a plan or text, printed the same."""

from __future__ import annotations

import io
import shlex
import sys
from pathlib import Path

import pytest

from fastism import data
from fastism.cli import main

PASSES = ("flatten", "canonicalize", "annotate", "segment", "split", "schedule")
SITES = "--sites 90:110:4"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the bundled model, a plan of it, and the dumps of its stages."""
    folder = tmp_path_factory.mktemp("opt")
    (folder / "model.h5").write_bytes(data.path("demo.h5").read_bytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        line = f"--quiet compile model.h5 -o plan --tune off --no-check {SITES} --dump-dir dumps"
        line += " --backend tensorflow"  # `auto` chooses by what was measured at the time
        assert main(line.split()) == 0
    return folder


@pytest.fixture(autouse=True)
def _there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """Run a command line; returns what it prints on standard output."""

    def run(line: str) -> str:
        capsys.readouterr()
        assert main(shlex.split(line)) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return run


def dump(number: int) -> str:
    (path,) = Path("dumps").glob(f"{number:03}-*.fism")
    return path.read_text()


@pytest.mark.parametrize("count", range(len(PASSES) + 1))
def test_any_prefix_from_a_model_is_the_dump_to_the_byte(say, count: int) -> None:  # type: ignore[no-untyped-def]
    assert say(f"opt model.h5 {SITES} -p '{','.join(PASSES[:count])}'") == dump(count)


@pytest.mark.parametrize("count", range(len(PASSES)))
def test_the_next_stage_from_text_and_from_a_plan(say, count: int) -> None:  # type: ignore[no-untyped-def]
    (path,) = Path("dumps").glob(f"{count:03}-*.fism")
    assert say(f"opt {path} -p {PASSES[count]} --weights plan") == dump(count + 1)
    made = say(f"opt plan --stop-after {PASSES[count]}")
    assert made.partition("\n// text")[0] == dump(count + 1).partition("\n// text")[0]


@pytest.mark.parametrize("count", range(len(PASSES)))
def test_the_command_a_dump_names_makes_the_next(say, count: int) -> None:  # type: ignore[no-untyped-def]
    (line,) = (line for line in dump(count).splitlines() if line.startswith("// next: fastism "))
    assert say(line.removeprefix("// next: fastism ")) == dump(count + 1)


def test_altered_text_is_gone_on_from_and_not_the_model(say, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    edited = tmp_path / "edited.fism"
    edited.write_text(dump(1).replace("{width=7, pad=same", "{width=7, pad=causal"))
    out = say(f"opt {edited} -p canonicalize --weights plan")
    assert f"// next: fastism opt {edited} --weights plan -p canonicalize,annotate\n" in out
    assert "pad=causal" in out


def test_pipes_go_from_the_model_to_the_schedule(
    say,  # type: ignore[no-untyped-def]
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = say(f"opt model.h5 {SITES}")
    for name in PASSES:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        text = say(f"opt - -p {name} --weights plan")
    assert text == dump(6)


def test_what_is_printed_and_written_on_the_way(
    say,  # type: ignore[no-untyped-def]
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    begin = f"opt model.h5 {SITES} --stop-after annotate"
    assert say(f"{begin} --print-after flatten") == dump(1) + "\n"
    assert say(f"{begin} --print-after-all") == "".join(dump(i) + "\n" for i in (1, 2, 3))
    changed = say(f"{begin} --print-changed")
    assert "// flatten: nothing changed\n" in changed
    assert "-  %norm_1 : f32[N,200,64] = batch_norm(%conv_1)" in changed
    assert "scale_shift(%conv_1)" in changed
    out = tmp_path / "out.fism"
    assert say(f"{begin} -o {out} --dump-dir {tmp_path / 'd'}") == ""
    assert out.read_text() == dump(3)
    assert [path.read_text() for path in sorted((tmp_path / "d").iterdir())] == [
        dump(number) for number in range(4)
    ]
    assert main(f"{begin} -o {out}".split()) == 2
    assert "exists already" in capsys.readouterr().err
    assert main(f"{begin} --time-passes -o {out} --force".split()) == 0
    assert "total " in capsys.readouterr().err
    assert "@94:[87,102)" in say(f"{begin} --at 94")


@pytest.mark.parametrize("source", ["plan", "plan --stage flat", "dumps/001-flatten.fism"])
def test_other_sites_of_a_plan_and_of_text(say, source: str) -> None:  # type: ignore[no-untyped-def]
    """As from the model, and the command in the text makes the next stage of the same sites."""
    begin, last = ("flatten,", "annotate") if source == "plan" else ("", "annotate")
    wanted = say("opt model.h5 --sites 3:9 --width 2 -p flatten,canonicalize,annotate")
    weights = "--weights plan" if source.startswith("dumps") else ""
    line = f"opt {source} {weights} --sites 3:9 --width 2 -p {begin}canonicalize"
    made = say(f"{line},{last}")
    assert "sites [3,8) width=2" in made
    assert made.partition("\n// text")[0] == wanted.partition("\n// text")[0]
    following = say(line).rpartition("// next: fastism ")[2]
    assert "--sites 3:9 --width 2" in following
    assert say(following).partition("\n// text")[0] == wanted.partition("\n// text")[0]


def test_outputs_of_a_plan(say) -> None:  # type: ignore[no-untyped-def]
    name = say("opt plan").partition("\noutputs ")[2].partition("\n")[0]
    assert say(f"opt plan --outputs {name} -p flatten") == dump(1).replace(
        "opt model.h5", f"opt plan --outputs {name}"
    ).replace(f" {SITES}", "")


REFUSED = [
    ("opt model.h5 --stage flat", "--stage does not apply to a model"),
    ("opt model.h5 --weights plan", "--weights does not apply to a model"),
    ("opt plan --length 9", "--length does not apply to a plan"),
    ("opt plan --stage split --sites 3:9", "--sites does not apply to text of stage split"),
    ("opt plan --stage annotated --outputs bound", "--outputs does not apply to text of stage ann"),
    ("opt dumps/001-flatten.fism --outputs bond", "the model has no output 'bond'"),
    ("opt dumps/003-annotate.fism --sites 3:9", "--sites does not apply to text of stage annot"),
    ("opt plan --force", "--force does not apply"),
    ("opt plan -p flatten --print-after annotate", "--print-after annotate prints nothing"),
    ("opt plan -p flatten --at 94", "--at 94 changes nothing"),
    ("opt plan --stop-after flattn", "did you mean 'flatten'?"),
    ("opt plan --stage flt", "did you mean 'flat'?"),
    ("opt plan -o plan/x.fism", "this command reads"),
    ("opt", "Missing argument 'SOURCE'"),
    ("opt dumps/001-flatten.fism -p canonicalize", "--weights PLAN"),
    ("opt dumps/003-annotate.fism -p segment", "--weights PLAN"),
    ("opt plan --passes-from plain.py", "--passes-from plain.py: it registers no pass"),
    ("opt plan --instrument watch.py", "names no class"),
    ("opt plan --instrument watch.py:Nothing", "is no instrument"),
    ("compile dumps/001-flatten.fism --weights plan -o p --outputs bond", "has no output 'bond'"),
    ("compile dumps/001-flatten.fism -o p", "fastism compile dumps/001-flatten.fism --weights P"),
    ("compile model.h5 -o p --weights plan", "--weights does not apply to a model"),
    ("compile dumps/001-flatten.fism --weights plan -o p --length 9", "does not apply to a text"),
]

WATCH = """
class Watch:
    def after(self, pass_, module):
        print("made", module.stage)

class Nothing:
    pass
"""
MINE = """
from dataclasses import dataclass
from typing import ClassVar
from fastism.ir import Module
from fastism.passes import Pass, register_pass

@register_pass
@dataclass(frozen=True)
class Louder(Pass):
    \"\"\"Scale nothing.\"\"\"

    name: ClassVar[str] = "louder-than"

    def run(self, module: Module) -> Module:
        return module
"""


@pytest.mark.parametrize(("line", "said"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_does_not_apply_is_refused(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("plain.py").write_text("x = 1\n")
    Path("watch.py").write_text(WATCH)
    assert main(line.split()) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert out == ""
    assert not Path("p").exists()


def test_bytes_that_are_no_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.fism"
    bad.write_bytes(dump(1).encode().replace(b"conv1d", b"conv\xff1d", 1))
    assert main(["opt", str(bad)]) == 2
    assert "the byte 0xff in column" in capsys.readouterr().err


def test_passes_and_instruments_of_ones_own(say, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "watch.py").write_text(WATCH)
    mine = f"--passes-from {tmp_path / 'mine.py'}"
    assert "Scale nothing." in say(f"opt --list-passes {mine}")
    watch = f"--instrument {tmp_path / 'watch.py'}:Watch"
    out = say(f"opt plan -p flatten,louder-than {mine} {watch}")
    assert out.startswith("made flat\nmade flat\n// fastism 1")
    assert "after=louder-than" in out


def test_text_is_compiled_from_any_stage(say, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    from fastism.io.plan_folder import load_plan

    for number in (0, 3, 6):
        (path,) = Path("dumps").glob(f"{number:03}-*.fism")
        plan = tmp_path / f"plan{number}"
        say(f"--quiet compile {path} --weights plan -o {plan} --tune off --backend tensorflow")
        last = list(load_plan(plan).stages.values())[-1]
        assert last == list(load_plan("plan").stages.values())[-1]
