"""Hold a live layer to what the compiler takes for granted: each sequence of a batch by itself.

fastism folds mutants into batches of its own. A layer whose result for one sequence depends on the
others of the batch, as one that flips or averages over axis 0, would give other numbers there. That
is asked with the size of the batch held, for another size rounds otherwise, and a recurrent layer
may amplify that without bound.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import keras
import ml_dtypes
import numpy as np
import numpy.typing as npt

from fastism.errors import FastismWarning, LoweringError, MixingError
from fastism.frontends.keras.live.opaque import OpaqueLayer
from fastism.frontends.keras.live.program import Program
from fastism.frontends.keras.said import first_line
from fastism.ir.types import NUMPY_DTYPES, TensorType

Array = npt.NDArray[Any]

BATCH = 3
"""Sequences the layer is tried on."""
TOLERANCE = 1e-4
"""Share of the results' scale by which two runs may differ; of half precision, more."""
STEPS = 64
"""Steps of the coarsest element type, likewise."""
NUDGE = 2.0**-22
"""What weights and inputs are moved by, as a share of them, to see what rounding does."""
AMPLIFIED = 64
"""How many times what a nudge moves may two batch sizes, or two places in a batch, differ by."""


def noise(
    types: Sequence[TensorType],
    random: np.random.Generator,
    batch: int = 1,
    rows: Sequence[bool] = (),
) -> list[Array]:
    """Random values of some types: numbers from around zero, or zeros and ones.

    rows: which of them, by index, are one-hot rows.
    """
    found = []
    for index, type in enumerate(types):
        shape, dtype = (batch, *map(int, type.shape[1:])), NUMPY_DTYPES[type.dtype]
        drawn: Array
        if index < len(rows) and rows[index]:
            drawn = np.eye(shape[-1])[random.integers(0, shape[-1], size=shape[:-1])]
        elif type.dtype in ("f16", "bf16", "f32", "f64"):
            drawn = random.normal(size=shape)
        else:
            drawn = random.integers(0, 2, size=shape)
        found.append(drawn.astype(dtype))
    return found


def coarsest_step(layer: OpaqueLayer) -> float:
    """The relative step of the coarsest element type a layer computes in."""
    names = {NUMPY_DTYPES[type.dtype] for type in layer.result_types()}
    names.add(getattr(layer.operation, "compute_dtype", None) or "float32")
    return max((float(ml_dtypes.finfo(n).eps) for n in names if "float" in n), default=0.0)


def check_apart(layer: OpaqueLayer, rows: Sequence[bool] = ()) -> None:
    """Run a layer on a batch, with the other sequences changed, elsewhere in it, and on one alone.

    rows: which of its inputs, by index, are one-hot rows in the model. Raises LoweringError where
    the results differ by more than rounding; where they are not of the types that Keras infers; and
    where the layer cannot be run or traced. Warns where they differ as random numbers are drawn.
    """
    types, random = (*layer.types, *layer.masked.values()), np.random.default_rng(0)
    _Trial(layer, noise(types, random, BATCH, rows), noise(types, random, BATCH, rows)).check()


