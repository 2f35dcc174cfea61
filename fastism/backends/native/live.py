"""Which channels of the input rows a product has to read: those not zero in all items of a tile.

Rows that the taps of one output row read stand a dilation apart; they are listed one after the
other, so that a product runs through the channels of all its taps in one loop. An entry says which
line of the kernel it is for, counted from the first row that is listed, and where its numbers are.
"""

from __future__ import annotations

from typing import Final

from llvmlite import ir

from fastism.backends.native.code import I64, Code, Value
from fastism.backends.native.shapes import Shape
from fastism.backends.native.writing import BYTES, FLOAT

SPAN: Final = ("begin", "end", "line")
"""What is noted of a row: its first entry, that behind its last, and the line of its channel 0."""
SPAN_BYTES: Final = BYTES * len(SPAN)


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
) -> None:
    """List the rows from ``first`` up to ``last`` that are multiples of the dilation apart.

    head: what the tile's record begins with. begin: the bytes that lead to the group's channels.
    found: the local that says how many entries there are.
    """
    machine = code.machine
    row_bytes = shape.item * machine.rows
    lanes = machine.lanes
    with code.loop(0, code.ceil_div(code.sub(last, first), shape.dilation)) as step:
        row = code.add(first, code.mul(step, shape.dilation))
        source = code.add(head["input"], begin, code.mul(row, row_bytes))
        line = code.mul(step, shape.channels)
        place = code.mul(code.sub(row, head["first"]), row_bytes // FLOAT)
        span = code.add(head["spans"], code.mul(row, SPAN_BYTES))
        code.store_int(code.build.load(found, typ=I64), span)
        code.store_int(line, code.add(span, BYTES * SPAN.index("line")))

        def vector(channel: Value, lanes: int) -> None:
            chosen = _chosen(code, shape, code.add(source, code.mul(channel, FLOAT)), lanes)
            lane_numbers, count = code.positions(chosen)
            entry = code.mul(code.build.load(found, typ=I64), FLOAT)
            for name, before in (("lines", line), ("places", place)):
                numbers = code.build.add(lane_numbers, code.each(code.add(before, channel)))
                code.store(numbers, code.add(head[name], entry))
            code.build.store(code.add(code.build.load(found, typ=I64), count), found)

        whole, rest = divmod(shape.channels, lanes)
        with code.loop(0, whole) as number:
            vector(code.mul(number, lanes), lanes)
        if rest:
            vector(code.whole(whole * lanes), rest)
        code.store_int(code.build.load(found, typ=I64), code.add(span, BYTES * SPAN.index("end")))


def _chosen(code: Code, shape: Shape, address: Value, lanes: int) -> Value:
    """Those channels of a vector that are not zero in every item, of so many that there are."""
    build, machine = code.build, code.machine
    there = code.first_lanes(lanes)
    if not shape.skip:
        return there
    total = None
    for item in range(machine.rows):
        loaded = code.load(code.add(address, item * shape.item))
        bits = build.bitcast(loaded, code.integers)
        total = bits if total is None else build.or_(total, bits)
    signless = ir.Constant(code.integers, [0x7FFFFFFF] * machine.lanes)
    nonzero = build.icmp_unsigned(
        "!=", build.and_(total, signless), ir.Constant(code.integers, None)
    )
    return build.and_(nonzero, there)
