"""Items fold by pair, and pairs that read alike into chunks; none is lost, none twice."""

from __future__ import annotations

import numpy as np
import pytest

from fastism.runtime.items import Items, Pairs


def items(*triples: tuple[int, int, int]) -> Items:
    return Items(*np.array(triples, np.int64).reshape(-1, 3).T)


def folded(pairs: Pairs) -> list[list[int]]:
    """The items of each row of a fold that count."""
    return [row[valid].tolist() for row, valid in zip(pairs.item, pairs.valid, strict=True)]


def test_items_of_a_pair_are_a_row_in_the_order_of_their_alternatives() -> None:
    given = items((1, 5, 2), (0, 7, 1), (1, 5, 0), (0, 7, 0), (0, 2, 3), (0, 2, 1))
    pairs = Pairs.of(given, 4)
    assert folded(pairs) == [[5, 4], [3, 1], [2, 0]]
    assert pairs.valid.all()
    first = given.take(pairs.item[0])
    assert (first.sequence.tolist(), first.site.tolist()) == ([0, 0], [2, 2])
    assert first.alternative.tolist() == [1, 3]
    assert len(given) == 6


def test_a_row_is_as_wide_as_most_pairs_and_the_rest_repeats_its_first() -> None:
    """Two pairs of two, one of three, which takes a second row, and one of one."""
    three = [(0, 2, alternative) for alternative in range(3)]
    pairs = Pairs.of(items((0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1), *three, (0, 3, 2)), 9)
    assert pairs.item.tolist() == [[0, 1], [2, 3], [4, 5], [6, 6], [7, 7]]
    assert pairs.valid.tolist() == [[True, True]] * 3 + [[True, False]] * 2


@pytest.mark.parametrize(("most", "expected"), [(1, [[0], [1], [2]]), (2, [[0, 1], [2]])])
def test_a_row_holds_no_more_than_it_may(most: int, expected: list[list[int]]) -> None:
    assert folded(Pairs.of(items((0, 4, 0), (0, 4, 1), (0, 4, 2)), most)) == expected


def test_no_items_are_no_rows() -> None:
    pairs = Pairs.of(items(), 3)
    assert pairs.item.shape == pairs.valid.shape == (0, 1)


def test_a_chunk_is_of_one_key_and_of_so_many_rows() -> None:
    pairs = Pairs.of(items(*((0, site, 0) for site in range(7))), 1)
    keys = np.array([[1, 0], [0, 5], [1, 0], [1, 0], [0, 4], [1, 0], [0, 5]])
    chunks = [folded(chunk) for chunk in pairs.chunks(keys, 3)]
    assert chunks == [[[0], [2], [3]], [[5]], [[4]], [[1], [6]]]
    assert [len(chunk) for chunk in map(folded, pairs.chunks(keys[:, :0], 4))] == [4, 3]
