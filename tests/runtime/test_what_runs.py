"""What a scheduled module needs to run, and whether one program's reference serves another."""

from __future__ import annotations

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.ir import Constant, Module, Sites
from fastism.runtime.alike import serves
from fastism.runtime.whole import check_runs
from tests.passes.conftest import module_of
from tests.runtime.small import small

LIVE = """
graph @main(%seq: f32[N,4,2]) {
  %one : f32[N,4,2] = opaque(%seq) {key=mine} layer=tower/mine
  return %one
}
"""


def test_a_constant_without_content() -> None:
    module = small().module
    check_runs(module, {})
    bare = Constant(module.constants["conv.bias"].type, module.constants["conv.bias"].digest)
    with pytest.raises(InputError, match=r"@conv\.bias has no content, so the scheduled module"):
        check_runs(module.with_constants({"conv.bias": bare}), {})


def test_a_live_layer_that_is_not_given() -> None:
    module = module_of(LIVE, "flat", sites=Sites.every(4))
    check_runs(module, {"mine"})
    with pytest.raises(InputError, match="layer 'tower/mine' is run by Keras itself"):
        check_runs(module, {"other"})


def replaced(module: Module, name: str, add: float) -> Module:
    data = np.array(module.constants[name].data)
    return module.with_constants({name: Constant.of(data + add)})


def test_one_program_serves_another() -> None:
    """Where it keeps all that the other reads, made alike, of the same weights."""
    every, one = small().module, small(Sites((5,))).module
    kept = set(every.main.outputs)
    assert kept >= set(one.main.outputs)
    assert serves(every, one)
    less = every.with_graphs([every.main.replace(outputs=every.main.outputs[:3])])
    assert serves(less, one) == (set(every.main.outputs[:3]) >= set(one.main.outputs))
    assert not serves(replaced(every, "conv.kernel", 1), one)
    # what hangs on another weight alone is not served, and all else is
    assert not serves(replaced(every, "track.kernel", 1), one)
    wider = every.main.replace(
        nodes=tuple(
            node.with_attributes(size=3) if node.op == "max_pool" else node
            for node in every.main.nodes
        )
    )
    assert not serves(every.with_graphs([wider]), one)
