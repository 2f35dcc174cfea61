"""What docs/commands.md says: every verb of the command line, from its own help."""

from __future__ import annotations

import inspect

import click

from docs.markdown import table
from fastism.cli import VERBS

ABOUT = """\
# Commands

`fastism VERB --help` says the same. Before the verb stand `-v` (say more, and show the traceback of
an error), `--quiet` (results and errors only) and `--version`. Results go to standard output,
progress and notes to standard error. The exit code is 0; 2 for a mistake in what was asked; 3 for a
fault of fastism, or of code that a model brings; 130 if it was interrupted. `make pages` writes
this page.
"""


def page() -> str:
    """The text of the page."""
    return "\n".join([ABOUT, *map(_verb, VERBS)])


def _verb(verb: click.Command) -> str:
    context = click.Context(verb, info_name=f"fastism {verb.name}")
    usage = " ".join(verb.collect_usage_pieces(context))
    options = (each for each in verb.params if isinstance(each, click.Option))
    records = filter(None, (option.get_help_record(context) for option in options))
    rows = ((f"`{names}`", " ".join(text.split())) for names, text in records)
    about = f"## fastism {verb.name}\n\n`fastism {verb.name} {usage}`\n\n{_paragraphs(verb)}\n"
    return f"{about}\n{table(('option', 'what it says'), rows)}"


def _paragraphs(verb: click.Command) -> str:
    """A verb's help; what it shows line by line is a block."""
    parts = inspect.cleandoc(verb.help or "").split("\n\n")
    blocks = (part.removeprefix("\b\n") for part in parts)
    made = [
        f"```sh\n{block}\n```" if part.startswith("\b") else _escaped(block)
        for part, block in zip(parts, blocks, strict=True)
    ]
    return "\n\n".join(made)


def _escaped(text: str) -> str:
    return text.replace("*", "\\*")
