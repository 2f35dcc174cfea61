"""Where a node came from: the model file and the layer, by its Keras name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """The layer a node was lowered from.

    ``layer`` is the path of Keras names from the model down (``encoder/conv1d_3``); ``kind`` the
    layer's class name. Passes that split or rename a node keep its origin.
    """

    layer: str
    kind: str = ""

    def __str__(self) -> str:
        return f"{self.layer} ({self.kind})" if self.kind else self.layer
