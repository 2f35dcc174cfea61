"""What docs/models.md says: published models, built small, and what becomes of each."""

from __future__ import annotations

from docs.markdown import code, first_sentence, table
from fastism.passes.stops import MEETS
from fastism.runtime.plan import Plan
from fastism.runtime.report import summary
from fastism.testing.trial import locality
from tests.compiled import compiled_case
from tests.zoo import ZOO
from tests.zoo.families import FAMILIES

HEAD = ("model", "made of", "on windows", "live", "windows end at", "predicted speed-up")

ABOUT = """\
# Models people have

Published models, each built small (few channels, a short sequence), its layers written as its
authors wrote them, in `tf.*` and `tf.keras.backend` where they did. They are models of the tests:
each is compiled and held against the model itself. `make pages` writes this page.

- *on windows*: how many of the ops that a mutation reaches run on windows.
- *live*: the layers that are run as they are, and why.
- *windows end at*: the layers behind which every position is changed. What follows runs whole.
- *predicted speed-up*: multiply-adds of the whole model over those of a mutation. It is that of the
  small model, and grows with the length of the sequence.

What squeeze and excite, contexts and attention leave to be saved: [pooled.md](pooled.md).
"""


def page() -> str:
    """The text of the page."""
    parts = [ABOUT]
    for title, families in FAMILIES.items():
        rows = [_row(family, name) for family, name in families.items()]
        parts += [f"## {title}\n", table(HEAD, rows)]
    return "\n".join(parts)


def _row(family: str, name: str) -> tuple[str, ...]:
    builder, plan = ZOO[name], compiled_case(name).plan
    local = locality(plan)
    file = builder.__module__.replace(".", "/") + ".py"
    return (
        f"[{family}](../{file})",
        first_sentence(builder),
        f"{local.on_windows} of {local.reached}",
        "; ".join(f"`{key}`: {layer.why}" for key, layer in plan.opaque.items()),
        code(*dict.fromkeys(_ends(plan))),
        f"{summary(plan.stages).predicted_speedup:.2g}",
    )


def _ends(plan: Plan) -> list[str]:
    """The layers behind which every position is changed, but for those that read such values."""
    ends = summary(plan.stages).ends
    return [layer for layer, why in ends if why != MEETS]
