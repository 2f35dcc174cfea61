"""The smallest part of a graph that still disagrees: cut out, written with its inputs, replayed.

bad.fism          one graph; its attributes name the backend, and the difference allowed
bad.safetensors   its constants, its inputs, and what it must give (NaN where that is free)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.backends import registry as backends
from fastism.backends.reference import run
from fastism.errors import FastismError, InputError, MismatchError, require_file
from fastism.io.tensors import read_tensors, write_tensors
from fastism.ir.graph import Attribute, Graph, Node
from fastism.ir.module import Constant, Module
from fastism.ir.parser import parse_module
from fastism.ir.printer import print_module
from fastism.ir.stages import reached

Array = npt.NDArray[Any]

BACKEND, ALLOWED = "backend", "allowed"
"""Attributes of the graph: whose forms disagree, and by how much they may."""


@dataclass(frozen=True, eq=False)
class Subgraph:
    """A module of one graph of one output, what it is given, and what it must give.

    wanted: (1, ...), NaN where the value may be anything.
    """

    module: Module
    inputs: Mapping[str, Array]
    wanted: Array

    def write(self, path: Path) -> None:
        """Write the text, and the arrays beside it. Raises InputError where a file is there."""
        beside = path.with_suffix(".safetensors")
        for target in (path, beside):
            if target.exists():
                raise InputError(f"{target} exists already", attempt="another name")
        constants = {n: c.data for n, c in self.module.constants.items() if c.data is not None}
        arrays = {f"constant/{name}": array for name, array in constants.items()}
        arrays |= {f"input/{name}": np.asarray(array) for name, array in self.inputs.items()}
        write_tensors(beside, {**arrays, "wanted": self.wanted})
        path.write_text(print_module(self.module), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> Subgraph:
        """What `write` wrote. Raises FastismError for anything else."""
        beside = path.with_suffix(".safetensors")
        for file in (path, beside):
            require_file(file, "file", why="a sub-graph is two files")
        arrays = read_tensors(beside)
        constants, inputs = (
            {n.removeprefix(kind): a for n, a in arrays.items() if n.startswith(kind)}
            for kind in ("constant/", "input/")
        )
        text = path.read_text(encoding="utf-8")
        module = parse_module(text, {name: Constant.of(a) for name, a in constants.items()})
        if "wanted" not in arrays or {BACKEND, ALLOWED} - set(module.main.attributes):
            raise InputError(f"{path} is not a sub-graph that bisection wrote")
        return cls(module, inputs, arrays["wanted"])

    @property
    def allowed(self) -> float:
        """The largest difference that still agrees."""
        return float(str(self.module.main.attributes[ALLOWED]))

    def differences(self, opaque: Mapping[str, Callable[..., Any]]) -> dict[str, float]:
        """The largest difference from what is wanted, by backend: numpy's, and the recorded one."""
        graph = self.module.main
        (name,) = graph.outputs
        found = {
            "reference": run(self.module, graph.name, self.inputs, opaque=opaque, dtype="float64")[
                name
            ]
        }
        recorded = str(graph.attributes[BACKEND])
        if recorded != "reference":
            function = backends.backend(recorded).emit(self.module, opaque)[graph.name]
            found[recorded] = np.asarray(function(self.inputs)[name])
        free = np.isnan(self.wanted)
        return {
            backend: _largest(np.where(free, 0.0, array - np.where(free, 0.0, self.wanted)))
            for backend, array in found.items()
        }


def _largest(apart: Array) -> float:
    """The largest magnitude; infinite where there is a NaN."""
    return float(np.nan_to_num(np.abs(apart), nan=np.inf).max(initial=0.0))


def cut(
    module: Module,
    graph: Graph,
    output: str,
    agreed: Collection[str],
    values: Mapping[str, Array],
    wanted: Array,
    *,
    backend: str,
    allowed: float,
) -> Subgraph:
    """The nodes between the values that are agreed on and one that is not.

    values: those of the graph, by name; they become the inputs.
    """
    kept: list[Node] = []
    live = {output}
    for node in reversed(graph.nodes):
        if any(value.name in live for value in node.results):
            kept.append(_plain(node))
            live -= {value.name for value in node.results}
            live.update(name for name in node.inputs if name not in agreed)
    reads = {name for node in kept for name in node.inputs}
    made = {value.name for node in kept for value in node.results}
    inputs = [
        replace(v, change=None, need=None) for n, v in graph.values.items() if n in reads - made
    ]
    attributes: dict[str, Attribute] = {BACKEND: backend, ALLOWED: float(allowed)}
    part = Graph(graph.name, tuple(inputs), tuple(reversed(kept)), (output,), attributes)
    called = module.graphs[1:] if any(node.op == "call" for node in kept) else ()
    late = reached(module.stage, "annotated") and not reached(module.stage, "split")
    alone = Module(
        stage="canonical" if late else module.stage,
        graphs=(part, *called),
        constants=module.constants,
        model=module.model,
        sha256=module.sha256,
        after=module.after,
    )
    given = {value.name: values[value.name] for value in inputs}
    return Subgraph(alone.used_constants(), given, wanted)


def _plain(node: Node) -> Node:
    """A node without what the annotate and segment passes say of it."""
    results = tuple(replace(value, change=None, need=None) for value in node.results)
    return node.replace(results=results, segment=None, mode=None, stop=None)


def replay(path: Path, opaque: Mapping[str, Callable[..., Any]] | None = None) -> str:
    """Run a written sub-graph again; a line for every backend that agrees with what is wanted.

    opaque: the live layers by key, where the sub-graph has any.

    Raises MismatchError where one disagrees, FastismError where the files cannot be read or run.
    """
    part = Subgraph.read(path)
    missing = {str(n["key"]) for n in part.module.main.nodes if "key" in n.attributes}
    if opaque is None and missing:
        raise InputError(
            f"{path} runs the live layer {min(missing)!r}", attempt="--plan with the plan it is of"
        )
    try:
        found = part.differences(opaque or {})
    except (ValueError, KeyError) as error:
        raise FastismError(f"{path} cannot be run", why=str(error)) from error
    lines = [
        f"{backend}: {'agrees' if apart <= part.allowed else 'disagrees'}, off by {apart:.1e} "
        f"where {part.allowed:.1e} is allowed"
        for backend, apart in found.items()
    ]
    if any(apart > part.allowed for apart in found.values()):
        node = part.module.main.nodes[-1]
        raise MismatchError(
            f"%{node.name} = {node.op}(...) still disagrees", where=str(path), why="; ".join(lines)
        )
    return "\n".join(lines)