class _Trial:
    """A layer, and two batches of as many sequences that have none in common."""

    def __init__(self, layer: OpaqueLayer, given: list[Array], others: list[Array]) -> None:
        self.layer = layer
        self.program = Program(layer)
        try:
            self.together = self.program(given)
        except LoweringError:  # of its results' types
            raise
        except Exception:  # it may not take any numbers there are
            given, others = ([np.zeros_like(array) for array in given] for _ in range(2))
            self.together = self._traced(given)
        self.given, self.others = given, others

    def check(self) -> None:
        """Raise LoweringError where the layer is not what it must be."""
        for result, type in zip(self.together, self.layer.result_types(), strict=True):
            if result.shape != (BATCH, *type.shape[1:]):
                raise LoweringError(
                    "a layer gives a result of another shape than it says",
                    where=self.layer.where,
                    why=f"Keras infers {type}, and for {BATCH} sequences it gives {result.shape}",
                    attempt="mend the layer's compute_output_shape",
                )
        if not self._mixes():
            return
        if self._draws():
            warnings.warn(
                f"{self.layer.where} draws random numbers at prediction time, so that scores which "
                "depend on it are others at every call; outputs= chooses outputs that do not",
                FastismWarning,
                stacklevel=2,
            )
        else:
            raise MixingError(
                "a layer mixes the sequences of a batch",
                where=self.layer.where,
                why="its result for a sequence depends on the other sequences it is called with, "
                "on its place among them, or on how many there are",
                attempt="let it treat every entry of axis 0 by itself",
            )

    def _mixes(self) -> bool:
        """Whether the result for a sequence depends on the batch that it is in."""
        if not all(self._same(self._among_others(index), index) for index in range(BATCH)):
            return True
        elsewhere = self.program([np.roll(array, 1, axis=0) for array in self.given])
        alone = self._alone()
        if self._same([row[1:2] for row in elsewhere], 0) and self._same(alone, 0):
            return False
        return not self._amplifies(elsewhere, alone)

    def _draws(self) -> bool:
        """Whether it gives something else from one call to the next, or with another seed."""
        if not self._alike(self.together, self.program(self.given)):
            return True
        variables = getattr(self.layer.operation, "variables", ())
        seeds = [v for v in variables if v.name == "seed_generator_state"]
        if not seeds:
            return False
        others = Program(self.layer, [(seed, seed.value + 1) for seed in seeds])
        return not self._alike(self.together, others(self.given))

    def _among_others(self, index: int) -> list[Array]:
        """The results of one sequence where it stands, all others changed."""
        changed = [array.copy() for array in self.others]
        for array, own in zip(changed, self.given, strict=True):
            array[index] = own[index]
        return [result[index : index + 1] for result in self.program(changed)]

    def _alone(self) -> list[Array]:
        try:
            return self.program([array[:1] for array in self.given])
        except Exception as error:  # whatever the user's layer raises
            raise self._fails(1, error) from error

    def _same(self, rows: Sequence[Array], index: int) -> bool:
        """Whether results of one sequence are those it has in the batch."""
        return self._alike(rows, [result[index : index + 1] for result in self.together])

    def _alike(self, one: Sequence[Array], other: Sequence[Array]) -> bool:
        share = max(TOLERANCE, STEPS * coarsest_step(self.layer))
        pairs = zip(one, other, strict=True)
        return all(_apart(a, b) <= share * _scale(b) for a, b in pairs)

    def _amplifies(self, elsewhere: Sequence[Array], alone: Sequence[Array]) -> bool:
        """Whether rounding accounts for what the place in a batch, and its size, change.

        Held against a nudge of the last bits of the inputs and the weights.
        """
        nudged = self._nudged()
        for whole, nudge, place, single in zip(
            self.together, nudged, elsewhere, alone, strict=True
        ):
            allowed = AMPLIFIED * _apart(nudge, whole)
            if max(_apart(place, np.roll(whole, 1, axis=0)), _apart(single, whole[:1])) > allowed:
                return False
        return True

    def _nudged(self) -> list[Array]:
        variables = [v for v in getattr(self.layer.operation, "variables", ()) if _floating(v)]
        program = Program(self.layer, [(v, v.value * (1 + NUDGE)) for v in variables])
        kinds = (array.dtype.kind for array in self.given)
        moved = zip(self.given, kinds, strict=True)
        return program(
            [x if kind in "biu" else (x * (1 + NUDGE)).astype(x.dtype) for x, kind in moved]
        )

    def _traced(self, given: Sequence[Array]) -> list[Array]:
        """What it gives for numbers that it takes if it takes any."""
        try:
            return self.program(given)
        except Exception as error:  # whatever the user's layer raises
            try:
                with keras.StatelessScope():
                    self.layer(*map(keras.ops.convert_to_tensor, given))
            except Exception as reason:  # likewise
                raise self._fails(len(given[0]), reason) from reason
            raise LoweringError(
                "a layer runs on numbers only, not in a TensorFlow program",
                where=self.layer.where,
                why=first_line(str(error)),
                attempt=_instead(error),
            ) from error

    def _fails(self, batch: int, error: Exception) -> LoweringError:
        return LoweringError(
            "a layer cannot be run",
            where=self.layer.where,
            why=f"{self.layer.why}; on a batch of {batch} it fails: {first_line(str(error))}",
            attempt="check that the model predicts on this machine, and batches of any size",
        )


def _instead(error: Exception) -> str:
    """What may be written in place of what a TensorFlow program does not take."""
    said = str(error)
    if "numpy" in said.lower():
        return "write it with keras.ops, without numpy"
    if "match type" in said:
        return "bring what it combines to one element type, with keras.ops.cast or tf.cast"
    if "Python `bool`" in said:
        return "choose by keras.ops.where or keras.ops.cond, not by an if of Python"
    return "write it so that model.predict runs it, which makes such a program too"


def _floating(variable: Any) -> bool:
    return "float" in keras.backend.standardize_dtype(variable.dtype)


def _scale(results: Array) -> float:
    """The largest finite magnitude."""
    found = results.astype(np.float64)
    return float(np.abs(found[np.isfinite(found)]).max(initial=0.0))


def _apart(one: Array, other: Array) -> float:
    """The largest difference of two results; infinite where only one is finite, or the shapes."""
    a, b = one.astype(np.float64), other.astype(np.float64)
    if a.shape != b.shape:
        return np.inf
    with np.errstate(invalid="ignore"):
        found = np.abs(a - b)
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    found = np.where(same, 0.0, np.where(np.isnan(found), np.inf, found))
    return float(found.max(initial=0.0))
