"""Arrays in a safetensors file: names, shapes, element types and bytes, and nothing to execute."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import ml_dtypes
import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from fastism.errors import PlanError

Array = npt.NDArray[np.generic]

_BFLOAT16 = np.dtype(ml_dtypes.bfloat16)
_AS_BITS = "bfloat16"
"""Metadata key: names of the bfloat16 arrays, whose bits are stored as uint16."""


def write_tensors(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write arrays under their names. Raises PlanError for an element type that is not a number."""
    stored: dict[str, Array] = {}
    for name, array in arrays.items():
        if array.dtype != _BFLOAT16 and array.dtype.kind not in "biuf":
            raise PlanError(f"{name!r} cannot be stored", why=f"its element type is {array.dtype}")
        whole = np.array(array, order="C")
        stored[name] = whole.view(np.uint16) if whole.dtype == _BFLOAT16 else whole
    as_bits = [name for name, array in arrays.items() if array.dtype == _BFLOAT16]
    path.write_bytes(save(stored, metadata={_AS_BITS: json.dumps(as_bits)}))


def read_tensors(path: Path) -> dict[str, Array]:
    """Read what `write_tensors` wrote. Raises PlanError if the file is something else."""
    try:
        with safe_open(path, framework="numpy") as file:
            as_bits = json.loads(file.metadata()[_AS_BITS])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, TypeError, KeyError, ValueError) as error:
        raise PlanError(f"{path.name} is not a tensor file of a plan", where=str(path)) from error
    return {
        name: array.view(_BFLOAT16) if name in as_bits else array for name, array in arrays.items()
    }
