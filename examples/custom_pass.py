"""A pass of one's own: remove noise layers, which do nothing at prediction time.

    python examples/custom_pass.py

The same from the command line (a package may offer passes as entry points ``fastism.passes``):

    fastism opt model.h5 -p drop-gaussian-noise --passes-from examples/custom_pass.py
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import keras

from fastism.frontends.keras import lower
from fastism.ir import Module, print_module
from fastism.passes import Pass, Pipeline, register_pass


@register_pass
@dataclass(frozen=True)
class DropGaussianNoise(Pass):
    """Remove noise layers, which do nothing at prediction time."""

    name: ClassVar[str] = "drop-gaussian-noise"

    def run(self, module: Module) -> Module:
        return module.rewrite(lambda node: node.inputs[0] if node.op == "gaussian_noise" else node)


def noisy_model() -> keras.Model:
    x = sequence = keras.layers.Input((50, 4), name="sequence")
    x = keras.layers.GaussianNoise(0.1, name="noise")(x)
    x = keras.layers.Conv1D(8, 5, activation="relu", name="conv")(x)
    return keras.Model(sequence, keras.layers.GlobalMaxPooling1D(name="peak")(x), name="noisy")


if __name__ == "__main__":
    imported = lower(noisy_model()).module
    for module in Pipeline.parse("drop-gaussian-noise,flatten,canonicalize").run_stages(imported):
        print(print_module(module))
