"""What a variant writes into a window, on the window's strand; or why it cannot be scored."""

from __future__ import annotations

from dataclasses import dataclass

from fastism.errors import InputError
from fastism.io.alphabet import Alphabet
from fastism.io.genome import Genome, reverse_complement
from fastism.io.regions import Region
from fastism.io.variants.flags import OK, PADDED
from fastism.io.variants.variant import Variant


@dataclass(frozen=True)
class Substitution:
    """Letters that are written over as many others, from a position of the sequence on."""

    position: int
    letters: str


@dataclass(frozen=True)
class Reader:
    """Windows of a genome as letters, and variants as what they write there.

    alphabet: of the plan.
    """

    genome: Genome
    alphabet: Alphabet

    def flag(self, variant: Variant, window: Region) -> str:
        """Whether a variant can be scored in a window, or why not: one of `FLAGS`."""
        if not variant.alternate or variant.alternate == ".":
            return "no_alternate"
        letters = self._letters(variant.alternate)
        if letters is None:
            return "symbolic"
        if variant.chrom not in self.genome.chromosomes:
            return "unknown_chromosome"
        length = self.genome.chromosomes[variant.chrom]
        if variant.position < 0 or variant.end > length:
            return "past_edge"
        held = self.genome.stretch(variant.chrom, variant.position, variant.end)
        if held.upper() != variant.reference.upper():
            return "ref_mismatch"
        if not letters:
            return "ambiguous"
        longest = max(len(variant.reference), len(variant.alternate))
        if variant.position + longest > window.end:
            return "past_window"
        return OK if window.start >= 0 and window.end <= length else PADDED

    def sequence(self, window: Region) -> str:
        """What the genome holds in a window, on its strand."""
        letters = self.genome.stretch(window.chrom, window.start, window.end)
        return reverse_complement(letters) if window.reversed else letters

    def substitution(self, variant: Variant, window: Region) -> Substitution | None:
        """What a variant of alleles of one length writes; None for one of different lengths.

        From the first letter that differs to the last.
        """
        before, after = variant.reference.upper(), variant.alternate.upper()
        if len(before) != len(after):
            return None
        differing = [
            i for i, pair in enumerate(zip(before, after, strict=True)) if len(set(pair)) > 1
        ]
        first, last = (differing[0], differing[-1] + 1) if differing else (0, len(after))
        start, letters = variant.position + first - window.start, after[first:last]
        if not window.reversed:
            return Substitution(start, letters)
        width = window.end - window.start
        return Substitution(width - start - len(letters), reverse_complement(letters))

    def mutant(self, variant: Variant, window: Region) -> str:
        """The window with a variant in it, as long as before.

        What stands before the variant stays where it is; what follows moves up, with more of the
        genome behind a deletion, or back, and out of the window, for an insertion.
        """
        before = self.genome.stretch(window.chrom, window.start, variant.position)
        room = window.end - variant.position - len(variant.alternate)
        after = self.genome.stretch(window.chrom, variant.end, variant.end + room)
        letters = before + variant.alternate + after
        return reverse_complement(letters) if window.reversed else letters

    def _letters(self, allele: str) -> bool | None:
        """Whether all letters of an allele are known ones; None where it is no letters."""
        try:
            return bool(self.alphabet.one_hot(allele).any(axis=1).all())
        except InputError:
            return None
