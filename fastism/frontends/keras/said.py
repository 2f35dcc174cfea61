"""What Keras says when it refuses something, in one line."""

from __future__ import annotations

import re

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_CAUSE = "Exception encountered: "
_SAYS_NOTHING = (
    "Exception encountered when calling",
    "Arguments received by",
    "A total of ",  # so many objects could not be loaded; for one of them it says more
)


def message(error: Exception) -> str:
    """What an error says; of a key that is not there, so."""
    return f"there is no {error}" if isinstance(error, KeyError) else str(error)


def first_line(message: str) -> str:
    """The first line of a message of Keras that says something, shortened."""
    lines = [line.strip() for line in _COLOURS.sub("", message).splitlines() if line.strip()]
    inner = [line.removeprefix(_CAUSE) for line in lines if line.startswith(_CAUSE)]
    telling = inner[-1:] or [line for line in lines if not line.startswith(_SAYS_NOTHING)]
    line = (telling or lines or ["Keras gives no reason"])[0]
    return line if len(line) <= 200 else line[:197] + "..."
