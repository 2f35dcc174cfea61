"""What a reader has before a page begins: a model, its plan, sequences, a genome, a finished run.

`make` writes what every page may use; `MORE` has what some need besides, by the page's name.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
from keras import layers

import fastism
from fastism import data
from fastism.checking.subgraph import Subgraph
from fastism.cli import main
from fastism.ir.parser import parse_module
from tests.docs.blocks import ROOT
from tests.genomes import letters, write_bed, write_genome, write_vcf

GENOME = {"chr1": letters(2000, 0), "chr2": letters(900, 1)}
SEQUENCES = 2


def make(folder: Path) -> None:
    """Write the files that every page may use into the folder."""
    (folder / "model.h5").write_bytes(data.path("demo.h5").read_bytes())
    records = data.path("demo.fa").read_text().split(">")[1 : SEQUENCES + 1]
    (folder / "sequences.fa").write_text("".join(f">{record}" for record in records))
    fastism.compile(folder / "model.h5").save(folder / "plan")
    write_genome(folder / "genome.fa", GENOME)
    sizes = "".join(f"{name}\t{len(bases)}\n" for name, bases in GENOME.items())
    (folder / "chrom.sizes").write_text(sizes)
    write_bed(folder / "peaks.bed", [("chr1", 400, 700, "a", 0, "+"), ("chr2", 300, 500)])
    peak = (".", 1, 1, 1, 150)
    write_bed(folder / "peaks.narrowPeak", [("chr1", 400, 700, "a", 0, *peak)])
    rows = [("chr1", at, GENOME["chr1"][at - 1], new) for at, new in ((500, "A"), (510, "GTT"))]
    write_vcf(folder / "in.vcf.gz", [row for row in rows if row[2] != row[3]])
    names = [str(folder / name) for name in ("plan", "sequences.fa", "scores.h5")]
    assert main(["--quiet", "run", names[0], "-s", names[1], "-o", names[2]]) == 0


def names() -> dict[str, Any]:
    """What the Python blocks of a page may use without a line that makes it."""
    plan = fastism.load("plan")
    lines = Path("sequences.fa").read_text().splitlines()
    x = fastism.one_hot([line for line in lines if line[0] != ">"])
    model = keras.models.load_model("model.h5", compile=False)
    return {"fastism": fastism, "np": np, "keras": keras, "plan": plan, "x": x, "model": model}


def _positions(x: Any, length: int) -> Any:
    """Scores along the positions, in the middle of what the model reads."""
    y = layers.Conv1D(6, 5, padding="same", activation="relu")(x)
    return layers.Cropping1D((x.shape[1] - length) // 2)(y)


def _explained(names: dict[str, Any]) -> None:
    """A plan of a model that is local all along, with a track and a number."""
    y = x = layers.Input((600, 4), name="sequence")
    for number, size in enumerate((2, 2, 3), 1):
        y = layers.Conv1D(6, 5, padding="same", activation="relu", name=f"conv_{number}")(y)
        y = layers.MaxPooling1D(size, name=f"pool_{number}")(y)
    profile = layers.Conv1D(1, 3, padding="same", name="profile")(y)
    counts = layers.Dense(1, name="counts")(layers.GlobalAveragePooling1D()(y))
    fastism.compile(keras.Model(x, [profile, counts])).save("plan", force=True)


def _own_layers(names: dict[str, Any]) -> None:
    """The layers of the page's example, and two more."""
    exec((ROOT / "examples" / "custom_layer.py").read_text(encoding="utf-8"), names)
    names |= {name: type(name, (layers.Layer,), {}) for name in ("Squash", "Scale")}


LAYERS = """
import keras

class AttentionPool(keras.layers.Layer):
    def call(self, x):
        return keras.ops.sum(x * keras.ops.softmax(x, axis=1), axis=1)
"""
TRAIN = """
import keras

def build_model():
    x = keras.Input((20, 4))
    return keras.Model(x, keras.layers.Dense(1)(keras.layers.Flatten()(x)))
"""


def _model_files(names: dict[str, Any]) -> None:
    """Weights alone, with what builds their model, and a model with a layer of one's own."""
    Path("layers.py").write_text(LAYERS)
    Path("train.py").write_text(TRAIN)
    exec(LAYERS + TRAIN, names)
    whole = names["build_model"]()
    whole.save_weights("whole.weights.h5")
    Path("whole.weights.h5").rename("weights.h5")
    Path("model.json").write_text(whole.to_json())
    x = keras.Input((20, 4))
    Path("model.h5").unlink()
    keras.Model(x, names["AttentionPool"]()(x)).save("model.h5")
    y = layers.Flatten()(layers.Lambda(lambda x: x - 1, name="lambda_1")(x))
    keras.Model(x, y).save("lambdas.h5")


AGREES = """// fastism 1  stage=canonical  after=canonicalize
outputs y
graph @main(%x: f32[N,3,2]) {backend=reference, allowed="1e-06"} {
  %y : f32[N,3,2] = relu(%x)
  return %y
}
"""


def _verified(names: dict[str, Any]) -> None:
    """A small model, its plan, and a sub-graph that was cut out of one, now mended."""
    x = layers.Input((40, 4), name="sequence")
    y = layers.MaxPooling1D(4)(layers.Conv1D(4, 5, activation="relu")(x))
    Path("model.h5").unlink()
    keras.Model(x, layers.Dense(1)(layers.Flatten()(y))).save("model.h5")
    fastism.compile("model.h5").save("plan", force=True)
    given = np.arange(-3.0, 3.0).reshape(1, 3, 2)
    part = Subgraph(parse_module(AGREES), {"x": given}, np.maximum(given, 0))
    part.write(Path("bisected.fism"))


