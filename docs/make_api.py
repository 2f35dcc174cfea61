"""What docs/api.md says: what ``import fastism`` offers, from its docstrings."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import fastism
from docs.markdown import prose
from fastism import scores

ABOUT = """\
# Python

What `import fastism` offers. N counts sequences, L positions, C channels, S sites, A alternatives;
`*out` is the shape of an output. Names that other modules offer are in
[public_names.md](public_names.md). `make pages` writes this page.
"""

APART = ("scores", "__version__")
"""Names of ``fastism`` that are no class or function."""
MADE_BY_FASTISM = ("Plan", "Scores", "Score", "FastismError")
"""Classes that users are given, and do not make."""


def page() -> str:
    """The text of the page."""
    parts = [ABOUT]
    for name in fastism.__all__:
        if name not in APART:
            parts.append(_entry("##", f"fastism.{name}", getattr(fastism, name)))
    parts.append(f"## fastism.scores\n\n{prose(scores.__doc__ or '')}\n")
    for name in scores.__all__:
        if callable(getattr(scores, name)):
            parts.append(_entry("###", f"scores.{name}", getattr(scores, name)))
    return "\n".join(parts)


def _entry(heading: str, name: str, named: Any) -> str:
    text = f"{heading} {name}\n\n{_signature(name.rpartition('.')[2], named)}{_described(named)}\n"
    if not inspect.isclass(named) or issubclass(named, Exception):
        return text
    return "\n".join([text, *(_entry(f"{heading}#", *member) for member in _members(named))])


def _members(cls: type) -> Iterator[tuple[str, Any]]:
    """Public methods and properties with a docstring, as they are written."""
    for name in dict.fromkeys(name for each in cls.__mro__[-2::-1] for name in vars(each)):
        member = inspect.getattr_static(cls, name)
        function = member.fget if isinstance(member, property) else member
        public = not name.startswith("_") or name == "__call__"
        if public and inspect.isfunction(function) and function.__doc__:
            yield f"{cls.__name__}.{name}", member


def _signature(name: str, named: Any) -> str:
    """How it is called, types left out; nothing for what no user makes."""
    if isinstance(named, property) or name in MADE_BY_FASTISM:
        return ""
    given = inspect.signature(named).parameters.values()
    plain = [each.replace(annotation=each.empty) for each in given if each.name != "self"]
    return f"`{name}{inspect.Signature(plain)}`\n\n"


def _described(named: Any) -> str:
    """A docstring, the arguments it names as a list."""
    text = prose(inspect.getdoc(named) or "")
    made = []
    for paragraph in text.split("\n\n"):
        items = re.split(r"\n(?=[a-z_]+(?:, [a-z_]+)*: )", paragraph)
        if re.match(r"[a-z_]+(?:, [a-z_]+)*: ", items[0]) and not paragraph.startswith(" "):
            paragraph = "\n".join(f"- {_named(item)}" for item in items)
        made.append(paragraph)
    return "\n\n".join(made)


def _named(item: str) -> str:
    names, _, rest = item.partition(": ")
    quoted = ", ".join(f"`{name}`" for name in names.split(", "))
    return f"{quoted}: {' '.join(rest.split())}"
