"""Which program scores a substitution of some width, and on what it is worth to make one."""

from __future__ import annotations

import numpy as np
import pytest

from fastism.errors import InputError
from fastism.ir import ModelInput, Sites
from fastism.passes import Pipeline
from fastism.runtime.plan import Plan
from fastism.runtime.resited import FEW, Resited, _covering, _steps
from tests.runtime.small import LENGTH, LETTERS, by_hand, near, sequences, small, written


@pytest.fixture(scope="module")
def plan() -> Plan:
    return small()


def test_the_least_width_that_holds_an_edit() -> None:
    width = np.array([1, 2, 4, 5, 12, 16, 17, 64, 65])
    assert _steps(width, 100).tolist() == [1, 4, 4, 16, 16, 16, 64, 64, 0]
    assert _steps(width, 64).tolist() == [1, 4, 4, 16, 16, 16, 64, 64, 0]
    assert _steps(width, 12).tolist() == [1, 4, 4, 0, 0, 0, 0, 0, 0]


def test_the_site_that_holds_an_edit_and_begins_last() -> None:
    executor = small(Sites((8, 0, 5), 3), alternatives="zeros").executor
    position, width = np.array([0, 2, 3, 5, 7, 8, 9, 10]), np.array([3, 1, 1, 1, 1, 3, 2, 2])
    assert _covering(executor, position, width).tolist() == [1, 1, -1, 2, 2, 0, 0, -1]


def test_edits_are_shared_out_among_programs(plan: Plan) -> None:
    """Those of the plan's own width, those of a width worth a program, and the rest, whole."""
    many = FEW
    position = np.array([3, *[2] * many, 0])
    width = np.array([1, *[3] * many, 9])
    shares = {share.executor: share for share in Resited(plan).shares(position, width)}
    assert set(map(len, (share.chosen for share in shares.values()))) == {1, many}
    own, whole = shares[plan.executor], shares[None]
    assert (own.chosen.tolist(), own.sites.tolist()) == ([0], [3])
    assert (whole.chosen.tolist(), whole.sites.tolist()) == ([many + 1], [-1])
    (made,) = (executor for executor in shares if executor not in (None, plan.executor))
    assert made is not None
    assert made.width == 4
    assert shares[made].chosen.tolist() == list(range(1, many + 1))
    assert made.starts[shares[made].sites].tolist() == [2] * many


def test_few_edits_are_predicted_whole(plan: Plan) -> None:
    few = FEW - 1
    resited = Resited(plan)
    (share,) = resited.shares(np.full(few, 2), np.full(few, 3))
    assert share.executor is None
    assert share.chosen.tolist() == list(range(few))
    assert resited.worth({(2, 3): few, (1, 1): 99}) == ()
    assert resited.worth({(2, 3): few, (5, 2): 1, (0, 12): 99}) == (4,)
    assert resited.worth({}) == ()
    resited.make((4,))
    (share,) = resited.shares(np.array([2]), np.array([3]))
    assert share.executor is not None
    taken = resited.shares(np.array([2, 3]), np.array([3, 3]))[0].take(np.array([False, True]))
    assert (taken.chosen.tolist(), len(taken.sites)) == ([1], 1)


def test_many_substitutions_of_other_widths(plan: Plan) -> None:
    x = sequences(3)
    draws = np.random.default_rng(2)
    width = draws.integers(1, 6, 90)
    position = np.array([draws.integers(0, LENGTH - each + 1) for each in width])
    sequence = draws.integers(0, 3, 90)
    rows = [LETTERS[draws.integers(0, 4, each)] for each in width]
    seen: list[tuple[int, int]] = []
    for ask in (plan, small(letters=[0, 1, 2, 3])):
        found = ask.variants(
            x, sequence, position, rows, batch_size=2, progress=lambda *done: seen.append(done)
        )
        for index in range(90):
            own = x[sequence[index]][None]
            expected = by_hand(written(own, position[index], rows[index]))
            for name, values in expected.items():
                near(found[name].alternate[index], values[0])
                near(found[name].reference[index], by_hand(own)[name][0])
    assert seen[-1] == (90, 90)


def test_a_plan_that_begins_late_makes_no_program() -> None:
    from fastism import api

    late = api.from_module(Pipeline.parse("annotate").run(small().stages[0]), backend="reference")
    (share,) = Resited(late).shares(np.full(99, 2), np.full(99, 3))
    assert share.executor is None


def test_models_over_tokens(plan: Plan) -> None:
    from fastism import api

    first = plan.stages[0].replace(inputs=(ModelInput("seq", (LENGTH,), tokens=True),))
    tokens = api.from_module(first, backend="reference")
    x = sequences(2)
    expected = plan(x)["tasks"]
    for given in (x.argmax(axis=-1), x):
        assert tokens(given)["tasks"].alternate.tolist() == expected.alternate.tolist()
    found = tokens.variants(x.argmax(axis=-1), [1], [3], [LETTERS[[0, 2]]])["tasks"]
    near(found.alternate, by_hand(written(x[1:], 3, LETTERS[[0, 2]]))["tasks"])
    with pytest.raises(InputError, match="a substitution is not one token at every position"):
        tokens.variants(x, [1], [3], [np.full((1, 4), 0.25)])
    with pytest.raises(InputError, match="the input 'seq' holds numbers that are not tokens"):
        tokens(np.full((1, LENGTH), 4))
