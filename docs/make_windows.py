"""Draw docs/windows.png: how far one edited base reaches in the demo model.

python docs/make_windows.py
"""

from __future__ import annotations

from pathlib import Path

import keras

from fastism import data
from fastism.frontends.keras.lowering.lower import lower
from fastism.ir import Sites
from fastism.passes import Pipeline
from fastism.plotting.windows import plot_windows

EDITED = 100


def main() -> None:
    model = keras.models.load_model(data.path("demo.h5"), compile=False)
    module = lower(model).module
    sites = Sites.every(module.main.values[module.seq_input].type.length)
    passes = Pipeline.parse("flatten,canonicalize,annotate,segment")
    segmented = passes.run(module.replace(sites=sites))
    plot_windows(segmented, Path(__file__).with_name("windows.png"), site=EDITED)


if __name__ == "__main__":
    main()
