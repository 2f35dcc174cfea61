"""By which of its ways a backend should run each graph, as the cost model has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from fastism.backends.base import Ways, ways_of
from fastism.calibration.live import live_shares
from fastism.calibration.nominal import Speeds
from fastism.ir.graph import Graph
from fastism.ir.module import Module
from fastism.ir.program import Group, Program
from fastism.ir.ways import Way
from fastism.passes.costs import work_an_item
from fastism.runtime.plan import Plan


def noted(module: Module, backend: str, speeds: Speeds) -> Module:
    """A scheduled module whose graphs note the ways to run them, the likely fastest chosen.

    Ways for chunks of one size take long to prepare: none is chosen untried. A backend of whose
    ways no speed is known has nothing noted.
    """
    ways = ways_of(backend)
    if speeds.keys().isdisjoint(map(ways.label, (None, *ways.variants))):
        return module
    program = Program.of(module)
    return program.rescheduled(_noted(module, group, ways, speeds) for group in program.groups)


def counted(plan: Plan, speeds: Speeds) -> Plan:
    """A plan whose predicted times go by the zeros that its own weights make; all else stays.

    So do graphs of which no way to run them skips zeros.
    """
    groups = [group for group in plan.executor.groups if _skips(group, speeds)]
    shares = live_shares(plan, groups)
    if not shares:
        return plan
    return plan.with_module(with_zeros(plan.module, shares, speeds), plan.executor.functions)


def with_zeros(module: Module, shares: Mapping[str, float], speeds: Speeds) -> Module:
    """A scheduled module whose predicted times go by the zeros of its graphs.

    shares: of multiply-adds that are not with zero, by the name of the graph.
    """
    program = Program.of(module)
    counted = [group for group in program.groups if group.graph.name in shares]
    return program.rescheduled(
        _counted(group, speeds, shares[group.graph.name]) for group in counted
    )


def _skips(group: Group, speeds: Speeds) -> bool:
    return any(way.name in speeds and speeds[way.name].skips for way in group.ways)


def _counted(group: Group, speeds: Speeds, live: float) -> Graph:
    work = work_an_item(group.graph, group.alternatives)
    ways = [
        replace(way, predicted_seconds=work.seconds(speeds[way.name], live))
        if way.name in speeds
        else way
        for way in group.ways
    ]
    return group.rescheduled(live=live, ways=ways)


def _noted(module: Module, group: Group, ways: Ways, speeds: Speeds) -> Graph:
    work = work_an_item(group.graph, group.alternatives)
    no_choice = ways.no_choice(module, group.graph)
    plain = () if no_choice else (None,)
    likely = {
        variant: work.seconds(speeds[ways.label(variant)])
        for variant in (*plain, *ways.variants)
        if ways.label(variant) in speeds
    }
    chosen = min(
        (variant for variant in likely if variant is None or not variant.one_size),
        key=lambda variant: likely[variant],
    )
    others = [variant for variant in likely if variant != chosen]
    return group.rescheduled(
        ways=[Way(ways.label(variant), likely[variant]) for variant in (chosen, *others)],
        no_choice=no_choice or "",
        options=ways.options(chosen),
    )
