"""``fastism variants``: a VCF file in, its variants scored out."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fastism.cli.members import Members, member_options
from fastism.cli.options import PATH, force_option, load_custom_objects, model_options, parse_memory
from fastism.cli.progress import Progress
from fastism.cli.session import Session, pass_session
from fastism.errors import InputError

if TYPE_CHECKING:
    from fastism.io.genome import Genome
    from fastism.io.manifest import JSON
    from fastism.io.sources.base import Reads
    from fastism.io.variants.vcf import VcfFile
    from fastism.runtime.plan import Plan
    from fastism.variants.score import VariantScoring
    from fastism.variants.windows import Windows

_BATCH = 128
"""Windows at a time, where the memory allows it and nothing is said."""

_DOUBTFUL = 0.5
"""The share of REF alleles beyond which they are of another genome."""


@click.command(short_help="Score the variants of a VCF file.")
@member_options
@click.option(
    "-g", "--genome", type=PATH, required=True, help="FASTA file of the genome, plain or bgzip."
)
@click.option("--vcf", type=PATH, required=True, help="The variants: VCF, plain or bgzip, or BCF.")
@click.option(
    "-o",
    "--output",
    "outputs",
    type=PATH,
    multiple=True,
    required=True,
    help="A .tsv table, or .vcf (.vcf.gz), the same records with the scores in the INFO field "
    "FASTISM. May be given several times.",
)
@click.option(
    "-r",
    "--regions",
    type=PATH,
    help="BED or narrowPeak file: score the variants in windows around these summits or "
    "midpoints, each in every window it begins in; default: a window around each variant.",
)
@click.option(
    "--only",
    multiple=True,
    metavar="CHROM[:A-B]",
    help="Only variants that begin there, counted from 1; found by the file's index where it has "
    "one. May be given several times.",
)
@click.option(
    "-bs",
    "--batch-size",
    type=click.IntRange(min=1),
    help=f"Windows at a time.  [default: as many as --memory has room for, up to {_BATCH}]",
)
@click.option(
    "--memory",
    metavar="SIZE",
    help="Most the run may take for windows and scores (2GB); default: a quarter of what is free.",
)
@click.option("--alphabet", default="ACGT", show_default=True, help="Letters of the channels.")
@model_options
@force_option
@pass_session
def variants(
    session: Session,
    members: Members,
    genome: Path,
    vcf: Path,
    outputs: tuple[Path, ...],
    regions: Path | None,
    only: tuple[str, ...],
    batch_size: int | None,
    memory: str | None,
    alphabet: str,
    custom_objects: str | None,
    unsafe: bool,
    force: bool,
) -> None:
    """Score the variants of a VCF file: predictions without and with each, and their difference.

    Of several plans, such as the folds of a cross-validation, the predictions are the mean.

    Substitutions of any width go through the plan, insertions and deletions through the whole
    model; the flank before an insertion or deletion stays where it is. What cannot be scored (REF
    is not what the genome holds, a symbolic allele, ...) has a row that says so.
    """
    from fastism.io.alphabet import Alphabet
    from fastism.io.genome import Genome
    from fastism.io.manifest import read_manifest
    from fastism.io.sources.base import Reads, require_letters
    from fastism.io.variants.stretches import Stretches, parse_stretch
    from fastism.io.variants.vcf import VcfFile
    from fastism.variants.alleles import Reader

    budget = None if memory is None else parse_memory(memory)
    letters = Alphabet(alphabet)
    members.check()
    reads = Reads.of(read_manifest(members.first))
    _require_letters_alone(reads)
    require_letters(reads, letters.letters)
    if regions is not None and only:
        raise InputError("--regions and --only both say which variants are wanted")
    _check_outputs(outputs, (*members.paths, genome, vcf, *filter(None, [regions])), force=force)
    held = Genome(genome)
    windows = _windows(held, regions, reads.length)
    wanted = Stretches(map(parse_stretch, only)) if only else windows.stretches
    file = VcfFile(vcf, wanted)
    if not file.count:
        raise InputError(f"{vcf} holds no variant" + (" that is wanted" if wanted else ""))
    objects = load_custom_objects(custom_objects)

    session.load_tensorflow()
    from fastism import api
    from fastism.io.variants.scored import KINDS, columns
    from fastism.runtime.ask import first_plan
    from fastism.runtime.memory import default_memory
    from fastism.variants.score import VariantScoring

    def load(path: Path) -> Plan:
        return api.load(path, custom_objects=objects, unsafe=unsafe)

    ask = members.ask(load, letters.letters)
    loaded = first_plan(ask)
    names = columns(loaded.output_shapes)
    half = (default_memory() if budget is None else budget) // 2
    scoring = VariantScoring(
        ask,
        Reader(held, letters),
        windows,
        length=reads.length,
        numbers=len(names) // len(KINDS),
        batch_size=batch_size or _fitting(loaded, half),
        memory=half,
    )
    arguments: dict[str, JSON] = {
        **members.arguments,
        "genome": str(genome),
        "vcf": str(vcf),
        "output": [str(path) for path in outputs],
        "regions": None if regions is None else str(regions),
        "only": list(only),
        "batch_size": batch_size,
        "memory": memory,
        "alphabet": letters.letters,
    }
    flags = _write(session, scoring, file, outputs, names, arguments)
    _report(session, flags, outputs, held)


def _write(
    session: Session,
    scoring: VariantScoring,
    file: VcfFile,
    outputs: tuple[Path, ...],
    names: list[str],
    arguments: dict[str, JSON],
) -> Counter[str]:
    """Score every variant, and write it to every output; how many rows have which flag."""
    from fastism.io.variants.annotated import AnnotatedWriter
    from fastism.io.variants.table import TableWriter
    from fastism.io.versions import versions
    from fastism.io.whole import replacing
    from fastism.io.writers.beside import arguments_path

    flags: Counter[str] = Counter()
    content = {"arguments": arguments, "versions": versions()}
    with ExitStack() as stack:
        writers: list[TableWriter | AnnotatedWriter] = []
        for path in outputs:
            beside = stack.enter_context(replacing(arguments_path(path)))
            beside.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
            new = stack.enter_context(replacing(path))
            table = path.suffix == ".tsv"
            writers.append(
                TableWriter(new, names) if table else AnnotatedWriter(new, file.header, names)
            )
            stack.callback(writers[-1].close)
        done = 0
        with Progress(session, file.count, "variants") as progress:
            for part in scoring.scored(file.variants()):
                for writer in writers:
                    writer.append(part)
                flags.update(each.flag for each in part)
                done += len({id(each.variant) for each in part})
                progress.update(done)
    return flags


def _report(
    session: Session, flags: Counter[str], outputs: tuple[Path, ...], genome: Genome
) -> None:
    """Say what was written, and what of it has no scores."""
    from fastism.io.variants.flags import FLAGS, PADDED, SCORED

    scored = sum(flags[flag] for flag in SCORED)
    rows = flags.total()
    session.note(f"wrote {', '.join(map(str, outputs))}: {scored:,} of {rows:,} variants scored")
    for flag, meaning in FLAGS.items():
        if flags[flag] and (flag == PADDED or flag not in SCORED):
            session.note(f"  {flags[flag]:,} {flag}: {meaning}")
    if flags["ref_mismatch"] > _DOUBTFUL * rows:
        session.note(f"warning: most of REF is not in {genome.path}: is it another assembly?")
    if flags["unknown_chromosome"] > _DOUBTFUL * rows:
        from fastism.io.genome import named

        session.note(f"warning: the chromosomes of {genome.path} are {named(genome.chromosomes)}")


def _require_letters_alone(reads: Reads) -> None:
    if reads.others:
        raise InputError(
            f"the model reads {len(reads.inputs)} inputs, and a genome gives one",
            why=f"its inputs: {', '.join(reads.inputs)}",
            attempt="in Python: plan.variants({name: array, ...}, sequence, position, rows)",
        )


def _check_outputs(outputs: tuple[Path, ...], read: tuple[Path, ...], *, force: bool) -> None:
    """Raise InputError for an output that must not, or cannot, be written."""
    from fastism.io.whole import check_file_target, check_not_read
    from fastism.io.writers.beside import arguments_path

    for path in outputs:
        if not path.name.lower().endswith((".tsv", ".vcf", ".vcf.gz")):
            raise InputError(
                f"{path} does not say what it is to be", attempt="a .tsv, .vcf or .vcf.gz"
            )
        check_not_read(path, *read)
        check_file_target(path, force=force)
        check_file_target(arguments_path(path), force=force)
    if len({path.resolve() for path in outputs}) < len(outputs):
        raise InputError("an output is named twice")


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


def _fitting(plan: Plan, memory: int) -> int:
    """Windows whose reference activations fit the memory."""
    main = plan.module.main
    kept = sum(main.values[name].type.bytes for name in main.outputs)
    return max(1, min(_BATCH, memory // max(kept, 1)))
