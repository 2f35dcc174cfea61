"""What a SavedModel serves: read like code, where it takes any number of sequences."""

from __future__ import annotations

from fastism.frontends.keras.calls.call import Call, Expression, NoHandler, handles, refuse
from fastism.frontends.keras.files.program import TensorFlowProgram


@handles(TensorFlowProgram)
def program(call: Call) -> Expression:
    batch = call.operation.batch
    if batch is not None:
        # Its graph has that number in every shape, where it cannot be told from other extents.
        refuse(f"it is a TensorFlow program for batches of exactly {batch}")
    raise NoHandler("its graph is read as code is")
