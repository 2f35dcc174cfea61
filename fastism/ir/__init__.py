"""The graph as plain data: types, ranges, ops, graphs and modules. No TensorFlow in sight."""

from fastism.ir import ops
from fastism.ir.builder import GraphBuilder
from fastism.ir.graph import Graph, Node, Value
from fastism.ir.model_input import ModelInput
from fastism.ir.module import Constant, Module, Sites
from fastism.ir.origin import Origin
from fastism.ir.parser import parse_module, read_module
from fastism.ir.printer import print_module
from fastism.ir.ranges import Interval, Range
from fastism.ir.types import TensorType
from fastism.ir.windows import Whole, Window

__all__ = [
    "Constant",
    "Graph",
    "GraphBuilder",
    "Interval",
    "ModelInput",
    "Module",
    "Node",
    "Origin",
    "Range",
    "Sites",
    "TensorType",
    "Value",
    "Whole",
    "Window",
    "ops",
    "parse_module",
    "print_module",
    "read_module",
]
