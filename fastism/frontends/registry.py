"""Front ends by name: fastism's own, those registered in this process, and those packages offer.

A package offers a front end through an entry point of the group ``fastism.frontends``, which names
it and points at its module, whose ``FRONT_END`` it is.
"""

from __future__ import annotations

from typing import Final

from fastism.frontends.base import FrontEnd
from fastism.plugins import Modules

MODULES: Final = Modules(
    "front end",
    "fastism.frontends",
    {
        "keras": "fastism.frontends.keras.front_end",
    },
    ("FRONT_END",),
    "fastism/frontends/base.py",
)


def register_front_end(name: str, module: str) -> None:
    """Make the front end in a Python module (by its dotted path) known under a name.

    Raises InputError if another module has the name.
    """
    MODULES.register(name, module)


def front_end(name: str) -> FrontEnd:
    """The front end of a name. Raises InputError if there is none, or it cannot be imported."""
    found: FrontEnd = MODULES.load(name).FRONT_END
    return found


def recognising(model: object) -> FrontEnd | None:
    """The front end of a model, or of a path; None where it is of no kind that is known."""
    return next((end for end in map(front_end, MODULES.names()) if end.recognises(model)), None)


def front_end_of(model: object) -> FrontEnd:
    """The front end of a model, or of a path.

    What none recognises the first is given all the same, to say what is wrong with it.
    """
    return recognising(model) or front_end(MODULES.names()[0])
