"""Sines and cosines on vectors, to the rounding of f32.

The nearest multiple of a quarter turn is taken away in f64, in two parts, so that numbers up to
2**50 are as exact as small ones. Coefficients are those of the Cephes library (Moshier 1989, sinf,
cosf), good up to an eighth of a turn either way.
"""

from __future__ import annotations

import math
from typing import Final

from fastism.backends.native.code import Code, Value
from fastism.backends.native.functions import polynomial

QUARTER, QUARTER_LOW = math.pi / 2, 6.123233995736766e-17
"""A quarter turn, and what it lacks in f64."""
SIN: Final = (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)
COS: Final = (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)


def sin(code: Code, x: Value) -> Value:
    """The sine."""
    return _sine(code, x, 0)


def cos(code: Code, x: Value) -> Value:
    """The cosine: the sine a quarter turn on."""
    return _sine(code, x, 1)


def _sine(code: Code, x: Value, ahead: int) -> Value:
    """The sine of x and so many quarter turns."""
    build = code.build
    wide = build.fpext(x, code.doubles)
    turns = code.rounded(build.fmul(wide, code.double(1 / QUARTER)))
    rest = code.fma(turns, code.double(-QUARTER), wide)
    rest = build.fptrunc(code.fma(turns, code.double(-QUARTER_LOW), rest), code.vector)
    turns = build.fadd(turns, code.double(ahead))
    whole = code.floor(build.fmul(turns, code.double(0.25)))
    quarter = build.fptrunc(code.fma(whole, code.double(-4), turns), code.vector)

    square = build.fmul(rest, rest)
    sine = code.fma(build.fmul(polynomial(code, square, SIN), square), rest, rest)
    cosine = build.fmul(polynomial(code, square, COS), build.fmul(square, square))
    cosine = build.fadd(code.fma(square, code.number(-0.5), cosine), code.number(1))

    odd = build.or_(
        build.fcmp_ordered("==", quarter, code.number(1)),
        build.fcmp_ordered("==", quarter, code.number(3)),
    )
    found = build.select(odd, cosine, sine)
    behind_half = build.fcmp_ordered(">=", quarter, code.number(2))
    return build.select(behind_half, build.fneg(found), found)
