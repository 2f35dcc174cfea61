"""Run by test_plugin.py: the plan in a folder held against the model, by public names alone.

Prints the largest difference of the scores, as a share of the largest score.
"""

import sys

import keras
import numpy as np
import smoothing  # registers the op that the plan is made of

import fastism
from fastism.testing import conformance

for backend in ("tensorflow", "onnx"):
    for rounds in (1, 3):
        sample = conformance.Sample("smooth", attributes={"rounds": rounds})
        conformance.check_sample(backend, sample)

folder = sys.argv[1]
model = keras.models.load_model(f"{folder}/model.keras", {"Smooth": smoothing.Smooth})
plan = fastism.load(f"{folder}/plan")
x = np.eye(4, dtype="float32")[np.random.default_rng(0).integers(0, 4, (1, plan.length))]
mutants = np.repeat(x, plan.length * 4, axis=0)
rows = mutants.reshape(plan.length, 4, plan.length, 4)
for site in range(plan.length):
    rows[site, :, site] = np.eye(4)
wanted = model.predict(mutants, verbose=0).reshape(plan(x).alternate.shape)
print(np.abs(plan(x).alternate - wanted).max() / np.abs(wanted).max())
