"""How modules that should be equal and are not are told apart."""

import pytest

from fastism.ir import Value
from fastism.testing.equality import assert_same_graph, assert_same_module
from tests.ir.trunk import trunk


def test_the_difference_is_shown_without_the_alignment() -> None:
    module = trunk()
    renamed = module.main.replace(
        nodes=(module.main.nodes[0], module.main.nodes[1].with_attributes(left=7)),
    )
    with pytest.raises(AssertionError) as caught:
        assert_same_graph(module.main, renamed)
    changed = [line for line in str(caught.value).splitlines() if line.startswith(("-  ", "+  "))]
    assert len(changed) == 2
    assert changed[1].endswith("crop(%conv) {left=7, right=6}")
    with pytest.raises(AssertionError, match=r"\+.*left=7"):
        assert_same_module(module, module.with_graphs([renamed]))


def test_a_difference_away_from_the_worked_site_is_found() -> None:
    module = trunk()
    first, last = module.main.nodes
    assert first.result.change is not None
    start = first.result.change.start.copy()
    start[3] += 1
    change = type(first.result.change)(start, first.result.change.stop, 30)
    value = Value("conv", first.type, change, first.result.need)
    other = module.main.replace(nodes=(first.replace(results=(value,)), last))
    with pytest.raises(AssertionError, match="the text is the same, but @main differs at"):
        assert_same_module(module, module.with_graphs([other]))
