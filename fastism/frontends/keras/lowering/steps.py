"""The nodes of a call that the IR can express."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastism.frontends.keras.calls.call import Call, Expression, refuse
from fastism.frontends.keras.calls.composer import Composer, require_fit
from fastism.frontends.keras.calls.dtypes import cast_call, compute_scope, element_type
from fastism.frontends.keras.calls.token_code import of_tokens
from fastism.frontends.keras.calls.tokens import counted, is_code
from fastism.frontends.keras.calls.trace import expressed
from fastism.frontends.keras.live.masks import passes_mask
from fastism.frontends.keras.lowering.graph_state import GraphState
from fastism.frontends.keras.lowering.tokens import mask_step
from fastism.ir.origin import Origin


def step_nodes(
    state: GraphState, call: Call, inputs: Sequence[str], origin: Origin, outputs: Sequence[Any]
) -> Sequence[str]:
    """Add the nodes of a call; the names of its values.

    outputs: the symbolic results. Raises NotExpressible where the IR cannot say what it does.
    """
    tokens = inputs[0] in state.one_hot and len(inputs) == 1
    if tokens and counted(call.operation):
        inputs = [state.one_hot[inputs[0]]]
        call = replace(call, types=state.types(inputs))
    elif tokens and is_code(call.operation):
        rows = state.one_hot[inputs[0]]
        expression = of_tokens(call, *state.types([rows]))
        return state.chain(expression, [rows], state.builder.unique(call.operation.name), origin)
    call, given = cast_call(call, outputs[0]), call.types
    with compute_scope(call.operation):
        expression = expressed(call)
    _check(call, expression, outputs)
    passed = inputs[0] in state.masks.of and passes_mask(call, expression)
    if passed and len(outputs) > 1:
        refuse("several results of it have a mask")
    name = state.builder.unique(call.operation.name)
    sources = [
        source if type == wanted else state.cast(source, wanted, name, origin)
        for source, type, wanted in zip(inputs, given, call.types, strict=True)
    ]
    results = state.chain(expression, sources, name, origin)
    step = mask_step(call)
    if step is not None:
        mask = Expression((step,), (len(sources),))
        (state.masks.of[results[0]],) = state.chain(mask, sources, f"{results[0]}/mask", origin)
    elif passed:
        state.masks.of[results[0]] = state.masks.of[sources[0]]
    return results


def _check(call: Call, expression: Expression, outputs: Sequence[Any]) -> None:
    """Raise NotExpressible unless the steps type-check and give what Keras infers."""
    composer = Composer(call.types)
    made = composer.inline(expression, range(len(call.types)))
    for index, result in zip(made, outputs, strict=True):
        require_fit(composer.types[index], element_type(result.dtype), result)
