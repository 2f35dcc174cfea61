"""Exponentials, logarithms and their kin on vectors, to the rounding of f32.

Coefficients are those of the Cephes library (Moshier 1989, expf, logf, tanhf), and for erf those of
a rational approximation on [-4, 4] whose error is below one unit in the last place of 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from llvmlite import ir

from fastism.backends.native.code import Code, Value

LOWEST, HIGHEST = -104.0, 89.0
"""Below, exp rounds to 0; above, it is infinite."""
LN2_HIGH, LN2_LOW = 0.693359375, -2.12194440e-4
EXP: Final = (
    *(1.9875691500e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1),
    5.0000001201e-1,
)
LOG: Final = (
    *(7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1),
    *(-1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1),
)
TANH: Final = (
    *(-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1),
    -3.33332819422e-1,
)
ERF_ABOVE: Final = (
    *(-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05),
    *(-7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02),
)
ERF_BELOW: Final = (
    *(-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03),
    -1.42647390514189e-02,
)


def polynomial(code: Code, x: Value, coefficients: Sequence[float]) -> Value:
    """The polynomial with these coefficients, that of the highest power first."""
    total = code.number(coefficients[0])
    for coefficient in coefficients[1:]:
        total = code.fma(total, x, code.number(coefficient))
    return total


def _reduced(code: Code, x: Value) -> tuple[Value, Value]:
    """(n, exp(r) - 1) where x = n ln 2 + r, for x between LOWEST and HIGHEST."""
    n = code.rounded(code.build.fmul(x, code.number(1 / math.log(2))))
    r = code.fma(n, code.number(-LN2_HIGH), x)
    r = code.fma(n, code.number(-LN2_LOW), r)
    square = code.build.fmul(r, r)
    return n, code.fma(square, polynomial(code, r, EXP), r)


def _power_of_two(code: Code, n: Value) -> Value:
    """2 to a vector of i32, for n from -126 to 127."""
    biased = code.build.add(n, ir.Constant(code.integers, [127] * code.machine.lanes))
    shift = ir.Constant(code.integers, [23] * code.machine.lanes)
    return code.build.bitcast(code.build.shl(biased, shift), code.vector)


def _scaled(code: Code, value: Value, n: Value) -> Value:
    """``value * 2**n``, in two steps so that neither factor leaves the range."""
    whole = code.build.fptosi(n, code.integers)
    half = code.build.ashr(whole, ir.Constant(code.integers, [1] * code.machine.lanes))
    rest = code.build.sub(whole, half)
    first = code.build.fmul(value, _power_of_two(code, half))
    return code.build.fmul(first, _power_of_two(code, rest))


def exp(code: Code, x: Value) -> Value:
    """The exponential."""
    x = code.larger(code.smaller(x, code.number(HIGHEST)), code.number(LOWEST))
    n, above_one = _reduced(code, x)
    return _scaled(code, code.build.fadd(above_one, code.number(1)), n)


def expm1(code: Code, x: Value) -> Value:
    """exp(x) - 1, as near for small x."""
    x = code.larger(code.smaller(x, code.number(HIGHEST)), code.number(-30.0))
    n, above_one = _reduced(code, x)
    power = _scaled(code, code.number(1), n)
    # Of 2**128 nothing may be taken away: it is infinite already.
    large = code.build.fcmp_ordered(">", n, code.number(60))
    exact = code.fma(power, above_one, code.build.fsub(power, code.number(1)))
    huge = _scaled(code, code.build.fadd(above_one, code.number(1)), n)
    return code.build.select(large, huge, exact)


def log(code: Code, x: Value) -> Value:
    """The natural logarithm of a normal positive number."""
    build, lanes = code.build, code.machine.lanes

    def each(number: int) -> Value:
        return ir.Constant(code.integers, [number] * lanes)

    bits = build.bitcast(x, code.integers)
    exponent = build.sub(build.lshr(bits, each(23)), each(126))
    mantissa = build.or_(build.and_(bits, each(0x807FFFFF - (1 << 32))), each(0x3F000000))
    m = build.bitcast(mantissa, code.vector)
    small = build.fcmp_ordered("<", m, code.number(math.sqrt(0.5)))
    e = build.sitofp(exponent, code.vector)
    e = build.select(small, build.fsub(e, code.number(1)), e)
    m = build.fsub(build.select(small, build.fadd(m, m), m), code.number(1))
    square = build.fmul(m, m)
    y = build.fmul(build.fmul(polynomial(code, m, LOG), m), square)
    y = code.fma(e, code.number(LN2_LOW), y)
    y = code.fma(square, code.number(-0.5), y)
    return code.fma(e, code.number(LN2_HIGH), build.fadd(m, y))


def log_of_any(code: Code, x: Value) -> Value:
    """The natural logarithm: -infinity of 0, NaN of less."""
    build = code.build
    tiny = build.fcmp_ordered("<", x, code.number(2.0**-126))
    normal = build.select(tiny, build.fmul(x, code.number(2.0**24)), x)
    found = log(code, normal)
    found = build.select(tiny, build.fsub(found, code.number(24 * math.log(2))), found)
    known = build.fcmp_ordered("<", x, code.number(math.inf))
    found = build.select(known, found, x)  # of infinity, and of NaN
    found = build.select(build.fcmp_ordered("<", x, code.zero), code.number(math.nan), found)
    return build.select(build.fcmp_ordered("==", x, code.zero), code.number(-math.inf), found)


def log1p(code: Code, x: Value) -> Value:
    """log(1 + x) for x from 0 to 1."""
    total, lost = _one_more(code, x)
    return code.build.fadd(log(code, total), lost)


def log1p_of_any(code: Code, x: Value) -> Value:
    """log(1 + x): -infinity of -1, NaN of less."""
    build = code.build
    total, lost = _one_more(code, x)
    found = log_of_any(code, total)
    inside = build.and_(
        build.fcmp_ordered(">", total, code.zero),
        build.fcmp_ordered("<", total, code.number(math.inf)),
    )
    return build.select(inside, build.fadd(found, lost), found)


def _one_more(code: Code, x: Value) -> tuple[Value, Value]:
    """1 + x, rounded, and what the logarithm lacks for that."""
    build = code.build
    total = build.fadd(x, code.number(1))
    lost = build.fsub(x, build.fsub(total, code.number(1)))
    return total, build.fdiv(lost, total)


def power(code: Code, x: Value, exponent: float) -> Value:
    """x to a power: the whole part by products; NaN of numbers below zero if there is another."""
    build, whole = code.build, int(exponent)
    found, factor, left = code.number(1), x, abs(whole)
    while left:
        if left & 1:
            found = build.fmul(found, factor)
        factor, left = build.fmul(factor, factor), left >> 1
    found = found if whole >= 0 else build.fdiv(code.number(1), found)
    rest = exponent - whole
    if rest == 0:
        return found
    if rest == 0.5:
        return build.fmul(found, code.root(x))
    return build.fmul(found, exp(code, build.fmul(log_of_any(code, x), code.number(rest))))


def tanh(code: Code, x: Value) -> Value:
    """The hyperbolic tangent."""
    build, size = code.build, code.size(x)
    square = build.fmul(x, x)
    near = code.fma(build.fmul(polynomial(code, square, TANH), square), x, x)
    power = exp(code, build.fadd(size, size))
    far = build.fdiv(code.number(2), build.fadd(power, code.number(1)))
    far = code.signed_as(build.fsub(code.number(1), far), x)
    return build.select(build.fcmp_ordered("<", size, code.number(0.625)), near, far)


def sigmoid(code: Code, x: Value) -> Value:
    """1 / (1 + exp(-x))."""
    power = exp(code, code.build.fneg(x))
    return code.build.fdiv(code.number(1), code.build.fadd(power, code.number(1)))


def softplus(code: Code, x: Value) -> Value:
    """log(1 + exp(x))."""
    power = exp(code, code.build.fneg(code.size(x)))
    return code.build.fadd(code.larger(x, code.zero), log1p(code, power))


def erf(code: Code, x: Value) -> Value:
    """The error function."""
    x = code.larger(code.smaller(x, code.number(4)), code.number(-4))
    square = code.build.fmul(x, x)
    above = code.build.fmul(x, polynomial(code, square, ERF_ABOVE))
    return code.build.fdiv(above, polynomial(code, square, ERF_BELOW))
