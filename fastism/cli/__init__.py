"""The command line: one small file a verb, everything heavy imported inside the verb.

A mistake of the user's ends with one message on standard error and exit code 2, a fault of fastism
or of a model's code likewise with 3, an interrupt with 130. Results go to standard output; logs and
progress to standard error.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence

import click

from fastism.cli.compile import compile_
from fastism.cli.convert import convert
from fastism.cli.demo import demo
from fastism.cli.explain import explain
from fastism.cli.export import export
from fastism.cli.merge import merge
from fastism.cli.opt import opt
from fastism.cli.plot import plot
from fastism.cli.replay import replay
from fastism.cli.report import report
from fastism.cli.run import run
from fastism.cli.session import Session
from fastism.cli.variants import variants
from fastism.cli.verify import verify
from fastism.errors import FastismError, reason

MISTAKE, FAULT, INTERRUPTED = 2, 3, 130
"""Exit codes."""

_FAULT = """  why: this is a fault of fastism, or of code that the model brings
  try: fastism -v ... shows where it happened; please report it if it is not the model's code"""


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted:
        from fastism.io.versions import fastism_version

        click.echo(f"fastism {fastism_version()}")
        context.exit()


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("-v", "--verbose", is_flag=True, help="Say more; show the traceback of an error.")
@click.option("--quiet", is_flag=True, help="No progress and no notes: results and errors only.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version and stop.",
)
@click.pass_obj
def _fastism(session: Session, verbose: bool, quiet: bool) -> None:
    """What does a model predict if this base changes? Compile the model, and ask for every base."""
    session.verbose, session.quiet = verbose, quiet


VERBS = (
    *(compile_, run, variants, merge, convert),
    *(plot, report, explain),
    *(opt, export, verify, replay, demo),
)
"""The verbs, in the order that the help lists them."""
for _verb in VERBS:
    _fastism.add_command(_verb)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line (by default the process's own); returns the exit code."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    session = Session()
    try:
        with session.noting_warnings():
            code = _fastism.main(arguments, "fastism", standalone_mode=False, obj=session)
        return code if isinstance(code, int) else 0
    except click.exceptions.Abort as error:
        if isinstance(error.__cause__, EOFError):  # click takes it for the end of what is typed
            return _broke_down(session, error.__cause__)
        return _fail(session, "interrupted", INTERRUPTED)
    except FastismError as error:
        return _fail(session, error.render(), MISTAKE)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        return MISTAKE
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "fastism"
        return _fail(session, f"{error.format_message()}\n  try: {command} --help", MISTAKE)
    except OSError as error:
        if error.errno == errno.EPIPE:
            return MISTAKE
        what = f"{error.filename}: " if error.filename else ""
        return _fail(session, f"{what}{reason(error)}", MISTAKE)
    except Exception as error:  # ours, or of code in a model
        return _broke_down(session, error)


def _broke_down(session: Session, error: BaseException) -> int:
    said = (str(error).strip() or "no message").splitlines()[0]
    return _fail(session, f"broke down: {type(error).__name__}: {said}\n{_FAULT}", FAULT)


def _fail(session: Session, message: str, code: int) -> int:
    if session.verbose:
        traceback.print_exc()
    print(f"fastism: {message}", file=sys.stderr)
    return code
