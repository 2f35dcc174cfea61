"""Batches of sequences scored as they come, in this process or by the workers of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

Scored = TypeVar("Scored")


def streamed(
    ask: Callable[..., Scored],
    inputs: Iterable[Mapping[str, Any]],
    client: Any,
    options: Mapping[str, Any],
) -> Iterator[Scored]:
    """The scores of every batch: of ``ask`` called on its inputs, by name, with these options.

    ask: a plan, both its strands or an ensemble. client: a ``distributed.Client``, or None.
    """
    if client is None:
        for each in inputs:
            yield ask(each, **options)
        return
    from fastism.cluster.stream import stream

    computed: Iterator[Any] = stream(client, ask, inputs, options)  # type: ignore[arg-type]
    yield from computed
