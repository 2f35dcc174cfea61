"""What may be asked about sequences: a plan, both its strands, or the mean of several plans."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from fastism.runtime.both_strands import BothStrands
from fastism.runtime.ensemble import Ensemble
from fastism.runtime.plan import Plan

Ask: TypeAlias = Plan | BothStrands | Ensemble


def asked(
    plans: Sequence[Plan], *, rc: bool, strands: Any, alphabet: str, ensemble: bool = False
) -> Ask:
    """What stands for these plans: the only one, both its strands, or the mean of all.

    rc, strands, alphabet: as of `Ensemble`. ensemble: whether a single one is an ensemble, too.
    Raises InputError where plans do not fit together, or have outputs of whose other strand
    nothing is said.
    """
    if ensemble or len(plans) > 1:
        return Ensemble(plans, rc=rc, strands=strands, alphabet=alphabet)
    return BothStrands(plans[0], strands, alphabet) if rc else plans[0]


def first_plan(ask: Ask) -> Plan:
    """The plan that lends the names of inputs and outputs, the sites and the alternatives."""
    return ask if isinstance(ask, Plan) else ask.plan


def members_of(ask: Ask) -> tuple[Plan | BothStrands, ...]:
    """What a mean over plans is made of; what is asked itself, where it is no such mean."""
    return ask.members if isinstance(ask, Ensemble) else (ask,)


def plans_of(ask: Ask) -> tuple[Plan, ...]:
    """Every plan that is asked."""
    return tuple(map(first_plan, members_of(ask)))
