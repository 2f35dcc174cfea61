"""The ONNX form of every op of the model's own graph, one file a family.

Importing this package registers the forms of the built-in ops. An op without a form is no error: it
becomes a function of the model, converted from its TensorFlow form.
"""

from fastism.backends.onnx.forms import (  # noqa: F401  (imported to register)
    channels,
    combining,
    pointwise,
    shape,
    tokens,
    windowed,
)
from fastism.backends.onnx.forms.registry import FORMS, Form, Writer, writes

__all__ = ["FORMS", "Form", "Writer", "writes"]
