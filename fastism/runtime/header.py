"""What a scores file says of the plan that made it."""

from __future__ import annotations

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
    **hashes: str,
) -> Header:
    """The header of scores by a plan.

    alternatives, alphabet, regions: as `Header` has them. arguments: what the run was asked for.
    hashes: attributes that say what was read.
    """
    module, sites = plan.module, plan.module.sites
    starts = np.asarray(sites.starts if sites else (), np.int64)
    return Header(
        outputs=plan.output_shapes,
        sites=np.stack([starts, np.full_like(starts, sites.width if sites else 1)], axis=1),
        alternatives=alternatives,
        length=plan.length,
        channels=plan.channels,
        alphabet=alphabet,
        regions=regions,
        letters=plan.letters,
        attributes=facts((module.model, module.sha256), arguments, **hashes),
    )
