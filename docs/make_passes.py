"""What docs/passes.md says: every pass with its stages and options, and the pipelines of them."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Mapping

from docs.markdown import code, prose, table
from fastism.passes import DEFAULT, Pass, lookup, names, pipeline
from fastism.passes.options import kinds, write

ABOUT = """\
# Passes

A pass takes a module to another; the verifier looks at every result. The passes that are run unless
`--pipeline` says otherwise:

```
{default}
```

A pipeline is written

```
{grammar}
```

as in `segment{{stop-layers=dense_1,dense_2 weigh=false}},split{{groups=1}}`; `none` stands for an
option that is not set. A pass of one's own is a class with `@register_pass` above it
([examples/custom_pass.py](../examples/custom_pass.py)), in a file that `--passes-from` names, or
in a package that offers it ([examples/plugin](../examples/plugin)). `make pages` writes this page.
"""


def page() -> str:
    """The text of the page. Raises KeyError for an option that its class does not describe."""
    own = (each for each in map(lookup, names()) if each.__module__.startswith("fastism."))
    usual = DEFAULT.split(",")
    last = len(usual)
    order = sorted(own, key=lambda each: usual.index(each.name) if each.name in usual else last)
    grammar = inspect.cleandoc(str(pipeline.__doc__)).split("\n\n")[1]
    return "\n".join([ABOUT.format(default=DEFAULT, grammar=grammar), *map(_section, order)])


def _section(kind: type[Pass]) -> str:
    text, options = _described(kind)
    file = kind.__module__.replace(".", "/") + ".py"
    takes = " or ".join(map(code, kind.requires)) if kind.requires else "any stage"
    makes = f"`{kind.produces}`" if kind.produces else "the stage it is given"
    head = f"## {kind.name}\n\nFrom {takes} to {makes}; [{file}](../{file}).\n"
    rows = (
        (_spelled(each.name), options[each.name], str(kinds(kind)[each.name]), _default(each))
        for each in dataclasses.fields(kind)
    )
    parts = [head, text + "\n", *_more(kind)]
    if dataclasses.fields(kind):
        parts.append(table(("option", "what it says", "value", "default"), rows))
    return "\n".join(parts)


def _more(kind: type[Pass]) -> list[str]:
    """What the docstring of a pass's file says behind its first paragraph."""
    _, _, more = prose(str(inspect.getdoc(inspect.getmodule(kind)))).partition("\n\n")
    return [more + "\n"] if more else []


def _described(kind: type[Pass]) -> tuple[str, Mapping[str, str]]:
    """What the docstring of a pass says of the pass, and of each of its options."""
    text, fields = prose(str(kind.__doc__)), [each.name for each in dataclasses.fields(kind)]
    if not fields:
        return text, {}
    first, *rest = re.split(rf"(?:^|(?<=\s))({'|'.join(fields)}): ", text)
    options = {
        name: " ".join(said.split()) for name, said in zip(rest[::2], rest[1::2], strict=True)
    }
    return first.strip(), options


def _spelled(field: str) -> str:
    return f"`{field.replace('_', '-')}`"


def _default(field: dataclasses.Field[object]) -> str:
    if field.default is dataclasses.MISSING:
        return "must be given"
    return f"`{write(field.default)}`" if field.default != () else "none"  # type: ignore[arg-type]
