"""Modules in the IR's own text, for tests in Before / Expected style."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from fastism.backends.reference import run
from fastism.ir import Constant, Module, Sites
from fastism.ir.parser import parse_module
from fastism.ir.printer import print_graph
from fastism.ir.verify import verify
from fastism.passes import Canonicalize
from tests.passes.pooled import WEIGHTS, Check, graph

Parse = Callable[..., Module]


def module_of(
    graphs: str,
    stage: str,
    weights: Mapping[str, np.ndarray] | None = None,
    *,
    detached: bool = False,
    sites: Sites | None = None,
) -> Module:
    """Parse graphs that name constants without hashes (``@conv.kernel``), edited at ``%seq``."""
    named = dict.fromkeys(re.findall(r"@([\w.:/]+)(?!.*\{$)", graphs, re.MULTILINE))
    constants = {name: Constant.of((weights or {})[name]) for name in named}
    lines = [f"// fastism 1  stage={stage}  after=text", "seq_input %seq"]
    lines += [f"constant @{name}#{c.digest} : {c.type}" for name, c in constants.items()]
    for name, constant in constants.items():
        graphs = re.sub(rf"@{re.escape(name)}(?![\w.:/])", f"@{name}#{constant.digest[:4]}", graphs)
    module = parse_module("\n".join([*lines, graphs]), {} if detached else constants)
    outputs = tuple(f"out{index}" for index in range(len(module.main.outputs)))
    return module.replace(sites=sites, outputs=outputs)


@pytest.fixture
def parsed() -> Parse:
    return module_of


@pytest.fixture
def becomes(parsed: Callable) -> Check:
    """One becomes the other, which stays as it is; the last value, returned, is the same."""

    def check(before: str, after: str) -> None:
        module = parsed(graph(before), "flat", WEIGHTS)
        found = Canonicalize()(module)
        verify(found)
        wanted = parsed(graph(after), "canonical", WEIGHTS)
        assert print_graph(found.main).split("\n") == print_graph(wanted.main).split("\n")
        assert Canonicalize()(found) == found
        x = np.random.default_rng(9).normal(size=(2, 24, 4))
        old, new = (
            run(m, "main", {"seq": x}, dtype="float64")[m.main.outputs[0]] for m in (module, found)
        )
        np.testing.assert_allclose(old, new, rtol=1e-6, atol=1e-9)

    return check
