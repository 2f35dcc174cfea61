"""Sequences with scores worked out by hand, for the tests of pictures and pages."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastism.io.scored import ScoredSequence

ALPHABET = "ACGT"


def scored(text: str = "ACGN", alphabet: str = ALPHABET, **other: Any) -> ScoredSequence:
    """f(reference) is 1; letter a at position p adds a + 10 p / 8, but for the letter held.

    All numbers are exact in binary.
    """
    count, length = len(alphabet), len(text)
    rows = np.zeros((length, count), np.int8)
    for position, letter in enumerate(text):
        if letter in alphabet:
            rows[position, alphabet.index(letter)] = 1
    change = np.arange(count) + 1.25 * np.arange(length)[:, None]
    alternate = 1 + np.where(rows == 1, 0, change)
    fields = {
        "name": "made",
        "alphabet": alphabet,
        "rows": rows,
        "starts": np.arange(length),
        "width": 1,
        "alternatives": np.eye(count, dtype=np.float32)[:, None],
        "output": "bound",
        "reference": np.ones(1, np.float32),
        "alternate": alternate[..., None].astype(np.float32),
    }
    return ScoredSequence(**{**fields, **other})
