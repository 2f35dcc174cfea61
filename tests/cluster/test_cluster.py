"""Runs on a cluster of two processes: the file of one machine, whoever dies."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from distributed import Client, LocalCluster

from fastism import api, data
from fastism.cli import main
from fastism.cluster import worker
from fastism.cluster.crew import Crew
from fastism.cluster.ledger import Ledger
from fastism.cluster.orders import Asked, Done, Order, PlanAt
from fastism.cluster.score import Loop
from fastism.errors import FastismError, InputError
from fastism.io.fasta import read_fasta
from fastism.io.kept import Record
from fastism.io.manifest import MANIFEST, sha256
from fastism.io.rows import Rows
from fastism.io.scores import read_scores
from fastism.io.sources.base import Batch
from fastism.io.versions import versions
from fastism.io.work import Work
from fastism.runtime.ensemble import Ensemble
from fastism.runtime.header import header_of
from fastism.runtime.inputs import random_inputs
from tests.cluster import faulty
from tests.genomes import letters, write_genome, write_vcf

COUNT = 9


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Two processes of one thread, each started anew when it dies."""
    with LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50
    ) as started:
        yield started


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("compiled") / "plan"
    api.compile(data.path("demo.h5"), sites=[3, 100], backend="reference").save(path)
    return path


@pytest.fixture(scope="module")
def other(plan: Path) -> Path:
    """A plan of a model with other weights, such as another fold."""
    model = keras.models.load_model(data.path("demo.h5"), compile=False)
    model.set_weights([1.1 * weights for weights in model.get_weights()])
    path = plan.with_name("other")
    api.compile(model, sites=[3, 100], backend="reference").save(path)
    return path


@pytest.fixture
def line(
    plan: Path, cluster: LocalCluster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[str]:
    """A run in an empty folder, without its machines; whole.h5 is what it writes undisturbed.

    Sums depend on how many threads make them, so that is by processes of one thread too.
    """
    monkeypatch.chdir(tmp_path)
    sequence = next(read_fasta(data.path("demo.fa"))).sequence
    records = [f">{turn}\n{sequence[turn:]}{sequence[:turn]}\n" for turn in range(COUNT)]
    Path("x.fa").write_text("".join(records))
    line = ["run", str(plan), "-s", "x.fa", "-o", "s.h5", "-bs", "2"]
    assert main(["--quiet", *line, "--cluster", cluster.scheduler_address]) == 0
    Path("s.h5").rename("whole.h5")
    Path("s.h5.args.json").unlink()
    return line


def same() -> bool:
    return Path("s.h5").read_bytes() == Path("whole.h5").read_bytes()


def test_a_cluster_writes_the_file_of_one_machine(line: list[str]) -> None:
    assert main(["--quiet", *line]) == 0
    assert not Path("s.h5.partial").exists()
    here, there = read_scores("s.h5"), read_scores("whole.h5")
    assert (here.names, here.attributes) == (there.names, there.attributes)
    np.testing.assert_array_equal(here.sequences, there.sequences)
    for name in here.alternate:
        np.testing.assert_allclose(here.alternate[name], there.alternate[name], rtol=1e-5)
        np.testing.assert_allclose(here.reference[name], there.reference[name], rtol=1e-5)


def test_a_cluster_writes_the_means_of_plans_and_strands(
    line: list[str], cluster: LocalCluster, other: Path
) -> None:
    line = [line[0], str(other), *line[1:], "--rc"]
    assert main(["--quiet", *line]) == 0
    Path("s.h5").rename("here.h5")
    Path("s.h5.args.json").unlink()
    assert main(["--quiet", *line, "--cluster", cluster.scheduler_address]) == 0
    here, there = read_scores("here.h5"), read_scores("s.h5")
    assert here.attributes == there.attributes
    for name, found in there.alternate.items():
        np.testing.assert_allclose(found, here.alternate[name], rtol=1e-5)
        assert there.delta_std[name].max() > 1e-3
        np.testing.assert_allclose(there.delta_std[name], here.delta_std[name], atol=1e-6)


def test_a_cluster_scores_the_variants_of_a_file(
    line: list[str], cluster: LocalCluster, plan: Path, other: Path, tmp_path: Path
) -> None:
    genome = letters(900, 0)
    write_genome(tmp_path / "g.fa", {"chr1": genome})
    held = [(at, genome[at - 1]) for at in range(300, 340)]
    rows = [("chr1", at, one, "CGTA"["ACGT".index(one)] + "A" * (at == 300)) for at, one in held]
    write_vcf(tmp_path / "v.vcf", rows)
    plans = [str(plan), str(other)]
    line = ["--quiet", "variants", *plans, "-g", "g.fa", "--vcf", "v.vcf", "-o"]
    assert main([*line, "here.tsv"]) == 0
    assert main([*line, "there.tsv", "--cluster", cluster.scheduler_address]) == 0
    here, there = (Path(name).read_text().splitlines() for name in ("here.tsv", "there.tsv"))
    assert len(here) == len(there) == len(rows) + 1
    for one, other_one in zip(here, there, strict=True):
        fields, others = one.split("\t"), other_one.split("\t")
        assert fields[:5] + fields[-2:] == others[:5] + others[-2:]
    numbers = [[line.split("\t")[5:-2] for line in lines[1:]] for lines in (here, there)]
    found, wanted = np.asarray(numbers, float)
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    beside = json.loads(Path("there.tsv.args.json").read_text())
    assert list(beside["computed_by"].values()) == [len(rows)]


def test_an_ensemble_is_streamed_with_its_deviations(
    cluster: LocalCluster, plan: Path, other: Path
) -> None:
    ensemble = Ensemble([api.load(plan), api.load(other)], rc=True)
    batch = random_inputs(ensemble.plan.module.main, 2)
    with Client(cluster) as client:
        (there,) = ensemble.stream([batch], client=client)
    here = ensemble(batch)
    np.testing.assert_allclose(there.alternate, here.alternate, rtol=1e-5)
    np.testing.assert_allclose(there.deviation.delta, here.deviation.delta, atol=1e-6)


def test_a_worker_that_is_killed_costs_nothing_but_time(
    line: list[str], cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "compute", faulty.slowly)
    with Client(cluster) as client:
        victim = next(iter(client.run(os.getpid).values()))
    timer = threading.Timer(0.4, os.kill, (victim, signal.SIGKILL))
    timer.start()
    assert main(["--quiet", *line, "--cluster", cluster.scheduler_address]) == 0
    timer.join()
    assert same()


@pytest.mark.parametrize(
    ("compute", "why"),
    [
        (faulty.deadly, "the worker was lost"),
        (faulty.unlucky, "MemoryError: no room for the windows"),
    ],
)
def test_a_shard_that_three_workers_fail_over_is_set_aside_and_the_rest_kept(
    line: list[str],
    cluster: LocalCluster,
    capsys: pytest.CaptureFixture[str],
    compute: Callable[[Order], Done],
    why: str,
) -> None:
    line = [*line, "--cluster", cluster.scheduler_address]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "compute", compute)
        assert main(line) == 2
    err = capsys.readouterr().err
    assert f"sequences 5 to 6 not computed: {why} (tcp://" in err
    assert f"sequences 5 to 6 not computed, and set aside: {why} (tcp://" in err
    assert f"7 of {COUNT} sequences are done, and kept" in err
    assert "fastism: set aside: sequences 5 to 6\n  why: three workers failed over each" in err
    assert not Path("s.h5").exists()
    assert main([*line, "--resume"]) == 0
    assert same()


