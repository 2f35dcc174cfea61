"""Hold a layer against its declaration: move one position at a time, and run it on windows."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from fastism.errors import LoweringError, VerifyError
from fastism.frontends.keras.live.apart import coarsest_step, noise
from fastism.frontends.keras.live.custom import Declaration
from fastism.frontends.keras.live.opaque import OpaqueLayer
from fastism.frontends.keras.live.program import Program
from fastism.frontends.keras.said import first_line
from fastism.ir.builder import complete, infer
from fastism.ir.graph import Node
from fastism.ir.ops import definition
from fastism.ir.ops.convolution import output_length, window
from fastism.ir.ops.live import inputs_inside, sequence_type
from fastism.ir.windows import Window

OP = "windowed_opaque"

Array = npt.NDArray[Any]

SCALES = (1.0, 30.0)
"""Sizes of the numbers a layer is tried on: some do one thing to small ones, another to large."""
ROUNDING = 64
"""Steps of the element type, at the results' scale, by which two runs may differ."""


def windowed_node(layer: OpaqueLayer, declared: Declaration) -> Node:
    """The ``windowed_opaque`` node of a layer that behaves as declared, to be named and wired.

    The layer is run once whole, once for each of a few positions that are changed, at the edges and
    inside, and on windows at both edges and inside. Raises LoweringError, which says what it does,
    for one that does not behave as declared.
    """
    numbers = declared.attributes(layer.operation)
    results = layer.result_types()
    attributes = {
        **numbers,
        "key": layer.key,
        "features": results[0].shape[2:],
        "dtype": results[0].dtype,
        "weights": layer.size,
        "linear": declared.linear,
    }
    blank = tuple(f"{index}" for index in range(len(layer.types)))
    node = Node("_", OP, blank, (), complete(OP, attributes))
    if len(results) != 1:
        raise _wrong(layer, node, f"it returns {len(results)} values, and a window is of one")
    try:
        expected = infer(node, layer.types, {})
    except VerifyError as error:
        raise _wrong(layer, node, error.why or error.what) from None
    if results[0].rank < 3:
        raise _wrong(layer, node, f"it gives {results[0]}, which has no axis of channels")
    if results != expected:
        raise _wrong(layer, node, f"it gives {results[0]}, and with this window {expected[0]}")
    if declared.linear and len(layer.types) != 1:
        raise _wrong(layer, node, "it takes several values, so it is not linear in one")
    program = Program(layer)
    for scale in SCALES:
        probe = _Probe(program, layer, node, scale)
        probe.check_reach()
        probe.check_windows()
        probe.check_linear()
        probe.check_numpy()
    return node


