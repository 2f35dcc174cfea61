"""What a scores file says of the plan that made it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.io.header import Header, facts
from fastism.runtime.plan import Plan


def header_of(
    plan: Plan,
    *,
    alternatives: npt.NDArray[Any],
    alphabet: str,
    arguments: Mapping[str, Any],
    regions: bool = False,
    one_hot: bool = True,
    deviations: bool = False,
    **hashes: str,
) -> Header:
    """The header of scores by a plan.

    alternatives, regions: as `Header` has them. alphabet: letters of all channels, or of those that
    are written. one_hot: whether sequences are. deviations: whether scores are of an ensemble.
    arguments: what the run was asked for. hashes: attributes that say what was read.
    """
    module, sites = plan.module, plan.module.sites
    records = {name: reduction.record for name, reduction in plan.reductions.items()}
    made = {"reductions": json.dumps(records)} if records else {}
    starts = np.asarray(sites.starts if sites else (), np.int64)
    return Header(
        outputs=plan.output_shapes,
        sites=np.stack([starts, np.full_like(starts, sites.width if sites else 1)], axis=1),
        alternatives=alternatives,
        length=plan.length,
        channels=plan.channels,
        alphabet=_by_channel(alphabet, plan),
        regions=regions,
        stored="int8" if one_hot else "float32",
        letters=plan.letters,
        deviations=deviations,
        attributes=facts((module.model, module.sha256), arguments, **hashes, **made),
    )


def _by_channel(alphabet: str, plan: Plan) -> str:
    """A letter for each channel; a dot for one that has none."""
    written = plan.letters or tuple(range(plan.channels))
    if len(alphabet) == plan.channels:
        return alphabet
    if len(alphabet) != len(written):
        return "." * plan.channels
    letters = dict(zip(written, alphabet, strict=True))
    return "".join(letters.get(channel, ".") for channel in range(plan.channels))
