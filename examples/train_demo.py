"""Train the demo model and write it, with held-out sequences, to fastism/data.

A sequence is positive if it carries one of two well-known transcription-factor motifs: the core of
the CTCF motif (CCACCAGGGGGC) or the GATA consensus (AGATAAG). Negatives carry neither. Seeds are
fixed and the operations deterministic, so one machine always makes the same model; about a minute.

    python examples/train_demo.py [FOLDER]
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import h5py
import keras
import numpy as np
import tensorflow as tf

LENGTH = 200
MOTIFS = {"CTCF": "CCACCAGGGGGC", "GATA": "AGATAAG"}
BASES = np.array(list("ACGT"))
YOUNGER = {"input_axes", "output_axes", "renorm", "renorm_clipping", "renorm_momentum"}
YOUNGER |= {"optional", "quantization_config"}
"""Options, all at their default here, that Keras did not have from the start and then refuses."""


def background(random: np.random.Generator) -> str:
    """A uniform random sequence that holds neither motif."""
    while True:
        sequence = "".join(random.choice(BASES, LENGTH))
        if not any(motif in sequence for motif in MOTIFS.values()):
            return sequence


def planted(random: np.random.Generator, name: str) -> tuple[str, int]:
    """A background with one motif written over it, and where the motif starts."""
    motif = MOTIFS[name]
    start = int(random.integers(0, LENGTH - len(motif) + 1))
    sequence = background(random)
    return sequence[:start] + motif + sequence[start + len(motif) :], start


def examples(random: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """One-hot sequences (count, 200, 4), half of them positive, and labels (count, 1)."""
    names = list(MOTIFS)
    sequences = [
        planted(random, names[index // 2 % 2])[0] if index % 2 else background(random)
        for index in range(count)
    ]
    one_hot = np.array([list(text) for text in sequences])[..., None] == BASES
    return one_hot.astype("float32"), (np.arange(count) % 2).astype("float32")[:, None]


def build() -> keras.Model:
    """Three convolution blocks and two dense layers; about 60,000 weights."""
    layers = keras.layers
    x = inputs = layers.Input((LENGTH, 4), name="sequence")
    for block, (filters, width, pool) in enumerate([(64, 15, 2), (64, 7, 4), (64, 3, 5)], start=1):
        x = layers.Conv1D(filters, width, padding="same", name=f"conv_{block}")(x)
        x = layers.BatchNormalization(momentum=0.9, name=f"norm_{block}")(x)
        x = layers.ReLU(name=f"relu_{block}")(x)
        x = layers.MaxPooling1D(pool, name=f"pool_{block}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(0.2, name="dropout")(x)
    x = layers.Dense(32, activation="relu", name="dense")(x)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid", name="bound")(x), name="demo")


def readable_by_all(config: Any) -> Any:
    """A model's configuration as the oldest Keras 3 would have written it."""
    if isinstance(config, list):
        return [readable_by_all(part) for part in config]
    if not isinstance(config, dict):
        return config
    if config.get("class_name") == "DTypePolicy":
        return config["config"]["name"]
    return {key: readable_by_all(part) for key, part in config.items() if key not in YOUNGER}


def main(folder: Path) -> None:
    keras.utils.set_random_seed(7)
    tf.config.experimental.enable_op_determinism()
    random = np.random.default_rng(7)
    model = build()
    # Label smoothing keeps the sigmoid out of saturation, where every mutation would score zero.
    loss = keras.losses.BinaryCrossentropy(label_smoothing=0.02)
    model.compile(keras.optimizers.Adam(2e-3), loss, metrics=["accuracy"])
    model.fit(*examples(random, 6000), batch_size=64, epochs=6, verbose=2)
    _, accuracy = model.evaluate(*examples(random, 1000), verbose=0)
    print(f"accuracy on 1,000 held-out sequences: {accuracy:.3f}")
    model.save(folder / "demo.h5", include_optimizer=False)
    with h5py.File(folder / "demo.h5", "r+") as file:
        config = readable_by_all(json.loads(file.attrs["model_config"]))
        file.attrs["model_config"] = json.dumps(config)
    with open(folder / "demo.fa", "w") as fasta:
        for index in range(32):
            name = list(MOTIFS)[index % 2]
            sequence, start = planted(random, name)
            fasta.write(f">seq_{index} {name}:{start}-{start + len(MOTIFS[name])}\n{sequence}\n")


if __name__ == "__main__":
    default = Path(__file__).parent.parent / "fastism" / "data"
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else default)
