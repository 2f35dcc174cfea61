"""A pooled vector beside the channels: what a convolution makes of it is added behind it."""

from __future__ import annotations

from collections.abc import Callable

from tests.passes.pooled import MOST, Check, stays

BESIDE = f"""{MOST}
  %rows : f32[N,24,4] = upsample(%most) {{factor=24}}
  %both : f32[N,24,8] = concatenate(%seq, %rows) {{axis=2}}
"""


def test_what_is_made_of_a_vector_beside_the_channels_is_added(becomes: Check) -> None:
    becomes(
        f"{BESIDE}  %conv : f32[N,20,3] = conv1d(%both) {{width=5}} @both.kernel @wide.bias\n",
        f"""{MOST}
  %conv.local : f32[N,20,3] = conv1d(%seq) {{width=5}} kernel=@conv.kernel.local bias=@wide.bias
  %conv.ends  : f32[N,5,4]  = upsample(%most) {{factor=5}}
  %conv.few   : f32[N,1,3]  = conv1d(%conv.ends) {{width=5, pad=(0,0)}} kernel=@conv.kernel.vector
  %conv       : f32[N,20,3] = add(%conv.local, %conv.few)
""",
    )


def test_several_vectors_beside_several_values_are_joined_apart(becomes: Check) -> None:
    """The rows of the kernel go with the values they are of, in whatever order those stand."""
    made = f"""{MOST}
  %few   : f32[N,1,3]  = conv1d(%most) {{width=1, pad=(0,0)}} @mix.kernel
"""
    other = """\
  %other : f32[N,24,3] = conv1d(%seq) {width=5, pad=same} @wide.kernel
  %more  : f32[N,24,3] = relu(%other)
"""
    becomes(
        f"""{made}{other}
  %one   : f32[N,24,4] = upsample(%most) {{factor=24}}
  %two   : f32[N,24,3] = upsample(%few) {{factor=24}}
  %both  : f32[N,24,14] = concatenate(%one, %seq, %two, %more) {{axis=2}}
  %mixed : f32[N,22,3] = conv1d(%both) {{width=3}} @four.kernel @wide.bias
""",
        f"""{made}{other}
  %mixed.local.joined  : f32[N,24,7] = concatenate(%seq, %more) {{axis=2}}
  %mixed.local         : f32[N,22,3] = conv1d(%mixed.local.joined) {{width=3}}\
 kernel=@mixed.kernel.local @wide.bias
  %mixed.vector.joined : f32[N,1,7]  = concatenate(%most, %few) {{axis=2}}
  %mixed.ends          : f32[N,3,7]  = upsample(%mixed.vector.joined) {{factor=3}}
  %mixed.few           : f32[N,1,3]  = conv1d(%mixed.ends) {{width=3, pad=(0, 0)}}\
 kernel=@mixed.kernel.vector
  %mixed               : f32[N,22,3] = add(%mixed.local, %mixed.few)
""",
    )


def test_a_vector_beside_the_channels_stays_where_two_read_both(parsed: Callable) -> None:
    stays(
        parsed,
        f"""{BESIDE}
  %bend : f32[N,24,8] = silu(%both)
  %conv : f32[N,24,3] = conv1d(%both) {{width=5, pad=same}} @both.kernel
  %all  : f32[N,24,11] = concatenate(%bend, %conv) {{axis=2}}
""",
    )
