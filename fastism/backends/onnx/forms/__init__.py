"""The ONNX form of every op, one file a family; importing this package registers them.

An op of the user's without a form becomes a function of the model, converted from its TensorFlow
form, as live layers are.
"""

from fastism.backends.onnx.forms import (  # noqa: F401  (imported to register)
    batches,
    channels,
    combining,
    pointwise,
    running,
    shape,
    structure,
    tokens,
    windowed,
    windows,
)
from fastism.backends.onnx.forms.registry import FORMS, Form, Writer, writes

__all__ = ["FORMS", "Form", "Writer", "writes"]
