"""``fastism variants``: a VCF file in, its variants scored out."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import click

from fastism.cli.cluster import cluster_options
from fastism.cli.members import member_options
from fastism.cli.options import PATH, force_option, model_options, resume_option
from fastism.cli.session import Session, pass_session
from fastism.cli.underway import underway
from fastism.cli.variant_job import BATCH, VariantFiles, VariantJob, VariantRequest
from fastism.cli.variant_work import answer_missing, answer_missing_by, spread, write

if TYPE_CHECKING:
    from fastism.io.genome import Genome

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
    help=f"Windows at a time.  [default: as many as --memory has room for, up to {BATCH}]",
)
@click.option(
    "--memory",
    metavar="SIZE",
    help="Most the run may take for windows and scores (2GB); default: a quarter of what is free.",
)
@click.option("--alphabet", default="ACGT", show_default=True, help="Letters of the channels.")
@resume_option
@cluster_options
@model_options
@force_option
@pass_session
def variants(session: Session, /, **options: Any) -> None:
    """Score the variants of a VCF file: predictions without and with each, and their difference.

    Of several plans, such as the folds of a cross-validation, the predictions are the mean, with
    the standard deviation of the difference.

    Substitutions of any width go through the plan, insertions and deletions through the whole
    model; the flank before an insertion or deletion stays where it is. What cannot be scored (REF
    is not what the genome holds, a symbolic allele, ...) has a row that says so.

    The outputs appear together, once they are whole. Until then what is done is kept in
    OUTPUT.partial, and --resume goes on with it.
    """
    request = VariantRequest(**options)
    files = VariantFiles.checked(request)
    job = VariantJob.prepared(session, request, files)
    if job.is_whole():
        session.note(f"whole already: {request.names}")
        return
    files.check_outputs(force=job.force)
    flags = perform(session, job)
    _report(session, flags, request.names, files.reader.genome)


def perform(session: Session, job: VariantJob) -> Counter[str]:
    """Score what is not scored yet, and write all outputs; how many rows have which flag."""
    from fastism.io.variants.parts import VariantParts

    request = job.request
    how = {"resume": request.resume, "force": request.force}
    begun = underway(session, job, VariantParts, request.outputs, request.machines, spread, **how)
    with begun as (parts, crew, folders):
        if crew is None:
            answer_missing(session, job, parts)
        else:
            answer_missing_by(crew, session, job, parts)
        return write(job, parts, folders)


def _report(session: Session, flags: Counter[str], names: str, genome: Genome) -> None:
    """Say what was written, and what of it has no scores."""
    from fastism.io.variants.flags import FLAGS, PADDED, SCORED

    scored = sum(flags[flag] for flag in SCORED)
    rows = flags.total()
    session.note(f"wrote {names}: {scored:,} of {rows:,} variants scored")
    for flag, meaning in FLAGS.items():
        if flags[flag] and (flag == PADDED or flag not in SCORED):
            session.note(f"  {flags[flag]:,} {flag}: {meaning}")
    if flags["ref_mismatch"] > _DOUBTFUL * rows:
        session.note(f"warning: most of REF is not in {genome.path}: is it another assembly?")
    if flags["unknown_chromosome"] > _DOUBTFUL * rows:
        from fastism.io.genome import named

        session.note(f"warning: the chromosomes of {genome.path} are {named(genome.chromosomes)}")