def _scored(names: dict[str, Any]) -> None:
    """A model with a profile of two strands and two counts, and plans of a few of its sites."""
    x = layers.Input((600, 4), name="sequence")
    y = layers.Conv1D(4, 5, padding="same", activation="softplus")(x)
    profile = layers.Conv1D(2, 3, padding="same", activation="softplus", name="profile")(y)
    counts = layers.Dense(2, name="counts")(layers.GlobalAveragePooling1D()(y))
    model = keras.Model(x, [profile, counts])
    Path("model.h5").unlink()
    model.save("model.h5")
    plan = fastism.compile(model, outputs="profile", sites=slice(298, 302))
    for number in range(3):
        plan.save(f"fold_{number}")
    Path("seqs.fa").write_text(f">seq_0\n{letters(600, 4)}\n")
    predicted = plan(_one_hot(600))
    names |= {"model": model, "plan": plan, "plan_0": plan, "plan_1": plan, "x": _one_hot(600)}
    names |= {"reference": predicted.reference, "alternate": predicted.alternate}


def _tracked(names: dict[str, Any]) -> None:
    """Arrays, and a plan of a model that reads a track beside the sequence."""
    x = names["x"]
    np.save("sequences.npy", x)
    tracks = np.ones((len(x), 200, 1), np.float32)
    np.save("tracks.npy", tracks)
    with h5py.File("tracks.h5", "w") as file:
        file["values"] = tracks
    dna, track = layers.Input((200, 4), name="dna"), layers.Input((200, 1), name="tracks")
    y = layers.Conv1D(4, 5)(layers.Concatenate()([dna, track]))
    model = keras.Model([dna, track], layers.GlobalMaxPooling1D()(y))
    fastism.compile(model).save("tracked")
    names["batches"] = [x[:1], x[1:]]


def _pictured(names: dict[str, Any]) -> None:
    """A run of a model with a profile."""
    x = layers.Input((600, 4), name="sequence")
    profile = layers.Conv1D(1, 3, activation="softplus", padding="same", name="profile")(x)
    fastism.compile(keras.Model(x, profile), sites=slice(280, 320)).save("profiles")
    Path("long.fa").write_text(f">seq_0\n{letters(600, 4)}\n")
    assert main(["--quiet", "run", "profiles", "-s", "long.fa", "-o", "profiles.h5"]) == 0


def _substituted(names: dict[str, Any]) -> None:
    """A plan with two outputs, and two substitutions."""
    x = layers.Input((200, 4), name="sequence")
    y = layers.Conv1D(4, 5, activation="relu")(x)
    ends = [layers.Dense(1, name=n)(layers.GlobalMaxPooling1D()(y)) for n in ("counts", "other")]
    names["plan"] = fastism.compile(keras.Model(x, ends))
    names |= {"sequence": [0, 1], "position": [20, 30], "rows": ["GATA", "TTGA"]}


def _others(names: dict[str, Any]) -> None:
    """Small models with the names, shapes and outputs of those of other tools."""
    x = layers.Input((240, 4), name="sequence")
    profile = layers.Flatten(name="logits_profile_predictions")(
        layers.Conv1D(1, 3, padding="same")(_positions(x, 100))
    )
    counts = layers.Dense(1, name="logcount_predictions")(
        layers.GlobalAveragePooling1D()(_positions(x, 200))
    )
    keras.Model(x, [profile, counts]).save("chrombpnet_nobias.h5")
    y = layers.GlobalMaxPooling1D()(_positions(x, 240))
    classes = keras.Model(x, layers.Dense(5, activation="softplus")(y))
    classes.save("model.keras")
    free = layers.Input((None, 4))
    y = layers.Conv1D(4, 11, padding="same", activation="relu")(free)
    y = layers.Conv1D(3, 1, activation="softmax")(layers.Cropping1D(5000)(y))
    keras.Model(free, y).save("spliceai1.h5")
    write_bed(Path("regions.bed"), [("chr1", 400, 700, "a", 0, "-")])
    names |= {"model": classes, "sequences": [letters(240, 7)], "x": _one_hot(240)}


def _one_hot(length: int) -> Any:
    return fastism.one_hot([letters(length, 7)])


def _readme(names: dict[str, Any]) -> None:
    """A pass of one's own; the plan is made by the page."""
    own = (ROOT / "examples" / "custom_pass.py").read_text(encoding="utf-8")
    Path("my_pass.py").write_text(own.replace("drop-gaussian-noise", "my-pass"))
    shutil.rmtree("plan")


def _array_job(names: dict[str, Any]) -> None:
    """The folder of an array's parts."""
    Path("parts").mkdir()


def _on_a_genome(names: dict[str, Any]) -> None:
    """A run of regions."""
    shutil.copy("chrom.sizes", "hg38.chrom.sizes")
    Path("scores.h5").unlink()
    regions = ["-r", "peaks.bed", "-g", "genome.fa", "-o", "scores.h5", "--force"]
    assert main(["--quiet", "run", "plan", *regions]) == 0


MORE: Mapping[str, Callable[[dict[str, Any]], None]] = {
    "README.md": _readme,
    "docs/cluster.md": _array_job,
    "docs/commands.md": _on_a_genome,
    "docs/custom_layers.md": _own_layers,
    "docs/explain.md": _explained,
    "docs/from_other_tools.md": _others,
    "docs/loading.md": _model_files,
    "docs/pictures.md": _pictured,
    "docs/scores.md": _scored,
    "docs/sequences.md": _tracked,
    "docs/variants.md": _substituted,
    "docs/verify.md": _verified,
}
