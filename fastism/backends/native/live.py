"""Which channels of an input row a product has to read: those not zero in all items of a tile."""

from __future__ import annotations

from llvmlite import ir

from fastism.backends.native.code import I64, Code, Value
from fastism.backends.native.shapes import Shape
from fastism.backends.native.writing import BYTES, FLOAT


def list_channels(
    code: Code, shape: Shape, head: dict[str, Value], begin: Value, first: Value, last: Value
) -> None:
    """List those of the input rows from ``first`` up to ``last``, which exist.

    head: what the tile's record begins with. begin: the bytes that lead to the group's channels.
    """
    machine = code.machine
    with code.loop(first, last) as row:
        source = code.add(head["input"], begin, code.mul(row, shape.item * machine.rows))
        target = code.add(head["lists"], code.mul(row, FLOAT * shape.channels))
        found = code.room(I64)
        code.build.store(code.whole(0), found)
        whole, rest = divmod(shape.channels, machine.lanes)
        with code.loop(0, whole) as vector:
            channel = code.mul(vector, machine.lanes)
            _list_vector(code, shape, source, target, found, channel, machine.lanes)
        if rest:
            channel = code.whole(whole * machine.lanes)
            _list_vector(code, shape, source, target, found, channel, rest)
        count = code.build.load(found, typ=I64)
        code.store_int(count, code.add(head["counts"], code.mul(row, BYTES)))


def _list_vector(
    code: Code,
    shape: Shape,
    source: Value,
    target: Value,
    found: Value,
    first: Value,
    lanes: int,
) -> None:
    """Add those channels of one vector that are not zero in every item."""
    build, machine = code.build, code.machine
    every = [int(i < lanes) for i in range(machine.lanes)]
    chosen = ir.Constant(ir.VectorType(ir.IntType(1), machine.lanes), every)
    if shape.skip:
        place = code.add(source, code.mul(first, FLOAT))
        total = None
        for item in range(machine.rows):
            loaded = code.load(code.add(place, item * shape.item))
            bits = build.bitcast(loaded, code.integers)
            total = bits if total is None else build.or_(total, bits)
        signless = ir.Constant(code.integers, [0x7FFFFFFF] * machine.lanes)
        nonzero = build.icmp_unsigned(
            "!=", build.and_(total, signless), ir.Constant(code.integers, None)
        )
        chosen = build.and_(nonzero, chosen)
    before = build.load(found, typ=I64)
    if machine.lanes == 16:
        steps = ir.Constant(code.integers, list(range(machine.lanes)))
        base = build.trunc(first, ir.IntType(32))
        empty = ir.Constant(code.integers, ir.Undefined)
        single = build.insert_element(empty, base, ir.Constant(ir.IntType(32), 0))
        spread = build.shuffle_vector(
            single, empty, ir.Constant(code.integers, [0] * machine.lanes)
        )
        packed = code.compress(build.add(spread, steps), chosen)
        address = code.add(target, code.mul(before, FLOAT))
        build.store(packed, code.pointer(address), align=4)
        bits = build.bitcast(chosen, ir.IntType(machine.lanes))
        count = code.ones(bits)
        build.store(code.add(before, count), found)
        return
    for lane in range(lanes):
        index = code.add(first, lane)
        at = build.load(found, typ=I64)
        code.store_index(index, code.add(target, code.mul(at, FLOAT)))
        truth = build.extract_element(chosen, ir.Constant(ir.IntType(32), lane))
        build.store(code.add(at, build.zext(truth, I64)), found)
