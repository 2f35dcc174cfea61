"""Lanes of a vector that are chosen by a mask, and vectors whose lanes change places."""

from __future__ import annotations

from llvmlite import ir

from fastism.backends.native.code import I64, Code, Value


def positions(code: Code, chosen: Value) -> tuple[Value, Value]:
    """The numbers of the chosen lanes, one after the other, as i32; and how many there are."""
    lanes = code.machine.lanes
    mask = code.build.bitcast(chosen, ir.IntType(lanes))
    if lanes == 16:  # AVX-512 alone moves lanes by a mask; for fewer there is a table
        kinds = [code.integers, code.integers, code.truths]
        compress = "llvm.x86.avx512.mask.compress.v16i32"
        function = code.declared(compress, code.integers, kinds)
        every = ir.Constant(code.integers, list(range(lanes)))
        given = [every, ir.Constant(code.integers, None), chosen]
        return code.build.call(function, given), code.ones(mask)
    row = code.mul(code.build.zext(mask, I64), lanes)
    address = code.add(code.address(_table(code)), row)
    kind = ir.VectorType(ir.IntType(8), lanes)
    found = code.build.load(code.pointer(address), typ=kind, align=1)
    return code.build.zext(found, code.integers), code.ones(mask)


def _table(code: Code) -> Value:
    """By every mask, the numbers of its lanes."""
    lanes, name = code.machine.lanes, "positions"
    if name not in code.module.globals:
        numbers: list[int] = []
        for mask in range(1 << lanes):
            chosen = [lane for lane in range(lanes) if mask >> lane & 1]
            numbers += chosen + [0] * (lanes - len(chosen))
        kind = ir.ArrayType(ir.IntType(8), len(numbers))
        table = ir.GlobalVariable(code.module, kind, name)
        table.global_constant, table.linkage = True, "internal"
        table.initializer = ir.Constant(kind, bytearray(numbers))
    return code.module.globals[name]


def permuted(code: Code, vector: Value, order: Value) -> Value:
    """The lanes of a vector in the order of their numbers, by an instruction of AVX2."""
    kinds = [code.vector, code.integers]
    function = code.declared("llvm.x86.avx2.permps", code.vector, kinds)
    return code.build.call(function, [vector, order])
