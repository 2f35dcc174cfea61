"""Loops whose root goes along the channels of every row: norms, softmax, sums, maxima and masks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from fastism.backends.native import functions
from fastism.backends.native.code import Code, Value
from fastism.backends.native.reductions import by_row
from fastism.backends.native.writing import Writer


@dataclass(frozen=True)
class Along:
    """An op along channels: its name, its number, and the rows and channels of what it reads."""

    op: str
    length: int
    channels: int
    number: float = 0.0


class Row:
    """One row of the root's input: its channels, and what all of them come to."""

    def __init__(self, code: Code, address: Value, channels: int) -> None:
        self.code = code
        self.channels = channels
        self._address = address

    def vector(self, place: Value, lanes: int) -> Value:
        """The vector that a number of bytes leads to; what is behind its channels may be any."""
        known = None if lanes == self.code.machine.lanes else lanes
        return self.code.load(self.code.add(self._address, place), known)

    def sum(self, entry: Callable[[Value], Value] = lambda x: x) -> Value:
        """The sum of what every channel comes to, in all lanes."""
        build = self.code.build
        return self._folded(entry, 0.0, lambda one, other: build.fadd(one, other))

    def largest(self) -> Value:
        """The largest channel, in all lanes."""
        return self._folded(lambda x: x, float("-inf"), self.code.larger)

    def _folded(
        self,
        entry: Callable[[Value], Value],
        none: float,
        join: Callable[[Value, Value], Value],
    ) -> Value:
        code, empty = self.code, self.code.number(none)
        total = code.room(code.vector)
        code.build.store(empty, total)

        def vector(place: Value, lanes: int) -> None:
            made = entry(self.vector(place, lanes))
            if lanes < code.machine.lanes:
                made = code.pick(code.first_lanes(lanes), made, empty)
            code.build.store(join(made, code.build.load(total, typ=code.vector)), total)

        code.by_vector(self.channels, vector)
        return code.spread(code.folded(code.build.load(total, typ=code.vector), join))


Made: TypeAlias = Callable[[Value, Value], Value]
"""What becomes of a vector of the row, given the bytes that lead to it too."""
Constants: TypeAlias = Mapping[str, Value]
"""The addresses of constants, by their roles."""
Form: TypeAlias = Callable[[Along, Row, Constants], Made]


def _layer_norm(root: Along, row: Row, constants: Constants) -> Made:
    """(x - mean) / sqrt(variance + epsilon), times gamma, plus beta."""
    code, build, count = row.code, row.code.build, row.code.number(row.channels)
    mean = build.fdiv(row.sum(), count)

    def apart(x: Value) -> Value:
        return build.fsub(x, mean)

    variance = build.fdiv(row.sum(lambda x: build.fmul(apart(x), apart(x))), count)
    spread = code.root(build.fadd(variance, code.number(root.number)))
    factor = build.fdiv(code.number(1), spread)

    def made(x: Value, place: Value) -> Value:
        y = build.fmul(apart(x), factor)
        if "gamma" in constants:
            y = build.fmul(y, code.load(code.add(constants["gamma"], place)))
        if "beta" in constants:
            y = build.fadd(y, code.load(code.add(constants["beta"], place)))
        return y

    return made


def _softmax(root: Along, row: Row, constants: Constants) -> Made:
    """exp(x - the largest) over the sum of them."""
    build, largest = row.code.build, row.largest()

    def power(x: Value) -> Value:
        return functions.exp(row.code, build.fsub(x, largest))

    total = row.sum(power)
    return lambda x, place: build.fdiv(power(x), total)


def _log_softmax(root: Along, row: Row, constants: Constants) -> Made:
    """x less the largest, less the logarithm of the sum of the exponentials of these."""
    code, build, largest = row.code, row.code.build, row.largest()
    total = row.sum(lambda x: functions.exp(code, build.fsub(x, largest)))
    less = functions.log(code, total)
    return lambda x, place: build.fsub(build.fsub(x, largest), less)


def _sum(root: Along, row: Row, constants: Constants) -> Made:
    total = row.sum()
    return lambda x, place: total


def _largest(root: Along, row: Row, constants: Constants) -> Made:
    found = row.largest()
    return lambda x, place: found


def _counts(root: Along, row: Row) -> Value:
    """1 where a channel differs from the number of the op, else 0, in all lanes."""
    code = row.code

    def differs(x: Value) -> Value:
        other = code.build.fcmp_unordered("!=", x, code.number(root.number))
        return code.pick(other, code.number(1), code.zero)

    return code.smaller(row.sum(differs), code.number(1))


def _mask(root: Along, row: Row, constants: Constants) -> Made:
    found = _counts(root, row)
    return lambda x, place: found


def _masked(root: Along, row: Row, constants: Constants) -> Made:
    code = row.code
    there = code.build.fcmp_ordered(">", _counts(root, row), code.zero)
    return lambda x, place: code.pick(there, x, code.zero)


ALONG: Final[dict[str, Form]] = {
    "layer_norm": _layer_norm,
    "softmax": _softmax,
    "log_softmax": _log_softmax,
    "channel_sum": _sum,
    "channel_max": _largest,
    "mask": _mask,
    "masked": _masked,
}
"""Native forms by op."""


def write_along(writer: Writer, root: Along, row_bytes: int) -> None:
    """Write the loop over the tiles of a block. row_bytes: from one row of an input to the next."""
    code = writer.code

    def row(source: Value, number: Value) -> Callable[[Value, int], Value]:
        found = Row(code, code.add(source, code.mul(number, row_bytes)), root.channels)
        made = ALONG[root.op](root, found, writer.constants)
        return lambda place, lanes: made(found.vector(place, lanes), place)

    by_row(writer, root.length, row)
