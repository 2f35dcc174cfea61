"""Colours that hold up for readers who see red and green alike.

The letters' are those of Okabe and Ito (https://jfly.uni-koeln.de/color), green, orange and red
made darker, so that they stand on white; which base has which is as in other tools.
"""

from __future__ import annotations

from collections.abc import Mapping

GREEN, BLUE, ORANGE, RED = "#008f67", "#0067a8", "#e69f00", "#c8430a"
BLACK, PURPLE, GREY = "#2b2f36", "#a8487f", "#8a93a0"

_NUCLEOTIDES = {"A": GREEN, "C": BLUE, "G": ORANGE, "T": RED, "U": RED, "N": GREY}
_AMINO_ACIDS = {
    **dict.fromkeys("PAWFLIMV", BLACK),
    **dict.fromkeys("GSTYC", GREEN),
    **dict.fromkeys("QN", PURPLE),
    **dict.fromkeys("KRH", BLUE),
    **dict.fromkeys("DE", RED),
    "X": GREY,
}
_CYCLE = (BLUE, RED, GREEN, ORANGE, PURPLE, BLACK)

DIVERGING, SEQUENTIAL = "RdBu_r", "YlOrBr"
"""Colour maps: around a neutral value (blue below, red above), and from nothing upwards."""
MISSING = "#e3e6ea"
"""Where nothing was written."""


def letter_colors(alphabet: str) -> Mapping[str, str]:
    """A colour for each letter: nucleotides, amino acids by their chemistry, or by order."""
    for known in (_NUCLEOTIDES, _AMINO_ACIDS):
        if set(alphabet) <= set(known):
            return {letter: known[letter] for letter in alphabet}
    return {letter: _CYCLE[index % len(_CYCLE)] for index, letter in enumerate(alphabet)}
