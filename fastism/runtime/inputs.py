"""What users pass in: arrays, tensors, lists or dicts of them; checked before any compute."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import InputError
from fastism.io.alphabet import one_hot
from fastism.ir.graph import Graph
from fastism.ir.model_input import ModelInput
from fastism.ir.module import Module
from fastism.ir.types import NUMPY_DTYPES, TensorType
from fastism.runtime.arguments import array_of
from fastism.runtime.tokens import as_rows

Array = npt.NDArray[Any]


ALPHABET = "ACGT"
"""The letters of the channels, where sequences are given as text and nothing else is said."""


def model_inputs(module: Module, given: Any, alphabet: str = ALPHABET) -> dict[str, Array]:
    """One array for each input of the model, by name, cast to the type the main graph states.

    ``given`` is an array (N, L, C), or, for several inputs, a sequence in the model's order or a
    mapping by name, nested as the model takes them. An array may have axes of one element more, as
    (N, L, C, 1) for a model that takes it so, or the channels first where the model has them so;
    one that the model takes as token numbers may be these, (N, L). A mapping may go by the names of
    the input layers as well. The edited input may be a string, or several of one length, of the
    letters of ``alphabet``.
    Raises InputError where the count, a name, a shape, a letter or an element type does not fit.
    """
    graph = module.main
    names = [value.name for value in graph.inputs]
    layers = [own.layer or own.name for own in module.model_inputs]
    if isinstance(given, Mapping):
        leaves = dict(_leaves(given))
        if set(layers).issubset(leaves) and not set(names).issubset(leaves):
            leaves.update((name, leaves[layer]) for name, layer in zip(names, layers, strict=True))
        missing = [name for name in names if name not in leaves]
        if missing:
            raise InputError(
                f"the input {missing[0]!r} is missing",
                why=f"the model has {', '.join(names)}, and {', '.join(leaves)} were given",
            )
        arrays = [leaves[name] for name in names]
    elif isinstance(given, (list, tuple)) and len(names) > 1:
        arrays = [leaf for _, leaf in _leaves(given)]
    else:
        arrays = [given]
    if len(arrays) != len(names):
        raise InputError(
            f"the model has {len(names)} inputs ({', '.join(names)}), and {len(arrays)} were given"
        )
    own = {each.name: each for each in module.model_inputs}
    result = {}
    for value, array in zip(graph.inputs, arrays, strict=True):
        if value.name == module.seq_input:
            text = lettered(array, value.type.channels, alphabet)
            if text is not array and text.shape[1] != value.type.length:
                raise InputError(
                    f"the input {value.name!r} is not an array of numbers, nor strings of "
                    f"{value.type.length} letters",
                    why=f"the strings have {text.shape[1]} letters",
                )
            array = text
        if value.name in module.tokens:
            array = as_rows(value.name, array, value.type.length, value.type.channels)
        result[value.name] = _fitting(own[value.name], value.type, array)
    if len({len(array) for array in result.values()}) != 1:
        raise InputError("the inputs hold different numbers of sequences")
    return result


def _leaves(given: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """What lies in nested lists and dicts, in the order of Keras, by path: ``first.0``."""
    if isinstance(given, Mapping):
        for key in sorted(given):
            yield from _leaves(given[key], (*path, str(key)))
    elif isinstance(given, (list, tuple)) and (not path or any(map(_holds_arrays, given))):
        for index, part in enumerate(given):
            yield from _leaves(part, (*path, str(index)))
    else:
        yield ".".join(path), given


def _holds_arrays(given: Any) -> bool:
    """Whether a part of some nested lists is an array, or holds one."""
    if isinstance(given, (list, tuple)):
        return any(map(_holds_arrays, given))
    return isinstance(given, Mapping) or hasattr(given, "shape")


def lettered(given: Any, channels: int, alphabet: str) -> Any:
    """A string as one-hot rows (1, L, C), several of one length as (N, L, C); else as it is.

    Raises InputError for a letter that is none of the alphabet's, and an alphabet of more letters
    or fewer than there are channels.
    """
    if isinstance(given, np.ndarray) and given.dtype.kind == "U" and given.ndim < 2:
        given = given.tolist()
    texts = [given] if isinstance(given, str) else given
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        return given
    if len(alphabet) != channels:
        raise InputError(
            f"the model reads {channels} channels, and the alphabet {alphabet} has "
            f"{len(alphabet)} letters",
            attempt="alphabet= with one letter a channel, in the model's order",
        )
    return one_hot(texts, alphabet)


_ROWS = "one-hot rows, (N, L, C)"


def _fitting(own: ModelInput, type: TensorType, given: Any) -> Array:
    name, shape, array = own.name, type.shape, array_of(given)
    if array.dtype.kind in "OSU":
        raise InputError(f"the input {name!r} is not an array of numbers", attempt=_ROWS)
    array = own.turned_back(array, type)
    if array.ndim > len(shape) and _without_ones(array.shape) == _without_ones(shape):
        array = array.reshape(len(array), *shape[1:])
    if array.ndim != len(shape) or array.shape[1:] != tuple(shape[1:]):
        wanted = "(N, " + ", ".join(map(str, shape[1:])) + ")"
        raise InputError(
            f"the input {name!r} has the shape {array.shape}; the plan is for {wanted}",
            attempt=_attempt(array.shape, tuple(shape)),
        )
    return as_dtype(f"the input {name!r}", array, NUMPY_DTYPES[type.dtype])


def _attempt(given: tuple[int, ...], wanted: tuple[Any, ...]) -> str | None:
    if len(wanted) == 3 and given[1:] == (wanted[2], wanted[1]):
        return "it looks transposed, (N, C, L): give x.transpose(0, 2, 1)"
    if len(given) < 2:
        return None
    return "a single sequence is x[None]; another length needs a plan of its own"


def as_dtype(what: str, array: Array, dtype: npt.DTypeLike) -> Array:
    """An array in an element type. Raises InputError for shares where it holds whole numbers."""
    if np.dtype(dtype).kind in "iu" and array.dtype.kind == "f" and np.any(array % 1):
        raise InputError(
            f"{what} holds numbers that are not whole",
            why=f"the model's input holds {np.dtype(dtype).name} elements",
            attempt="one-hot rows; for soft rows, build the model with a float input",
        )
    return array.astype(dtype, copy=False)


def _without_ones(shape: tuple[Any, ...]) -> list[int]:
    return [extent for extent in shape[1:] if extent != 1]


def own_forms(module: Module, inputs: Mapping[str, Array]) -> list[Array]:
    """Inputs by name, (N, ...), in the model's order, each in the form in which it takes them."""
    return [own.own(inputs[own.name]) for own in module.model_inputs]


