"""The plans that a verb is given, and of which strands: what is averaged, and how."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fastism.cli.options import PATH
from fastism.cli.strands import parse_strands_options, strands_options
from fastism.errors import InputError

if TYPE_CHECKING:
    from fastism.io.manifest import JSON
    from fastism.runtime.batch import Ask
    from fastism.runtime.plan import Plan

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True)
class Members:
    """What the plans on the command line are asked together.

    paths: the plans; the first lends the names of the outputs. rc: whether both strands are asked.
    strands: what was said of outputs on the other strand, as typed.
    """

    paths: tuple[Path, ...]
    rc: bool = False
    strands: tuple[str, ...] = ()

    @property
    def first(self) -> Path:
        """The plan that lends the names."""
        return self.paths[0]

    @property
    def averaged(self) -> str:
        """What scores are means over, in words; empty where they are one plan's own."""
        over = ["both strands"] if self.rc else []
        over += [f"{len(self.paths)} plans"] if len(self.paths) > 1 else []
        return f"the mean over {', then over '.join(over)}" if over else ""

    @property
    def copies(self) -> int:
        """How many times the scores of a batch are held while it is computed."""
        return 6 if len(self.paths) > 1 else 2 if self.rc else 1

    @property
    def arguments(self) -> dict[str, JSON]:
        """The options as they are recorded beside the scores."""
        plans: list[JSON] = [str(path) for path in self.paths]
        said: list[JSON] = list(self.strands)
        return {"plan": plans if len(plans) > 1 else plans[0], "rc": self.rc, "strands": said}

    @functools.cached_property
    def hashes(self) -> dict[str, str]:
        """Of the first plan, and of all of them where there are several, as files record them."""
        from fastism.io.manifest import MANIFEST, sha256

        first, *others = (sha256(path / MANIFEST) for path in self.paths)
        every = {"plans_sha256": " ".join([first, *others])} if others else {}
        return {"plan_sha256": first, **every}

    @property
    def identity(self) -> dict[str, JSON]:
        """What must be the same where a run goes on."""
        hashes: list[JSON] = list(self.hashes.get("plans_sha256", "").split())
        said: list[JSON] = list(self.strands)
        return {
            "the plan": hashes or self.hashes["plan_sha256"],
            "--rc": self.rc,
            "--strands": said,
        }

    def check(self, *, model: bool, machines: bool) -> None:
        """Raise InputError for plans that are none, and for what is of one plan's own scores."""
        from fastism.io.manifest import read_manifest

        parse_strands_options(self.strands, rc=self.rc)
        for path in self.paths:
            read_manifest(path)
        if self.averaged and model:
            raise InputError(
                f"--model holds scores against one model's own, and these are {self.averaged}",
                attempt=f"fastism verify {self.first} --model MODEL, for each plan",
            )
        if self.averaged and machines:
            raise InputError(
                f"--workers and --cluster compute one plan's own scores, and not {self.averaged}",
                attempt="a run for each plan, or --shard",
            )

    def ask(self, first: Plan, load: Callable[[Path], Plan], alphabet: str) -> Ask:
        """What is asked of a batch: the plan, or all of them.

        first: the first plan, loaded. load: loads another. Raises InputError where they do not fit
        together, or their outputs have another strand of which nothing is said.
        """
        from fastism.runtime.both_strands import BothStrands
        from fastism.runtime.ensemble import Ensemble

        strands = parse_strands_options(self.strands, rc=self.rc)
        if len(self.paths) > 1:
            plans = [first, *map(load, self.paths[1:])]
            return Ensemble(plans, rc=self.rc, strands=strands, alphabet=alphabet)
        return BothStrands(first, strands, alphabet) if self.rc else first

    def facts(self, ask: Ask) -> dict[str, str]:
        """What the files say of a mean; nothing of one plan's own scores."""
        from fastism.runtime.ensemble import Ensemble

        if not self.averaged:
            return {}
        modules = [plan.module for plan in ask.plans] if isinstance(ask, Ensemble) else []
        models = [{"model": module.model, "sha256": module.sha256} for module in modules]
        return {"averaged": self.averaged, **({"models": json.dumps(models)} if models else {})}


def member_options(command: Command) -> Command:
    """``PLAN...``, ``--rc`` and ``--strands``, handed to the command as ``members``."""

    @functools.wraps(command)
    def gathered(
        *arguments: Any, plans: Sequence[Path], rc: bool, strands: Sequence[str], **options: Any
    ) -> Any:
        return command(*arguments, members=Members(tuple(plans), rc, tuple(strands)), **options)

    given = click.argument("plans", type=PATH, nargs=-1, required=True, metavar="PLAN...")
    return given(strands_options(gathered))  # type: ignore[return-value]
