"""Shell completion: click's own, for verbs, options, choices, formats, scores and files."""

from __future__ import annotations

import pytest
from click.shell_completion import get_completion_class

from fastism.cli import main


def completed(
    words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """What bash is offered for the last word of a line."""
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
    monkeypatch.setenv("_FASTISM_COMPLETE", "bash_complete")
    with pytest.raises(SystemExit, match="0"):
        main([])
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("fastism comp", ["plain,compile"]),
        ("fastism run --on-m", ["plain,--on-mismatch"]),
        ("fastism run --on-mismatch ", ["plain,pad", "plain,skip", "plain,error"]),
        ("fastism convert x.h5 --format b", ["plain,bpnet", "plain,basenji", "plain,bigwig"]),
        ("fastism convert x.h5 --score cent", ["plain,centered", "plain,centered-alt"]),
        ("fastism run plan -s seq", ["file,seq"]),
        ("fastism run plan -o sco", ["file,sco"]),
        ("fastism plot sco", ["file,sco"]),
    ],
)
def test_what_the_shell_is_offered(
    words: str,
    offered: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert completed(words, monkeypatch, capsys) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_line_for_each_shell_gives_its_script(
    shell: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert get_completion_class(shell) is not None
    monkeypatch.setenv("_FASTISM_COMPLETE", f"{shell}_source")
    with pytest.raises(SystemExit, match="0"):
        main([])
    assert "fastism" in capsys.readouterr().out
