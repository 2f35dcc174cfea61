"""Code for arm64 is compiled here, though it cannot run here: one product is one instruction."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm
import pytest

from fastism import api
from fastism.backends.native import jit, program
from fastism.backends.native.emit import native_graph
from fastism.backends.native.machine import Machine, machine
from fastism.testing.conformance import MODELS

ARM = machine("neoverse-n1", "+neon", {"neon"})
TRIPLE = "aarch64-unknown-linux-gnu"


def assembly(text: str) -> str:
    """What LLVM makes of a module for arm64."""
    llvm.initialize_all_targets()
    llvm.initialize_all_asmprinters()
    target = llvm.Target.from_triple(TRIPLE).create_target_machine(
        cpu=ARM.cpu, features=ARM.features, opt=3
    )
    module = llvm.parse_assembly(
        re.sub('target triple = ".*"', f'target triple = "{TRIPLE}"', text)
    )
    module.verify()
    jit._optimize(module, target)
    made: str = target.emit_assembly(module)
    return made


@pytest.mark.parametrize("name", ["dilated_tower", "pooled_chain"])
def test_products_are_fused_and_nothing_is_called(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    written: list[str] = []

    class Written:
        warm = False

        def __init__(self, described: str, write: Callable[[], str], machine: Machine) -> None:
            written.append(write())

        def function(self, name: str) -> Callable[..., Any]:
            return lambda *_: None

    monkeypatch.setattr(program, "Compiled", Written)
    plan = api.compile(MODELS[name](), backend="tensorflow")
    for graph in plan.module.graphs[1:]:
        native_graph(plan.module, graph, plan.opaque, ARM)
    assert written
    for text in written:
        found = [line.split() for line in assembly(text).splitlines() if line.startswith("\t")]
        instructions = {words[0] for words in found if words}
        assert "fmla" in instructions
        assert not {"bl", "blr"} & instructions
