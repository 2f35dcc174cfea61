"""What a pass is: a frozen dataclass whose fields are its options, from module to module."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields
from typing import ClassVar

from fastism.errors import FastismError, PassError
from fastism.ir.module import Module
from fastism.passes.options import kinds, write

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


@dataclass(frozen=True)
class Pass(ABC):
    """One step of the compiler. Subclass it, name it, and write ``run``.

    >>> @register_pass
    ... @dataclass(frozen=True)
    ... class DropNoise(Pass):
    ...     name: ClassVar[str] = "drop-noise"
    ...
    ...     def run(self, module: Module) -> Module:
    ...         return module.rewrite(
    ...             lambda node: node.inputs[0] if node.op == "gaussian_noise" else node
    ...         )

    name: how a pipeline string calls it, kebab-case.
    requires: the stages it accepts; any, if empty.
    produces: the stage of its result; that of its input, if None.
    """

    name: ClassVar[str]
    requires: ClassVar[tuple[str, ...]] = ()
    produces: ClassVar[str | None] = None

    def __post_init__(self) -> None:
        check_declaration(type(self))
        for field, kind in kinds(type(self)).items():
            value = getattr(self, field)
            if not kind.accepts(value):
                raise PassError(f"{self.name}: {field} must be {kind}; got {value!r}")

    @abstractmethod
    def run(self, module: Module) -> Module:
        """The module of the next step. The stage and ``after`` are set by the caller."""

    def __call__(self, module: Module) -> Module:
        """Run, holding both sides to the contract.

        Raises PassError, naming the pass, for a module of the wrong stage, for anything that goes
        wrong inside ``run``, and for a result that is not a module.
        """
        if not isinstance(module, Module):
            raise PassError(f"{self.name}: expected a Module, got a {type(module).__name__}")
        if self.requires and module.stage not in self.requires:
            raise PassError(
                f"{self.name}: cannot run on a module of stage {module.stage!r}",
                why=f"it needs the stage {' or '.join(self.requires)}",
                attempt="put the pass that makes that stage before it in the pipeline",
            )
        try:
            result = self.run(module)
        except FastismError as error:
            raise PassError(
                f"{self.name}: {error.what}",
                where=error.where,
                why=error.why,
                attempt=error.attempt,
                context=error.context,
            ) from error
        except Exception as error:
            raise PassError(
                f"{self.name}: the pass broke down",
                why=f"{type(error).__name__}: {error}",
                attempt="this is a bug of the pass; the module it was given is untouched",
            ) from error
        if not isinstance(result, Module):
            raise PassError(
                f"{self.name}: run returned a {type(result).__name__}",
                why="a pass returns the module of the next step, a new one or the one it was given",
                attempt=f"end {type(self).__name__}.run with `return module...`",
            )
        return result.replace(stage=self.produces or module.stage, after=self.name)

    def __str__(self) -> str:
        """The pass as a pipeline string spells it, options at their default left out."""
        options = " ".join(self._spelled())
        return f"{self.name}{{{options}}}" if options else self.name

    def _spelled(self) -> Iterator[str]:
        for field in fields(self):
            value = getattr(self, field.name)
            default = field.default
            if default is MISSING and field.default_factory is not MISSING:
                default = field.default_factory()
            if default is MISSING or value != default:
                yield f"{field.name.replace('_', '-')}={write(value)}"


def check_declaration(pass_type: type[Pass]) -> None:
    """Raise PassError, written for the pass's author, unless the class is well declared."""
    name = getattr(pass_type, "name", None)
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise PassError(
            f"the pass class {pass_type.__name__} has no usable name",
            why=f"it must be a ClassVar[str] in kebab-case, and is {name!r}",
            attempt='write  name: ClassVar[str] = "drop-noise"  in the class',
        )
    kinds(pass_type)
