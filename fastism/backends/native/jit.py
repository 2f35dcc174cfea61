"""Compile a module of LLVM IR for a machine, and hold its functions."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import llvmlite.binding as llvm

from fastism.backends.native import cache
from fastism.backends.native.machine import Machine


class Compiled:
    """The functions of a module; they may be called from any thread, and hold no lock.

    described: what decides the module, beside the machine and the code that writes it. write: the
    module as LLVM IR, asked for where none of this description is kept. warm: whether the code was
    there from an earlier process.
    """

    def __init__(self, described: str, write: Callable[[], str], machine: Machine) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        target = llvm.Target.from_default_triple().create_target_machine(
            cpu=machine.cpu, features=machine.features, opt=3
        )
        name = cache.key(described, machine)
        code = cache.found(name)
        self.warm = code is not None
        if code is None:
            code = _object(write(), target)
            cache.keep(name, code)
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), target)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()

    def function(self, name: str) -> Callable[[int, int, int], Any]:
        """A function of three whole numbers, which returns nothing."""
        kind = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)
        return kind(self._engine.get_function_address(name))


def _object(text: str, target: Any) -> bytes:
    """The machine code of a module, as an object file."""
    module = llvm.parse_assembly(text)
    module.verify()
    _optimize(module, target)
    code: bytes = target.emit_object(module)
    return code


def _optimize(module: Any, target: Any) -> None:
    """LLVM's own passes, without those that look for vectors: the code is written in them.

    Nor are loops unrolled: it takes a fifth of the time, and the code runs no faster.
    """
    options = llvm.create_pipeline_tuning_options(speed_level=2)
    options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = False
    builder = llvm.create_pass_builder(target, options)
    builder.getModulePassManager().run(module, builder)
