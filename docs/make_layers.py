"""What docs/layers.md says: what becomes of every layer of Keras, seen on the models of the tests.

Every model of `tests.zoo` is compiled up to its segments, and each of its layers leaves a trace:
the ops it became, how they read positions, how they run once a mutation. Layers of `keras.layers`
that no model has are listed as run whole, which is what happens to a layer nobody knows.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import keras

from docs.markdown import code, first_sentence, reads, table
from fastism.frontends.keras.calls.tensorflow import readers
from fastism.frontends.keras.lowering.lower import lower
from fastism.ir import Graph, Node, Sites
from fastism.ir.analysis import relations
from fastism.ir.ops import definition
from fastism.passes import Pipeline
from tests.zoo import ENTRIES

PIPELINE = "flatten,canonicalize,annotate,segment"

MODES = {"exit": "window to whole", "whole": "whole"}

SIZES = (
    *("name", "dtype", "trainable", "filters", "units", "kernel_size", "pool_size", "kwargs"),
    *("args", "layer", "input_dim", "output_dim", "rate", "seed", "target_shape", "dims", "n"),
    *("num_heads", "key_dim", "data_format", "activation", "batch_shape", "sparse", "ragged"),
    *("arguments", "function", "layers", "backward_layer"),
)
"""Arguments that every model sets, or that do not change what is computed."""


@dataclass
class Trace:
    """What was seen of one kind of layer, each in the order found."""

    ops: dict[str, None] = field(default_factory=dict)
    reads: dict[str, None] = field(default_factory=dict)
    runs: dict[str, None] = field(default_factory=dict)
    options: dict[str, None] = field(default_factory=dict)
    models: dict[str, None] = field(default_factory=dict)


def traces() -> dict[str, Trace]:
    """Traces by kind of layer or operation, over all models of the tests."""
    found: dict[str, Trace] = {}
    for name, entry in sorted(ENTRIES.items()):
        model = entry.build()
        lowered = lower(model, length=entry.length)
        module = lowered.module
        length = module.main.values[module.seq_input].type.length
        segmented = Pipeline.parse(PIPELINE).run(module.replace(sites=Sites.every(length)))
        kinds = {node.origin.layer: node.origin.kind for node in _nodes(module.graphs)}
        for layer, kind in kinds.items():
            trace = found.setdefault(kind, Trace())
            trace.models[name] = None
            nodes = [n for n in segmented.main.nodes if n.origin and n.origin.layer == layer]
            for node in nodes:
                _leave(trace, segmented.main, node)
        for layer in model._flatten_layers(include_self=False):
            if type(layer).__name__ in found:
                found[type(layer).__name__].options.update(dict.fromkeys(_options(layer)))
    return found


def _nodes(graphs: tuple[Graph, ...]) -> Iterator[Node]:
    return (node for graph in graphs for node in graph.nodes if node.origin)


def _leave(trace: Trace, graph: Graph, node: Node) -> None:
    trace.ops[node.op] = None
    if node.mode == "delta":
        trace.runs["delta" if definition(node.op).linear else "value"] = None
    elif node.mode in MODES:
        trace.runs[MODES[node.mode]] = None
    found = map(reads, relations(graph, node))
    trace.reads.update(dict.fromkeys(each for each in found if each != "nothing"))


def _options(layer: Any) -> Iterator[str]:
    """The arguments of a layer that are not at their defaults."""
    defaults = inspect.signature(type(layer).__init__).parameters
    for name, value in layer.get_config().items():
        known = defaults.get(name)
        if name in SIZES or name.endswith(("initializer", "regularizer", "constraint")):
            continue
        if known is not None and _plain(value) != _plain(known.default):
            yield f"{name}={_plain(value)}"


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)) and len(value) == 1:
        return value[0]
    return value


HEAD = ("layer", "becomes", "reads", "runs on", "options tested", "models")

ABOUT = """\
# Layers

What becomes of every layer of Keras, as seen on the small models of the tests, each held against
the model itself at every site. `make pages` writes this page.

- *becomes*: the ops it is lowered to, after canonicalization; nothing for a layer that does nothing
  at prediction time; `opaque` for the live layer itself.
- *reads*: which positions of its input a position of its result depends on.
- *runs on*: `delta`, the change alone, on a window; `value`, the mutated value on a window; `window
  to whole`, a window's change added to a whole value without a recompute; `whole`, in full once a
  mutation. A layer behind a stop runs whole, whatever it is: several are seen both ways.
- *options tested*: arguments that some model sets to other than their defaults.
- *models*: in how many models of the tests it is. More options of layers, and most operations of
  `keras.ops`, are held against Keras one at a time in `tests/runtime/test_layer_options.py` and
  `test_functions.py`.
"""

OPERATIONS = """\
## Operations of TensorFlow

Layers, Lambdas and activations written in `tf.*`, `tf.nn.*` or `tf.keras.backend` are traced to
their graph. These of its operations are said again in `keras.ops`, held against the live code on
random numbers, and then become what those become; others make a layer run live, and are named.
Conditionals that are decided before the sequence is known take their branch.
"""


def page() -> str:
    """The text of the page."""
    found = traces()
    classes = layer_classes()
    layers = sorted(kind for kind in found if kind in classes)
    others = sorted(kind for kind in found if kind not in classes)
    unseen = sorted(classes - set(layers) - {"Layer", "InputLayer"})
    parts = [
        ABOUT,
        _table(found, layers),
        "## Operations and layers of other kinds\n",
        _table(found, others),
        OPERATIONS,
        table(
            ("operations", "what they do"),
            ((code(*sorted(types)), first_sentence(each)) for each, types in readers().items()),
        ),
        "## Run whole\n",
        "Layers of `keras.layers` that no test model has: exact, by the live layer, in full once\n"
        "a mutation.\n",
        code(*unseen) + "\n",
    ]
    return "\n".join(parts)


def layer_classes() -> set[str]:
    """The names of all layers of Keras; of one with several, its own."""
    exported = vars(keras.layers).values()
    return {v.__name__ for v in exported if inspect.isclass(v) and issubclass(v, keras.Layer)}


def _table(found: dict[str, Trace], kinds: list[str]) -> str:
    traces = ((kind, found[kind]) for kind in kinds)
    rows = (
        (
            f"`{kind}`",
            code(*trace.ops) or "nothing",
            ", ".join(sorted(trace.reads)),
            ", ".join(sorted(trace.runs)),
            ", ".join(sorted(trace.options)),
            str(len(trace.models)),
        )
        for kind, trace in traces
    )
    return table(HEAD, rows)
