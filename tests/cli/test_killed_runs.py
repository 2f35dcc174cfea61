"""Whole runs of the command line, killed at random moments, and the memory that long ones take."""

from __future__ import annotations

import itertools
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fastism import data
from fastism.cli import main
from fastism.io.fasta import read_fasta
from tests.io.killed import contents

pytestmark = pytest.mark.sweep

OUTPUTS = ("x.h5", "x.modisco", "x.tsv")
KILLS = 20


def write_sequences(path: Path, count: int) -> None:
    records = list(read_fasta(data.path("demo.fa")))
    chosen = (records[number % len(records)] for number in range(count))
    path.write_text("".join(f">s{i}\n{r.sequence}\n" for i, r in enumerate(chosen)))


def command(plan: Path, sequences: Path) -> list[str]:
    line = [sys.executable, "-m", "fastism", "--quiet", "run", str(plan), "-s", str(sequences)]
    return [*line, "--memory", "200M", "-bs", "4", *(w for o in OUTPUTS for w in ("-o", o))]


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("compiled") / "plan"
    line = ["compile", str(data.path("demo.h5")), "-o", str(path), "--tune", "off"]
    assert main(["--quiet", *line]) == 0
    return path


def test_runs_killed_at_random_moments_end_as_those_left_alone(plan: Path, tmp_path: Path) -> None:
    write_sequences(tmp_path / "x.fa", 200)
    line = command(plan, tmp_path / "x.fa")
    alone = tmp_path / "alone"
    alone.mkdir()
    begin = time.monotonic()
    subprocess.run(line, cwd=alone, check=True)
    seconds = time.monotonic() - begin
    whole = contents(alone)
    chance, kills = random.Random(0), 0
    for number in itertools.count():
        if kills >= KILLS:
            break
        folder = tmp_path / str(number)
        folder.mkdir()
        ended = False
        while not ended:
            running = subprocess.Popen([*line, "--resume"], cwd=folder)
            moment = chance.uniform(0.2, 0.9) * seconds if kills < KILLS else None
            try:
                running.wait(moment)
                ended = True
            except subprocess.TimeoutExpired:
                running.kill()
                running.wait()
                kills += 1
        assert running.returncode == 0
        assert contents(folder) == whole
        assert not list(folder.glob("*.partial"))


def test_memory_does_not_grow_with_the_sequences(plan: Path, tmp_path: Path) -> None:
    peaks = {}
    for count in (200, 2000):
        folder = tmp_path / str(count)
        folder.mkdir()
        write_sequences(folder / "x.fa", count)
        running = subprocess.Popen(command(plan, folder / "x.fa"), cwd=folder)
        _, status, usage = os.wait4(running.pid, 0)
        assert status == 0
        peaks[count] = usage.ru_maxrss
    assert peaks[2000] <= 1.1 * peaks[200], peaks
