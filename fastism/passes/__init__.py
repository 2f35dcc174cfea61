"""Passes: from module to module, one a file. Importing this package registers the built-in ones."""

from fastism.passes.annotate import Annotate
from fastism.passes.base import Pass
from fastism.passes.canonicalize import Canonicalize
from fastism.passes.flatten import Flatten
from fastism.passes.fuse import Fuse
from fastism.passes.instruments import DumpStages, Instrument, PrintAfter, Timings
from fastism.passes.manager import DEFAULT, Pipeline
from fastism.passes.pipeline import parse_pipeline, print_pipeline
from fastism.passes.registry import lookup, names, register_pass
from fastism.passes.schedule import Schedule
from fastism.passes.segment import Segment
from fastism.passes.set_length import SetLength
from fastism.passes.split import Split

__all__ = [
    "DEFAULT",
    "Annotate",
    "Canonicalize",
    "DumpStages",
    "Flatten",
    "Fuse",
    "Instrument",
    "Pass",
    "Pipeline",
    "PrintAfter",
    "Schedule",
    "Segment",
    "SetLength",
    "Split",
    "Timings",
    "lookup",
    "names",
    "parse_pipeline",
    "print_pipeline",
    "register_pass",
]
