"""Arrays come back as they were, and nothing else is read or written."""

from __future__ import annotations

from pathlib import Path

import ml_dtypes
import numpy as np
import pytest
from safetensors.numpy import save_file

from fastism.errors import PlanError
from fastism.io.tensors import read_tensors, write_tensors

TYPES = ["bool", "uint16", "int32", "int64", "float16", "float32", "float64", ml_dtypes.bfloat16]


@pytest.mark.parametrize("dtype", TYPES)
def test_arrays_come_back(tmp_path: Path, dtype: object) -> None:
    """Of every layout in memory; numbers of 16 bits beside those stored as such."""
    array = np.arange(6).reshape(2, 3).astype(dtype)
    arrays = {"a": array, "turned": array.T, "bits": np.arange(3, dtype="uint16")}
    write_tensors(tmp_path / "x.safetensors", {**arrays, "alone": array[0, 0].reshape(())})
    found = read_tensors(tmp_path / "x.safetensors")
    assert set(found) == {"a", "turned", "bits", "alone"}
    assert found["alone"].shape == ()
    for name, expected in arrays.items():
        assert found[name].dtype == expected.dtype
        np.testing.assert_array_equal(found[name], expected)


@pytest.mark.parametrize("array", [np.array(["A"]), np.array([1j]), np.array([None])])
def test_what_is_no_number_is_not_stored(tmp_path: Path, array: np.ndarray) -> None:
    with pytest.raises(PlanError) as caught:
        write_tensors(tmp_path / "x.safetensors", {"letters": array})
    assert caught.value.what == "'letters' cannot be stored"
    assert caught.value.why == f"its element type is {array.dtype}"
    assert not list(tmp_path.iterdir())


def test_other_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    for bits in (None, {"other": "[]"}, {"bfloat16": "["}):
        save_file({"a": np.zeros(1)}, path, metadata=bits)
        with pytest.raises(PlanError, match=r"^x.safetensors is not a tensor file") as caught:
            read_tensors(path)
        assert caught.value.where == str(path)
    path.write_bytes(b"no tensors")
    with pytest.raises(PlanError, match="is not a tensor file of a plan"):
        read_tensors(path)
