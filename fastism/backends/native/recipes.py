"""What the code of a loop depends on, and the code of several.

A recipe knows nothing of a graph: neither names nor weights nor sites. Loops with equal recipes
share their code, and code that was kept is found by recipes, before any of it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from llvmlite import ir

from fastism.backends.native.along import Along, write_along
from fastism.backends.native.code import Code
from fastism.backends.native.expressions import Step
from fastism.backends.native.forms import Form
from fastism.backends.native.machine import Machine
from fastism.backends.native.rearranged import Rearranged, write_rearranged
from fastism.backends.native.reductions import Pool, write_elements, write_pool
from fastism.backends.native.writing import BYTES, KERNEL, TABLE, Record, Row, Writer

Root: TypeAlias = Form | Pool | Along | Rearranged
"""What a root does."""


@dataclass(frozen=True)
class Recipe:
    """A loop, as far as its code depends on it.

    root: what its root does; None where all is element-wise. steps: what leads to an entry of the
    result, without names. record, rows: what it is told of a tile, and how each slot lies in
    memory. channels: of the result. constants: what the addresses that it is given are called.
    """

    root: Root | None
    steps: tuple[Step, ...]
    record: Record
    rows: tuple[Row | None, ...]
    channels: int
    constants: tuple[str, ...]


def write(recipes: Mapping[Recipe, str], machine: Machine) -> str:
    """The functions of some recipes, each under its name, as a module of LLVM IR."""
    module = ir.Module()
    for recipe, name in recipes.items():
        code = Code(module, name, 3, machine)
        _write(code, recipe)
        code.finish()
    return str(module)


def _write(code: Code, recipe: Recipe) -> None:
    root, table = recipe.root, code.arguments[2]
    held = {
        name: code.load_int(table, BYTES * index) for index, name in enumerate(recipe.constants)
    }
    writer = Writer(
        code,
        recipe.steps,
        recipe.record,
        recipe.rows,
        recipe.channels,
        held,
        shift=int(root is not None and not isinstance(root, Form)),
        groups=root.shape.groups if isinstance(root, Form) else 1,
    )
    if isinstance(root, Form):
        root.write(writer, held[KERNEL])
    elif root is None:
        write_elements(writer)
    elif isinstance(root, Rearranged):
        write_rearranged(writer, root, held[TABLE])
    else:
        source = recipe.rows[1]
        assert source is not None
        if isinstance(root, Along):
            write_along(writer, root, source.stride)
        else:
            write_pool(writer, root, source.stride, held.get(KERNEL))
