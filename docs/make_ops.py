"""What docs/ops.md says: every op of the table, by what the compiler itself knows of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from docs.markdown import code, first_sentence, reads, table
from fastism.backends.registry import forms_of
from fastism.backends.registry import names as backends
from fastism.ir.analysis import relations
from fastism.ir.ops import REQUIRED, OpDefinition, definition, names
from fastism.ir.text import attribute_text
from fastism.passes.propagation.exits import EXITS
from fastism.passes.propagation.rules import RULES
from fastism.testing.conformance import SAMPLES

ABOUT = """\
# Ops

Every op of the IR: the rows of the table in `fastism/ir/ops`. `make pages` writes this page.

- *attributes* print in braces, with the value they have unless a node says otherwise; those without
  one must be given. *constants* are weights and tables, those in parentheses may be left out.
- *reads*: which positions of its input a position of the result depends on, as seen on the samples
  of `fastism.testing.conformance`.
- *a change passes*: `on deltas`, the op itself, without its bias, on the difference alone; `on
  values`, the op itself on the mutated value's window; by a rule of its own, or through an exit,
  which ends the windows without a recompute; `whole`, not at all: it runs whole.
- *cost*: `products` are weighed by multiply-adds and the shape of the kernel, all ops by the bytes
  that they read and write; a `light` one may run as one loop with its neighbours.
- *traits*: what else the passes ask of an op; `fastism/ir/ops/registry.py` says what each means.

Every op has a numpy form, which defines it, and a form in every other backend, but for these:

"""

SECTIONS: Mapping[str, str] = {
    "source": "The model's own",
    "imported": "Gone once canonical",
    "call": "Gone once flat",
    "intout": "Made by split, of the intout graph",
    "propagation": "Made by split, of the propagation graphs",
}
"""What ``OpDefinition.stages`` may be, and the heading over such ops."""

TRAITS = ("linear", "moves", "in_order", "identity", "elementwise", "along_channels", "monotone")
"""Traits that are named where they hold."""

LIVE = "as its layer does"
"""What an op without samples reads."""

HEAD = ("op", "inputs", "what it computes", "attributes, constants")
"""The columns of every op."""


def page() -> str:
    """The text of the page."""
    parts = [ABOUT + "\n".join(_gaps())]
    for stages, heading in SECTIONS.items():
        found = [op for op in map(definition, names()) if op.stages == stages]
        parts.append(f"## {heading}\n")
        parts.append(_changed(found) if stages == "source" else _others(found))
    return "\n".join(parts)


def _gaps() -> Iterator[str]:
    for backend in backends():
        gaps = forms_of(backend).gaps
        missing = [op for op in names() if op not in forms_of(backend)]
        yield from (f"- `{backend}` has none of `{op}`: {gaps[op]}." for op in missing)
    yield ""


def _changed(ops: list[OpDefinition]) -> str:
    """The ops through which changes pass: the split pass makes those of other stages, or none."""
    rows = ((*_about(op), _reads(op), _passes(op), _cost(op), _traits(op)) for op in ops)
    return table((*HEAD, "reads", "a change passes", "cost", "traits"), rows)


def _others(ops: list[OpDefinition]) -> str:
    return table((*HEAD, "cost"), ((*_about(op), _cost(op)) for op in ops))


def _about(op: OpDefinition) -> tuple[str, ...]:
    attributes = (
        key if default == REQUIRED else f"{key}={attribute_text(default)}"
        for key, default in op.attributes.items()
    )
    roles = (f"`@{role}`" if role in op.required else f"(`@{role}`)" for role in op.roles)
    given = "; ".join(filter(None, (code(*attributes), ", ".join(roles))))
    return f"`{op.name}`", str(op.arity or "any"), op.summary, given


def _reads(op: OpDefinition) -> str:
    found: dict[str, None] = {}
    for sample in SAMPLES:
        if sample.op == op.name:
            graph = sample.module().main
            found.update((reads(each), None) for each in relations(graph, graph.nodes[0]))
    return ", or ".join(found) or LIVE


def _passes(op: OpDefinition) -> str:
    ways = []
    if op.name in RULES:
        ways.append(first_sentence(RULES[op.name]))
    elif op.pull is not None:
        ways.append("on deltas" if op.linear else "on values")
    if op.name in EXITS:
        ways.append(f"exit: {first_sentence(EXITS[op.name].write)}")
    return "; ".join(way.rstrip(".") for way in ways) or "whole"


def _cost(op: OpDefinition) -> str:
    if op.products:
        return "products"
    return "light" if op.light else "bytes"


def _traits(op: OpDefinition) -> str:
    said = [name.replace("_", " ") for name in TRAITS if getattr(op, name)]
    said.extend(["not total"] * (not op.total))
    said.extend(["live"] * op.live)
    return ", ".join(said)
