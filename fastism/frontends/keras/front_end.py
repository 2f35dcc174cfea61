"""The front end of Keras models, as the rest of fastism sees it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fastism.frontends.base import Architecture, Array, Call, FrontEnd, LiveLayer, Lowered
from fastism.frontends.file_hash import file_hash
from fastism.reductions import Reduction, Shape

_ENDINGS = (".keras", ".h5", ".hdf5")


class KerasFrontEnd:
    """`FrontEnd` for keras.Model, .keras and .h5 files and SavedModel folders.

    Nothing here imports Keras before a model is loaded, lowered, restored or called.
    """

    def recognises(self, model: object) -> bool:
        """Whether it is a Keras model, or the path of one by its ending or what it holds."""
        if isinstance(model, (str, os.PathLike)):
            path = Path(model)
            return path.suffix.lower() in _ENDINGS or (path / "saved_model.pb").is_file()
        keras = sys.modules.get("keras")
        return keras is not None and isinstance(model, keras.Model)

    def load(
        self,
        path: str,
        *,
        custom_objects: Mapping[str, Any] | None = None,
        unsafe: bool = False,
        architecture: Architecture | None = None,
        signature: str | None = None,
    ) -> Any:
        """See `fastism.frontends.keras.files.load.load_model`."""
        from fastism.frontends.keras.files.load import load_model

        return load_model(
            path,
            custom_objects=custom_objects,
            unsafe=unsafe,
            architecture=architecture,
            signature=signature,
        )

    def file_hash(self, path: str) -> str:
        """SHA-256 of the file, or of the folder's names and files."""
        return file_hash(path)

    def lower(
        self,
        model: Any,
        *,
        length: int | None = None,
        seq_input: int | str = 0,
        name: str = "",
        sha256: str = "",
        tokens: int | None = None,
    ) -> Lowered:
        """See `fastism.frontends.keras.lowering.lower.lower`."""
        from fastism.frontends.keras.lowering.lower import lower

        return lower(
            model, length=length, seq_input=seq_input, name=name, sha256=sha256, tokens=tokens
        )

    def output_shapes(self, model: Any, length: int | None = None) -> Mapping[str, Shape]:
        """See `fastism.frontends.keras.reduced.output_shapes`."""
        from fastism.frontends.keras.reduced import output_shapes

        return output_shapes(model, length)

    def reduced(self, model: Any, reductions: Mapping[str, Reduction]) -> Any:
        """See `fastism.frontends.keras.reduced.reduced`."""
        from fastism.frontends.keras.reduced import reduced

        return reduced(model, reductions)

    def restore(
        self,
        config: Mapping[str, Any],
        weights: Mapping[str, Array],
        *,
        custom_objects: Mapping[str, Any] | None = None,
        unsafe: bool = False,
    ) -> LiveLayer:
        """See `fastism.frontends.keras.live.opaque.OpaqueLayer.restore`."""
        from fastism.frontends.keras.live.opaque import OpaqueLayer

        return OpaqueLayer.restore(config, weights, custom_objects, unsafe=unsafe)

    def predict(self, model: Any, inputs: Sequence[Array]) -> list[Array]:
        """Call the model on one batch, layer by layer."""
        from fastism.frontends.keras.ways import predict

        return predict(model, inputs)

    def layers(self, model: Any, inputs: Sequence[Array]) -> Mapping[str, Array]:
        """The results of the model's own layers; of none where it is no graph of them."""
        from fastism.frontends.keras.ways import layers

        return layers(model, inputs)

    @property
    def ways(self) -> Mapping[str, Callable[[Any, int], Call]]:
        """``model.predict``, and the model as one ``tf.function``."""
        from fastism.frontends.keras.ways import WAYS

        return WAYS

    def dtypes(self, model: Any) -> frozenset[str]:
        """The compute types of its layers, and of operations between them."""
        from fastism.frontends.keras.calls.dtypes import computed_in

        return computed_in(model)


FRONT_END: FrontEnd = KerasFrontEnd()
