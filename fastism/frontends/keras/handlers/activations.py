"""Activation layers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fastism.frontends.keras.activation import layer_step
from fastism.frontends.keras.call import Call, Step, array, handles, refuse


@handles("layers.Activation", "layers.ReLU", "layers.LeakyReLU", "layers.ELU")
def activation(call: Call) -> Sequence[Step]:
    return [layer_step(call.operation)]


@handles("layers.Softmax")
def softmax(call: Call) -> Sequence[Step]:
    call.require_last_axis()
    return [Step("softmax")]


@handles("layers.PReLU")
def prelu(call: Call) -> Sequence[Step]:
    alpha, channels = array(call.operation.alpha), call.type.channels
    if any(extent != 1 for extent in alpha.shape[:-1]):
        refuse("every position has a slope of its own; shared_axes=[1] would share them")
    return [Step("prelu", {}, {"alpha": np.broadcast_to(alpha.reshape(-1), (channels,))})]
