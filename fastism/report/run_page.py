"""The page of a run: every sequence with its logo and heat map, in one file that needs no other."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from fastism.errors import InputError
from fastism.io.one_of import scored_sequence
from fastism.io.regions import Region
from fastism.io.scores import ScoresReader
from fastism.plotting.landscape import Landscape, landscape
from fastism.plotting.palette import letter_colors
from fastism.report.explanation import Explanation
from fastism.report.packing import packed_held, packed_track, strongest
from fastism.report.tracks import Tracks

MOST = 500
"""Sequences of a page, unless more are asked for."""


@dataclass(frozen=True)
class Contents:
    """What a page is made of.

    tracks, score: what is shown. most: sequences; where there are more, those with the strongest
    mutations of the first track. explained: of the plan, or None; plan_note: what to say of it.
    """

    tracks: Tracks
    score: str = "delta"
    most: int = MOST
    explained: Explanation | None = None
    plan_note: str = ""


@dataclass
class _Kept:
    """The sequences with the strongest mutations, in the order of the file."""

    most: int
    heap: list[tuple[float, int, dict[str, Any]]] = field(default_factory=list)

    def offer(self, strength: float, index: int) -> bool:
        """Whether the next sequence, with a mutation so strong, is among them so far."""
        return len(self.heap) < self.most or (strength, -index) > self.heap[0][:2]

    def keep(self, strength: float, index: int, sequence: dict[str, Any]) -> None:
        push = heapq.heappush if len(self.heap) < self.most else heapq.heapreplace
        push(self.heap, (strength, -index, sequence))

    @property
    def sequences(self) -> list[dict[str, Any]]:
        return [sequence for _, _, sequence in sorted(self.heap, key=lambda each: -each[1])]


def run_page(
    reader: ScoresReader, contents: Contents, progress: Callable[[int], object] = lambda _: None
) -> str:
    """The page of a scores file, as HTML; of its sequences `Contents.most` at a time are in memory.

    progress: called with the number of sequences read so far. Raises InputError for what cannot be
    drawn; see `fastism.plotting.landscape`.
    """
    kept, shown = _Kept(contents.most), list[Landscape]()
    for index in range(len(reader)):
        shown = _landscapes(reader, index, contents)
        strength = abs(strongest(shown[0]))
        if kept.offer(strength, index):
            kept.keep(strength, index, _packed_sequence(index, shown))
        progress(index + 1)
    if not shown:
        raise InputError(f"{reader.path} holds no sequence to show")
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("fastism.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    model = str(reader.header.attributes.get("model", ""))
    return environment.get_template("run.html").render(
        title=Path(reader.path).name,
        model=model,
        count=len(reader),
        shown=len(kept.heap),
        data=_shared(shown) | {"sequences": kept.sequences},
        facts=run_facts(reader.header.attributes),
        picture=shown[0],
        left_out=contents.tracks.left_out,
        plan_note=contents.plan_note,
        explained=contents.explained,
    )


def _landscapes(reader: ScoresReader, index: int, contents: Contents) -> list[Landscape]:
    outputs = dict.fromkeys(track.output for track in contents.tracks.chosen)
    scored = {name: scored_sequence(reader, index, name) for name in outputs}
    return [
        landscape(scored[track.output], contents.score, track.target)
        for track in contents.tracks.chosen
    ]


def _packed_sequence(index: int, shown: Sequence[Landscape]) -> dict[str, Any]:
    region = shown[0].region
    return {
        "name": shown[0].name,
        "region": None if region is None else str(region),
        "genome": None if region is None else _genome(region),
        "index": index,
        "text": shown[0].text,
        "held": packed_held(shown[0]),
        "tracks": [packed_track(each) for each in shown],
    }


def _genome(region: Region) -> tuple[str, int, int]:
    """A chromosome, where the first position lies on it, from 1, and the step to the next one."""
    if region.reversed:
        return region.chrom, region.end, -1
    return region.chrom, region.start + 1, 1


def _shared(shown: Sequence[Landscape]) -> dict[str, Any]:
    """What all sequences have in common."""
    one = shown[0]
    return {
        "start": one.start,
        "labels": list(one.labels),
        "colors": dict(letter_colors(one.alphabet)),
        "tracks": [each.output for each in shown],
        "score": one.score,
        "signed": one.score != "l2",
        "width": one.width,
    }


_NAMES = {
    "model": "model",
    "model_sha256": "sha256 of the model's file",
    "plan_sha256": "sha256 of the plan's manifest",
    "sequences_sha256": "sha256 of the sequences",
    "checked": "held against the model",
    "checked_largest_difference": "largest difference, of the output's scale",
    "convention": "what the file holds",
    "alphabet": "letters of the channels",
}


def run_facts(attributes: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The attributes of a scores file as a table: the known ones first, then all others by name.

    What was asked for has a row an argument; what was not given has none. Whether the scores were
    held against the model is always said.
    """
    given = json.loads(attributes.get("arguments", "{}"))
    rest: dict[str, Any] = {"checked": "this file does not say so"}
    rest |= {key: value for key, value in attributes.items() if key != "arguments"}
    keys = [*(key for key in _NAMES if key in rest), *sorted(set(rest) - set(_NAMES))]
    rows = [(_NAMES.get(key, key.replace("_", " ")), _said(rest[key])) for key in keys]
    asked = {
        key.replace("_", " "): value for key, value in given.items() if value not in (None, [])
    }
    rows += [(f"asked for: {name}", _said(value)) for name, value in asked.items()]
    return [(name, value) for name, value in rows if value]


def _said(value: Any) -> str:
    """A fact as text: numbers that are not whole in two digits, lists and the like as JSON."""
    if isinstance(value, (float, np.floating)):
        return f"{value:.2g}"
    return json.dumps(value) if isinstance(value, (list, dict, bool)) else str(value)
