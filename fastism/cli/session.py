"""What every verb shares: how much to say, and where."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

import click

from fastism.errors import FastismWarning

_WIDTH_OF_A_PIPE = 100


@dataclass
class Session:
    """One run of the command line."""

    verbose: bool = False
    quiet: bool = False

    def say(self, text: str) -> None:
        """A result, on standard output."""
        click.echo(text)

    def note(self, text: str) -> None:
        """A line on standard error, unless ``--quiet``."""
        if text and not self.quiet:
            click.echo(text, err=True)

    @contextmanager
    def noting_warnings(self) -> Iterator[None]:
        """In it, warnings of ours are notes, each said once however the numbers in it change."""
        with warnings.catch_warnings():
            warnings.simplefilter("always", FastismWarning)
            show, said = warnings.showwarning, set[str]()

            def note(
                message: Warning | str,
                category: type[Warning],
                filename: str,
                lineno: int,
                file: TextIO | None = None,
                line: str | None = None,
            ) -> None:
                if not issubclass(category, FastismWarning):
                    show(message, category, filename, lineno, file, line)
                elif (kind := re.sub(r"[\d,]+", "", str(message))) not in said:
                    said.add(kind)
                    self.note(f"warning: {message}")

            warnings.showwarning = note
            yield

    def detail(self, text: str) -> None:
        """A line on standard error under ``-v``."""
        if self.verbose:
            click.echo(text, err=True)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]], title: str = "") -> None:
        """A table on standard output. Columns whose heading starts with ``>`` align right."""
        from rich import box
        from rich.console import Console
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left")
        for column in columns:
            right = column.startswith(">")
            table.add_column(column.removeprefix(">"), justify="right" if right else "left")
        for row in rows:
            table.add_row(*row)
        width = None if sys.stdout.isatty() else _WIDTH_OF_A_PIPE
        Console(width=width, markup=False, highlight=False).print(table)

    def load_tensorflow(self) -> None:
        """Import TensorFlow now, so that its C++ log lines do not reach the user."""
        from fastism.quiet import tf

        if self.quiet:
            tf.get_logger().setLevel("ERROR")  # it warns of functions that are traced again
        self._warn_of_unseen_gpu()

    def note_device(self) -> None:
        """A line on what TensorFlow computes with."""
        tf = sys.modules["tensorflow"]
        gpus = [
            tf.config.experimental.get_device_details(device).get("device_name", device.name)
            for device in tf.config.list_physical_devices("GPU")
        ]
        threads = tf.config.threading.get_intra_op_parallelism_threads() or _cores()
        self.note(f"device: {', '.join(gpus) if gpus else f'CPU, {threads} threads'}")

    def _warn_of_unseen_gpu(self) -> None:
        """Say so, in one line, if this machine has a GPU and TensorFlow cannot use it."""
        command = shutil.which("nvidia-smi")
        if command is None:
            return
        listed = subprocess.run([command, "-L"], capture_output=True, text=True, check=False)
        gpus = listed.stdout.count("GPU ") if listed.returncode == 0 else 0
        if gpus and not sys.modules["tensorflow"].config.list_physical_devices("GPU"):
            self.note(
                f"warning: nvidia-smi lists {gpus} GPU(s), and TensorFlow sees none: running on "
                "the CPU (try: pip install 'tensorflow[and-cuda]')"
            )


def _cores() -> int:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


pass_session = click.make_pass_decorator(Session)
