"""A run of ``fastism run``: what is read, what computes, what is written; each checked at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastism.cli.cluster import Machines
from fastism.cli.edits import Written
from fastism.cli.members import Members
from fastism.cli.options import load_architecture, load_custom_objects, parse_memory
from fastism.cli.outputs import Wanted, on_genome
from fastism.cli.receipt import check_same_model, compiled_check
from fastism.cli.sequences import Given
from fastism.cli.session import Session
from fastism.cli.shard import parse_shard

if TYPE_CHECKING:
    from fastism.cluster.orders import Asked
    from fastism.io.header import Header
    from fastism.io.kept import Record
    from fastism.io.manifest import JSON
    from fastism.io.parts import Share
    from fastism.io.sources.base import Source
    from fastism.io.writers.publish import Target
    from fastism.runtime.ask import Ask


@dataclass(frozen=True)
class Request:
    """What the command line says of a run; the fields are the options of ``fastism run``."""

    members: Members
    given: Given
    wanted: Wanted
    machines: Machines
    batch_size: int
    memory: str | None
    alternatives: str | None
    resume: bool
    shard: str | None
    models: tuple[Path, ...]
    custom_objects: str | None
    unsafe: bool
    architecture: str | None
    signature: str | None

    @property
    def budget(self) -> int | None:
        """``--memory`` in bytes, if it is given. Raises InputError for other text."""
        return None if self.memory is None else parse_memory(self.memory)

    @property
    def arguments(self) -> dict[str, JSON]:
        """The options as they are recorded beside the scores."""
        return {
            **self.members.arguments,
            **self.given.arguments,
            **self.wanted.arguments,
            "batch_size": self.batch_size,
            "memory": self.memory,
            "alternatives": self.alternatives,
        }


@dataclass(frozen=True)
class Files:
    """What a run reads and writes, checked as far as that goes without a framework.

    written: what is written into the sequences. share: the part of the run that is wanted, if not
    all. renaming: whether a run was stopped while these targets were given their names.
    """

    source: Source
    written: Written
    targets: list[Target]
    share: Share | None
    renaming: bool

    @classmethod
    def checked(cls, request: Request) -> Files:
        """Raises InputError, or PlanError, at the first mistake in options and files."""
        from fastism.io.manifest import read_manifest
        from fastism.io.shards import Shards

        members, given, wanted = request.members, request.given, request.wanted
        request.machines.check()
        _ = request.budget, given.letters
        members.check(request.models)
        targets = wanted.targets(*members.paths, *given.read, *request.models)
        Shards.clear_ended([target.path for target in targets])
        renaming = request.resume and Shards.renaming(targets[0].path)
        for target in targets:
            target.check(force=wanted.force or request.resume)
        share = parse_shard(request.shard, targets)
        written = Written.parse(request.alternatives, given.letters)
        source = given.open(read_manifest(members.first))
        return cls(source, written, on_genome(targets, source.chromosomes), share, renaming)

    @property
    def names(self) -> str:
        """The targets, for a message."""
        return ", ".join(str(target.path) for target in self.targets)


@dataclass(frozen=True)
class Job:
    """A run that can begin.

    ask: what is asked about the sequences. models: what scores are held against, one a plan; none
    where they are not. header: of the scores. record: of the run, in one process.
    """

    request: Request
    files: Files
    ask: Ask
    models: Sequence[Any]
    header: Header
    record: Record

    @classmethod
    def prepared(cls, session: Session, request: Request, files: Files) -> Job:
        """Load plans and models. Raises FastismError where they do not fit each other."""
        objects = load_custom_objects(request.custom_objects)
        architecture = load_architecture(request.architecture)
        session.load_tensorflow()
        from fastism import api
        from fastism.frontends.models import loaded
        from fastism.runtime.ask import plans_of

        options: dict[str, Any] = {"custom_objects": objects, "unsafe": request.unsafe}
        ask = request.members.ask(partial(api.load, **options), request.given.letters)
        pairs = zip(request.members.paths, plans_of(ask), strict=True)
        for (path, plan), model in zip(pairs, request.models, strict=False):
            check_same_model(path, plan.stages[0], model)
        loading = {**options, "architecture": architecture, "signature": request.signature}
        models = [loaded(path, **loading) for path in request.models]
        identity = _identity(request, files)
        header = _header(request, files, ask, identity)
        record = _record(request, files, ask, identity, header)
        return cls(request, files, ask, models, header, record)

    @property
    def asked(self) -> Asked:
        """What workers take up."""
        request = self.request
        return request.members.for_workers(
            request.given.letters, request.custom_objects, request.unsafe
        )

    @property
    def count(self) -> int:
        """How many sequences are scored."""
        return self.record.end - self.record.start

    @property
    def force(self) -> bool:
        """Whether targets that are there are replaced."""
        return self.request.wanted.force or self.files.renaming

    def is_whole(self) -> bool:
        """Whether the targets are those of this run, which is not to be done again."""
        from fastism.io.writers.publish import are_whole

        resuming = self.request.resume and not self.files.renaming
        return resuming and are_whole(self.files.targets, self.header)

    def check(self) -> None:
        """Raise InputError where targets cannot hold the scores, or have no room."""
        from fastism.io.partial import partial_path
        from fastism.io.room import disk_taken
        from fastism.io.writers.publish import check_all

        targets = self.files.targets
        kept = disk_taken(partial_path(targets[0].path)) if self.request.resume else 0
        beside = max(0, self.count * self.header.bytes_a_sequence - kept)
        check_all(targets, self.header, self.count, force=self.force, beside=beside)


def _identity(request: Request, files: Files) -> dict[str, JSON]:
    """What must be the same where a run goes on, and in all its parts."""
    from fastism.io.versions import versions

    return {
        **request.members.identity,
        "the sequences": files.source.identity,
        "the alphabet": request.given.letters,
        "--alternatives": files.written.identity or request.alternatives,
        **versions(),
    }


def _bounds(request: Request, files: Files) -> tuple[int, int]:
    """The first sequence of the run, and the first that is not of it any more."""
    count = files.source.count
    return (0, count) if files.share is None else files.share.bounds(count, request.batch_size)


def _header(request: Request, files: Files, ask: Ask, identity: Mapping[str, JSON]) -> Header:
    from fastism.io.parts import ATTRIBUTE, Part
    from fastism.runtime.ask import first_plan
    from fastism.runtime.header import header_of

    plan, source, members = first_plan(ask), files.source, request.members
    hashes = {**members.hashes, "sequences_sha256": source.identity}
    if files.share is not None:
        run = {**identity, "--batch-size": request.batch_size}
        part = Part(files.share, *_bounds(request, files), source.count, run)
        hashes[ATTRIBUTE] = part.text()
    header = header_of(
        plan,
        alternatives=files.written.layout(plan, source.count),
        alphabet=request.given.letters,
        arguments=request.arguments,
        regions=source.chromosomes is not None,
        one_hot=source.one_hot,
        deviations=len(members.paths) > 1,
        **hashes,
    )
    return header.with_attributes(members.facts(ask) or compiled_check(plan))


def _record(
    request: Request, files: Files, ask: Ask, identity: Mapping[str, JSON], header: Header
) -> Record:
    from fastism.io.kept import Record
    from fastism.runtime.memory import default_memory
    from fastism.runtime.pace import fit_batch

    budget = (default_memory() if request.budget is None else request.budget) // 2
    start, stop = _bounds(request, files)
    return Record(
        identity={**identity, "--shard": request.shard},
        count=files.source.count,
        batch=fit_batch(ask, request.batch_size, budget, header.alternatives),
        memory=budget,
        start=start,
        stop=stop,
    )
