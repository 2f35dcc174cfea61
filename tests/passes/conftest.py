"""Modules in the IR's own text, for tests in Before / Expected style."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import numpy as np
import pytest

from fastism.ir import Constant, Module, Sites
from fastism.ir.parser import parse_module

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
