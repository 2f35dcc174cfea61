"""Print a module as text: one node a line, columns aligned, ASCII, weights by name and hash.

`fastism.ir.parser` reads it back to an equal module.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from fastism.errors import FastismError, InputError
from fastism.ir.graph import Attribute, Graph, Node, Value
from fastism.ir.model_input import ModelInput
from fastism.ir.module import Constant, Module, Sites
from fastism.ir.ops.registry import definition
from fastism.ir.ranges import Interval, Range
from fastism.ir.stages import next_pass
from fastism.ir.text import attribute_text, name_text, word_text

_WIDE = 100
"""A graph's inputs go one a line where together they pass this column."""


@dataclass(frozen=True)
class WorkedSite:
    """The site whose interval stands for a change range: its index, and where it starts."""

    index: int
    start: int


@dataclass(frozen=True)
class _Style:
    constants: Mapping[str, Constant] = field(default_factory=dict)
    worked: WorkedSite | None = None


def print_module(module: Module, *, at: int | None = None, following: str | None = None) -> str:
    """The module as text.

    ``at`` is the position at which the worked site starts; the default is the middle site.
    ``following`` is the command that makes the next stage, where the printer's caller knows it.
    Raises InputError if no site starts there.
    """
    style = _Style(module.constants, _worked(module.sites, at))
    lines = [_header(module)]
    if module.sites is not None:
        lines.append(_sites(module.sites))
    if module.seq_input:
        lines.append(f"seq_input %{name_text(module.seq_input)}")
    if module.outputs:
        lines.append(f"outputs {', '.join(map(word_text, module.outputs))}")
    lines.extend(map(_input, module.inputs))
    names = [f"constant @{name_text(n)}#{c.digest}" for n, c in module.constants.items()]
    width = max(map(len, names), default=0)
    types = (constant.type for constant in module.constants.values())
    lines.extend(f"{name:<{width}} : {type}" for name, type in zip(names, types, strict=True))
    for graph in module.graphs:
        lines.extend(["", *_graph(graph, style)])
    name = next_pass(module.stage)
    if name is not None:
        command = following or f"fastism opt <this file> -p {name}"
        lines.extend(["", f"// next: {command}"])
    return "\n".join(lines) + "\n"


def print_graph(graph: Graph, constants: Mapping[str, Constant] | None = None) -> str:
    """One graph as text, without worked sites; a constant not in ``constants`` prints ``#?``."""
    return "\n".join(_graph(graph, _Style(constants or {}))) + "\n"


def print_node(node: Node, constants: Mapping[str, Constant] | None = None) -> str:
    """The line of one node, without a worked site."""
    (line,) = _aligned([node], _Style(constants or {}))
    return line


def excerpt(graph: Graph, index: int, constants: Mapping[str, Constant], *, around: int = 1) -> str:
    """The lines of a node and its neighbours, the node marked, to show in an error.

    around: how many nodes are shown before it, and how many behind it.
    """
    first = max(index - around, 0)
    lines = _aligned(graph.nodes[first : index + around + 1], _Style(constants))
    marks = (">" if first + offset == index else " " for offset in range(len(lines)))
    return "\n".join(f"  {mark}  {line}" for mark, line in zip(marks, lines, strict=True))


def change_text(change: Range) -> str:
    """``none``, ``all``, or the width of the widest interval of each strip, joined by ``+``."""
    if change.is_none or change.is_all:
        return "none" if change.is_none else "all"
    return "+".join(map(str, change.strips))


def need_text(need: Interval, length: int) -> str:
    """``none``, ``all``, or the interval."""
    if not need.width:
        return "none"
    return "all" if need == Interval(0, length) else interval_text(need)


def interval_text(*intervals: Interval) -> str:
    """``[start,stop)``, several with ``+`` between them; ``[0,0)`` for none."""
    return "+".join(f"[{i.start},{i.stop})" for i in intervals or (Interval(0, 0),))


def _worked(sites: Sites | None, at: int | None) -> WorkedSite | None:
    starts = sites.starts if sites is not None else ()
    if at is not None and at not in starts:
        raise InputError(
            f"no site starts at {at}",
            why=f"the sites start at {starts[0]} to {starts[-1]}" if starts else "there are none",
        )
    if not starts:
        return None
    index = len(starts) // 2 if at is None else starts.index(at)
    return WorkedSite(index, starts[index])


def _header(module: Module) -> str:
    parts = [f"stage={word_text(module.stage)}", f"after={word_text(module.after)}"]
    if module.model:
        parts.append(f"model={word_text(module.model)}")
    line = "  ".join(["// fastism 1", *parts])
    return f"{line} sha256:{module.sha256}" if module.sha256 else line


def _sites(sites: Sites) -> str:
    starts = sites.starts
    step = starts[1] - starts[0] if len(starts) > 1 else 1
    if not starts:
        text = "[0,0)"
    elif step > 0 and starts == tuple(range(starts[0], starts[-1] + 1, step)):
        text = f"[{starts[0]},{starts[-1] + 1})" + (f" step={step}" if step > 1 else "")
    else:
        text = ", ".join(map(str, starts))
    return f"sites {text} width={sites.width}"


