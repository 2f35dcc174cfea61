"""What the fixture `exported` gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fastism.runtime.plan import Plan


@dataclass(frozen=True)
class Exported:
    """A plan, and the folder it was exported to."""

    plan: Plan
    folder: Path


Export = Callable[[str], Exported]
"""From the name of a model of the zoo."""
