"""Where two modules first differ: the node and its field, the table and its entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

import numpy as np

from fastism.ir.graph import Graph, Node
from fastism.ir.module import Constant, Module
from fastism.ir.printer import excerpt

AROUND = 5
"""Lines of a dump shown on each side of a node."""


@dataclass(frozen=True)
class Difference:
    """The first difference of a stored module from the one expected.

    subject: the constant, node or graph, as the IR writes it (``@conv.kernel``, ``%conv.delta``).
    what: how it differs, as the end of a sentence that starts with the subject.
    context: the lines of the stored dump around the node, or around the first that reads a table.
    """

    subject: str
    what: str
    context: str | None = None


def first_difference(expected: Module, stored: Module) -> Difference | None:
    """The first place where ``stored`` is not what was expected; None where they are equal.

    Nodes come before constants: where a graph is right but for a weight or a table, that is named.
    """
    if expected == stored:
        return None
    return next(_differences(expected, stored))


def _differences(expected: Module, stored: Module) -> Iterator[Difference]:
    for name in ("stage", "after", "seq_input", "inputs", "sites", "outputs", "model", "sha256"):
        wanted, found = getattr(expected, name), getattr(stored, name)
        if wanted != found:
            yield Difference(f"its {name}", f"is {_brief(found)}, not {_brief(wanted)}")
    if list(expected.graph) != list(stored.graph):
        wanted, found = (", ".join(f"@{name}" for name in m.graph) for m in (expected, stored))
        yield Difference("the module", f"holds {found or 'no graph'}, not {wanted}")
    for wanted, found in zip(expected.graphs, stored.graphs, strict=True):
        yield from _of_graphs(wanted, found, stored)
    yield from _of_constants(expected.constants, stored)


def _of_graphs(expected: Graph, stored: Graph, module: Module) -> Iterator[Difference]:
    for index, (wanted, found) in enumerate(zip(expected.nodes, stored.nodes, strict=False)):
        if wanted != found:
            what = f"in @{stored.name} {_node_difference(wanted, found)}"
            yield Difference(f"%{found.name}", what, _lines(stored, index, module))
    counts = len(stored.nodes), len(expected.nodes)
    if counts[0] != counts[1]:
        what = f"has {counts[0]} nodes, not {counts[1]}"
        yield Difference(f"@{stored.name}", what, _lines(stored, min(counts) - 1, module))
    for field in ("inputs", "outputs", "attributes", "constants"):
        if getattr(expected, field) != getattr(stored, field):
            yield Difference(f"@{stored.name}", f"has other {field}")


def _node_difference(expected: Node, stored: Node) -> str:
    if expected.name != stored.name:
        return f"stands where %{expected.name} is expected"
    for key in sorted({*expected.attributes, *stored.attributes}):
        wanted, found = expected.attributes.get(key), stored.attributes.get(key)
        if wanted != found:
            return f"has {key}={_brief(found)}, not {_brief(wanted)}"
    names = (field.name for field in fields(Node))
    name = next(name for name in names if getattr(expected, name) != getattr(stored, name))
    wanted, found = getattr(expected, name), getattr(stored, name)
    return f"has other {name}: {_brief(found)}, not {_brief(wanted)}"


def _of_constants(expected: Mapping[str, Constant], stored: Module) -> Iterator[Difference]:
    for name in sorted({*expected, *stored.constants}):
        wanted, found = expected.get(name), stored.constants.get(name)
        if wanted == found:
            continue
        if wanted is None or found is None:
            what = "is missing" if found is None else "is not expected"
            yield Difference(f"@{name}", what)
        else:
            yield Difference(f"@{name}", _content(wanted, found), _reader(name, stored))


def _content(expected: Constant, stored: Constant) -> str:
    if expected.type != stored.type:
        return f"is {stored.type}, not {expected.type}"
    if expected.data is None or stored.data is None:
        return f"has the digest {stored.digest}, not {expected.digest}"
    # The bytes, not the numbers: a NaN and a negative zero have an identity too.
    bits = f"V{expected.data.dtype.itemsize}"
    apart = np.argwhere(expected.data.view(bits) != stored.data.view(bits))
    at = tuple(int(index) for index in apart[0])
    number = ",".join(map(str, at))
    more = f", and {len(apart) - 1} other entries differ" if len(apart) > 1 else ""
    return f"[{number}] is {stored.data[at]}, not {expected.data[at]}{more}"


def _reader(constant: str, module: Module) -> str | None:
    """The dump around the first node that reads a constant."""
    for graph in module.graphs:
        for index, node in enumerate(graph.nodes):
            if constant in dict(node.constants).values():
                return _lines(graph, index, module)
    return None


def _lines(graph: Graph, index: int, module: Module) -> str:
    return excerpt(graph, max(index, 0), module.constants, around=AROUND)


def _brief(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
