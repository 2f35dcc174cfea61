"""What users pass in: arrays, tensors, lists or dicts of them; checked before any compute."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import InputError
from fastism.ir.graph import Graph
from fastism.ir.module import Sites
from fastism.ir.types import NUMPY_DTYPES

Array = npt.NDArray[Any]


def model_inputs(graph: Graph, given: Any) -> dict[str, Array]:
    """One array for each input of the model, by name, cast to the type the graph states.

    ``given`` is an array (N, L, C), or, for several inputs, a sequence in the model's order or a
    mapping by name. Raises InputError where the count, a name or a shape does not fit.
    """
    names = [value.name for value in graph.inputs]
    if isinstance(given, Mapping):
        missing = [name for name in names if name not in given]
        if missing:
            raise InputError(f"the input {missing[0]!r} is missing", why=f"the model has {names}")
        arrays = [given[name] for name in names]
    elif isinstance(given, (list, tuple)) and len(names) > 1:
        arrays = list(given)
    else:
        arrays = [given]
    if len(arrays) != len(names):
        raise InputError(
            f"the model has {len(names)} inputs ({', '.join(names)}), and {len(arrays)} were given"
        )
    result = {}
    for value, array in zip(graph.inputs, arrays, strict=True):
        result[value.name] = _fitting(value.name, value.type.shape, value.type.dtype, array)
    if len({len(array) for array in result.values()}) != 1:
        raise InputError("the inputs hold different numbers of sequences")
    return result


def _fitting(name: str, shape: tuple[Any, ...], dtype: str, given: Any) -> Array:
    array = np.asarray(given)
    if array.ndim != len(shape) or array.shape[1:] != tuple(shape[1:]):
        wanted = "(N, " + ", ".join(map(str, shape[1:])) + ")"
        raise InputError(
            f"the input {name!r} has the shape {array.shape}; the plan is for {wanted}",
            attempt="a single sequence is x[None]; another length needs a plan of its own"
            if array.ndim >= 2
            else None,
        )
    return array.astype(NUMPY_DTYPES[dtype], copy=False)


def random_inputs(graph: Graph, sequences: int = 2, seed: int = 0) -> dict[str, Array]:
    """Inputs by name, (sequences, ...): one-hot rows where an input is (N, L, C), else noise."""
    random = np.random.default_rng(seed)
    inputs: dict[str, Array] = {}
    for value in graph.inputs:
        shape = tuple(int(dim) for dim in value.type.shape[1:])
        if len(shape) == 2:
            array = np.eye(shape[1])[random.integers(0, shape[1], (sequences, shape[0]))]
        else:
            array = random.normal(size=(sequences, *shape))
        inputs[value.name] = array.astype(NUMPY_DTYPES[value.type.dtype])
    return inputs


def parse_sites(sites: Any, length: int) -> Sites:
    """Sites from None (every position), integers, or (start, stop) pairs of one width.

    Raises InputError for mixed widths, an empty list, or a site outside ``[0, length)``.
    """
    if sites is None:
        return Sites.every(length)
    if isinstance(sites, Sites):
        pairs = [(start, start + sites.width) for start in sites.starts]
    else:
        pairs = [_pair(site) for site in sites]
    if not pairs:
        raise InputError("there are no sites to edit")
    widths = {stop - start for start, stop in pairs}
    if len(widths) != 1:
        raise InputError(f"sites must all be of one width; got widths {sorted(widths)}")
    for start, stop in pairs:
        if not 0 <= start < stop <= length:
            raise InputError(f"the site [{start}, {stop}) is not inside [0, {length})")
    return Sites(tuple(start for start, _ in pairs), widths.pop())


def _pair(site: Any) -> tuple[int, int]:
    if isinstance(site, Iterable):
        start, stop = site
        return int(start), int(stop)
    return int(site), int(site) + 1


def parse_alternatives(alternatives: Any, width: int, channels: int) -> Array:
    """Alternatives as (A, width, C): None for every one-hot row, written at every position.

    Accepts (A, C) rows where the sites are one position wide, or (A, width, C). Raises InputError
    for any other shape, and where None would be ambiguous (sites wider than one).
    """
    if alternatives is None:
        if width != 1:
            raise InputError(
                f"the sites are {width} positions wide, so the alternatives must be given",
                attempt=f"alternatives=rows of shape (A, {width}, {channels})",
            )
        return np.eye(channels, dtype=np.float32)[:, None]
    rows = np.asarray(alternatives, dtype=np.float32)
    if rows.ndim == 2 and width == 1:
        rows = rows[:, None]
    if rows.ndim != 3 or rows.shape[1:] != (width, channels) or not len(rows):
        raise InputError(
            f"the alternatives have the shape {np.asarray(alternatives).shape}",
            why=f"they must be (A, {width}, {channels}): rows as wide as a site",
        )
    return rows


def index_array(name: str, given: Sequence[int] | Array, limit: int) -> npt.NDArray[np.int64]:
    """A 1-D index array with entries in ``[0, limit)``. Raises InputError otherwise."""
    array = np.asarray(given)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise InputError(f"{name} must be a list of whole numbers")
    if array.size and (array.min() < 0 or array.max() >= limit):
        raise InputError(f"{name} must be in [0, {limit}); got {array.min()} to {array.max()}")
    return array.astype(np.int64)
