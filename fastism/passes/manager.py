"""Runs passes one after the other, verifying the module before the first and after each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from fastism.errors import InputError, PassError, VerifyError, did_you_mean
from fastism.ir.module import Module
from fastism.ir.stages import reached
from fastism.ir.verify import verify
from fastism.passes.base import Pass
from fastism.passes.costs import Rates
from fastism.passes.instruments import Instrument, check_instrument
from fastism.passes.pipeline import parse_pipeline, print_pipeline
from fastism.passes.schedule import Schedule
from fastism.passes.segment import Segment

DEFAULT: Final = "flatten,canonicalize,annotate,segment,split,schedule"
"""From an imported module to one the backends run."""


@dataclass(frozen=True)
class Pipeline:
    """Passes in order, and the instruments that watch them.

    >>> Pipeline.parse("flatten,canonicalize").run(module).stage
    'canonical'
    """

    passes: tuple[Pass, ...]
    instruments: tuple[Instrument, ...] = ()

    def __post_init__(self) -> None:
        for instrument in self.instruments:
            check_instrument(instrument)

    @classmethod
    def parse(cls, text: str, instruments: tuple[Instrument, ...] = ()) -> Pipeline:
        """Read a pipeline string. Raises ParseError or PassError, pointing into the string."""
        return cls(parse_pipeline(text), instruments)

    @classmethod
    def remaining(cls, stage: str) -> Pipeline:
        """The passes of the default pipeline that come after a stage.

        Raises VerifyError for a stage that is not in the table.
        """
        return cls(tuple(p for p in parse_pipeline(DEFAULT) if not reached(stage, _made(p))))

    def until(self, name: str) -> Pipeline:
        """The pipeline up to the first pass of a name, that one too.

        Raises PassError if there is none.
        """
        names = [pass_.name for pass_ in self.passes]
        if name not in names:
            raise PassError(
                f"the pipeline has no pass {name!r} to stop after",
                why=f"its passes are {', '.join(names) or 'none'}",
                attempt=did_you_mean(name, names),
            )
        return replace(self, passes=self.passes[: names.index(name) + 1])

    def __str__(self) -> str:
        return print_pipeline(self.passes)

    def with_stops(self, layers: tuple[str, ...]) -> Pipeline:
        """The pipeline with more layers to stop at. Raises InputError if no pass takes them."""
        if not layers:
            return self
        if not any(isinstance(pass_, Segment) for pass_ in self.passes):
            raise InputError("stop_layers need the segment pass, and the pipeline has none")
        passes = (
            replace(pass_, stop_layers=(*pass_.stop_layers, *layers))
            if isinstance(pass_, Segment)
            else pass_
            for pass_ in self.passes
        )
        return replace(self, passes=tuple(passes))

    def with_rates(self, rates: Rates) -> Pipeline:
        """The pipeline with decisions by how fast a machine is, in all passes that weigh costs."""
        passes = (
            replace(pass_, rates=(rates.products, rates.bytes))
            if isinstance(pass_, (Segment, Schedule))
            else pass_
            for pass_ in self.passes
        )
        return replace(self, passes=tuple(passes))

    def run(self, module: Module) -> Module:
        """The module after the last pass.

        Raises VerifyError if ``module`` breaks a rule of its stage, and PassError, naming the
        pass, if one fails or makes a module that breaks a rule. ``module`` itself never changes.
        """
        for stage in self._stages(module):
            module = stage
        return module

    def run_stages(self, module: Module) -> tuple[Module, ...]:
        """Every module on the way, ``module`` itself first. Raises what :meth:`run` raises."""
        return tuple(self._stages(module))

    def _stages(self, module: Module) -> Iterator[Module]:
        verify(module)
        yield module
        for pass_ in self.passes:
            self._tell("before", pass_, module)
            module = _verified(pass_, pass_(module))
            self._tell("after", pass_, module)
            yield module

    def _tell(self, moment: str, pass_: Pass, module: Module) -> None:
        """Call the instruments that have a method for this moment."""
        for instrument in self.instruments:
            method = getattr(instrument, moment, None)
            if method is not None:
                method(pass_, module)


def _made(pass_: Pass) -> str:
    assert pass_.produces is not None  # every pass of the default pipeline makes a stage
    return pass_.produces


def _verified(pass_: Pass, module: Module) -> Module:
    try:
        verify(module)
    except VerifyError as error:
        raise PassError(
            f"{pass_.name}: the result is not a valid {module.stage} module: {error.what}",
            where=error.where,
            why=error.why,
            attempt=error.attempt,
            context=error.context,
        ) from error
    return module
