"""The bench of clusters runs, and finds the files of one process."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.cluster import main

pytestmark = pytest.mark.sweep


def test_workers_write_the_files_of_one_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    main(["equal", "--sequences", "64", "--length", "60", "--workers", "2"])
    said = capsys.readouterr().out
    assert said.count("the same bytes\n") == 4
    assert "OTHER" not in said
    apart = re.search(r"native and TensorFlow on a worker each: (\S+) of the largest score", said)
    assert apart is not None
    assert 0 < float(apart[1]) < 5e-6
