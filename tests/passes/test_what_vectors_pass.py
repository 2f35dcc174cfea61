"""Which ops a pooled vector passes, as a factor and as a term; and what is never negative."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from fastism.backends.reference import run
from fastism.ir.verify import verify
from fastism.passes import Canonicalize
from fastism.passes.canonicalization.pooled.spread import never_negative, spread
from fastism.passes.canonicalization.scope import Scope

RANDOM = np.random.default_rng(3)
WEIGHTS = {
    "up.scale": np.array([0.5, 2, 0, 1]),
    "down.scale": np.array([0.5, -2, 1, 1]),
    "up.shift": np.array([0, 2, 1, 0.5]),
    "slope.alpha": np.array([0.5, -2, 1, 1]),
    "row.value": RANDOM.normal(size=(1, 4)),
}
WEIGHTS = {name: array.astype("float32") for name, array in WEIGHTS.items()}
FACTOR = """
  %mean : f32[N,1,4] = global_average_pool(%seq) {keepdims=true}
  %vec  : f32[N,1,4] = sigmoid(%mean)
  %met  : f32[N,24,4] = multiply(%seq, %vec)
"""
TERM = """
  %vec : f32[N,1,4] = global_max_pool(%seq) {keepdims=true}
  %met : f32[N,24,4] = add(%vec, %seq)
