"""What docs/plan_folder.md says: the files of a plan, and the keys of its manifest."""

from __future__ import annotations

import inspect
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from docs.example import module
from docs.markdown import table
from fastism.backends import reference
from fastism.io import manifest as manifests
from fastism.io import plan_folder
from fastism.io.versions import PLAN_FORMAT
from fastism.passes import Pipeline
from fastism.reductions import Reduction
from fastism.runtime import manifest as plans
from fastism.runtime.plan import Plan

ABOUT = """\
# The plan folder

`fastism compile` and `Plan.save` write it, `fastism.load` reads it; it needs neither the model nor
Keras, but for live layers. This is layout {version}. `make pages` writes this page.

```
{files}
```

Reading one executes nothing: text, tensors and JSON alone, each held against its checksum. A layer
that is restored from `opaque/` runs code of its own only if the user gives its class, or says
`--unsafe`. The text is that of [text.md](text.md).

## The manifest

`manifest.json`, of a small plan:
"""

SHORT = 60
"""Longest example shown, in characters."""


def page() -> str:
    """The text of the page. Raises KeyError for a key that nobody has described."""
    with tempfile.TemporaryDirectory() as folder:
        _plan().save(f"{folder}/plan")
        manifest = json.loads(Path(folder, "plan", manifests.MANIFEST).read_text())
    files = inspect.cleandoc(str(plan_folder.__doc__)).split("\n\n")[1]
    parts = [
        ABOUT.format(version=PLAN_FORMAT, files=inspect.cleandoc(files)),
        _keys({**manifest, "versions": {"fastism": "1.0.0"}}, manifests.FIELDS),
        "Under `plan`:\n",
        _keys(manifest["plan"], plans.FIELDS),
    ]
    return "\n".join(parts)


def _plan() -> Plan:
    stages = Pipeline.parse("annotate,segment,split,schedule").run_stages(module())
    rows = np.eye(4, dtype=np.float32)[:, None]
    pipeline = "flatten,canonicalize,annotate,segment,split,schedule"
    emit = reference.emit
    letters, reductions = (0, 1, 2, 3), {stages[0].outputs[0]: Reduction(over=(10, 20), way="sum")}
    return Plan(
        stages, lambda m: emit(m, {}), rows, {}, "reference", pipeline, [0], letters, reductions
    )


def _keys(found: Mapping[str, Any], described: Mapping[str, str]) -> str:
    rows = ((f"`{key}`", described[key], _example(value)) for key, value in found.items())
    return table(("key", "what it says", "example"), rows)


def _example(value: Any) -> str:
    text = json.dumps(value)
    return f"`{text if len(text) <= SHORT else text[:SHORT].rsplit(None, 1)[0] + ' ...'}`"
