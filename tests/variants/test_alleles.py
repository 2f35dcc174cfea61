"""What a variant writes into a window, letter by letter, on both strands."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastism.io.alphabet import Alphabet
from fastism.io.genome import Genome
from fastism.io.regions import Region
from fastism.io.variants.variant import Variant
from fastism.variants.alleles import Reader, Substitution
from tests.genomes import write_genome

BASES = "AACCGGTTACGTACGTAACC"
WINDOW, MINUS = Region("chr1", 4, 12), Region("chr1", 4, 12, "-")


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(Genome(write_genome(tmp_path / "g.fa", {"chr1": BASES})), Alphabet("ACGT"))


@pytest.mark.parametrize(
    ("variant", "forward", "minus"),
    [
        (Variant("chr1", 5, "G", "T"), Substitution(1, "T"), Substitution(6, "A")),
        (Variant("chr1", 4, "GGTT", "GCAT"), Substitution(1, "CA"), Substitution(5, "TG")),
        (Variant("chr1", 6, "TT", "TT"), Substitution(2, "TT"), Substitution(4, "AA")),
        (Variant("chr1", 6, "t", "c"), Substitution(2, "C"), Substitution(5, "G")),
        (Variant("chr1", 6, "TT", "T"), None, None),
    ],
)
def test_substitutions_begin_where_letters_differ(
    reader: Reader, variant: Variant, forward: Substitution | None, minus: Substitution | None
) -> None:
    assert reader.substitution(variant, WINDOW) == forward
    assert reader.substitution(variant, MINUS) == minus


def test_what_follows_a_longer_or_shorter_allele_moves(reader: Reader) -> None:
    assert reader.sequence(WINDOW) == "GGTTACGT"
    assert reader.sequence(MINUS) == "ACGTAACC"
    insertion, deletion = Variant("chr1", 6, "T", "TCAA"), Variant("chr1", 6, "TTA", "T")
    assert reader.mutant(insertion, WINDOW) == "GG" + "TCAA" + "TA"
    assert reader.mutant(insertion, MINUS) == "TA" + "TTGA" + "CC"
    assert reader.mutant(deletion, WINDOW) == "GG" + "T" + "CGTAC"
    past = Region("chr1", 14, 22)
    assert reader.mutant(Variant("chr1", 15, "TAA", "T"), past) == "GTCCNNNN"


def test_flags_look_at_the_genome_first_and_the_window_last(reader: Reader) -> None:
    flags = {
        ("A", "C", 0): "padded",
        ("G", "A", 5): "ok",
        ("g", "a", 5): "ok",
        ("A", "C", 5): "ref_mismatch",
        ("G", "R", 5): "ambiguous",
        ("G", "G<", 5): "symbolic",
        ("G", "", 5): "no_alternate",
        ("C", "A", -1): "past_edge",
        ("CC", "A", 19): "past_edge",
        ("TACGT", "T", 7): "past_window",
        ("T", "TACGT", 7): "past_window",
    }
    for (before, after, position), flag in flags.items():
        window = Region("chr1", position - 4, position + 4)
        assert reader.flag(Variant("chr1", position, before, after), window) == flag, (
            before,
            after,
        )
    assert reader.flag(Variant("chr9", 5, "G", "A"), WINDOW) == "unknown_chromosome"
