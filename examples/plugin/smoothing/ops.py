"""The op ``smooth``: each position averaged with its neighbours, 1:2:1, so many rounds."""

from fastism.ir import Window
from fastism.ir.ops import OpDefinition, register


def _shorter(node, types, roles):
    length = types[0].length - 2 * node.count("rounds")
    if length < 1:
        raise ValueError(f"{types[0]} is too short for {node['rounds']} rounds")
    return (types[0].with_length(length),)


SMOOTH = register(
    OpDefinition(
        "smooth",
        infer=_shorter,
        attributes={"rounds": 1},
        # How a change passes it: which positions a result reads, how it runs on a window of them
        # (as it is, for it pads nothing), and that it may be given the change alone.
        relation=lambda node, types: (Window(width=2 * node.count("rounds") + 1),),
        pull=lambda node: node,
        linear=True,
        monotone=True,
        light=True,
    )
)
