"""How fast the backends are here: measured once, kept, and only what is whole read back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from fastism import caching
from fastism.backends.base import FUSED, NATIVE, TENSORFLOW
from fastism.calibration import speeds
from fastism.calibration.nominal import NOMINAL, PROBED
from fastism.calibration.probes import PROBES, Probe
from fastism.calibration.speeds import Run
from fastism.ir.program import Program
from fastism.ir.verify import verify
from fastism.passes.costs import work_an_item


@pytest.fixture(autouse=True)
def another_process() -> None:
    speeds._MEASURED.clear()


@pytest.fixture
def probed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """In place of timing: what the probes take, one after the other; those of native code first."""
    given: list[float] = []
    set_runs(monkeypatch, given, computing=1.0)
    return given


def set_runs(
    monkeypatch: pytest.MonkeyPatch, given: list[float], computing: float, cores: int = 1
) -> None:
    """Runs on so many cores, which together computed so many seconds a second."""

    def run(name: str, probe: Probe) -> Run:
        seconds = given.pop(0)
        return Run(items=1, seconds=seconds, computed=computing * seconds, cores=cores)

    monkeypatch.setattr(speeds, "_run", run)


def test_speeds_stand_to_the_nominal_ones_as_the_times_do(kept: Path, probed: list[float]) -> None:
    (native, moving), (multiplying, other) = PROBED[NATIVE], PROBED[TENSORFLOW]
    probed += [native / 2, moving, multiplying, 4 * other]
    found = speeds.measured()
    assert probed == []
    assert found[NATIVE].products == pytest.approx(2 * NOMINAL[NATIVE].products, rel=5e-3)
    assert found[NATIVE].bytes == pytest.approx(NOMINAL[NATIVE].bytes, rel=5e-3)
    assert found[TENSORFLOW].products == pytest.approx(NOMINAL[TENSORFLOW].products, rel=5e-3)
    assert found[TENSORFLOW].bytes == pytest.approx(NOMINAL[TENSORFLOW].bytes / 4, rel=5e-3)
    assert [found[name].fuses for name in (NATIVE, TENSORFLOW, FUSED)] == [True, False, True]
    assert found[FUSED].bytes == found[TENSORFLOW].bytes
    assert speeds.measured() == found  # as kept: nothing is left to time


def test_the_first_processes_measure_and_the_fastest_figures_stay(
    kept: Path, probed: list[float]
) -> None:
    """One of them in a slow moment of the machine, two of them the one faster, or the other."""
    (native, moving), tensorflow = PROBED[NATIVE], PROBED[TENSORFLOW]
    expected = [(0.5, 0.5), (1.0, 0.5), (1.0, 2.0), (1.0, 2.0)]
    assert len(expected) == speeds.TIMES + 1
    for slow, fast in ((2.0, 2.0), (1.0, 4.0), (3.0, 0.5)):
        probed += [slow * native, fast * moving, *tensorflow]
    for products, moved in expected:
        speeds._MEASURED.clear()
        found = speeds.measured()[NATIVE]
        assert found.products == pytest.approx(products * NOMINAL[NATIVE].products, rel=5e-3)
        assert found.bytes == pytest.approx(moved * NOMINAL[NATIVE].bytes, rel=5e-3)
        assert speeds.measured()[NATIVE] == found
    assert probed == []


def test_what_one_process_measured_is_known(kept: Path, probed: list[float]) -> None:
    assert speeds.known() is None
    probed += [*PROBED[NATIVE], *PROBED[TENSORFLOW]]
    found = speeds.measured()
    speeds._MEASURED.clear()
    assert speeds.known() == found


@pytest.mark.parametrize("text", ["", "{", "[]", '{"native": [1, 2]}', "{}", "0 1", "null"])
def test_figures_that_are_not_whole_are_measured_anew(
    kept: Path, probed: list[float], text: str
) -> None:
    probed += [*PROBED[NATIVE], *PROBED[TENSORFLOW]] * 2
    found = speeds.measured()
    (file,) = kept.iterdir()
    file.write_text(text)
    assert speeds.measured() == found
    assert probed == []
    assert json.loads(file.read_text())[NATIVE] == [found[NATIVE].products, found[NATIVE].bytes]


@pytest.mark.parametrize("figure", [0, -1, float("nan"), float("inf"), "much", None])
def test_no_speed_is_not_a_speed(kept: Path, probed: list[float], figure: object) -> None:
    probed += [*PROBED[NATIVE], *PROBED[TENSORFLOW]] * 2
    speeds.measured()
    (file,) = kept.iterdir()
    file.write_text(json.dumps({NATIVE: [1e9, 1e9], TENSORFLOW: [1e9, figure], "times": 1}))
    speeds.measured()
    assert probed == []


def test_without_llvmlite_tensorflow_alone_is_measured(
    kept: Path, probed: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = {"tensorflow": object()}
    monkeypatch.setattr(speeds, "find_spec", found.get)
    probed += PROBED[TENSORFLOW]
    assert set(speeds.measured()) == {TENSORFLOW, FUSED}


def test_figures_of_a_busy_machine_are_not_kept(
    kept: Path, probed: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two threads that compute a second in a second had half of two cores, or all of one."""
    cases = ((0.6, 1, 0), (1.0, 2, 0), (1.3, 2, 0), (1.5, 2, 1), (0.9, 1, 1))
    for computing, cores, files in cases:
        set_runs(monkeypatch, probed, computing, cores)
        probed += [*PROBED[NATIVE], *PROBED[TENSORFLOW]]
        speeds.measured()
        assert len(list(kept.glob("*"))) == files
        if files:
            next(kept.iterdir()).unlink()


@pytest.mark.parametrize(("there", "cores"), [(1, 1), (2, 2), (64, 2), (None, 1)])
def test_the_cores_that_compute_are_those_that_run_a_chunk(
    kept: Path, monkeypatch: pytest.MonkeyPatch, there: int | None, cores: int
) -> None:
    """Each of a schedule's two workers has a core, as far as there are so many."""
    monkeypatch.setattr("fastism.calibration.speeds.os.cpu_count", lambda: there)
    run = speeds._run(TENSORFLOW, Probe(channels=8, taps=3, width=4, pairs=2))
    assert (run.items, run.cores) == (2 * 2 * 3, cores)
    assert run.seconds > 0


def test_a_home_that_cannot_be_written_is_no_error(
    tmp_path: Path, probed: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv(caching.VARIABLE, str(tmp_path / "file"))
    probed += [*PROBED[NATIVE], *PROBED[TENSORFLOW]] * 2
    assert speeds.measured() == speeds.measured()
    assert probed == []


def test_probes_are_really_run(kept: Path) -> None:
    found = speeds.measured()
    assert all(rates.products > 0 and rates.bytes > 0 for rates in found.values())


def test_one_probe_multiplies_and_the_other_moves() -> None:
    shares: dict[str, list[float]] = {}
    for probe in PROBES:
        module = probe.module()
        verify(module)
        (group,) = Program.of(module).groups
        work = work_an_item(group.graph)
        for name in (NATIVE, TENSORFLOW):
            moving = work.seconds(replace(NOMINAL[name], products=float("inf")))
            shares.setdefault(name, []).append(moving / work.seconds(NOMINAL[name], 1.0))
    for one, other in shares.values():
        assert one < 0.15
        assert other > 0.4
