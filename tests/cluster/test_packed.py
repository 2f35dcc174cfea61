"""A plan as bytes: whole, its own, and nothing outside of its folder."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from fastism.cluster.packed import pack, unpack
from fastism.errors import PlanError
from fastism.io.manifest import MANIFEST, sha256, write_manifest


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    (tmp_path / "plan" / "ir").mkdir(parents=True)
    (tmp_path / "plan" / "ir" / "000-flat.fism").write_text("a module")
    write_manifest(tmp_path / "plan", {})
    return tmp_path / "plan"


def test_a_plan_comes_out_as_it_went_in(plan: Path, tmp_path: Path) -> None:
    (plan / "notes.txt").write_text("not of the plan")
    files = pack(plan)
    unpack(files, tmp_path / "there", sha256(plan / MANIFEST))
    assert sorted(files) == ["ir/000-flat.fism", MANIFEST]
    for name, content in files.items():
        assert (tmp_path / "there" / name).read_bytes() == content == (plan / name).read_bytes()


def test_a_plan_that_lost_a_file_is_not_sent(plan: Path) -> None:
    (plan / "ir" / "000-flat.fism").unlink()
    with pytest.raises(PlanError, match=r"the plan has lost its file ir/000-flat.fism"):
        pack(plan)


def test_another_plan_is_not_taken(plan: Path, tmp_path: Path) -> None:
    with pytest.raises(PlanError, match="is not the one that was asked for"):
        unpack(pack(plan), tmp_path / "there", "0" * 64)
    assert not (tmp_path / "there").exists()


@pytest.mark.parametrize("name", ["../outside", "ir/../../outside", "/tmp/outside", "unnamed"])
def test_nothing_is_written_outside_or_unnamed(plan: Path, tmp_path: Path, name: str) -> None:
    manifest = json.loads((plan / MANIFEST).read_text())
    if name != "unnamed":
        manifest["files"][name] = {"bytes": 1, "sha256": ""}
    text = json.dumps(manifest).encode()
    files = {MANIFEST: text, name: b"x"}
    with pytest.raises(PlanError, match=f"holds the file {name}, which"):
        unpack(files, tmp_path / "there", hashlib.sha256(text).hexdigest())
    assert [path.name for path in (tmp_path / "there").iterdir()] == [MANIFEST]