def test_a_worker_with_other_versions_or_another_plan_is_refused(
    line: list[str], cluster: LocalCluster, plan: Path
) -> None:
    said: list[str] = []
    for at in (
        Asked((PlanAt(str(plan), sha256(plan / MANIFEST)),), {**versions(), "numpy": "0.1"}),
        Asked((PlanAt(str(plan), "0" * 64),), versions()),
    ):
        crew = Crew(lambda: Client(cluster), at, said.append)
        with pytest.raises(InputError, match="no worker can be used"):
            crew.assemble()
        crew.close()
    assert [text.partition(" is refused: ")[2] for text in said[::2]] == [
        f"in the run numpy is 0.1, here {versions()['numpy']}",
        f"{plan} is another plan there",
    ]


def test_plan_and_scores_travel_where_storage_is_not_shared(
    line: list[str], cluster: LocalCluster, plan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative path is one that the workers, which are elsewhere, do not see."""
    monkeypatch.chdir(plan.parent)
    loaded = api.load(plan)
    batch = Batch(["a"], random_inputs(loaded.module.main, 1))
    digest = sha256(plan / MANIFEST)
    asked = Asked((PlanAt("plan", digest),), versions())
    crew = Crew(lambda: Client(cluster), asked, print)
    crew.assemble()
    header = header_of(loaded, alternatives=loaded.alternatives, alphabet="ACGT", arguments={})
    record = Record({}, 1, 1, 1 << 28)
    found: list[Done] = []

    def order(work: Work) -> Order:
        return Order(asked.key, "nowhere", record, header, 0, work.batches, [loaded.alternatives])

    def keep(work: Work, done: Done) -> None:
        found.append(done)

    Loop(
        crew, Ledger(iter([Work(0, [batch])])), worker.compute, order, keep, lambda *_: None, print
    ).run()
    crew.close()
    (done,) = found
    assert isinstance(done.result, Rows)
    expected = loaded(batch.inputs)
    for name, (reference, alternate) in done.result.scores.items():
        np.testing.assert_allclose(reference, expected[name].reference, rtol=1e-5)
        np.testing.assert_allclose(alternate, expected[name].alternate, rtol=1e-5)


def test_a_stream_comes_in_the_order_of_its_batches(cluster: LocalCluster, plan: Path) -> None:
    loaded = api.load(plan)
    batches = [random_inputs(loaded.module.main, 2, seed=seed) for seed in range(7)]
    asked: list[int] = []

    def given() -> Iterator[dict[str, Any]]:
        for number, batch in enumerate(batches):
            asked.append(number)
            yield batch

    with Client(cluster) as client:
        scored = loaded.stream(given(), client=client)
        first = next(scored)
        assert len(asked) < len(batches)
        found = [first, *scored]
    for here, there in zip(loaded.stream(batches), found, strict=True):
        for name in here:
            np.testing.assert_allclose(there[name].alternate, here[name].alternate, rtol=1e-5)


def test_a_mistake_in_a_call_is_said_by_the_worker_as_it_is(
    cluster: LocalCluster, plan: Path
) -> None:
    loaded = api.load(plan)
    batch = random_inputs(loaded.module.main, 1)
    with Client(cluster) as client, pytest.raises(FastismError, match="alternatives"):
        list(loaded.stream([batch], alternatives="nothing", client=client))


def test_what_cannot_be_a_cluster(
    line: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*line, "--workers", "1", "--cluster", "tcp://127.0.0.1:1"]) == 2
    assert "--workers are processes of this machine, and --cluster" in capsys.readouterr().err
    monkeypatch.setattr("fastism.cluster.connect._ANSWER", 0.3)
    assert main([*line, "--cluster", "tcp://127.0.0.1:1"]) == 2
    assert "no scheduler answers at tcp://127.0.0.1:1" in capsys.readouterr().err
    assert not Path("s.h5.partial").exists()