def random_inputs(graph: Graph, sequences: int = 2, seed: int = 0) -> dict[str, Array]:
    """Inputs by name, (sequences, ...): one-hot rows where an input is (N, L, C), else noise.

    An input of whole numbers is of zeros and ones.
    """
    random = np.random.default_rng(seed)
    inputs: dict[str, Array] = {}
    for value in graph.inputs:
        shape = tuple(int(dim) for dim in value.type.shape[1:])
        if len(shape) == 2:
            array: Array = np.eye(shape[1])[random.integers(0, shape[1], (sequences, shape[0]))]
        elif value.type.dtype in ("f32", "f64"):
            array = random.normal(size=(sequences, *shape))
        else:
            array = random.integers(0, 2, (sequences, *shape))
        inputs[value.name] = array.astype(NUMPY_DTYPES[value.type.dtype])
    return inputs


def without_some_letters(edited: Array, seed: int = 0) -> Array:
    """Sequences (N, L, C) with one position in five unknown: a row of zeros, as N is written."""
    unknown = np.random.default_rng((seed, 5)).random(edited.shape[:2]) < 0.2
    return np.where(unknown[..., None], edited.dtype.type(0), edited)


def index_array(name: str, given: Sequence[int] | Array, limit: int) -> npt.NDArray[np.int64]:
    """A 1-D index array with entries in ``[0, limit)``. Raises InputError otherwise."""
    array = np.asarray(given)
    if array.ndim != 1 or (array.size and not np.issubdtype(array.dtype, np.integer)):
        raise InputError(f"{name} must be a list of whole numbers")
    if array.size and (array.min() < 0 or array.max() >= limit):
        raise InputError(f"{name} must be in [0, {limit}); got {array.min()} to {array.max()}")
    return array.astype(np.int64)
