"""Graphs with a pooled vector, before and after canonicalization."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from fastism.passes import Canonicalize

LENGTH = 24
RANDOM = np.random.default_rng(5)
WEIGHTS = {
    "wide.kernel": RANDOM.normal(size=(5, 4, 3)),
    "wide.bias": RANDOM.normal(size=3),
    "apart.kernel": RANDOM.normal(size=(3, 1, 4)),
    "mix.kernel": RANDOM.normal(size=(1, 4, 3)),
    "row.value": RANDOM.normal(size=(1, 4)),
    "bn.scale": RANDOM.normal(size=4),
    "bn.shift": RANDOM.normal(size=4),
}
WEIGHTS["both.kernel"] = RANDOM.normal(size=(5, 8, 3))
WEIGHTS["conv.kernel.local"] = WEIGHTS["both.kernel"][:, :4]
WEIGHTS["conv.kernel.vector"] = WEIGHTS["both.kernel"][:, 4:]
WEIGHTS["four.kernel"] = RANDOM.normal(size=(3, 14, 3))
_ONE, _SEQ, _TWO, _MORE = np.split(WEIGHTS["four.kernel"], [4, 8, 11], axis=1)
WEIGHTS["mixed.kernel.local"] = np.concatenate([_SEQ, _MORE], axis=1)
WEIGHTS["mixed.kernel.vector"] = np.concatenate([_ONE, _TWO], axis=1)
WEIGHTS["bn.unshifted.shift.pooled"] = WEIGHTS["bn.shift.pooled"] = (
    WEIGHTS["bn.shift"].astype("float32") * 24
)
WEIGHTS["far.kernel"] = RANDOM.normal(size=(96, 96))
WEIGHTS["mix.unshifted.kernel.pooled"] = WEIGHTS["mix.kernel"][0]
WEIGHTS["mix.unshifted.bias.pooled"] = WEIGHTS["wide.bias"].astype("float32") * 24
WEIGHTS["total.positions"] = np.asarray(24)
WEIGHTS = {name: array.astype("float32") for name, array in WEIGHTS.items()}

GATE = """\
  %mean   : f32[N,1,4] = global_average_pool(%seq) {keepdims=true}
  %excite : f32[N,1,4] = sigmoid(%mean)
  %gate   : f32[N,24,4] = multiply(%excite, %seq)
"""
EXCITE = "\n".join(GATE.splitlines()[:2])
CONTEXT = """\
  %most : f32[N,1,4]  = global_max_pool(%seq) {keepdims=true}
  %with : f32[N,24,4] = add(%seq, %most)
"""
MOST = CONTEXT.splitlines()[0]


def graph(body: str) -> str:
    output = body.split(" : ")[-2].split()[-1]
    return f"graph @main(%seq: f32[N,24,4]) {{\n{body}\n  return {output}\n}}\n"


Check = Callable[[str, str], None]


def stays(parsed: Callable, body: str) -> None:
    module = parsed(graph(body), "canonical", WEIGHTS)
    assert Canonicalize()(module) == module.replace(after="canonicalize")
