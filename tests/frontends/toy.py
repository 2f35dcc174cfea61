"""A whole front end: models that are a list of layers in numpy, in files that end in ``.toy``.

A model takes (N, C, L), channels first. Its kinds of layers are a convolution with a ReLU, a sort
along the positions, which the IR cannot express, and a dense layer over everything.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from fastism.errors import InputError, ModelError
from fastism.frontends.base import Array, Call, FrontEnd, LiveLayer, Lowered
from fastism.frontends.file_hash import file_hash
from fastism.ir import Constant, GraphBuilder, ModelInput, Module, Origin, TensorType
from fastism.reductions import Reduction, Shape


@dataclass(frozen=True, eq=False)
class Toy:
    """The layers by name, ``conv 1`` of the kind ``conv``, each with its weights by role."""

    length: int
    layers: Mapping[str, Mapping[str, Array]]

    def __call__(self, x: Array) -> Array:
        x = np.swapaxes(x, 1, 2)
        for name, weights in self.layers.items():
            x = KINDS[name.split()[0]](x, **weights)
        return x

    def save(self, path: Path) -> None:
        named = {
            f"{layer}/{role}": w for layer, ws in self.layers.items() for role, w in ws.items()
        }
        with path.open("wb") as file:
            np.savez(file, **named, length=np.int64(self.length))


def _conv(x: Array, kernel: Array) -> Array:
    padded = np.pad(x, ((0, 0), (len(kernel) // 2,) * 2, (0, 0)))
    taps = [padded[:, k : k + x.shape[1]] @ row for k, row in enumerate(kernel)]
    return np.maximum(np.sum(taps, axis=0), 0)


KINDS: dict[str, Callable[..., Array]] = {
    "conv": _conv,
    "sort": lambda x, scale: np.sort(x, axis=1) * scale,
    "dense": lambda x, kernel: x.reshape(len(x), -1) @ kernel,
}


@dataclass(frozen=True, eq=False)
class Sorted:
    """The live layer of ``sort``."""

    key: str
    scale: Array
    front_end = "toy"
    why = "a sort is no op of the IR"

    @property
    def size(self) -> int:
        return self.scale.size

    def __call__(self, *tensors: Any, delta: bool = False) -> list[Any]:
        assert not delta
        (x,) = tensors
        return [(np if isinstance(x, np.ndarray) else tf).sort(x, axis=1) * self.scale]

    def config(self) -> dict[str, Any]:
        return {"key": self.key}

    def weights(self) -> dict[str, Array]:
        return {"scale": self.scale}


class ToyFrontEnd:
    """`FrontEnd` for `Toy`."""

    ways: Mapping[str, Callable[[Any, int], Call]] = {
        "numpy": lambda model, batch: lambda inputs: [model(inputs[0])]
    }

    def recognises(self, model: object) -> bool:
        path = isinstance(model, (str, os.PathLike))
        return Path(model).suffix == ".toy" if path else isinstance(model, Toy)  # type: ignore[arg-type]

    def load(self, path: str, *, architecture: Any = None, **options: Any) -> Toy:
        if architecture is not None:
            raise ModelError("a .toy file is a whole model", attempt="leave the architecture out")
        layers: dict[str, dict[str, Array]] = {}
        with np.load(path) as file:
            for name in file.files[:-1]:
                layer, role = name.split("/")
                layers.setdefault(layer, {})[role] = file[name]
            return Toy(int(file["length"]), layers)

    def file_hash(self, path: str) -> str:
        return file_hash(path)

    def lower(
        self,
        model: Toy,
        *,
        length: int | None = None,
        seq_input: int | str = 0,
        name: str = "",
        sha256: str = "",
        tokens: int | None = None,
    ) -> Lowered:
        constants: dict[str, Constant] = {}
        builder, live = GraphBuilder("main", constants), dict[str, LiveLayer]()
        channels = next(iter(model.layers.values()))["kernel"].shape[1]
        value = builder.input("bases", TensorType("f32", ("N", model.length, channels)))
        for layer, weights in model.layers.items():
            kind, origin = layer.split()[0], Origin(layer, "Toy")
            if kind == "sort":
                live[layer] = Sorted(layer, weights["scale"])
                value = builder.add(
                    "opaque",
                    [value],
                    name=layer,
                    attributes={"key": layer, "why": Sorted.why, "weights": live[layer].size},
                    origin=origin,
                    results=[builder.values[value].type],
                )
                continue
            kernel = {"kernel": builder.constant(f"{layer}.kernel", weights["kernel"])}
            if kind == "conv":
                width = len(weights["kernel"])
                attributes = {"width": width, "pad": "same", "activation": "relu"}
                op = "conv1d"
            else:
                value = builder.add("flatten", [value], name=f"{layer}/flatten", origin=origin)
                op, attributes = "dense", {}
            value = builder.add(
                op, [value], name=layer, attributes=attributes, constants=kernel, origin=origin
            )
        module = Module(
            stage="imported",
            graphs=(builder.finish([value]),),
            constants=constants,
            seq_input="bases",
            inputs=(ModelInput("bases", (channels, model.length), turned=True),),
            outputs=("score",),
            model=name or "toy",
            sha256=sha256,
        )
        return Lowered(module, live)

    def output_shapes(self, model: Toy, length: int | None = None) -> Mapping[str, Shape]:
        return {"score": (list(model.layers.values())[-1]["kernel"].shape[-1],)}

    def reduced(self, model: Toy, reductions: Mapping[str, Reduction]) -> Toy:
        """Of the numbers of the last dense layer, some: what a kernel can say."""
        name, made = list(model.layers)[-1], reductions["score"]
        if made.over or made.way or not made.target:
            raise InputError(f"a toy cannot be reduced to {made}")
        kernel = model.layers[name]["kernel"][:, list(made.target)]
        return Toy(model.length, {**model.layers, name: {"kernel": kernel}})

    def restore(
        self, config: Mapping[str, Any], weights: Mapping[str, Array], **options: Any
    ) -> LiveLayer:
        return Sorted(config["key"], weights["scale"])

    def predict(self, model: Toy, inputs: Sequence[Array]) -> list[Array]:
        return [model(inputs[0])]

    def layers(self, model: Toy, inputs: Sequence[Array]) -> Mapping[str, Array]:
        return {}

    def dtypes(self, model: Toy) -> frozenset[str]:
        return frozenset({"float32"})


FRONT_END: FrontEnd = ToyFrontEnd()
