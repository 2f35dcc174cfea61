"""Who computed the scores in a file: the attribute ``computed_by``, machines and their sequences.

It is JSON: ``{"node7, AMD EPYC 7763 64-Core Processor": 4000, ...}``, sorted by name.
"""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from fastism.io.header import Header

ATTRIBUTE = "computed_by"


@cache
def this_machine() -> str:
    """The name of this machine and of its CPU."""
    return f"{platform.node()}, {_processor()}"


def _processor() -> str:
    table = Path("/proc/cpuinfo")
    if table.exists():
        for line in table.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def computed(header: Header, machines: Iterable[tuple[str, int]]) -> Header:
    """The head of scores by these machines, each of so many sequences."""
    counts: Counter[str] = Counter()
    for machine, sequences in machines:
        counts[machine] += sequences
    text = json.dumps(dict(sorted(counts.items())))
    return header.with_attributes({ATTRIBUTE: text})


def machines_of(header: Header) -> list[tuple[str, int]]:
    """The machines that computed the scores under a head, and of how many sequences each."""
    counts: dict[str, int] = json.loads(header.attributes.get(ATTRIBUTE, "{}"))
    return list(counts.items())
