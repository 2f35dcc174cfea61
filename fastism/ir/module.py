"""A module: the graphs of one stage, the constants they name, and the sites they are for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from fastism.errors import InputError
from fastism.ir.graph import Graph, Node, Rewritten
from fastism.ir.model_input import ModelInput
from fastism.ir.types import TensorType


@dataclass(frozen=True)
class Constant:
    """A weight or a table: its type, the hash of its content, and (unless detached) the content.

    Constants compare by type and digest, so a module read from text without its weights equals
    the one it was printed from.
    """

    type: TensorType
    digest: str
    data: npt.NDArray[np.generic] | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, array: npt.ArrayLike) -> Constant:
        """Wrap an array; the copy is read-only."""
        data = np.array(array, order="C")
        data.flags.writeable = False
        digest = hashlib.sha256(f"{data.dtype.str}{data.shape}".encode())
        digest.update(data.reshape(-1).view(np.uint8).data)
        return cls(TensorType.of(data), digest.hexdigest()[:16], data)


@dataclass(frozen=True)
class Sites:
    """Where the input is edited: intervals ``[start, start + width)`` of one width."""

    starts: tuple[int, ...]
    width: int = 1

    def __len__(self) -> int:
        return len(self.starts)

    @classmethod
    def every(cls, length: int, width: int = 1) -> Sites:
        """Every interval of one width inside ``[0, length)``."""
        return cls(tuple(range(length - width + 1)), width)

    @cached_property
    def array(self) -> npt.NDArray[np.int64]:
        """The starts as an array."""
        return np.asarray(self.starts, dtype=np.int64)


@dataclass(frozen=True)
class Module:
    """Everything a pass sees. Frozen: a pass returns another one."""

    stage: str
    graphs: tuple[Graph, ...]
    constants: Mapping[str, Constant] = field(default_factory=dict)
    sites: Sites | None = None
    seq_input: str = ""
    outputs: tuple[str, ...] = ()
    """The user's names of the model's outputs, in the order of the main graph's outputs."""
    model: str = ""
    """The model file's name, or the name of a model that came from none."""
    sha256: str = ""
    """The model file's hash; empty for a model that came from none."""
    after: str = "import"
    """The pass that made this module."""
    inputs: tuple[ModelInput, ...] = ()
    """The inputs that the model itself takes otherwise than the main graph has them."""

    def __post_init__(self) -> None:
        ordered = dict(sorted(self.constants.items()))
        object.__setattr__(self, "constants", MappingProxyType(ordered))

    @cached_property
    def graph(self) -> Mapping[str, Graph]:
        """The graphs by name."""
        return MappingProxyType({graph.name: graph for graph in self.graphs})

    @property
    def main(self) -> Graph:
        """The graph of the model itself (the intout graph once split)."""
        return self.graphs[0]

    @cached_property
    def model_inputs(self) -> tuple[ModelInput, ...]:
        """How the model takes every input, in the order of the main graph's."""
        otherwise = {given.name: given for given in self.inputs}
        return tuple(
            otherwise.get(value.name) or ModelInput.plain(value.name, value.type)
            for value in self.main.inputs
        )

    @cached_property
    def tokens(self) -> frozenset[str]:
        """The inputs that the model takes as token numbers."""
        return frozenset(given.name for given in self.inputs if given.tokens)

    def replace(self, **changes: object) -> Module:
        """A copy with some fields replaced."""
        return replace(self, **changes)  # type: ignore[arg-type]

    def rewrite(self, rule: Callable[[Node], Rewritten]) -> Module:
        """Apply a rule to every node of every graph; see :meth:`Graph.rewrite`.

        Values nobody reads any more are dropped.
        """
        return self.replace(graphs=tuple(graph.rewrite(rule).prune() for graph in self.graphs))

    def with_graphs(self, graphs: Iterable[Graph]) -> Module:
        """A copy with other graphs."""
        return self.replace(graphs=tuple(graphs))

    def with_constants(self, added: Mapping[str, Constant]) -> Module:
        """A copy with constants added (or replaced, by name)."""
        return self.replace(constants={**self.constants, **added})

    def with_outputs(self, names: Sequence[str]) -> Module:
        """A copy that computes some of the outputs only, in the order of ``names``.

        Raises InputError for none, for one that is not there, and for one named twice.
        """
        unknown = [name for name in names if name not in self.outputs]
        if unknown or not names:
            raise InputError(
                f"the model has no output {unknown[0]!r}" if unknown else "no output is wanted",
                why=f"its outputs are {', '.join(self.outputs)}",
            )
        if len(set(names)) < len(names):
            raise InputError(f"an output is wanted twice: {', '.join(names)}")
        values = dict(zip(self.outputs, self.main.outputs, strict=True))
        main = self.main.replace(outputs=tuple(values[name] for name in names))
        return self.replace(graphs=(main, *self.graphs[1:]), outputs=tuple(names))

    def constant_types(self, node: Node) -> dict[str, TensorType]:
        """The types of a node's constants, by role."""
        return {role: self.constants[name].type for role, name in node.constants}

    def data(self, node: Node, role: str) -> npt.NDArray[np.generic] | None:
        """The content of a node's constant, or None if the node has none in that role.

        Raises ValueError if the module was read from text without its weights.
        """
        name = node.constant(role)
        return None if name is None else self.content(name)

    def content(self, name: str) -> npt.NDArray[np.generic]:
        """The content of a constant.

        Raises ValueError if the module was read from text without its weights.
        """
        data = self.constants[name].data
        if data is None:
            raise ValueError(f"constant {name!r} was read from text without its content")
        return data

    def used_constants(self) -> Module:
        """A copy holding only the constants some node names."""
        used = {name for g in self.graphs for node in g.nodes for _, name in node.constants}
        used.update(name for g in self.graphs for _, name in g.constants)
        return self.replace(constants={k: c for k, c in self.constants.items() if k in used})


def contents(modules: Iterable[Module]) -> dict[str, Constant]:
    """The constants of some modules that have their content, by hash."""
    constants = (constant for module in modules for constant in module.constants.values())
    return {constant.digest: constant for constant in constants if constant.data is not None}
