"""The interface of fastISM 0.5 (Nair et al. 2022), same arguments and results, on a compiled plan.

Source of the interface: https://github.com/kundajelab/fastISM, `FastISM` and `NaiveISM`.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fastism.checking.model import predict
from fastism.checking.mutants import mutated
from fastism.checking.tolerances import differences, scale_of, tolerance_of
from fastism.errors import InputError, MismatchError
from fastism.frontends.models import loaded
from fastism.runtime.tokens import alternative_rows

if TYPE_CHECKING:
    import keras

    from fastism.runtime.plan import Plan

Array = npt.NDArray[Any]


class _Mutagenesis:
    """Replaces each range of the input in turn, and predicts.

    model: a Keras model, or the path of its file. seq_input_idx: the input that is edited, by
    position or name. change_ranges: (start, stop) pairs of one width; every single position if
    None.

    Raises InputError for change ranges that are something else.
    """

    _tune: bool | None = None

    def __init__(
        self,
        model: keras.Model | str | os.PathLike[str],
        seq_input_idx: int | str = 0,
        change_ranges: Sequence[tuple[int, int]] | None = None,
        early_stop_layers: str | Sequence[str] | None = None,
    ) -> None:
        self.model = loaded(model)
        self.seq_input_idx = seq_input_idx
        self.change_ranges = None if change_ranges is None else _pairs(change_ranges)
        self.early_stop_layers = early_stop_layers if early_stop_layers is not None else ()
        self._plan: Plan | None = None

    def plan(self) -> Plan:
        """The compiled plan; what it writes is given with every call."""
        from fastism.api import compile

        if self._plan is None:
            self._plan = compile(
                self.model,
                seq_input=self.seq_input_idx,
                sites=self.change_ranges,
                alternatives="letters",
                stop_layers=self.early_stop_layers,
                tune=self._tune,
            )
        return self._plan

    def _rows(self, replace_with: Any) -> Array:
        """What replaces the ranges, as the only alternative: (1, width, C)."""
        plan = self.plan()
        if plan.tokens:
            width, vocabulary = plan.alternatives.shape[1:]
            tokens = np.broadcast_to(replace_with, (1, width))
            return np.asarray(alternative_rows(tokens, width, vocabulary))
        rows, wanted = np.asarray(replace_with), plan.alternatives.shape[1:]
        if rows.dtype.kind in "biuf" and rows.ndim == 0 and float(rows) == 0.0:
            rows = np.zeros(wanted)
        rows = rows[None] if rows.ndim == 1 else rows
        if rows.dtype.kind not in "biuf" or rows.shape != wanted:
            raise InputError(
                f"replace_with has the shape {np.shape(replace_with)}, of {rows.dtype}",
                why=f"it must be 0, or rows of shape {wanted}: as wide as the change ranges",
            )
        return rows[None].astype(plan.alternatives.dtype)

    def _result(self, outputs: list[Array]) -> Any:
        return outputs[0] if len(outputs) == 1 else outputs


class FastISM(_Mutagenesis):
    """In-silico mutagenesis by a compiled plan; the ancestor's class by name and behaviour.

    early_stop_layers: a layer's name or a list of them; these and all later layers run whole.
    test_correctness: hold the plan against the model at once, and raise if it disagrees.
    """

    def __init__(
        self,
        model: keras.Model | str | os.PathLike[str],
        seq_input_idx: int | str = 0,
        change_ranges: Sequence[tuple[int, int]] | None = None,
        early_stop_layers: str | Sequence[str] | None = None,
        test_correctness: bool = True,
    ) -> None:
        super().__init__(model, seq_input_idx, change_ranges, early_stop_layers)
        if test_correctness and not self.test_correctness():
            raise MismatchError(
                "the compiled program and the model disagree",
                attempt="fastism.checking.check.check_plan(ism.plan(), model) names the node",
            )

    def __call__(self, inp_batch: Any, replace_with: Any = 0) -> Any:
        """(B, ranges, *out), the prediction with each range replaced; a list for several outputs.

        inp_batch: (B, L, C), or a list for several inputs; numpy arrays or tensors. replace_with:
        0 for zeros, one row (C,), or rows (width, C); for a model over tokens, the token or tokens.
        A sequence that already holds the replacement keeps its reference prediction.
        """
        scores = self.plan()(inp_batch, alternatives=self._rows(replace_with))
        return self._result([scores[name].alternate[:, :, 0] for name in scores])

    def test_correctness(
        self, batch_size: int = 10, replace_with: Any = 0, atol: float = 1e-6
    ) -> bool:
        """Whether random sequences score the same as by the model, every range.

        They may differ by the rounding of the type that the model computes in, held against the
        scale of each output, and by ``atol`` beside it.
        """
        from fastism.runtime.inputs import random_inputs

        plan = self.plan()
        inputs = list(random_inputs(plan.module.main, batch_size, seed=0).values())
        given = inputs if len(inputs) > 1 else inputs[0]
        naive = NaiveISM(self.model, self.seq_input_idx, self.change_ranges)
        pairs = zip(
            _listed(self(given, replace_with)), _listed(naive(given, replace_with)), strict=True
        )
        tolerance = tolerance_of(self.model)
        return all(
            bool(np.all(differences(fast, slow) <= tolerance + atol / scale_of(slow)))
            for fast, slow in pairs
        )


class NaiveISM(_Mutagenesis):
    """The same answers by calling the model on every mutant: slow, and the definition."""

    _tune = False  # its plan reads sequences, and scores none

    def __init__(
        self,
        model: keras.Model | str | os.PathLike[str],
        seq_input_idx: int | str = 0,
        change_ranges: Sequence[tuple[int, int]] | None = None,
    ) -> None:
        super().__init__(model, seq_input_idx, change_ranges)

    def __call__(self, inp_batch: Any, replace_with: Any = 0) -> Any:
        """(B, ranges, *out); arguments as of `FastISM`."""
        from fastism.runtime.items import Items

        plan, rows = self.plan(), self._rows(replace_with)
        inputs = plan.inputs(inp_batch)
        count, sites = len(next(iter(inputs.values()))), len(plan.executor.starts)
        parts: list[list[Array]] = []
        for site in range(sites):
            items = Items(np.arange(count), np.full(count, site), np.zeros(count, np.int64))
            parts.append(predict(self.model, plan, mutated(plan, inputs, items, rows)))
        return self._result([np.stack(part, axis=1) for part in zip(*parts, strict=True)])


def _pairs(ranges: Any) -> list[tuple[int, int]]:
    """Change ranges as pairs. Raises InputError where they are none."""
    try:
        pairs = np.asarray(list(ranges))
    except (TypeError, ValueError):
        pairs = np.empty(0, object)
    if pairs.dtype.kind not in "iu" or pairs.ndim != 2 or pairs.shape[1] != 2 or not len(pairs):
        raise InputError(
            f"change_ranges={ranges!r} cannot be read",
            why="it must be (start, stop) pairs of whole numbers",
            attempt="change_ranges=[(0, 10), (10, 20)]",
        )
    return [(int(start), int(stop)) for start, stop in pairs]


def _listed(outputs: Any) -> list[Array]:
    return outputs if isinstance(outputs, list) else [outputs]
