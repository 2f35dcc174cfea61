"""What a row of scored variants says of itself, in a word."""

from __future__ import annotations

from typing import Final

OK: Final = "ok"
PADDED: Final = "padded"
FLAGS: Final = {
    OK: "scored",
    PADDED: "scored in a window that reaches past the chromosome, with N there",
    "ref_mismatch": "REF is not what the genome holds",
    "symbolic": "the allele is a symbol, a break end or *, and no letters",
    "no_alternate": "the record has no alternate allele",
    "ambiguous": "the allele has letters that stand for several",
    "unknown_chromosome": "the genome has no such chromosome",
    "past_edge": "REF reaches past the end of the chromosome",
    "past_window": "an allele reaches past the end of the window",
}
"""The words, and what they mean; only rows of the first two have scores."""
SCORED: Final = (OK, PADDED)
