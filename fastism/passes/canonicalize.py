"""Bring the model's graph to the few ops that later passes handle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from fastism.ir.module import Module
from fastism.passes.base import Pass
from fastism.passes.canonicalization.activations import split_activation
from fastism.passes.canonicalization.attention import softmax_pool
from fastism.passes.canonicalization.batch_norm import fold_batch_norm
from fastism.passes.canonicalization.dense import dense_to_conv1d
from fastism.passes.canonicalization.flattened import flatten_last
from fastism.passes.canonicalization.identities import drop_identity
from fastism.passes.canonicalization.joined import dense_of_joined
from fastism.passes.canonicalization.pooled.beside import vector_apart
from fastism.passes.canonicalization.pooled.first import pool_first
from fastism.passes.canonicalization.pooled.last import spread_last
from fastism.passes.canonicalization.pooled.softmax import softmax_of_pools
from fastism.passes.canonicalization.reshapes import fold_reshapes
from fastism.passes.canonicalization.rows import three_axes
from fastism.passes.canonicalization.scope import Rule, applied
from fastism.passes.canonicalization.taken import layer_of_taken
from fastism.passes.canonicalization.turned import dense_of_turned, turn_last, turned_twice
from fastism.passes.registry import register_pass

RULES: Final[tuple[Rule, ...]] = (
    drop_identity,
    split_activation,
    fold_batch_norm,
    turn_last,
    turned_twice,
    softmax_of_pools,
    three_axes,
    fold_reshapes,
    dense_to_conv1d,
    flatten_last,
    turn_last,
    turned_twice,
    dense_of_joined,
    dense_of_turned,
    softmax_pool,
    vector_apart,
    spread_last,
    pool_first,
    layer_of_taken,
)
"""In this order; each sees the graph the ones before it have made."""


@register_pass
@dataclass(frozen=True)
class Canonicalize(Pass):
    """Apply the rules of `fastism.passes.canonicalization`, one after the other.

    Before::

        %conv : f32[N,600,8] = conv1d(%seq) {width=5, pad=same, activation=relu} @conv.kernel#5be1
        %bn   : f32[N,600,8] = batch_norm(%conv) @bn.mean#90aa @bn.variance#11c2
        %drop : f32[N,600,8] = dropout(%bn) {rate=0.5}
        %head : f32[N,600,1] = dense(%drop) @head.kernel#7d01

    After::

        %conv      : f32[N,600,8] = conv1d(%seq) {width=5, pad=same} @conv.kernel#5be1
        %conv.relu : f32[N,600,8] = relu(%conv)
        %bn        : f32[N,600,8] = scale_shift(%conv.relu) @bn.scale#e61f @bn.shift#0c3d
        %head      : f32[N,600,1] = conv1d(%bn) {width=1} @head.conv1d.kernel#41b7

    Values that nobody reads are dropped, and constants that nobody names. The order of the outputs
    stays, also where two become the same value or one a graph input. Raises PassError if a rule
    has to compute with weights that the module does not hold.
    """

    name: ClassVar[str] = "canonicalize"
    requires: ClassVar[tuple[str, ...]] = ("flat", "canonical")
    produces: ClassVar[str | None] = "canonical"

    def run(self, module: Module) -> Module:
        for rule in RULES:
            module = applied(rule, module)
        return module
