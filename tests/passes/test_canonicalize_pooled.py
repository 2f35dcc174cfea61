"""Ops pass the meeting with a pooled vector, where that comes to the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fastism.ir.origin import Origin
from fastism.passes import Canonicalize
from tests.passes.pooled import CONTEXT, EXCITE, GATE, MOST, WEIGHTS, Check, graph, stays


def test_a_factor_passes_what_keeps_channels_apart(becomes: Check) -> None:
    becomes(
        f"""{GATE}
  %crop : f32[N,20,4] = crop(%gate) {{left=2, right=2}}
  %relu : f32[N,20,4] = relu(%crop)
  %bn   : f32[N,20,4] = scale_shift(%relu) scale=@bn.scale shift=@bn.shift
""",
        f"""{EXCITE}
  %crop.unscaled : f32[N,20,4] = crop(%seq) {{left=2, right=2}}
  %relu.unscaled : f32[N,20,4] = relu(%crop.unscaled)
  %bn.unscaled   : f32[N,20,4] = scale_shift(%relu.unscaled) scale=@bn.scale
  %bn.scaled     : f32[N,20,4] = multiply(%bn.unscaled, %excite)
  %bn            : f32[N,20,4] = scale_shift(%bn.scaled) shift=@bn.shift
""",
    )


def test_a_factor_that_may_be_negative_stays_in_front_of_relu(parsed: Callable) -> None:
    stays(
        parsed,
        """\
  %mean   : f32[N,1,4]  = global_average_pool(%seq) {keepdims=true}
  %excite : f32[N,1,4]  = tanh(%mean)
  %gate   : f32[N,24,4] = multiply(%seq, %excite)
  %relu   : f32[N,24,4] = relu(%gate)
""",
    )


@pytest.mark.parametrize(
    "node",
    [
        "%out : f32[N,24,4] = silu(%gate)",
        "%out : f32[N,24,4] = relu(%gate) {threshold=0.5}",
        "%out : f32[N,20,3] = conv1d(%gate) {width=5} @wide.kernel",
        "%out : f32[N,24,4] = softmax(%gate)",
    ],
)
def test_a_factor_stays_in_front_of_what_mixes_or_bends(parsed: Callable, node: str) -> None:
    stays(parsed, f"{GATE}  {node}\n")


def test_nothing_moves_from_a_vector_that_no_edit_changes(parsed: Callable) -> None:
    stays(
        parsed,
        """\
  %same : f32[N,1,4]  = constant(%seq) @row.value
  %gate : f32[N,24,4] = multiply(%seq, %same)
  %relu : f32[N,24,4] = absolute(%gate)
