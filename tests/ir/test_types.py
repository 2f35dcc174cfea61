"""Tensor types: what they print, what they count, what they refuse."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastism.ir import TensorType
from fastism.ir.types import NUMPY_DTYPES

DIMENSIONS = st.one_of(st.integers(0, 10**6), st.sampled_from(["N", "P", "M"]))
TYPES = st.builds(
    TensorType, st.sampled_from(sorted(NUMPY_DTYPES)), st.lists(DIMENSIONS, max_size=4).map(tuple)
)


@given(TYPES)
def test_text_reads_back(type_: TensorType) -> None:
    assert TensorType.parse(str(type_)) == type_


def test_counts() -> None:
    sequence = TensorType.parse("f32[N, 600, 4]")
    assert str(sequence) == "f32[N,600,4]"
    assert (sequence.rank, sequence.length, sequence.channels) == (3, 600, 4)
    assert (sequence.elements, sequence.bytes) == (2400, 9600)
    assert TensorType.parse("bf16[N,3]").bytes == 6
    assert TensorType.parse("f32[N,7]").length == 1
    assert TensorType.parse("f32[]").elements == 1


def test_copies_replace_one_part() -> None:
    sequence = TensorType.parse("f32[N,600,4]")
    assert str(sequence.with_batch("M")) == "f32[M,600,4]"
    assert str(sequence.with_length(9)) == "f32[N,9,4]"
    assert str(sequence.with_shape("N", 8)) == "f32[N,8]"


@pytest.mark.parametrize("dtype", [d for d in NUMPY_DTYPES if d != "bf16"])
def test_of_an_array(dtype: str) -> None:
    assert TensorType.of(np.zeros((2, 3), NUMPY_DTYPES[dtype])) == TensorType(dtype, (2, 3))


@pytest.mark.parametrize("text", ["", "f32", "f32[N", "f32(N)", "[N,4]", "f32[N] x"])
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a tensor type"):
        TensorType.parse(text)


def test_an_unknown_element_type_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown element type 'f31'; known: f16"):
        TensorType.parse("f31[N]")
