"""What a user says of layers of their own: which window they read.

fastism.register_layer(GatedConv, kernel=lambda layer: layer.width, padding="same")
fastism.register_layer("Squash", pointwise=True)
fastism.register_layer(AttentionPool, whole=True)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from fastism.errors import InputError, LoweringError
from fastism.frontends.keras.calls.call import integer
from fastism.ir.graph import Attribute

Number: TypeAlias = int | Callable[[Any], Any]
"""A number, or a function of the layer that returns it (or a tuple of it, as Keras keeps them)."""

Padding: TypeAlias = str | tuple[int, int] | Callable[[Any], Any]

PADDINGS = ("valid", "same", "causal")

WHOLE: Final = "is registered as reading the whole length"


@dataclass(frozen=True)
class Declaration:
    """What `register_layer` was told of one class; ``kernel`` is None for a layer without a window.

    delta: (layer, delta) to delta. numpy: (layer, *arrays) to array.
    """

    kernel: Number | None
    stride: Number = 1
    dilation: Number = 1
    padding: Padding = "valid"
    linear: bool = False
    delta: Callable[..., Any] | None = None
    numpy: Callable[..., Any] | None = None

    def attributes(self, layer: Any) -> Mapping[str, Attribute]:
        """Width, stride, dilation and pad of one layer, as the IR names them.

        Raises LoweringError where a function of the layer fails or gives no such thing.
        """
        numbers = {"width": self.kernel, "stride": self.stride, "dilation": self.dilation}
        found = {role: _of(layer, role, value, integer) for role, value in numbers.items()}
        for role, number in found.items():
            if number < 1:
                raise _unfit(layer, role, f"it is {number}, and it counts from 1")
        return {**found, "pad": _of(layer, "padding", self.padding, _padding)}


_DECLARATIONS: dict[type | str, Declaration] = {}


def register_layer(
    layer: type | str,
    *,
    kernel: Number | None = None,
    stride: Number = 1,
    dilation: Number = 1,
    padding: Padding = "valid",
    pointwise: bool = False,
    whole: bool = False,
    linear: bool = False,
    delta: Callable[..., Any] | None = None,
    numpy: Callable[..., Any] | None = None,
) -> None:
    """Say which positions a layer of your own reads, so that it runs on windows.

    The layer takes (N, L, C), and maybe more inputs, and returns one value: result ``o`` reads the
    positions ``o * stride - left + k * dilation`` for ``k < kernel``, ``left`` being the padding.

    layer: its class, or the name of its class; subclasses are not meant.
    kernel, stride, dilation: numbers, or functions of the layer: ``lambda layer: layer.width``.
    padding: ``"valid"``, ``"same"``, ``"causal"``, the positions padded ``(left, right)``, or a
        function of the layer. What the layer pads with is its own affair.
    pointwise: each position by itself; the same as ``kernel=1``.
    whole: it mixes all positions: locality ends there, and the layer runs in full.
    linear: apart from a bias it is linear, so it is run on differences, which need no flanks.
    delta: where it is linear, (layer, difference) to the difference of its results; by default
        the layer's results less those at zero.
    numpy: (layer, \\*arrays) to an array, for the ``reference`` backend, which otherwise runs the
        layer itself.

    Every layer is tried when a model is compiled: its results are moved by one position at a time,
    and compared with those on windows. One that does not behave as declared is a LoweringError.
    Raises InputError for a declaration that says nothing, or too much. A second declaration of a
    class takes the place of the first.
    """
    if not isinstance(layer, (type, str)):
        raise InputError(
            f"{layer!r} is no class of layers",
            attempt=f"register_layer({type(layer).__name__}, ...), the class or its name",
        )
    name = layer if isinstance(layer, str) else layer.__name__
    for role, function in (("delta", delta), ("numpy", numpy)):
        if function is not None and not callable(function):
            raise InputError(f"{role} of {name} must be a function, not {function!r}")
    if [kernel is not None, pointwise, whole].count(True) != 1:
        raise InputError(
            f"the declaration of {name} does not say what it reads, or says it twice",
            attempt=f"one of register_layer({name}, kernel=...), pointwise=True, whole=True",
        )
    linear = linear or delta is not None
    windowed = kernel is not None
    moot = [key for key, given in (("linear", linear), ("numpy", numpy)) if given]
    moot = moot if whole else []
    if not windowed and (stride, dilation, padding) != (1, 1, "valid"):
        moot.append("stride, dilation and padding")
    if moot:
        raise InputError(
            f"{', '.join(moot)} of {name} say nothing",
            why="it is declared whole" if whole else "it is declared pointwise",
            attempt=f"register_layer({name}, kernel=...) for a layer with a window",
        )
    for kind in [each for each in _DECLARATIONS if getattr(each, "__name__", None) == layer]:
        del _DECLARATIONS[kind]  # the name stands for every class of that name
    _DECLARATIONS[layer] = Declaration(
        kernel=None if whole else kernel if windowed else 1,
        stride=stride,
        dilation=dilation,
        padding=padding,
        linear=linear,
        delta=delta,
        numpy=numpy,
    )


def declaration(operation: Any) -> Declaration | None:
    """What was declared of an operation's class, or else of its name."""
    kind = type(operation)
    return _DECLARATIONS.get(kind) or _DECLARATIONS.get(kind.__name__)


def _of(layer: Any, role: str, value: Any, read: Callable[[Any], Any]) -> Any:
    """A number or a padding, asked of the layer if it is a function."""
    try:
        return read(value(layer) if callable(value) else value)
    except Exception as error:  # whatever the user's function raises
        raise _unfit(layer, role, f"{type(error).__name__}: {error}") from error


def _padding(value: Any) -> Attribute:
    if value in PADDINGS:
        return str(value)
    if isinstance(value, (tuple, list)):
        left, right = (int(item) for item in value)
        if min(left, right) >= 0:
            return left, right
    raise ValueError(f"{value!r} is none of {', '.join(PADDINGS)}, (left, right)")


def _unfit(layer: Any, role: str, why: str) -> LoweringError:
    role = {"width": "kernel"}.get(role, role)
    return LoweringError(
        f"the declared {role} of a layer cannot be used",
        where=f"layer {layer.name!r} ({type(layer).__name__})",
        why=why,
        attempt=f"register_layer({type(layer).__name__}, {role}=...) with another",
    )
