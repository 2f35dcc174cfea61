"""The plans that a verb is given, and of which strands: what is averaged, and how."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fastism.cli.options import PATH, check_model_file
from fastism.cli.strands import parse_strands_options, strands_options
from fastism.errors import InputError

if TYPE_CHECKING:
    from fastism.cluster.orders import Asked
    from fastism.io.manifest import JSON
    from fastism.runtime.ask import Ask
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

    def check(self, models: Sequence[Path] = ()) -> None:
        """Raise InputError for plans that are none, and for models that are not one a plan."""
        from fastism.io.manifest import read_manifest

        parse_strands_options(self.strands, rc=self.rc)
        for path in self.paths:
            read_manifest(path)
        for model in models:
            check_model_file(model)
        if models and len(models) != len(self.paths):
            raise InputError(
                f"--model is given {_times(len(models))}, and there are {len(self.paths)} plans"
                if len(self.paths) > 1
                else f"--model is given {_times(len(models))}, and there is one plan",
                attempt="--model for each plan, in their order",
            )

    def ask(self, load: Callable[[Path], Plan], alphabet: str) -> Ask:
        """What is asked of a batch: the plan, or all of them.

        load: loads a plan. Raises InputError where plans do not fit together, or their outputs have
        another strand of which nothing is said.
        """
        from fastism.runtime.ask import asked

        strands = parse_strands_options(self.strands, rc=self.rc)
        plans = [load(path) for path in self.paths]
        return asked(plans, rc=self.rc, strands=strands, alphabet=alphabet)

    def for_workers(self, alphabet: str, custom_objects: str | None, unsafe: bool) -> Asked:
        """The same, as workers take it up."""
        from fastism.cluster.orders import Asked, PlanAt
        from fastism.io.versions import versions
        from fastism.io.whole import absolute

        hashes = self.hashes.get("plans_sha256", self.hashes["plan_sha256"]).split()
        plans = map(PlanAt, (str(absolute(path)) for path in self.paths), hashes)
        return Asked(
            tuple(plans),
            versions(),
            self.rc,
            parse_strands_options(self.strands, rc=self.rc),
            alphabet,
            custom_objects=custom_objects,
            unsafe=unsafe,
        )

    def facts(self, ask: Ask) -> dict[str, str]:
        """What the files say of a mean; nothing of one plan's own scores."""
        from fastism.runtime.ask import plans_of

        if not self.averaged:
            return {}
        modules = [plan.module for plan in plans_of(ask)] if len(self.paths) > 1 else []
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


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
