"""The CPU at hand, and the shapes of tiles that suit it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import llvmlite.binding as llvm


@dataclass(frozen=True)
class Machine:
    """A CPU as LLVM names it, and how its registers are used.

    lanes: f32 numbers of a vector. rows: items of a tile, a row of accumulators each. vectors:
    vectors of channels that a tile's product holds for every row. copies: whether numbers
    that are read often are copied beside each other first: AVX2 can, and it is short of loads.
    """

    cpu: str
    features: str
    lanes: int
    rows: int
    vectors: int = 2
    copies: bool = False

    @property
    def label(self) -> str:
        """The instruction set, as a person would say it."""
        return {16: "AVX-512", 8: "AVX2"}.get(self.lanes, "128-bit vectors")


@cache
def host() -> Machine:
    """The machine that this process runs on."""
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features()
    return machine(cpu, features.flatten(), {name for name, on in features.items() if on})


def machine(cpu: str, features: str, has: set[str]) -> Machine:
    """The tiles for a CPU that has certain features (by LLVM's names)."""
    if "avx512f" in has:  # 32 registers: 24 accumulators, four of weights, one of the input
        return Machine(cpu, features, lanes=16, rows=6, vectors=4)
    if {"avx2", "fma"} <= has:  # 16 registers: 12, two and one
        return Machine(cpu, features, lanes=8, rows=6, copies=True)
    if "neon" in has:  # 32 registers
        return Machine(cpu, features, lanes=4, rows=8)
    return Machine(cpu, features, lanes=4, rows=4)