""",
    )


def test_nothing_moves_that_two_read(parsed: Callable) -> None:
    stays(
        parsed,
        f"{GATE}"
        "  %crop : f32[N,20,4] = crop(%gate) {left=2, right=2}\n"
        "  %bend : f32[N,24,4] = silu(%gate)\n"
        "  %inner : f32[N,20,4] = crop(%bend) {left=2, right=2}\n"
        "  %both : f32[N,20,8] = concatenate(%crop, %inner)\n",
    )


def test_a_factor_passes_a_convolution_of_each_channel_by_itself(becomes: Check) -> None:
    becomes(
        f"{GATE}"
        "  %conv : f32[N,24,4] = conv1d(%gate) {groups=4, pad=same, width=3}"
        " @apart.kernel bias=@bn.shift\n",
        f"{EXCITE}\n"
        "  %conv.unscaled : f32[N,24,4] = conv1d(%seq) {groups=4, pad=same, width=3}"
        " @apart.kernel\n"
        "  %conv.scaled   : f32[N,24,4] = multiply(%conv.unscaled, %excite)\n"
        "  %conv          : f32[N,24,4] = scale_shift(%conv.scaled) shift=@bn.shift\n",
    )


def test_a_term_behind_a_convolution_differs_at_padded_ends(becomes: Check) -> None:
    becomes(
        f"{CONTEXT}"
        "  %conv : f32[N,24,3] = conv1d(%with) {pad=same, width=5} @wide.kernel @wide.bias\n",
        f"{MOST}\n"
        "  %conv.unshifted : f32[N,24,3] = conv1d(%seq) {pad=same, width=5}"
        " @wide.kernel @wide.bias\n"
        "  %conv.ends      : f32[N,5,4]  = upsample(%most) {factor=5}\n"
        "  %conv.few       : f32[N,5,3]  = conv1d(%conv.ends) {pad=(2, 2), width=5} @wide.kernel\n"
        "  %conv.inner     : f32[N,1,3]  = slice(%conv.few) {start=2, stop=3}\n"
        "  %conv.inner:2   : f32[N,20,3] = upsample(%conv.inner) {factor=20}\n"
        "  %conv.left      : f32[N,2,3]  = slice(%conv.few) {stop=2}\n"
        "  %conv.right     : f32[N,2,3]  = slice(%conv.few) {start=3}\n"
        "  %conv.vector    : f32[N,24,3] = concatenate(%conv.left, %conv.inner:2, %conv.right)"
        " {axis=1}\n"
        "  %conv           : f32[N,24,3] = add(%conv.unshifted, %conv.vector)\n",
    )


def test_a_term_passes_a_convolution_without_padding_and_pools(becomes: Check) -> None:
    becomes(
        f"{CONTEXT}"
        "  %bn   : f32[N,24,4] = scale_shift(%with) scale=@bn.scale shift=@bn.shift\n"
        "  %conv : f32[N,7,3]  = conv1d(%bn) {width=5, stride=3} @wide.kernel @wide.bias\n"
        "  %pool : f32[N,3,3]  = max_pool(%conv) {size=2, stride=2}\n"
        "  %most2 : f32[N,3]   = global_max_pool(%pool)\n",
        f"{MOST}\n"
        "  %bn.unshifted   : f32[N,24,4] = scale_shift(%seq) scale=@bn.scale shift=@bn.shift\n"
        "  %bn.vector      : f32[N,1,4] = scale_shift(%most) scale=@bn.scale\n"
        "  %conv.unshifted : f32[N,7,3]  = conv1d(%bn.unshifted) {width=5, stride=3}"
        " @wide.kernel @wide.bias\n"
        "  %conv.ends      : f32[N,6,4]  = upsample(%bn.vector) {factor=6}\n"
        "  %conv.few       : f32[N,1,3]  = conv1d(%conv.ends) {pad=(0, 0), width=5, stride=3}"
        " @wide.kernel\n"
        "  %pool.unshifted : f32[N,3,3]  = max_pool(%conv.unshifted) {size=2, stride=2}\n"
        "  %most2.pool     : f32[N,3]  = global_max_pool(%pool.unshifted)\n"
        "  %most2.vector   : f32[N,3]  = reshape(%conv.few) {shape=(3)}\n"
        "  %most2          : f32[N,3]  = add(%most2.pool, %most2.vector)\n",
    )


def test_pools_beside_each_other_take_the_factor_each_for_itself(becomes: Check) -> None:
    becomes(
        f"{GATE}"
        "  %sum  : f32[N,4] = global_sum_pool(%gate)\n"
        "  %most : f32[N,4] = global_max_pool(%gate)\n"
        "  %both : f32[N,8] = concatenate(%sum, %most)\n",
        f"{EXCITE}\n"
        "  %sum.pool    : f32[N,4] = global_sum_pool(%seq)\n"
        "  %sum.vector  : f32[N,4] = reshape(%excite) {shape=(4)}\n"
        "  %sum         : f32[N,4] = multiply(%sum.pool, %sum.vector)\n"
        "  %most.pool   : f32[N,4] = global_max_pool(%seq)\n"
        "  %most.vector : f32[N,4] = reshape(%excite) {shape=(4)}\n"
        "  %most        : f32[N,4] = multiply(%most.pool, %most.vector)\n"
        "  %both        : f32[N,8] = concatenate(%sum, %most)\n",
    )


def test_a_sum_is_taken_before_channels_are_mixed(becomes: Check) -> None:
    becomes(
        f"{CONTEXT}"
        "  %mix   : f32[N,24,3] = conv1d(%with) {width=1} @mix.kernel @wide.bias\n"
        "  %total : f32[N,3]    = global_sum_pool(%mix)\n",
        f"{MOST}\n"
        "  %mix.few        : f32[N,1,3]  = conv1d(%most) {pad=(0, 0), width=1} @mix.kernel\n"
        "  %total.pool:2   : f32[N,4]    = global_sum_pool(%seq)\n"
        "  %total.pool     : f32[N,3]    = dense(%total.pool:2)"
        " kernel=@mix.unshifted.kernel.pooled bias=@mix.unshifted.bias.pooled\n"
        "  %total.vector   : f32[N,1,3]  = scale_shift(%mix.few) scale=@total.positions\n"
        "  %total.vector:2 : f32[N,3]    = reshape(%total.vector) {shape=(3)}\n"
        "  %total          : f32[N,3]    = add(%total.pool, %total.vector:2)\n",
    )


def test_a_sum_that_keeps_its_axis_stays_a_convolution(becomes: Check) -> None:
    becomes(
        f"{CONTEXT}"
        "  %mix   : f32[N,24,3] = conv1d(%with) {width=1} @mix.kernel @wide.bias\n"
        "  %total : f32[N,1,3]  = global_sum_pool(%mix) {keepdims=true}\n",
        f"{MOST}\n"
        "  %mix.few      : f32[N,1,3] = conv1d(%most) {width=1, pad=(0, 0)} @mix.kernel\n"
        "  %total.pool:2 : f32[N,1,4] = global_sum_pool(%seq) {keepdims=true}\n"
        "  %total.pool   : f32[N,1,3] = conv1d(%total.pool:2) {width=1}"
        " @mix.kernel bias=@mix.unshifted.bias.pooled\n"
        "  %total.vector : f32[N,1,3] = scale_shift(%mix.few) scale=@total.positions\n"
        "  %total        : f32[N,1,3] = add(%total.pool, %total.vector)\n",
    )


def test_a_shift_is_summed_as_often_as_there_are_positions(becomes: Check) -> None:
    """A scale is not; and of a mean neither is."""
    scaled = "  %bn : f32[N,24,4] = scale_shift(%with) scale=@bn.scale shift=@bn.shift\n"
    vector = "  %bn.vector : f32[N,1,4] = scale_shift(%most) @bn.scale\n"
    becomes(
        f"{CONTEXT}{scaled}  %total : f32[N,4] = global_sum_pool(%bn)\n",
        f"{MOST}\n{vector}"
        "  %total.pool:2   : f32[N,4]   = global_sum_pool(%seq)\n"
        "  %total.pool     : f32[N,4]   = scale_shift(%total.pool:2)"
        " @bn.scale shift=@bn.unshifted.shift.pooled\n"
        "  %total.vector   : f32[N,1,4] = scale_shift(%bn.vector) scale=@total.positions\n"
        "  %total.vector:2 : f32[N,4]   = reshape(%total.vector) {shape=(4,)}\n"
        "  %total          : f32[N,4]   = add(%total.pool, %total.vector:2)\n",
    )
    becomes(
        f"{CONTEXT}{scaled}  %mean : f32[N,1,4] = global_average_pool(%bn) {{keepdims=true}}\n",
        f"{MOST}\n{vector}"
        "  %mean.pool:2 : f32[N,1,4] = global_average_pool(%seq) {keepdims=true}\n"
        "  %mean.pool   : f32[N,1,4] = scale_shift(%mean.pool:2) @bn.scale @bn.shift\n"
        "  %mean        : f32[N,1,4] = add(%mean.pool, %bn.vector)\n",
    )
    becomes(
        f"{GATE}{scaled.replace('%with', '%gate')}  %total : f32[N,4] = global_sum_pool(%bn)\n",
        f"{EXCITE}\n"
        "  %total.pool:3 : f32[N,4] = global_sum_pool(%seq)\n"
        "  %total.pool:2 : f32[N,4] = scale_shift(%total.pool:3) @bn.scale\n"
        "  %total.vector : f32[N,4] = reshape(%excite) {shape=(4,)}\n"
        "  %total.pool   : f32[N,4] = multiply(%total.pool:2, %total.vector)\n"
        "  %total        : f32[N,4] = scale_shift(%total.pool) shift=@bn.shift.pooled\n",
    )


def test_a_mean_takes_both_sides_of_a_sum_with_a_scaled_value(becomes: Check) -> None:
    becomes(
        f"{GATE}"
        "  %skip : f32[N,24,4] = add(%seq, %gate)\n"
        "  %out  : f32[N,1,4]  = global_average_pool(%skip) {keepdims=true}\n",
        f"{EXCITE}\n"
        "  %out.pool   : f32[N,1,4] = global_average_pool(%seq) {keepdims=true}\n"
        "  %out.pool:3 : f32[N,1,4] = global_average_pool(%seq) {keepdims=true}\n"
        "  %out.pool:2 : f32[N,1,4] = multiply(%out.pool:3, %excite)\n"
        "  %out        : f32[N,1,4] = add(%out.pool, %out.pool:2)\n",
    )


FAR = """\
  %flat : f32[N,96]   = flatten(%seq)
  %far  : f32[N,96]   = dense(%flat) @far.kernel
  %rows : f32[N,24,4] = reshape(%far) {shape=(24,4)}
