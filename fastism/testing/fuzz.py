"""Hold plans of random models against the models: ``python -m fastism.testing.fuzz N [START]``.

Prints the seed, the smallest depth that still fails, and the error of each failure; the exit code
is 1 if there was any.
"""

from __future__ import annotations

import argparse
import sys

from fastism import api
from fastism.runtime.inputs import random_inputs
from fastism.testing.compare import assert_matches_model
from fastism.testing.random_models import random_depth, random_model


def check(seed: int, depth: int | None = None, tolerance: float = 1e-5) -> None:
    """Raise whatever goes wrong with one random model, at every site."""
    model = random_model(seed, depth=depth)
    plan = api.compile(model)
    inputs = random_inputs(plan.stages[0].main, 1, seed)
    assert_matches_model(plan, model, inputs, tolerance)


def failure(seed: int, depth: int | None = None) -> Exception | None:
    """What goes wrong with one random model, if anything."""
    try:
        check(seed, depth)
    except Exception as error:  # a fuzzer reports whatever comes
        return error
    return None


def smallest(seed: int, error: Exception) -> tuple[int, Exception]:
    """The smallest depth at which the model of a failing seed fails, and its error there."""
    for depth in range(random_depth(seed)):
        found = failure(seed, depth)
        if found is not None:
            return depth, found
    return random_depth(seed), error


def main(arguments: list[str] | None = None) -> int:
    """Run the seeds START to START + N; returns how the process should exit."""
    parser = argparse.ArgumentParser(prog="python -m fastism.testing.fuzz", description=__doc__)
    parser.add_argument("count", type=int, help="how many models")
    parser.add_argument("start", type=int, nargs="?", default=0, help="the first seed")
    given = parser.parse_args(arguments)
    failures = 0
    for seed in range(given.start, given.start + given.count):
        error = failure(seed)
        if error is not None:
            failures += 1
            depth, error = smallest(seed, error)
            print(
                f"random_model({seed}, depth={depth}): {type(error).__name__}: {error}", flush=True
            )
    print(f"{given.count - failures} of {given.count} models agree")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
