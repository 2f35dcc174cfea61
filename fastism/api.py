"""The whole pipeline on one screen: a model in, a plan out.

model file -> frontends -> imported -> passes -> scheduled -> backend -> Plan
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from fastism.backends import registry as backends
from fastism.backends.base import ways_of
from fastism.calibration.choice import counted, noted
from fastism.calibration.earlier import Earlier
from fastism.calibration.nominal import NOMINAL
from fastism.calibration.speeds import known, measured
from fastism.errors import InputError
from fastism.frontends import models
from fastism.frontends.base import Architecture, LiveLayer
from fastism.frontends.registry import front_end
from fastism.ir.module import Module
from fastism.ir.verify import verify
from fastism.passes.instruments import Instrument
from fastism.passes.manager import DEFAULT, Pipeline
from fastism.reductions import Reduction, with_functions
from fastism.runtime.alternatives import parse_alternatives
from fastism.runtime.arguments import names_of, require_count
from fastism.runtime.execute import Function
from fastism.runtime.finite import warn_of_weights
from fastism.runtime.letters import parse_letters
from fastism.runtime.manifest import check_manifest, reductions_of
from fastism.runtime.plan import Plan
from fastism.runtime.sites import parse_sites
from fastism.runtime.tokens import token_count
from fastism.runtime.tune import tune as tuned
from fastism.runtime.whole import check_runs
from fastism.uncollected import uncollected


def compile(
    model: Any,
    *,
    seq_input: int | str = 0,
    length: int | None = None,
    sites: Any = None,
    width: int | None = None,
    alternatives: Any = None,
    letters: Any = None,
    stop_layers: Sequence[str] | str = (),
    outputs: Sequence[str] | str | None = None,
    target: Any = None,
    over: Any = None,
    reduce: Any = None,
    pipeline: str | None = None,
    backend: str | None = None,
    tune: bool | Literal["again"] | None = None,
    custom_objects: Mapping[str, Any] | None = None,
    unsafe: bool = False,
    architecture: Architecture | None = None,
    signature: str | None = None,
    instruments: Sequence[Instrument] = (),
) -> Plan:
    """Compile a model to a plan that scores mutations.

    The plan holds the weights as they are now: a model that is trained further is compiled again.

    model: a Keras model, or the path of a .keras or .h5 file or a SavedModel folder; or a
        model of another front end (`fastism.frontends.registry`).
    seq_input: the input that is edited, by position or name.
    length: positions of the sequence, for a model built for any length.
    sites: what is edited, a site at a time: None for every position, ``slice(None, None, 5)`` for
        every fifth, ``slice(100, 200)`` for those in between, a mask of the positions, a list of
        positions, or (start, stop) pairs of one width.
    width: positions of a site (default 1), where sites are not pairs: a slice or a mask then
        stands for every such interval inside it, a list for where they start.
    alternatives: what is written at a site: ``"letters"`` (each letter; over the whole of a wider
        site), ``"words"`` (every combination of letters), ``"zeros"``, ``"uniform"``, or rows
        (A, C) or (A, width, C); for a model over tokens, token numbers (A,) or (A, width) too,
        all there are where the model has no Embedding that counts them.
        None for letters; a width above 1 needs an answer. The plan may be
        given others with the sequences.
    letters: the channels that hold the letters, ``slice(0, 4)`` or a list, where others hold tracks
        (conservation, accessibility) that stay as they are. Alternatives are of these channels
        then, or of all, of which only these are written. None for all channels.
    stop_layers: layers, by Keras name, to compute whole together with all later ones.
    outputs: names of the outputs wanted; None for all.
    target: channels wanted of an output, of its last axis: a number or a list.
    over: positions wanted of an output, ``slice(400, 600)``.
    reduce: one number made of those positions, inside the graph: ``"sum"``, ``"mean"``, ``"max"``,
        ``"l2"``, ``"logsumexp"`` or ``"profile"`` (`fastism.reductions.WAYS`), each
        channel for itself; or a function of yours in ``keras.ops``, from an output (N, ...) to
        another. Each of the three is for every wanted output, or a mapping by output.
    pipeline: passes to run in place of the default ones.
    backend: ``auto`` (each graph by the faster of the next two, as timed on this machine);
        ``native`` (code for this CPU, which skips products with zero); ``tensorflow``;
        ``reference`` (numpy; slow, the definition of every op) or ``onnx`` (onnxruntime, on the
        graphs that ``fastism export`` writes); or another that is registered. None for the one
        that the environment variable ``FASTISM_BACKEND`` names, else ``auto``.
    tune: time the ways to run each graph on this machine, for a few seconds, and keep the fastest;
        None for where the backend is ``auto``. What was timed is kept for the next compile of the
        same model here, which times nothing; ``"again"`` times it anew. False times nothing, and
        the plan is the same on every machine. Either way scores agree, but for rounding.
    custom_objects, unsafe: for loading a file with layers of the user's own, or code inside.
    architecture: for a file of weights alone, a function that returns the built model, or the path
        of its description (``model.to_json()``, ``to_yaml()``) by any Keras.
    signature: for a SavedModel, which of the functions it serves is the model: a program then, no
        layers. None for its layers; where it has none, ``serving_default`` or the only one.
    instruments: observers of the passes (dumps, timings).

    Raises ModelError or LoweringError for a model that cannot be loaded or lowered, InputError for
    arguments that do not fit it, PassError where a pass fails. Warns of weights that are NaN or
    infinite.
    """
    started = start(
        model,
        seq_input=seq_input,
        length=length,
        sites=sites,
        width=width,
        alternatives=alternatives,
        letters=letters,
        outputs=outputs,
        target=target,
        over=over,
        reduce=reduce,
        custom_objects=custom_objects,
        unsafe=unsafe,
        architecture=architecture,
        signature=signature,
    )
    stops = names_of("stop_layers", stop_layers)
    parsed = Pipeline.parse(pipeline or DEFAULT, tuple(instruments)).with_stops(stops)
    return _finished(started, parsed, backend or backends.default(), tune)


@dataclass(frozen=True, eq=False)
class Start:
    """What the passes begin with, and what a plan holds beside their work.

    alternatives: (A, width, C), the rows to write. opaque: the live layers the module names.
    positions: where the module's outputs stand among all of the model's. letters: the channels that
    are written, None for all. reductions: of the outputs, by name.
    """

    module: Module
    alternatives: Any
    opaque: Mapping[str, LiveLayer]
    positions: Sequence[int]
    letters: tuple[int, ...] | None = None
    reductions: Mapping[str, Reduction] = field(default_factory=dict)


def start(
    model: Any,
    *,
    seq_input: int | str = 0,
    length: int | None = None,
    sites: Any = None,
    width: int | None = None,
    alternatives: Any = None,
    letters: Any = None,
    outputs: Sequence[str] | str | None = None,
    target: Any = None,
    over: Any = None,
    reduce: Any = None,
    custom_objects: Mapping[str, Any] | None = None,
    unsafe: bool = False,
    architecture: Architecture | None = None,
    signature: str | None = None,
) -> Start:
    """The imported module of a model, for its sites and outputs; arguments as for `compile`."""
    require_count("length", length, optional=True)
    wanted = None if outputs is None else names_of("outputs", outputs)
    lowered = models.lowered(
        model,
        seq_input=seq_input,
        length=length,
        custom_objects=custom_objects,
        unsafe=unsafe,
        architecture=architecture,
        signature=signature,
        tokens=token_count(alternatives),
        outputs=wanted,
        target=target,
        over=over,
        reduce=reduce,
    )
    imported, opaque = lowered.module, lowered.opaque
    warn_of_weights(imported, opaque)
    every = imported.outputs
    if wanted is not None:
        imported = imported.with_outputs(wanted)
    imported = imported.replace(sites=parse_sites(sites, _edited(imported).length, width))
    positions = [every.index(name) for name in imported.outputs]
    chosen = _letters(letters, imported)
    rows = _rows(alternatives, imported, chosen)
    return Start(imported, rows, opaque, positions, chosen, lowered.reductions)


def from_module(
    module: Module,
    *,
    plan: Plan | None = None,
    alternatives: Any = None,
    letters: Any = None,
    stop_layers: Sequence[str] | str = (),
    pipeline: str | None = None,
    backend: str | None = None,
    tune: bool | Literal["again"] | None = None,
    instruments: Sequence[Instrument] = (),
) -> Plan:
    """Compile a module of any stage, as a pass made it or as edited text reads, to a plan.

    module: with the content of its weights; see `fastism.ir.read_module`.
    plan: one of the same model, that has the live layers which the module names; the alternatives,
        the letters, the backend and the positions of outputs are its, too, unless said otherwise.
    alternatives, letters, stop_layers, backend, tune, instruments: as for `compile`.
    pipeline: passes to run in place of those of the default pipeline that come after the stage.

    Raises VerifyError where the module breaks a rule of its stage, PassError where a pass fails,
    InputError where weights, live layers or sites are missing.
    """
    given = Pipeline.parse(pipeline) if pipeline is not None else Pipeline.remaining(module.stage)
    stops = names_of("stop_layers", stop_layers)
    passes = dataclasses.replace(given, instruments=tuple(instruments)).with_stops(stops)
    verify(module)
    if module.sites is None:
        raise InputError(
            "the module does not say where its input is edited",
            attempt="--sites 0:600 on the command line; in Python "
            "module.replace(sites=Sites.every(length))",
        )
    opaque = plan.opaque if plan is not None else {}
    if alternatives is None and plan is not None:
        alternatives = plan.alternatives
    if letters is None and plan is not None:
        letters = plan.letters
    chosen = _letters(letters, module)
    outputs = plan.output_names if plan is not None else ()
    positions = [
        plan.output_positions[outputs.index(name)] if plan and name in outputs else position
        for position, name in enumerate(module.outputs)
    ]
    kept = plan.reductions.items() if plan is not None else ()
    reductions = {name: made for name, made in kept if name in module.outputs}
    rows = _rows(alternatives, module, chosen)
    started = Start(module, rows, opaque, positions, chosen, reductions)
    backend = backend or (plan.backend if plan is not None else backends.default())
    return _finished(started, passes, backend, tune)


def _finished(
    started: Start, pipeline: Pipeline, backend: str, tune: bool | Literal["again"] | None
) -> Plan:
    if tune not in (None, False, True, "again"):
        raise InputError(f"tune must be None, False, True or 'again', not {tune!r}")
    backends.backend(backend)
    ways = ways_of(backend)
    given = started.module.stage == "scheduled"
    timed = ways.measured and not given if tune is None else bool(tune)
    kept, speeds = None, NOMINAL
    if timed and ways.plain in NOMINAL:
        kept = known()
        speeds = kept or measured()
        pipeline = pipeline.with_rates(speeds.get(ways.plain, NOMINAL[ways.plain]))
    stages = pipeline.run_stages(started.module)
    last = stages[-1]
    if last.stage != "scheduled":
        raise InputError(
            f"the pipeline ends at the {last.stage} stage, and only a scheduled module runs",
            attempt=f"end it as the default does: {DEFAULT}",
        )
    check_runs(last, started.opaque)
    if (ways.measured or timed) and not given:
        last = noted(last, backend, speeds)
    earlier, found = Earlier(), None
    if timed:
        earlier = Earlier.of(
            last, started.alternatives, started.opaque, backend, again=tune == "again"
        )
        found = earlier.scheduled(last, backend, speeds)
    plan = _plan(
        (*stages[:-1], found or last),
        started.alternatives,
        started.opaque,
        backend,
        str(pipeline),
        started.positions,
        started.letters,
        started.reductions,
    )
    if not timed or found is not None:
        plan.timed_earlier = found is not None
        return plan
    plan, trials = tuned(counted(plan, measured() if kept else speeds))
    earlier.keep(plan, trials)
    return plan


@uncollected()
def load(
    path: str | os.PathLike[str],
    *,
    custom_objects: Mapping[str, Any] | None = None,
    unsafe: bool = False,
    reduce: Any = None,
) -> Plan:
    """Read a plan folder that `Plan.save` wrote.

    custom_objects: classes of the user's own layers, where the plan runs any.
    unsafe: let a layer stored in the plan bring code of its own (a Lambda).
    reduce: the function that `compile` was given to reduce an output by, or a mapping by output.
        The plan runs without; it is for holding the plan against its model.

    Raises PlanError for a folder that is no plan, was altered, or needs a layer that is not given,
    InputError for a function where none was used.
    Warns of weights that are NaN or infinite.
    """
    from fastism.io.plan_folder import load_plan

    contents = load_plan(path)
    opaque = {
        key: front_end(record.front_end).restore(
            record.config, record.weights, custom_objects=custom_objects, unsafe=unsafe
        )
        for key, record in contents.opaque.items()
    }
    stages = tuple(contents.stages.values())
    manifest = contents.manifest
    check_manifest(path, manifest, stages[0])
    warn_of_weights(stages[0], opaque)
    letters = _letters(manifest.get("letters"), stages[0])
    rows = _rows(manifest["alternatives"], stages[0], letters)
    reductions = with_functions(reductions_of(manifest), reduce)
    backend, pipeline, positions = (
        manifest[key] for key in ("backend", "pipeline", "output_positions")
    )
    plan = _plan(stages, rows, opaque, backend, pipeline, positions, letters, reductions)
    plan.checked = manifest.get("checked", {})
    return plan


def _edited(module: Module) -> Any:
    return module.main.values[module.seq_input].type


def _letters(letters: Any, module: Module) -> tuple[int, ...] | None:
    tokens = module.seq_input in module.tokens
    return parse_letters(letters, _edited(module).channels, tokens=tokens)


def _rows(alternatives: Any, module: Module, letters: tuple[int, ...] | None) -> Any:
    width = module.sites.width if module.sites else 1
    tokens = module.seq_input in module.tokens
    return parse_alternatives(alternatives, width, _edited(module), tokens=tokens, letters=letters)


def _plan(
    stages: Sequence[Module],
    rows: Any,
    opaque: Mapping[str, LiveLayer],
    backend: str,
    pipeline: str,
    positions: Sequence[int],
    letters: tuple[int, ...] | None,
    reductions: Mapping[str, Reduction],
) -> Plan:
    emit = backends.backend(backend).emit

    def functions(module: Module) -> Mapping[str, Function]:
        result: Mapping[str, Function] = emit(module, opaque)
        return result

    def compiled(module: Module) -> Sequence[Module]:
        *before, last = Pipeline.parse(pipeline).run_stages(module)
        return *before, noted(last, backend, NOMINAL) if ways_of(backend).measured else last

    return Plan(
        stages,
        functions,
        rows,
        opaque,
        backend,
        pipeline,
        positions,
        letters,
        reductions,
        compiled,
    )