"""


def test_a_mean_takes_both_sides_of_a_sum_with_what_is_changed_everywhere(
    becomes: Check, parsed: Callable
) -> None:
    """Where both sides are followed on windows, they are pooled together."""
    becomes(
        f"{FAR}"
        "  %sum  : f32[N,24,4] = add(%seq, %rows)\n"
        "  %mean : f32[N,4]    = global_average_pool(%sum)\n",
        f"{FAR}"
        "  %mean.pool   : f32[N,4] = global_average_pool(%seq)\n"
        "  %mean.pool:2 : f32[N,4] = global_average_pool(%rows)\n"
        "  %mean        : f32[N,4] = add(%mean.pool, %mean.pool:2)\n",
    )
    stays(
        parsed,
        "  %act  : f32[N,24,4] = silu(%seq)\n"
        "  %sum  : f32[N,24,4] = add(%seq, %act)\n"
        "  %mean : f32[N,4]    = global_average_pool(%sum)\n",
    )


def test_what_is_written_tells_the_layer_that_it_is_of(parsed: Callable) -> None:
    body = (
        f"{CONTEXT}"
        "  %mix   : f32[N,24,3] = conv1d(%with) {width=1} @mix.kernel @wide.bias\n"
        "  %total : f32[N,3]    = global_sum_pool(%mix)\n"
    )
    module = parsed(graph(body), "flat", WEIGHTS)
    module = module.rewrite(lambda node: node.replace(origin=Origin(f"layer_{node.name}")))
    layers = {
        node.name: node.origin and node.origin.layer for node in Canonicalize()(module).main.nodes
    }
    assert layers == {
        "most": "layer_most",
        "mix.few": "layer_mix",
        "total.pool:2": "layer_total",
        "total.pool": "layer_mix",
        "total.vector": "layer_mix",
        "total.vector:2": "layer_mix",
        "total": "layer_with",
    }
