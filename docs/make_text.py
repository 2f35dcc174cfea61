"""What docs/text.md says: the text form, by the grammar and the tables of its parser."""

from __future__ import annotations

import inspect

from docs.example import module as example_module
from docs.markdown import code, table
from fastism.ir import parsing
from fastism.ir.parser import parse_module
from fastism.ir.parsing.graphs import NODE_FIELDS
from fastism.ir.parsing.header import INPUT_FIELDS
from fastism.ir.printer import print_module
from fastism.ir.stages import MODES, STAGES
from fastism.ir.text import BARE_WORD, NAME, NUMBER, SPELLED, STRING
from fastism.ir.types import NUMPY_DTYPES
from fastism.passes import Pipeline

ABOUT = """\
# The text form

Every stage prints as text, and the text reads back to an equal module: `fastism opt` writes it,
`fastism.ir` has `print_module` and `parse_module`. Weights and tables stand in it by name and hash;
a plan folder, or the model, has their content. `make pages` writes this page.

```
{example}```

One node a line: the value it makes, its type, which positions an edit changes there (as many as
`change` says; at the site behind the `@`, those in the brackets) and which the outputs `need`; then
the op, what it reads, its attributes and its constants. Attributes at their default are left out
([ops.md](ops.md)). Ranges are recomputed when a text is read, and a line that says otherwise is
refused, as is anything that the rules of the stage do not allow. What the command line prints ends
in two comments: a hash, by which it tells edited text from its own, and the command that makes the
next stage.

## Grammar

```
{grammar}
```

What `op`, `role`, `field` and `key` may be is in the tables below and in [ops.md](ops.md). What
stands between slashes is a regular expression; a string is one of JSON.

The words {words} are values, not strings. Types of elements are
{dtypes}.
An extent is a number, or the name of a batch axis: `N` sequences, `P` (sequence, site) pairs,
`M` items.
"""

NOTES = """\
In split and scheduled modules the passes keep notes as attributes of graphs:
`fastism/ir/program.py` spells them.
"""


def page() -> str:
    """The text of the page. Raises AssertionError where its example does not read back."""
    module = Pipeline.parse("annotate,segment").run(example_module())
    example = print_module(module)
    assert parse_module(example, module.constants) == module
    dtypes = code(*NUMPY_DTYPES)
    stages = ((f"`{s.name}`", f"`{s.made_by}`", s.holds) for s in STAGES)
    parts = [
        ABOUT.format(example=example, grammar=_grammar(), words=code(*SPELLED), dtypes=dtypes),
        "## What a node may say of itself\n",
        _fields(NODE_FIELDS),
        f"The modes are {code(*MODES)}.\n",
        "## What an input may say of itself\n",
        _fields(INPUT_FIELDS),
        "## Stages\n",
        table(("stage", "made by", "what holds in it"), stages),
        NOTES,
    ]
    return "\n".join(parts)


def _grammar() -> str:
    rules = inspect.cleandoc(inspect.cleandoc(str(parsing.__doc__)).split("\n\n")[-1])
    terminals = {"NAME": NAME, "WORD": BARE_WORD.pattern, "STRING": STRING}
    terminals["number"] = NUMBER.pattern
    return "\n".join([rules, *(f"{name:<10} = /{each}/" for name, each in terminals.items())])


def _fields(described: dict[str, str]) -> str:
    return table(("field", "what it says"), ((f"`{k}`", v) for k, v in described.items()))
