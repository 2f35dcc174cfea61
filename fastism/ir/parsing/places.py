"""Where in the text the pieces of a module stand, for errors of the verifier to point at."""

from __future__ import annotations

from fastism.errors import ParseError, VerifyError
from fastism.ir.parsing.reader import Reader, Token


class Places:
    """Tokens by number of the graph, number of the node, and part; see `VerifyError`."""

    def __init__(self) -> None:
        self._tokens: dict[tuple[int | None, int | None, str], Token] = {}

    def mark(
        self, token: Token, graph: int | None = None, node: int | None = None, part: str = ""
    ) -> None:
        """Note where something stands; of several places the last counts."""
        self._tokens[graph, node, part] = token

    def find(self, graph: int | None, node: int | None, part: str) -> Token | None:
        """The nearest place known: the part's own, else the node's or the graph's."""
        keys = (
            *((graph, node, part), (None, None, part), (graph, node, "")),
            *((graph, None, part), (graph, None, "")),
        )
        return next((self._tokens[key] for key in keys if key in self._tokens), None)


def located(error: VerifyError, places: Places, reader: Reader) -> ParseError:
    """The verifier's error at its own line of the text."""
    token = places.find(error.graph, error.node, error.part) or reader.tokens[-1]
    return reader.fault(error.what, token, error.why, error.attempt)
