"""IR types as ONNX types."""

from __future__ import annotations

import onnx
from onnx import TensorProto

from fastism.ir.types import TensorType

ELEMENT_TYPES: dict[str, int] = {
    "f16": TensorProto.FLOAT16,
    "bf16": TensorProto.BFLOAT16,
    "f32": TensorProto.FLOAT,
    "f64": TensorProto.DOUBLE,
    "i8": TensorProto.INT8,
    "i16": TensorProto.INT16,
    "i32": TensorProto.INT32,
    "i64": TensorProto.INT64,
    "u8": TensorProto.UINT8,
    "u16": TensorProto.UINT16,
    "u32": TensorProto.UINT32,
    "u64": TensorProto.UINT64,
    "bool": TensorProto.BOOL,
}


def value_info(name: str, type_: TensorType) -> onnx.ValueInfoProto:
    """A declaration of a tensor; its batch axis keeps its name (N, P or M)."""
    shape = list(type_.shape)
    return onnx.helper.make_tensor_value_info(name, ELEMENT_TYPES[type_.dtype], shape)
