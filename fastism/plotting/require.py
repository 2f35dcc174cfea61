"""Whether pictures can be drawn here."""

from __future__ import annotations

from fastism.errors import require_extra


def require_plotting(purpose: str) -> None:
    """Raises InputError, with the line to type, where the packages that draw are not installed."""
    require_extra("plot", purpose, "matplotlib", "logomaker")
