"""What docs/scores.md says: score definitions, reductions, strands, folds; worked numbers."""

from __future__ import annotations

import numpy as np

from docs.markdown import table
from fastism.reductions import WAYS
from fastism.runtime.strands import WORDS
from fastism.scores import SCORES

REFERENCE = np.array([[2.0]])
ALTERNATE = np.array([[[[2.0], [5.0], [4.0], [1.0]]]])
HELD = np.array([[[1.0, 0.0, 0.0, 0.0]]])

ABOUT = """\
# Scores

A plan gives predictions: f(reference), of a sequence as it is, and f(alternative a), with a
letter written at a site. What is made of them has a name, because tools of the field differ, at
the reference base by a third, and one port of a tool shipped scores three times too large.

```python
scores = plan(x)
scores.score("contribution")  # (N, S, A, *out), by name
fastism.scores.centered(reference, alternate)  # the same on arrays, of a file for instance
```

On the command line `--score` takes the names (`fastism run`, `fastism convert`, `fastism plot`).
The file of a run (`.h5`) holds predictions, of which every score can be made afterwards.

## Definitions

With d[a] = f(alternative a) - f(reference), for one sequence, site and output, and A letters:

{definitions}

`centered`, `centered-alt`, `hypothetical` and `contribution` are of letters: sites of one
position, every letter written, in the order of the channels. With other alternatives they are
refused. Where a sequence holds no letter (N), `centered-alt` takes the mean over all of them, and
`contribution` is 0. `logfc` refuses predictions that are zero or negative; of a head that gives
natural log counts it is `delta` over ln 2. `l2` has no sign, so it is nothing for TF-MoDISco.

TF-MoDISco wants `hypothetical` scores; raw predictions in their place are the usual mistake.

### In numbers

A sequence holds A, the model says 2 for it, and 2, 5, 4 and 1 with A, C, G and T there:

{worked}

### Sources

AlphaGenome's `interpretation/ism.py` divides the sum by the other letters alone; tangermeme's
`saturation_mutagenesis.py` takes the mean with the reference base in it, and multiplies by the
sequence unless `hypothetical`; yuzu's `naive_ism.py` is the root of summed squares over all
outputs.

## Reductions, inside the graph

A profile of 1,000 positions is 1,000 numbers for every mutant, and most of them are added up at
once afterwards. Reduced in the graph, one number leaves it, and what the reduction does not see
is not computed: channels nobody takes, positions nobody reads.

```sh
fastism compile model.h5 -o plan/ --outputs profile --target 0 --over 400:600 --reduce sum
```

```python
fastism.compile(model, outputs="profile", target=0, over=slice(400, 600), reduce="sum")
fastism.compile(model, reduce={{"profile": "profile"}}, target={{"counts": 1}})  # by output
fastism.compile(model, outputs="profile", reduce=lambda z: keras.ops.max(z, axis=(1, 2)))
```

First `target` takes channels (of the last axis), then `over` takes positions, then `reduce` makes
one number of these positions, each channel for itself: of an output (N, L, C) it is over L, of
(N, D) over D. With z for the positions:

{ways}

`profile` is what BPNet and ChromBPNet explain their profile heads by
(`get_weightedsum_meannormed_logits` in ChromBPNet's `shap_utils.py`). There the softmax is held
fixed while gradients flow through the logits; a mutant has its own softmax here, as it is no
gradient.

A function of your own is called once, on a symbolic tensor (N, *out), and returns one; on the
command line it is `--reduce module.py:function`. No plan holds it: to hold a saved plan against
its model, give it again (`fastism.load(path, reduce=function)`, `fastism verify --reduce`).

The sum of a difference is the difference of sums, but the logarithm of a sum is no sum of
logarithms: a reduction is part of f, and scores are made of what it leaves.

## Both strands, and folds

```sh
fastism run fold_0/ fold_1/ fold_2/ -s seqs.fa -o scores.h5 --rc --strands same
```

```python
both = fastism.BothStrands(plan, strands={{"profile": "swapped"}})
scores = fastism.Ensemble([plan_0, plan_1], rc=True, strands="same")(x)
scores.alternate, scores.deviation.delta  # the mean, and how far the members are apart
```

The order is: predictions are averaged over a sequence and its reverse complement, then over the
plans, and then the score is made. So `delta`, `centered` and `contribution` are means of the
members' own; `logfc` and `l2`, which are not linear, are made of the means.

On the other strand the site of a mutation is mirrored, what is written is complemented, and both
are brought back. A single number stays what it is, and a single track along the sequence is
reversed. Of several channels nobody can tell tasks from strands, so it must be said:

{words}

or the channel that each one pairs with, as `1,0`. Channels beside the letters (`letters=`) and
other inputs along the sequence are reversed, numbers beside it stay. Only DNA and RNA have
another strand.

The deviation is the standard deviation over the plans as the root of the mean square (numpy's
`std`). `.h5` and `.zarr` files keep it for the reference (`OUTPUT/reference_std`) and for
alternate - reference (`OUTPUT/delta_std`), which is how sure the folds are of a mutation; it is
not the difference of two deviations.

`-m fold_0.h5 -m fold_1.h5 ...`, a model for each plan in their order, holds means and deviations
against the same means of the models' own predictions. `--shard`, `--workers` and `--cluster` take
several plans and both strands like one.
"""


def page() -> str:
    """The text of the page."""
    definitions = table(
        ("name", "definition", "at the reference base", "who uses it"),
        ((f"`{s.name}`", s.formula, s.at_reference, s.used_by) for s in SCORES.values()),
    )
    ways = ((f"`{name}`", about) for name, about in WAYS.items())
    words = ((f"`{word}`", about) for word, about in WORDS.items())
    return ABOUT.format(
        definitions=definitions.rstrip(),
        worked=table(("name", "A", "C", "G", "T"), map(_worked, SCORES)).rstrip(),
        ways=table(("name", "what it is"), ways).rstrip(),
        words=table(("word", "what becomes of an output"), words).rstrip(),
    )


def _worked(name: str) -> tuple[str, ...]:
    values = SCORES[name](REFERENCE, ALTERNATE, HELD).ravel() + 0.0  # no minus before a zero
    return (f"`{name}`", *(f"{value:.4g}" for value in values))
