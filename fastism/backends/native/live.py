"""Which channels of the input rows a product has to read: those not zero in all items of a tile.

Rows that the taps of one output row read stand a dilation apart; they are listed one after the
other, so that a product runs through the channels of all its taps in one loop. An entry says which
line of the kernel it is for, counted from the first row that is listed, and where its numbers are.
Where they are read often, and the CPU moves lanes by number, they are copied instead, an item after
the other: what every panel of filters and every tap reads is close together then.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Final

from llvmlite import ir

from fastism.backends.native.code import I64, Code, Value
from fastism.backends.native.lanes import permuted, positions
from fastism.backends.native.machine import Machine
from fastism.backends.native.shapes import Shape, panels_of
from fastism.backends.native.writing import BYTES, FLOAT

SPAN: Final = ("begin", "end", "line")
"""What is noted of a row: its first entry, that behind its last, and the line of its channel 0."""
SPAN_BYTES: Final = BYTES * len(SPAN)
OFTEN: Final = 16
"""Times that numbers are read, by every tap and panel of filters, from which copying them pays."""


def are_copied(shape: Shape, machine: Machine) -> bool:
    """Whether a product reads its numbers so often that they are copied into the list."""
    often = shape.taps * len(panels_of(shape.filters, machine)) >= OFTEN
    return machine.copies and often


def span_of(code: Code, head: dict[str, Value], row: Value) -> dict[str, Value]:
    """What is noted of a row that was listed."""
    address = code.add(head["spans"], code.mul(row, SPAN_BYTES))
    return {name: code.load_int(address, BYTES * index) for index, name in enumerate(SPAN)}


def list_rows(
    code: Code, shape: Shape, head: dict[str, Value], begin: Value, first: Value, last: Value
) -> None:
    """List all rows from ``first`` up to ``last``, which exist; arguments as for `list_apart`."""
    found = code.room(I64)
    code.build.store(code.whole(0), found)
    with code.loop(0, shape.dilation) as offset:
        list_apart(code, shape, head, begin, code.add(first, offset), last, found)


def list_apart(
    code: Code,
    shape: Shape,
    head: dict[str, Value],
    begin: Value,
    first: Value,
    last: Value,
    found: Value,
    ahead: int = 0,
) -> None:
    """List the rows from ``first`` up to ``last`` that are multiples of the dilation apart.

    head: what the tile's record begins with. begin: the bytes that lead to the group's channels.
    found: the local that says how many entries there are. ahead: rows from each to the one that
    will be listed next but these, and is to be on its way to the cache; 0 of none.
    """
    machine = code.machine
    row_bytes = shape.item * machine.rows
    lanes, copied = machine.lanes, are_copied(shape, machine)
    with code.loop(0, code.ceil_div(code.sub(last, first), shape.dilation)) as step:
        row = code.add(first, code.mul(step, shape.dilation))
        source = code.add(head["input"], begin, code.mul(row, row_bytes))
        line = code.mul(step, shape.channels)
        place = code.mul(code.sub(row, head["first"]), row_bytes // FLOAT)
        if ahead:
            code.fetch(code.add(source, ahead * row_bytes), row_bytes)
        span = code.add(head["spans"], code.mul(row, SPAN_BYTES))
        code.store_int(code.build.load(found, typ=I64), span)
        code.store_int(line, code.add(span, BYTES * SPAN.index("line")))

        def vector(channel: Value, lanes: int) -> None:
            there = code.add(source, code.mul(channel, FLOAT))
            numbers = [
                code.load(code.add(there, item * shape.item)) for item in range(machine.rows)
            ]
            order, count = positions(code, _chosen(code, shape, numbers, lanes))
            before = code.build.load(found, typ=I64)
            entry = code.mul(before, FLOAT)

            def store(made: Value, name: str, item: int = 0) -> None:
                code.store(made, code.add(head[name], code.mul(head["apart"], item), entry))

            store(code.build.add(order, code.each(code.add(line, channel))), "lines")
            if copied:
                for item, each in enumerate(numbers):
                    store(permuted(code, each, order), "numbers", item)
            else:
                store(code.build.add(order, code.each(code.add(place, channel))), "numbers")
            code.build.store(code.add(before, count), found)

        whole, rest = divmod(shape.channels, lanes)
        with code.loop(0, whole) as number:
            vector(code.mul(number, lanes), lanes)
        if rest:
            vector(code.whole(whole * lanes), rest)
        code.store_int(code.build.load(found, typ=I64), code.add(span, BYTES * SPAN.index("end")))


def _chosen(code: Code, shape: Shape, numbers: Sequence[Value], lanes: int) -> Value:
    """Those channels of a vector an item that are not all zero, of so many that there are."""
    build, machine = code.build, code.machine
    there = code.first_lanes(lanes)
    if not shape.skip:
        return there
    total = reduce(build.or_, [build.bitcast(each, code.integers) for each in numbers])
    signless = ir.Constant(code.integers, [0x7FFFFFFF] * machine.lanes)
    nonzero = build.icmp_unsigned(
        "!=", build.and_(total, signless), ir.Constant(code.integers, None)
    )
    return build.and_(nonzero, there)