class _Probe:
    """One layer on one random sequence, of numbers of about one size."""

    def __init__(self, program: Program, layer: OpaqueLayer, node: Node, scale: float) -> None:
        self.layer = layer
        self.program = program
        self.node = node
        self.scale = scale
        self.length = sequence_type(layer.types).length
        self.window = window(node, self.length)
        relations = definition(node.op).relation(node, layer.types)
        self.local = [i for i, how in enumerate(relations) if isinstance(how, Window)]
        self.random = np.random.default_rng(0)
        self.inputs = self._noise()
        self.whole = self.run(self.inputs)
        if not np.all(np.isfinite(self.whole)):  # a logarithm or a root, perhaps
            self.inputs = [x if x.dtype == bool else np.abs(x) for x in self.inputs]
            self.whole = self.run(self.inputs)

    def _noise(self) -> list[Array]:
        drawn = noise(self.layer.types, self.random)
        return [x if x.dtype.kind in "biu" else (x * self.scale).astype(x.dtype) for x in drawn]

    def run(self, inputs: list[Array], *, delta: bool = False) -> Array:
        """The live layer's result."""
        (result,) = self.program(inputs, delta=delta)
        return result

    def check_reach(self) -> None:
        """No position moves a result that does not read it."""
        for index in self.local:
            for position in _positions(self.length):
                moved = list(self.inputs)
                moved[index] = self._moved(moved[index], position)
                self._check_moved(position, self.run(moved))

    def _moved(self, x: Array, position: int) -> Array:
        moved = x.copy()
        here = moved[:, position]
        if x.dtype.kind in "biu":
            moved[:, position] = here == 0
        else:
            sign = self.scale * self.random.choice([-3.0, 3.0], size=here.shape)
            moved[:, position] = here + (np.abs(sign) if np.all(x >= 0) else sign).astype(x.dtype)
        return moved

    def _check_moved(self, position: int, found: Array) -> None:
        relation = self.window
        ahead = position + relation.pad - np.arange(found.shape[1]) * relation.stride
        allowed = (ahead >= 0) & (ahead < relation.reach) & (ahead % relation.dilation == 0)
        wrong = np.flatnonzero(self._differ(found, self.whole)[0] & ~allowed)
        if len(wrong):
            read = np.flatnonzero(allowed)
            raise _wrong(
                self.layer,
                self.node,
                f"changing position {position} of its input moves its result at {_listed(wrong)}, "
                + (
                    f"and should move {_listed(read)} alone"
                    if len(read)
                    else "and should move none"
                ),
            )

    def check_windows(self) -> None:
        """On windows, at both edges and inside, it gives what it gives on the whole."""
        results, stride = self.whole.shape[1], self.window.stride
        for width in (1, 4):
            if width > results:
                continue
            start = np.unique([p for p in _positions(results) if p + width <= results])
            start = np.union1d(start, [0, results - width])
            begin, read = inputs_inside(self.window, start, width, self.length)
            if read == self.length:
                continue
            found = self._run_windows(begin, read)
            if found.shape[1] != output_length(self.node, read):
                raise _wrong(
                    self.layer,
                    self.node,
                    f"on {read} of its {self.length} positions it gives {found.shape[1]} results, "
                    f"and should give {output_length(self.node, read)}",
                )
            for row, (first, offset) in enumerate(zip(start, begin, strict=True)):
                mine = found[row : row + 1, first - offset // stride :][:, :width]
                wanted = self.whole[:, first : first + width]
                wrong = (
                    np.flatnonzero(self._differ(mine, wanted)[0])
                    if mine.shape == wanted.shape
                    else [0]
                )
                if len(wrong):
                    raise _wrong(
                        self.layer,
                        self.node,
                        f"on positions {offset} to {offset + read - 1} of {self.length} it gives "
                        f"another result at {first + wrong[0]} than on all of them",
                    )

    def _run_windows(self, begin: Array, width: int) -> Array:
        index = begin[:, None] + np.arange(width)
        windows = [
            x[0][index] if i in self.local else np.repeat(x, len(begin), axis=0)
            for i, x in enumerate(self.inputs)
        ]
        try:
            return self.run(windows)
        except Exception as error:  # whatever the user's layer raises
            why = f"on {width} of its {self.length} positions it fails: {first_line(str(error))}"
            raise _wrong(self.layer, self.node, why) from error

    def check_linear(self) -> None:
        """Its results move by what it makes of the move."""
        if not self.node["linear"]:
            return
        step = self._noise()
        moved = self.run([x + d for x, d in zip(self.inputs, step, strict=True)])
        try:
            delta = self.run(step, delta=True)
        except Exception as error:  # whatever the user's function raises
            why = f"its form for differences fails: {first_line(str(error))}"
            raise _wrong(self.layer, self.node, why) from error
        if delta.shape != moved.shape or np.any(self._differ(self.whole + delta, moved)):
            raise _wrong(self.layer, self.node, "it is declared linear, and is not")

    def check_numpy(self) -> None:
        """Its numpy form computes the same."""
        if self.layer.numpy is None:
            return
        (found,) = self.layer(*self.inputs)
        found = np.asarray(found)
        if found.shape != self.whole.shape or np.any(self._differ(found, self.whole)):
            raise _wrong(self.layer, self.node, "its numpy form gives other results than it does")

    def _differ(self, found: Array, expected: Array) -> npt.NDArray[np.bool_]:
        """(batch, positions): where two results differ by more than rounding."""
        found, expected = found.astype(np.float64), expected.astype(np.float64)
        finite = np.abs(self.whole[np.isfinite(self.whole)].astype(np.float64))
        allowed = ROUNDING * coarsest_step(self.layer) * float(finite.max(initial=0.0))
        with np.errstate(invalid="ignore"):
            same = (np.abs(found - expected) <= allowed) | (found == expected)
        same |= np.isnan(found) & np.isnan(expected)
        return np.asarray(~same.reshape(*same.shape[:2], -1).all(axis=2))


def _positions(length: int) -> list[int]:
    """Both edges, and a few positions inside that differ in what they are multiples of."""
    middle = length // 2
    inside = (1, 2, length // 3, middle, middle + 1, middle + 2, length - 3, length - 2)
    return sorted({0, length - 1, *(p for p in inside if 0 <= p < length)})


def _listed(positions: Array) -> str:
    first, last = int(positions[0]), int(positions[-1])
    if first == last:
        return str(first)
    return (
        f"{first} to {last}"
        if last - first == len(positions) - 1
        else f"{len(positions)} positions, {first} to {last}"
    )


def _wrong(layer: OpaqueLayer, node: Node, why: str) -> LoweringError:
    kind = type(layer.operation).__name__
    said = ", ".join(
        f"{role}={node[name]!r}"
        for role, name in (
            ("kernel", "width"),
            ("stride",) * 2,
            ("dilation",) * 2,
            ("padding", "pad"),
        )
    )
    return LoweringError(
        "a layer does not behave as it was declared",
        where=f"layer {layer.key!r} ({kind}), registered with {said}",
        why=why,
        attempt=f"declare the window it has, or register_layer({kind}, whole=True)",
    )
