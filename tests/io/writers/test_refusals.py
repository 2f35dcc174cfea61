"""What a format cannot hold is refused before anything is computed, with what to do instead."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.io.chrom_sizes import read_chrom_sizes
from fastism.io.header import Header
from fastism.io.writers.base import Options
from fastism.io.writers.registry import FORMATS, named, of_path
from tests.io.writers.small import HEADER, ONE

TWO = replace(HEADER, outputs={"counts": (2,), "profile": (3, 2)})
SHUFFLED = replace(HEADER, alternatives=np.empty((0, 3, 2, 1, 4)))
WORDS = replace(HEADER, alternatives=np.zeros((1, 2, 4)), sites=np.asarray([(1, 2)]))

REFUSED = [
    (
        *("modisco", HEADER, Options()),
        "modisco holds one number a score, and the output head gives 2\n"
        "  try: --target 0; or --reduce when compiling",
    ),
    (
        *("bigwig", TWO, Options(chromosomes={"chr1": 9})),
        "bigwig holds one output, and the model has 2: counts, profile\n"
        "  try: --output-name counts",
    ),
    (
        *("bpnet", TWO, Options(output="profile")),
        "bpnet holds one number a score, and the output profile gives 3 x 2\n"
        "  try: --target 0,0; or --reduce when compiling",
    ),
    (
        *("bpnet", TWO, Options(output="profil")),
        "the model has no output 'profil'\n"
        "  why: its outputs: counts, profile\n"
        "  try: did you mean 'profile'?",
    ),
    (
        *("chrombpnet", HEADER, Options(targets=((2,),))),
        "--target 2 is not in the output head\n"
        "  why: its shape is 2\n"
        "  try: an index from 0 for each axis, as 3 or 500,0",
    ),
    (
        *("chrombpnet", replace(HEADER, outputs={"y": ()}), Options(targets=((0,),))),
        "--target 0 is not in the output y\n  why: it is one number",
    ),
    (
        *("tsv", TWO, Options(targets=((0,),))),
        "--target is of one output, and the model has 2: counts, profile\n"
        "  try: --output-name counts",
    ),
    (
        *("modisco", HEADER, Options(score="l2", targets=((0,),))),
        "--target says nothing of l2, which is of an output as a whole",
    ),
    (
        *("basenji", replace(HEADER, alphabet="WXYZ"), Options()),
        "basenji holds scores of A, C, G and T, and the alphabet is WXYZ\n"
        "  try: h5, zarr or tsv, which hold any",
    ),
    (
        *("modisco", replace(HEADER, sites=HEADER.sites[::2]), ONE),
        "modisco holds a score for every position of a stretch, and the plan leaves some out "
        "between 1 and 3\n"
        "  try: h5, zarr or tsv, which hold any; or compile with --sites 1:4",
    ),
    (
        *("modisco", SHUFFLED, ONE),
        "the score hypothetical is of letters, and other alternatives were written\n"
        "  why: its mean is over every letter at one position: sites must be of width 1, and the "
        "alternatives each letter in the order of the channels\n"
        "  try: delta or raw; or compile and run with the default sites and alternatives",
    ),
    (
        *("bpnet", WORDS, Options(score="delta", targets=((0,),))),
        "bpnet holds a score for each base at each position, and something else was written\n"
        "  why: sites must be of width 1, and the alternatives each letter in the order of the "
        "channels\n"
        "  try: h5, zarr or tsv; or compile and run with the default alternatives",
    ),
    (
        *("bigwig", replace(HEADER, regions=False), ONE),
        "a bigWig lies along a genome, and these sequences come from no regions of one\n"
        "  try: -g genome.fa -r regions.bed in place of -s",
    ),
    (
        *("bigwig", HEADER, Options(targets=((0,),))),
        "a bigWig needs the lengths of the chromosomes\n"
        "  try: -c chrom.sizes, or the genome's .fai",
    ),
    (
        *("bigwig", HEADER, replace(ONE, score="delta")),
        "a bigWig holds no score delta\n"
        "  why: it has one number a position, that of the reference base: contribution, "
        "hypothetical, centered, centered-alt\n"
        "  try: --score contribution",
    ),
    (
        *("h5", HEADER, Options(score="delta")),
        "--score says nothing of a scores file\n"
        "  why: it keeps the predictions of every output, from which each score is made\n"
        "  try: leave --score out; fastism convert makes other files of this one",
    ),
    (
        *("tsv", replace(HEADER, alternatives=np.full((1, 1, 4), 0.25)), Options()),
        "a table of mutations has letters, and rows that are none were written\n"
        "  try: h5 or zarr, which hold any alternatives",
    ),
    (
        *("tsv", replace(HEADER, alphabet="WXYZ"), Options()),
        "a table of a genome's mutations is of its bases, and the alphabet is WXYZ\n"
        "  try: h5 or zarr",
    ),
]


@pytest.mark.parametrize(("format", "header", "options", "message"), REFUSED)
def test_refused(format: str, header: Header, options: Options, message: str) -> None:
    with pytest.raises(InputError) as error:
        FORMATS[format].check(header, options)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("name", "format"),
    [
        ("scores.h5", "h5"),
        ("x.HDF5", "h5"),
        ("x.modisco", "modisco"),
        ("x.counts_scores.h5", "chrombpnet"),
        ("x.bpnet.h5", "bpnet"),
        ("x.basenji.h5", "basenji"),
        ("x.bw", "bigwig"),
        ("x.bigWig", "bigwig"),
        ("x.zarr", "zarr"),
        ("x.tsv.gz", "tsv"),
    ],
)
def test_formats_by_the_endings_of_names(name: str, format: str) -> None:
    assert of_path(Path(name)).name == format


def test_names_that_say_no_format() -> None:
    with pytest.raises(InputError) as error:
        of_path(Path("x.txt"))
    assert str(error.value) == (
        "the name x.txt does not say in which format scores are to be written\n"
        "  why: known endings: .h5 (h5), .modisco (modisco), .counts_scores.h5 (chrombpnet), "
        ".bpnet.h5 (bpnet), .basenji.h5 (basenji), .bw (bigwig), .zarr (zarr), .tsv (tsv)\n"
        "  try: one of these endings, or the format before the name: modisco:x.txt"
    )
    with pytest.raises(InputError) as error:
        named("bigwigs")
    assert str(error.value) == (
        "there is no format 'bigwigs'\n"
        "  why: the formats are h5, modisco, chrombpnet, bpnet, basenji, bigwig, zarr, tsv\n"
        "  try: did you mean 'bigwig'?"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "{path} holds no chromosome"),
        ("chr1 x\n", "line 1 of {path} cannot be used\n  why: a row must read: name, length"),
        ("# c\nchr1\n", "line 2 of {path} cannot be used\n  why: a row must read: name, length"),
        (
            "chr1 9\nchr1 8\n",
            "line 2 of {path} cannot be used\n  why: chr1 has another length above",
        ),
    ],
)
def test_chromosome_sizes_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "sizes"
    path.write_text(text)
    with pytest.raises(InputError) as error:
        read_chrom_sizes(path)
    assert str(error.value) == message.format(path=path)
    with pytest.raises(InputError, match="there is no file of chromosome sizes"):
        read_chrom_sizes(tmp_path / "none")


def test_chromosome_sizes_in_the_order_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "genome.fa.fai"
    path.write_text("chr2\t90\t6\t60\t61\nchr1\t80\t99\t60\t61\n")
    assert list(read_chrom_sizes(path).items()) == [("chr2", 90), ("chr1", 80)]