"""
ALL, NEITHER, FACTORS, TERMS = ("multiply", "add"), (), ("multiply",), ("add",)


@pytest.mark.parametrize(
    ("node", "passed_by"),
    [
        ("%out : f32[N,20,4] = crop(%met) {left=2, right=2}", ALL),
        ("%out : f32[N,12,4] = slice(%met) {step=2}", ALL),
        ("%out : f32[N,48,4] = upsample(%met) {factor=2}", ALL),
        ("%out : f32[N,8,4] = average_pool(%met) {size=3, stride=3}", ALL),
        ("%out : f32[N,24,2] = slice_channels(%met) {start=1, stop=3}", ALL),
        ("%out : f32[N,8,4] = max_pool(%met) {size=3, stride=3}", ALL),
        ("%out : f32[N,24,4] = scale_shift(%met) scale=@down.scale", ALL),
        ("%out : f32[N,24,4] = scale_shift(%met) scale=@down.scale shift=@up.shift", ALL),
        # what is added behind a factor, and padded zeros beside a term, are not met by the vector
        ("%out : f32[N,24,4] = scale_shift(%met) shift=@up.shift", TERMS),
        ("%out : f32[N,27,4] = zero_pad(%met) {left=1, right=2}", FACTORS),
        ("%out : f32[N,24,4] = relu(%met)", FACTORS),
        ("%out : f32[N,24,4] = relu(%met) {negative_slope=0.5}", FACTORS),
        ("%out : f32[N,24,4] = prelu(%met) @slope.alpha", FACTORS),
        ("%out : f32[N,24,4] = absolute(%met)", FACTORS),
        ("%out : f32[N,24,4] = relu(%met) {max_value=1.0}", NEITHER),
        ("%out : f32[N,24,4] = relu(%met) {threshold=0.5}", NEITHER),
        ("%out : f32[N,24,4] = tanh(%met)", NEITHER),
        ("%out : f32[N,24,1] = channel_sum(%met)", NEITHER),
    ],
)
@pytest.mark.parametrize(("body", "op"), [(FACTOR, "multiply"), (TERM, "add")])
def test_what_a_vector_passes(
    parsed: Callable, body: str, op: str, node: str, passed_by: tuple[str, ...]
) -> None:
    text = f"graph @main(%seq: f32[N,24,4]) {{\n{body}  {node}\n  return %out\n}}\n"
    module = parsed(text, "canonical", WEIGHTS)
    found = Canonicalize()(module)
    verify(found)
    if op not in passed_by:
        assert found == module.replace(after="canonicalize")
        return
    assert "met" not in found.main.by_name
    meeting = next(n for n in found.main.nodes if n.op == op)
    assert meeting.inputs[0] == f"out.{'unscaled' if op == 'multiply' else 'unshifted'}"
    x = np.random.default_rng(9).normal(size=(2, 24, 4))
    old, new = (run(m, "main", {"seq": x}, dtype="float64")["out"] for m in (module, found))
    np.testing.assert_allclose(old, new, rtol=1e-6, atol=1e-9)


def scope(parsed: Callable, lines: str, output: str = "y") -> Scope:
    text = f"graph @main(%seq: f32[N,24,4]) {{\n{lines}\n  return %{output}\n}}\n"
    return Scope(parsed(text, "canonical", WEIGHTS))


@pytest.mark.parametrize(
    ("lines", "never"),
    [
        ("  %y : f32[N,24,4] = sigmoid(%seq)", True),
        ("  %y : f32[N,24,4] = tanh(%seq)", False),
        ("  %y : f32[N,24,4] = relu(%seq)", True),
        ("  %y : f32[N,24,4] = relu(%seq) {negative_slope=0.1}", False),
        ("  %y : f32[N,24,4] = relu(%seq) {threshold=0.5}", True),
        ("  %y : f32[N,24,4] = relu(%seq) {threshold=-0.5}", False),
        ("  %y : f32[N,24,4] = crop(%seq)", False),
        ("  %x : f32[N,24,4] = square(%seq)\n  %y : f32[N,24,4] = scale_shift(%x) @up.scale", True),
        (
            "  %x : f32[N,24,4] = square(%seq)\n"
            "  %y : f32[N,24,4] = scale_shift(%x) @up.scale @up.shift",
            True,
        ),
        (
            "  %x : f32[N,24,4] = square(%seq)\n  %y : f32[N,24,4] = scale_shift(%x) @down.scale",
            False,
        ),
        ("  %y : f32[N,24,4] = scale_shift(%seq) @up.scale", False),
        ("  %x : f32[N,24,4] = square(%seq)\n  %y : f32[N,24,4] = multiply(%x, %x)", True),
        ("  %x : f32[N,24,4] = square(%seq)\n  %y : f32[N,24,4] = add(%x, %seq)", False),
        ("  %x : f32[N,24,4] = square(%seq)\n  %y : f32[N,24,4] = subtract(%x, %x)", False),
        ("  %x : f32[N,24,4] = square(%seq)\n  %y : f32[N,24,1] = channel_max(%x)", True),
        ("  %x : f32[N,24,4] = square(%seq)\n  %y : f32[N,4] = global_max_pool(%x)", True),
    ],
)
def test_what_is_never_negative(parsed: Callable, lines: str, never: bool) -> None:
    assert never_negative("y", scope(parsed, lines)) is never


COPIES = "  %copy : f32[N,24,4] = upsample(%vec) {factor=24}\n"


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("multiply(%seq, %vec)", ("multiply", "seq", "vec")),
        ("multiply(%vec, %seq)", ("multiply", "seq", "vec")),
        ("add(%vec, %seq)", ("add", "seq", "vec")),
        ("subtract(%seq, %vec)", ("subtract", "seq", "vec")),
        ("divide(%seq, %vec)", ("divide", "seq", "vec")),
        ("multiply(%seq, %copy)", ("multiply", "seq", "vec")),
        ("add(%copy, %seq)", ("add", "seq", "vec")),
        ("subtract(%vec, %seq)", None),
        ("divide(%copy, %seq)", None),
        ("maximum(%seq, %vec)", None),
        ("multiply(%seq, %seq)", None),
        ("multiply(%seq, %vec, %vec)", None),
        ("multiply(%seq, %still)", None),
        ("multiply(%seq, %twice)", None),
    ],
)
def test_what_is_spread(parsed: Callable, lines: str, found: tuple[str, str, str] | None) -> None:
    made = scope(
        parsed,
        "  %vec : f32[N,1,4] = global_max_pool(%seq) {keepdims=true}\n"
        "  %still : f32[N,1,4] = constant(%seq) @row.value\n"
        f"{COPIES}"
        "  %two : f32[N,12,4] = max_pool(%seq) {size=2, stride=2}\n"
        "  %twice : f32[N,24,4] = upsample(%two) {factor=2}\n"
        f"  %met : f32[N,24,4] = {lines}\n"
        "  %y : f32[N,24,4] = absolute(%met)",
    )
    spread_ = spread("met", made)
    assert (spread_ and (spread_.op, spread_.local, spread_.vector)) == found
    assert spread_ is None or spread_.scales is (spread_.op in ("multiply", "divide"))


def test_what_two_read_or_the_model_returns_is_not_spread(parsed: Callable) -> None:
    vec = "  %vec : f32[N,1,4] = global_max_pool(%seq) {keepdims=true}\n"
    met = "  %met : f32[N,24,4] = add(%vec, %seq)\n"
    assert spread("met", scope(parsed, vec + met, "met")) is None
    both = "  %y : f32[N,24,4] = multiply(%met, %met)"
    assert spread("met", scope(parsed, vec + met + both)) is not None
    two = "  %a : f32[N,24,4] = tanh(%met)\n  %y : f32[N,24,4] = multiply(%met, %a)"
    assert spread("met", scope(parsed, vec + met + two)) is None
