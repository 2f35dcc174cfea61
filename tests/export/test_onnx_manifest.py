"""The manifest: enough to run an exported plan with onnxruntime and numpy alone."""

from __future__ import annotations

import json
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest

from fastism.runtime.inputs import random_inputs
from tests.exported import Export


def run(folder: Path, file: str, given: dict[str, Any]) -> dict[str, Any]:
    loaded = onnxruntime.InferenceSession(folder / file, providers=["CPUExecutionProvider"])
    names = [output.name for output in loaded.get_outputs()]
    feed = {value.name: given[value.name] for value in loaded.get_inputs()}
    return dict(zip(names, loaded.run(names, feed), strict=True))


def scores_by_the_manifest(folder: Path, x: np.ndarray, output: str) -> np.ndarray:
    """(N, S, A, *out), by what the manifest's ``run`` says and nothing else."""
    manifest = json.loads((folder / "manifest.json").read_text())
    rows, sites = np.array(manifest["alternatives"], np.float32), manifest["sites"]
    intout = manifest["graphs"]["intout"]
    saved = run(folder, intout["file"], {manifest["seq_input"]: x})
    reference = saved[intout["outputs"][output]]
    shape = (len(x), len(sites["starts"]), len(rows), *reference.shape[1:])
    result = np.broadcast_to(reference[:, None, None], shape).copy()
    for graph in manifest["graphs"].values():
        together = graph.get("together")
        order = sorted(range(len(graph.get("sites", []))), key=lambda s: (together or {s: 0})[s])
        for _, alike in groupby(order, key=lambda s: together[s] if together else 0):
            local = np.array(list(alike))
            site = np.tile(local, len(x))
            sequence = np.repeat(np.arange(len(x)), len(local))
            start = np.array(sites["starts"])[np.array(graph["sites"])[site]]
            current = x[sequence[:, None], start[:, None] + np.arange(sites["width"])]
            edit = (rows[None] - current[:, None]).reshape(-1, *rows.shape[1:])
            items = {
                "item/sequence": sequence.astype(np.int32),
                "item/site": site.astype(np.int32),
                "item/edit": edit,
            }
            found = run(folder, graph["file"], {**saved, **items})[graph["outputs"][output]]
            where = np.array(graph["sites"])[site]
            result[sequence, where] = found.reshape(len(site), len(rows), *found.shape[1:])
    return result


@pytest.mark.parametrize(
    ("name", "output"), [("chain_strided_same", "head"), ("local_and_global_outputs", "label")]
)
def test_following_it_gives_the_scores(exported: Export, name: str, output: str) -> None:
    found = exported(name)
    (x,) = random_inputs(found.plan.module.main, 2, seed=3).values()
    alternate = scores_by_the_manifest(found.folder, x, output)
    np.testing.assert_allclose(alternate, found.plan(x)[output].alternate, atol=1e-5)


def test_it_names_files_outputs_and_sites(exported: Export) -> None:
    found = exported("local_and_global_outputs")
    manifest = json.loads((found.folder / "manifest.json").read_text())
    graphs = manifest["graphs"]
    files = {path.name for path in found.folder.iterdir()}
    assert files == {"manifest.json", *(graph["file"] for graph in graphs.values())}
    assert graphs["source"]["outputs"] == {"track": "track.softplus", "label": "label.sigmoid"}
    assert manifest["opset"] == 17
    groups = [graph for name, graph in graphs.items() if name.startswith("propagate")]
    assert sorted(site for group in groups for site in group["sites"]) == list(range(40))
    for group in groups:
        assert len(group["together"]) == len(group["sites"])  # there is a flatten and dense
        assert group["inputs"]["item/edit"] == "f32[M,1,4]"
