"""How each backend computes ``smooth``. The numpy form is its definition."""

from fastism.backends.onnx import writes
from fastism.backends.reference import implements
from fastism.backends.tensorflow import emits
from smoothing.ops import SMOOTH


def _rounds(node, x):
    for _ in range(node["rounds"]):
        x = (x[:, :-2] + 2 * x[:, 1:-1] + x[:, 2:]) / 4
    return x


@implements(SMOOTH.name)
def smooth_numpy(node, inputs, constants, context):
    return _rounds(node, inputs[0])


@emits(SMOOTH.name)
def smooth_tensorflow(node, inputs, constants):
    return _rounds(node, inputs[0])


@writes(SMOOTH.name)
def smooth_onnx(writer, node, inputs):
    def part(x, start, stop):
        bounds = [("starts", start), ("ends", stop), ("axes", 1)]
        return writer.add("Slice", x, *(writer.table(what, [value]) for what, value in bounds))

    x, two, four = inputs[0], writer.number(2), writer.number(4)
    for _ in range(node["rounds"]):
        middle = writer.add("Mul", part(x, 1, -1), two)
        x = writer.add("Div", writer.add("Sum", part(x, 0, -2), middle, part(x, 2, 2**31)), four)
    return x
