"""A run of ``fastism variants``: what is read, what computes, what is written; all checked."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastism.cli.cluster import Machines
from fastism.cli.members import Members
from fastism.cli.options import load_custom_objects, parse_memory
from fastism.cli.session import Session
from fastism.errors import InputError

if TYPE_CHECKING:
    from fastism.cluster.orders import Asked
    from fastism.io.genome import Genome
    from fastism.io.kept import Record
    from fastism.io.manifest import JSON
    from fastism.io.sources.base import Reads
    from fastism.io.variants.vcf import VcfFile
    from fastism.runtime.ask import Ask
    from fastism.variants.alleles import Reader
    from fastism.variants.answers import Manner
    from fastism.variants.windows import Windows

BATCH = 128
"""Windows at a time, where the memory allows it and nothing is said."""
ROWS = 4096
"""Variants that are scored together, at most."""
_BYTES = 1 << 26
"""What their windows, or their scores, may take."""


@dataclass(frozen=True)
class VariantRequest:
    """What the command line says of it; the fields are the options of ``fastism variants``."""

    members: Members
    machines: Machines
    genome: Path
    vcf: Path
    outputs: tuple[Path, ...]
    regions: Path | None
    only: tuple[str, ...]
    batch_size: int | None
    memory: str | None
    alphabet: str
    resume: bool
    custom_objects: str | None
    unsafe: bool
    force: bool

    @property
    def budget(self) -> int | None:
        """``--memory`` in bytes, if it is given. Raises InputError for other text."""
        return None if self.memory is None else parse_memory(self.memory)

    @property
    def names(self) -> str:
        """The outputs, for a message."""
        return ", ".join(map(str, self.outputs))

    @property
    def arguments(self) -> dict[str, JSON]:
        """The options as they are recorded beside the scores."""
        return {
            **self.members.arguments,
            "genome": str(self.genome),
            "vcf": str(self.vcf),
            "output": [str(path) for path in self.outputs],
            "regions": None if self.regions is None else str(self.regions),
            "only": list(self.only),
            "batch_size": self.batch_size,
            "memory": self.memory,
            "alphabet": self.alphabet.upper(),
        }


@dataclass(frozen=True)
class VariantFiles:
    """What is read and written, checked as far as that goes without a framework.

    renaming: whether a run was stopped while these outputs were given their names.
    """

    request: VariantRequest
    reader: Reader
    windows: Windows
    file: VcfFile
    length: int
    renaming: bool

    @classmethod
    def checked(cls, request: VariantRequest) -> VariantFiles:
        """Raises InputError, or PlanError, at the first mistake in options and files."""
        from fastism.io.alphabet import Alphabet
        from fastism.io.genome import Genome
        from fastism.io.manifest import read_manifest
        from fastism.io.sources.base import Reads, require_letters
        from fastism.io.variants.parts import VariantParts
        from fastism.io.variants.stretches import Stretches, parse_stretch
        from fastism.io.variants.vcf import VcfFile
        from fastism.variants.alleles import Reader

        _ = request.budget
        request.machines.check()
        request.members.check()
        letters = Alphabet(request.alphabet)
        reads = Reads.of(read_manifest(request.members.first))
        _require_letters_alone(reads)
        require_letters(reads, letters.letters)
        if request.regions is not None and request.only:
            raise InputError("--regions and --only both say which variants are wanted")
        _check_names(request)
        VariantParts.clear_ended(request.outputs)
        renaming = request.resume and VariantParts.renaming(request.outputs[0])
        _check_outputs(request.outputs, force=request.force or request.resume)
        genome = Genome(request.genome)
        windows = _windows(genome, request.regions, reads.length)
        only = request.only
        wanted = Stretches(map(parse_stretch, only)) if only else windows.stretches
        file = VcfFile(request.vcf, wanted)
        if not file.count:
            raise InputError(
                f"{request.vcf} holds no variant" + (" that is wanted" if wanted else "")
            )
        return cls(request, Reader(genome, letters), windows, file, reads.length, renaming)

    def check_outputs(self, *, force: bool) -> None:
        """Raise InputError for an output that must not, or cannot, be written."""
        _check_outputs(self.request.outputs, force=force)


@dataclass(frozen=True)
class VariantJob:
    """A run that can begin.

    ask: what is asked about the variants. names: of their scores. most: rows that are scored
    together. programs: the widths that plans make programs for. record: of the run, in one process.
    window: bytes that are kept of one while its variants are scored.
    """

    request: VariantRequest
    files: VariantFiles
    ask: Ask
    names: list[str]
    most: int
    programs: tuple[int, ...]
    record: Record
    window: int

    @classmethod
    def prepared(cls, session: Session, request: VariantRequest, files: VariantFiles) -> VariantJob:
        """Load the plans. Raises FastismError where they do not fit each other."""
        objects = load_custom_objects(request.custom_objects)
        session.load_tensorflow()
        from fastism import api
        from fastism.io.kept import Record
        from fastism.io.variants.scored import columns
        from fastism.runtime.ask import first_plan
        from fastism.runtime.memory import default_memory
        from fastism.variants.questions import edits_of

        load = partial(api.load, custom_objects=objects, unsafe=request.unsafe)
        ask = request.members.ask(load, files.reader.alphabet.letters)
        plan = first_plan(ask)
        names = columns(plan.output_shapes, deviations=len(request.members.paths) > 1)
        wide = 4 * max(files.length * plan.channels, len(names))
        most = max(1, min(ROWS, _BYTES // wide))
        programs = plan.resited.worth(edits_of(files.file.variants(), files.reader, files.windows))
        budget = default_memory() if request.budget is None else request.budget
        record = Record(_identity(request), files.file.count, most, budget // 2)
        main = plan.module.main
        window = sum(main.values[name].type.bytes for name in main.outputs)
        return cls(request, files, ask, names, most, programs, record, window)

    @property
    def asked(self) -> Asked:
        """What workers take up."""
        request, letters = self.request, self.files.reader.alphabet.letters
        return request.members.for_workers(letters, request.custom_objects, request.unsafe)

    @property
    def force(self) -> bool:
        """Whether outputs that are there are replaced."""
        return self.request.force or self.files.renaming

    def manner(self, record: Record) -> Manner:
        """How the variants of a run are scored, also where it goes on."""
        from fastism.variants.answers import Manner

        letters = self.files.reader.alphabet.letters
        fitting = max(1, min(BATCH, record.memory // max(self.window, 1)))
        windows = self.request.batch_size or fitting
        return Manner(letters, windows, record.memory, self.programs)

    @property
    def content(self) -> dict[str, Any]:
        """What is said beside the outputs: what was asked for, and of which files."""
        from fastism.io.versions import versions

        read = {name: value for name, value in self.record.identity.items() if name in _READ}
        return {"arguments": self.request.arguments, "read": read, "versions": versions()}

    def is_whole(self) -> bool:
        """Whether the outputs are those of this run, which is not to be done again."""
        from fastism.io.writers.beside import arguments_path

        if not self.request.resume or self.files.renaming:
            return False
        beside = map(arguments_path, self.request.outputs)
        if not all(path.exists() for path in (*self.request.outputs, *beside)):
            return False
        content = self.content
        said = (
            json.loads(arguments_path(path).read_text(encoding="utf-8"))
            for path in self.request.outputs
        )
        return all({key: each.get(key) for key in content} == content for each in said)


_READ = ("the plan", "the genome", "the variants", "the regions")


def _identity(request: VariantRequest) -> dict[str, JSON]:
    """What must be the same where a run goes on."""
    from fastism.io.manifest import sha256
    from fastism.io.versions import versions

    return {
        **request.members.identity,
        "the genome": sha256(request.genome),
        "the variants": sha256(request.vcf),
        "the regions": None if request.regions is None else sha256(request.regions),
        "--only": list(request.only),
        "the alphabet": request.alphabet.upper(),
        "--batch-size": request.batch_size,
        **versions(),
    }


def _require_letters_alone(reads: Reads) -> None:
    if reads.others:
        raise InputError(
            f"the model reads {len(reads.inputs)} inputs, and a genome gives one",
            why=f"its inputs: {', '.join(reads.inputs)}",
            attempt="in Python: plan.variants({name: array, ...}, sequence, position, rows)",
        )


def _check_names(request: VariantRequest) -> None:
    """Raise InputError for outputs of no known kind, the same twice, or in what is read."""
    from fastism.io.whole import check_not_read

    read = (*request.members.paths, request.genome, request.vcf, *filter(None, [request.regions]))
    for path in request.outputs:
        if not path.name.lower().endswith((".tsv", ".vcf", ".vcf.gz")):
            raise InputError(
                f"{path} does not say what it is to be", attempt="a .tsv, .vcf or .vcf.gz"
            )
        check_not_read(path, *read)
    if len({path.resolve() for path in request.outputs}) < len(request.outputs):
        raise InputError("an output is named twice")


def _check_outputs(outputs: tuple[Path, ...], *, force: bool) -> None:
    from fastism.io.whole import check_file_target
    from fastism.io.writers.beside import arguments_path

    for path in outputs:
        check_file_target(path, force=force)
        check_file_target(arguments_path(path), force=force)


def _windows(genome: Genome, regions: Path | None, length: int) -> Windows:
    """Those around the variants, or around the rows of a BED file."""
    from fastism.io.bed import read_bed
    from fastism.variants.windows import Centred, Within

    if regions is None:
        return Centred(length)
    rows = list(read_bed(regions))
    if not rows:
        raise InputError(f"{regions} holds no region")
    for row in rows:
        genome.require(row.chrom, f"line {row.line} of {regions}")
    return Within(row.window(length) for row in rows)
