"""Write one function of LLVM IR: loops, addresses, vectors.

Addresses and counters are 64-bit integers, numbers are f32 vectors of the machine's width. Locals
live in memory that LLVM turns into registers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

from llvmlite import ir

from fastism.backends.native.machine import Machine

Value: TypeAlias = Any
"""A value of LLVM; llvmlite has no types of its own for a checker."""

I64 = ir.IntType(64)
I32 = ir.IntType(32)
F32 = ir.FloatType()
F64 = ir.DoubleType()
F32_BYTES = 4
CACHE_LINE = 64
"""Bytes of a line of the cache, to which everything in the scratch memory is aligned."""


class Code:
    """A function under construction; its arguments are 64-bit integers."""

    def __init__(self, module: ir.Module, name: str, arguments: int, machine: Machine) -> None:
        self.module = module
        self.machine = machine
        self.vector = ir.VectorType(F32, machine.lanes)
        self.half = ir.VectorType(F32, machine.lanes // 2)
        self.doubles = ir.VectorType(F64, machine.lanes)
        self.integers = ir.VectorType(I32, machine.lanes)
        self.function = ir.Function(
            module, ir.FunctionType(ir.VoidType(), [I64] * arguments), name=name
        )
        self._entry = self.function.append_basic_block("entry")
        self._first = ir.IRBuilder(self._entry)
        start = self.function.append_basic_block("start")
        self.build = ir.IRBuilder(start)
        self._start = start

    @property
    def arguments(self) -> Sequence[Value]:
        """What the function is given."""
        return tuple(self.function.args)

    def finish(self) -> None:
        """Return from the function."""
        self.build.ret_void()
        self._first.branch(self._start)

    # Whole numbers and addresses.

    def whole(self, number: int) -> Value:
        """A constant."""
        return ir.Constant(I64, number)

    def _int(self, value: Value | int) -> Value:
        return self.whole(value) if isinstance(value, int) else value

    def add(self, *values: Value | int) -> Value:
        """The sum."""
        total = self._int(values[0])
        for value in values[1:]:
            if value != 0:
                total = self.build.add(total, self._int(value))
        return total

    def sub(self, one: Value | int, other: Value | int) -> Value:
        """The difference."""
        return self.build.sub(self._int(one), self._int(other))

    def mul(self, one: Value | int, other: Value | int) -> Value:
        """The product."""
        return self._int(one) if other == 1 else self.build.mul(self._int(one), self._int(other))

    def below(self, one: Value, other: Value | int) -> Value:
        """Whether one is less than the other."""
        return self.build.icmp_signed("<", self._int(one), self._int(other))

    def least(self, one: Value | int, other: Value | int) -> Value:
        """The smaller of two."""
        one, other = self._int(one), self._int(other)
        return self.build.select(self.below(one, other), one, other)

    def most(self, one: Value | int, other: Value | int) -> Value:
        """The larger of two."""
        one, other = self._int(one), self._int(other)
        return self.build.select(self.below(one, other), other, one)

    def ceil_div(self, number: Value, by: int) -> Value:
        """``number / by`` rounded up, and 0 for what is not above 0."""
        number = self.most(number, 0)
        return number if by == 1 else self.build.udiv(self.add(number, by - 1), self.whole(by))

    def floor_div(self, number: Value, by: int) -> Value:
        """``number / by`` rounded down."""
        if by == 1:
            return number
        below = self.below(number, 0)
        moved = self.pick(below, self.sub(number, by - 1), number)
        return self.build.sdiv(moved, self.whole(by))

    def inside(self, position: Value, low: Value, count: Value) -> Value:
        """Whether ``low <= position < low + count``."""
        return self.build.icmp_unsigned("<", self.build.sub(position, low), count)

    def pick(self, truth: Value, one: Value, other: Value) -> Value:
        """One of two values."""
        return self.build.select(truth, one, other)

    # Memory.

    def pointer(self, address: Value) -> Value:
        return self.build.inttoptr(address, ir.PointerType())

    def load_int(self, address: Value, offset: int = 0) -> Value:
        """The i64 at an address."""
        return self.build.load(self.pointer(self.add(address, offset)), typ=I64, align=8)

    def load_index(self, address: Value) -> Value:
        """The i32 at an address, as an i64."""
        found = self.build.load(self.pointer(address), typ=I32, align=4)
        return self.build.zext(found, I64)

    def load_of(self, pointer: Value, index: Value, kind: Value) -> Value:
        """One of the numbers, of a kind, that begin at a pointer.

        Other than of an address that is worked out, LLVM sees that several advance together.
        """
        place = self.build.gep(pointer, [index], source_etype=kind)
        return self.build.load(place, typ=kind, align=4)

    def load_number(self, address: Value) -> Value:
        """The f32 at an address in every lane."""
        return self.spread(self.load_scalar(address))

    def load_scalar(self, address: Value) -> Value:
        """The f32 at an address."""
        return self.build.load(self.pointer(address), typ=F32, align=4)

    def vector_of(self, scalars: Sequence[Value]) -> Value:
        """A vector of a few numbers, and zeros behind them."""
        vector = self.zero
        for lane, scalar in enumerate(scalars):
            vector = self.build.insert_element(vector, scalar, ir.Constant(I32, lane))
        return vector

    def spread(self, scalar: Value) -> Value:
        """A number in every lane."""
        lanes = self.machine.lanes
        empty = ir.Constant(ir.VectorType(scalar.type, lanes), ir.Undefined)
        single = self.build.insert_element(empty, scalar, ir.Constant(I32, 0))
        return self.build.shuffle_vector(single, empty, ir.Constant(self.integers, [0] * lanes))

    def first_half(self, vector: Value) -> Value:
        """The first half of a vector."""
        lanes = list(range(self.machine.lanes // 2))
        chosen = ir.Constant(ir.VectorType(I32, len(lanes)), lanes)
        return self.build.shuffle_vector(vector, vector, chosen)

    def filled(self, half: Value) -> Value:
        """A vector whose first half is given, with zeros behind."""
        lanes = list(range(self.machine.lanes))
        return self.build.shuffle_vector(
            half, ir.Constant(self.half, None), ir.Constant(self.integers, lanes)
        )

    def each(self, number: Value) -> Value:
        """An i64 as an i32 in every lane."""
        return self.spread(self.build.trunc(number, I32))

    def load(self, address: Value, lanes: int | None = None, align: int = 4) -> Value:
        """A vector; with ``lanes``, only so many are read, and the others are 0."""
        if lanes is None or lanes == self.machine.lanes:
            return self.build.load(self.pointer(address), typ=self.vector, align=align)
        name = f"llvm.masked.load.v{self.machine.lanes}f32.p0"
        kinds = [ir.PointerType(), I32, self.truths, self.vector]
        function = self.declared(name, self.vector, kinds)
        given = [self.pointer(address), ir.Constant(I32, 4), self.first_lanes(lanes), self.zero]
        return self.build.call(function, given)

    def store(self, value: Value, address: Value, lanes: int | None = None) -> None:
        """Write a vector; with ``lanes``, only so many of it."""
        if lanes is None or lanes == self.machine.lanes:
            self.build.store(value, self.pointer(address), align=4)
            return
        name = f"llvm.masked.store.v{self.machine.lanes}f32.p0"
        kinds = [self.vector, ir.PointerType(), I32, self.truths]
        function = self.declared(name, ir.VoidType(), kinds)
        given = [value, self.pointer(address), ir.Constant(I32, 4), self.first_lanes(lanes)]
        self.build.call(function, given)

    def fetch(self, address: Value, size: int, *, write: bool = False) -> None:
        """Have the cache lines of so many bytes on their way, to be read, or written too."""
        kinds = [ir.PointerType(), I32, I32, I32]
        function = self.declared("llvm.prefetch.p0", ir.VoidType(), kinds)
        how = [ir.Constant(I32, each) for each in (int(write), 3, 1)]
        for line in range(0, size, CACHE_LINE):
            self.build.call(function, [self.pointer(self.add(address, line)), *how])

    def store_number(self, value: Value, address: Value) -> None:
        """Write one f32."""
        self.build.store(value, self.pointer(address), align=4)

    def without_rest(self, value: Value, lanes: int) -> Value:
        """A vector with zeros behind so many of its numbers."""
        if lanes == self.machine.lanes:
            return value
        return self.build.select(self.first_lanes(lanes), value, self.zero)

    def store_int(self, value: Value, address: Value) -> None:
        """Write an i64."""
        self.build.store(value, self.pointer(address), align=8)

    def count(self, number: Value, address: Value) -> None:
        """Add to the i64 at an address, which other threads may add to."""
        self.build.atomic_rmw("add", self.pointer(address), number, "monotonic")

    def keep_order(self) -> None:
        """Loads written before stay before those written after: registers are not all taken."""
        self.build.fence("acq_rel", targetscope="singlethread")

    def room(self, kind: Value, count: int = 1) -> Value:
        """A local of the function, as a pointer."""
        return self._first.alloca(kind, size=ir.Constant(I32, count))

    def address(self, pointer: Value) -> Value:
        """Where a local is."""
        return self.build.ptrtoint(pointer, I64)

    # Numbers.

    @property
    def zero(self) -> Value:
        """A vector of zeros."""
        return ir.Constant(self.vector, None)

    def number(self, value: float) -> Value:
        """A constant in every lane."""
        return ir.Constant(self.vector, [ir.Constant(F32, value)] * self.machine.lanes)

    def double(self, value: float) -> Value:
        """A constant in every lane of a vector of f64."""
        return ir.Constant(self.doubles, [ir.Constant(F64, value)] * self.machine.lanes)

    def fma(self, one: Value, other: Value, total: Value) -> Value:
        """``one * other + total``, rounded once."""
        return self._intrinsic("fma", one, other, total)

    def root(self, value: Value) -> Value:
        """The square root."""
        return self._intrinsic("sqrt", value)

    def size(self, value: Value) -> Value:
        """The absolute value."""
        return self._intrinsic("fabs", value)

    def signed_as(self, value: Value, sign: Value) -> Value:
        """The size of one number with the sign of another."""
        return self._intrinsic("copysign", value, sign)

    def rounded(self, value: Value) -> Value:
        """The nearest whole number, ties to even."""
        return self._intrinsic("rint", value)

    def floor(self, value: Value) -> Value:
        """The largest whole number not above."""
        return self._intrinsic("floor", value)

    def larger(self, one: Value, other: Value) -> Value:
        """The larger of two, element by element; NaN of the first stays."""
        return self.build.select(self.build.fcmp_ordered("<", one, other), other, one)

    def smaller(self, one: Value, other: Value) -> Value:
        """The smaller of two, element by element; NaN of the first stays."""
        return self.build.select(self.build.fcmp_ordered(">", one, other), other, one)

    def _intrinsic(self, name: str, *values: Value) -> Value:
        """A function of vectors of one type."""
        kind = values[0].type
        full = f"llvm.{name}.v{kind.count}{kind.element.intrinsic_name}"
        function = self.declared(full, kind, [kind] * len(values))
        return self.build.call(function, values)

    def backwards(self, value: Value, lanes: int) -> Value:
        """A vector's first numbers, so many, the last of them first."""
        every = range(self.machine.lanes)
        order = ir.Constant(self.integers, [max(lanes - 1 - lane, 0) for lane in every])
        return self.build.shuffle_vector(value, value, order)

    def sum_of_lanes(self, value: Value) -> Value:
        """The sum of a vector's numbers."""
        return self.folded(value, self.build.fadd)

    def folded(self, value: Value, join: Callable[[Value, Value], Value]) -> Value:
        """What a vector's numbers come to: halves are joined until one is left."""
        lanes = self.machine.lanes
        while lanes > 1:
            lanes //= 2
            halves = (
                self.build.shuffle_vector(
                    value, value, ir.Constant(ir.VectorType(I32, lanes), list(part))
                )
                for part in (range(lanes), range(lanes, 2 * lanes))
            )
            value = join(*halves)
        return self.build.extract_element(value, ir.Constant(I32, 0))

    def ones(self, bits: Value) -> Value:
        """How many bits of a number are set, as an i64."""
        wide = self.build.zext(bits, I64)
        return self.build.call(self.declared("llvm.ctpop.i64", I64, [I64]), [wide])

    def declared(self, name: str, result: Value, arguments: Sequence[Value]) -> Value:
        """A function of LLVM's own."""
        known = self.module.globals.get(name)
        if known is None:
            known = ir.Function(self.module, ir.FunctionType(result, arguments), name=name)
        return known

    @property
    def truths(self) -> Value:
        """The kind of a vector of bits."""
        return ir.VectorType(ir.IntType(1), self.machine.lanes)

    def first_lanes(self, count: int) -> Value:
        """Truth for so many lanes."""
        return ir.Constant(self.truths, [int(i < count) for i in range(self.machine.lanes)])

    # Flow.

    @contextmanager
    def loop(self, start: Value | int, stop: Value | int) -> Iterator[Value]:
        """Run what is written inside for every whole number from start up to stop."""
        counter = self.room(I64)
        self.build.store(self._int(start), counter)
        head, body, done = (self.function.append_basic_block(n) for n in ("head", "body", "done"))
        self.build.branch(head)
        self.build.position_at_end(head)
        index = self.build.load(counter, typ=I64)
        self.build.cbranch(self.below(index, stop), body, done)
        self.build.position_at_end(body)
        yield index
        self.build.store(self.add(index, 1), counter)
        self.build.branch(head)
        self.build.position_at_end(done)

    @contextmanager
    def where(self, truth: Value) -> Iterator[None]:
        """Run what is written inside if a condition holds."""
        body, done = (self.function.append_basic_block(n) for n in ("then", "after"))
        self.build.cbranch(truth, body, done)
        self.build.position_at_end(body)
        yield
        self.build.branch(done)
        self.build.position_at_end(done)

    def by_vector(self, channels: int, each: Callable[[Value, int], None]) -> None:
        """Write for whole vectors of channels, and then for those that are left.

        each: given the bytes that lead to a vector, and how many of its numbers are channels.
        """
        lanes = self.machine.lanes
        whole, rest = divmod(channels, lanes)
        size = lanes * F32_BYTES
        if whole:
            with self.loop(0, whole) as vector:
                each(self.mul(vector, size), lanes)
        if rest:
            each(self.whole(whole * size), rest)