def _input(given: ModelInput) -> str:
    parts: dict[str, Attribute] = {"shape": given.shape, "tokens": given.tokens}
    parts |= {"turned": given.turned, "layer": given.layer}
    said = [f"{key}={attribute_text(value)}" for key, value in parts.items() if value]
    return f"input %{name_text(given.name)} {{{', '.join(said)}}}"


def _graph(graph: Graph, style: _Style) -> list[str]:
    inputs = [f"%{name_text(v.name)}: {' '.join(_cells(v, style))}" for v in graph.inputs]
    extras = [f"{{{', '.join(_attributes(graph.attributes, {}))}}}"] if graph.attributes else []
    extras.extend(_constant(role, name, style) for role, name in graph.constants)
    head, tail = f"graph @{name_text(graph.name)}(", " ".join([")", *extras, "{"])
    lines = [f"{head}{', '.join(inputs)}{tail}"]
    if len(lines[0]) > _WIDE and len(inputs) > 1:
        lines = [head, *(f"    {text}," for text in inputs[:-1]), f"    {inputs[-1]}", tail]
    lines.extend(f"  {line}" for line in _aligned(graph.nodes, style))
    outputs = ", ".join(f"%{name_text(name)}" for name in graph.outputs)
    return [*lines, f"  return {outputs}".rstrip(), "}"]


def _aligned(nodes: Sequence[Node], style: _Style) -> list[str]:
    """One line a node; the columns before ``=`` line up."""
    names = [", ".join(f"%{name_text(v.name)}" for v in node.results) for node in nodes]
    rows = [[_cells(v, style, gaps=True) for v in node.results] for node in nodes]
    single = [row[0] for row in rows if len(row) == 1]
    widths = [max(map(len, column)) for column in zip(*single, strict=True)]
    lefts = []
    for row in rows:
        if len(row) == 1:
            padded = (cell.ljust(w) for cell, w in zip(row[0], widths, strict=True) if w)
            lefts.append(" ".join(padded))
        else:
            lefts.append(", ".join(" ".join(filter(None, cells)) for cells in row))
    name_width, width = max(map(len, names), default=0), max(map(len, lefts), default=0)
    return [
        f"{name:<{name_width}} : {left:<{width}} = {_right(node, style)}"
        for name, left, node in zip(names, lefts, nodes, strict=True)
    ]


def _cells(value: Value, style: _Style, *, gaps: bool = False) -> list[str]:
    """Type, change, worked site and need of a value; with ``gaps``, an empty cell for each lack."""
    cells = [str(value.type), "", "", ""]
    if value.change is not None:
        width = change_text(value.change)
        cells[1] = f"change={width}"
        if width not in ("none", "all") and style.worked is not None:
            interval = interval_text(*value.change.at(style.worked.index))
            cells[2] = f"@{style.worked.start}:{interval}"
    if value.need is not None:
        cells[3] = f"need={need_text(value.need, value.type.length)}"
    return cells if gaps else [cell for cell in cells if cell]


def _right(node: Node, style: _Style) -> str:
    inputs = ", ".join(f"%{name_text(name)}" for name in node.inputs)
    parts = [f"{word_text(node.op)}({inputs})"]
    attributes = _attributes(node.attributes, _declared(node.op))
    if attributes:
        parts.append(f"{{{', '.join(attributes)}}}")
    parts.extend(_constant(role, name, style) for role, name in node.constants)
    if node.segment is not None:
        parts.append(f"segment={node.segment}")
    if node.mode is not None:
        parts.append(f"mode={word_text(node.mode)}")
    if node.stop is not None:
        parts.append(f"stop={json.dumps(node.stop)}")
    if node.origin is not None:
        if node.origin.layer != node.name or not node.origin.kind:
            parts.append(f"layer={word_text(node.origin.layer)}")
        if node.origin.kind:
            parts.append(f"kind={word_text(node.origin.kind)}")
    if node.name != usual_name(node.results):
        parts.append(f"node={word_text(node.name)}")
    return " ".join(parts)


def usual_name(results: Sequence[Value]) -> str:
    """What a node with these results is called unless its line says otherwise."""
    if not results:
        return ""
    first = results[0].name
    return first.removesuffix("!0") if len(results) > 1 else first


def _declared(op: str) -> Mapping[str, Attribute]:
    """The attributes of an op with their defaults; none of an unknown op."""
    try:
        return definition(op).attributes
    except FastismError:  # printed all the same: the verifier shows the node in its error
        return {}


def _attributes(
    attributes: Mapping[str, Attribute], declared: Mapping[str, Attribute]
) -> list[str]:
    """``name=value`` in the declared order, those at their default left out."""
    order = [name for name in declared if name in attributes]
    order.extend(name for name in attributes if name not in declared)
    return [
        f"{word_text(name)}={attribute_text(attributes[name])}"
        for name in order
        if name not in declared or not _same(attributes[name], declared[name])
    ]


def _same(value: Attribute, default: Attribute) -> bool:
    return attribute_text(value) == attribute_text(default)


def _constant(role: str, name: str, style: _Style) -> str:
    known = style.constants.get(name)
    reference = f"@{name_text(name)}#{known.digest[:4] if known else '?'}"
    return reference if name.rpartition(".")[2] == role else f"{word_text(role)}={reference}"
