"""``fastism replay``: run the smallest sub-graph that disagreed once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from fastism.cli.options import PATH, load_custom_objects, model_options
from fastism.cli.session import Session, pass_session

NAME = "bisected"
"""What a sub-graph is called when it is written, in the folder at hand."""


@click.command(short_help="Run the sub-graph that bisection wrote, and compare it again.")
@click.argument("file", type=PATH)
@click.option("--plan", type=PATH, help="The plan it was cut from, where it runs live layers.")
@model_options
@pass_session
def replay(
    session: Session, file: Path, plan: Path | None, custom_objects: str | None, unsafe: bool
) -> None:
    """Run FILE, which verify or compile wrote, by numpy and by the backend it is about.

    Ends with 0 once both give what the graph before gives, as they do when the fault is mended.
    """
    from fastism.checking.evaluate import in_numpy
    from fastism.checking.subgraph import replay as run

    layers: dict[str, Callable[..., Any]] | None = None
    if plan is not None:
        session.load_tensorflow()
        from fastism import api

        objects = load_custom_objects(custom_objects)
        live = api.load(plan, custom_objects=objects, unsafe=unsafe).opaque
        layers = {key: in_numpy(layer) for key, layer in live.items()}
    session.say(run(file, layers))


@contextmanager
def writing_what_disagrees(session: Session) -> Iterator[None]:
    """In it, the smallest sub-graph of a plan that disagrees is written before the error goes on.

    Nothing is written over: the name is numbered where it is taken.
    """
    from fastism.checking.check import DisagreementError

    try:
        yield
    except DisagreementError as error:
        part = error.finding.part if error.finding else None
        if part is not None:
            path = _free_name()
            part.write(path)
            session.note(
                f"wrote {path} and {path.with_suffix('.safetensors')}: the smallest sub-graph that "
                f"disagrees (next: fastism replay {path})"
            )
        raise


def _free_name() -> Path:
    count, path = 1, Path(f"{NAME}.fism")
    while path.exists() or path.with_suffix(".safetensors").exists():
        count += 1
        path = Path(f"{NAME}-{count}.fism")
    return path
