"""Check that a module keeps the rules of its stage; recompute what can be recomputed.

The manager runs this before and after every pass. Each check stands alone and refuses with the
node, its neighbours and the reason.
"""

from __future__ import annotations

from fastism.errors import FastismError, VerifyError, did_you_mean
from fastism.ir.analysis import annotated, relations
from fastism.ir.builder import RULE_FAULTS, infer
from fastism.ir.graph import Value
from fastism.ir.module import Module
from fastism.ir.ops.registry import definition
from fastism.ir.place import Place, twice
from fastism.ir.printer import change_text, interval_text, need_text
from fastism.ir.stages import reached, stage
from fastism.ir.text import attribute_text
from fastism.ir.verify_stage import (
    check_calls,
    check_op,
    check_origins,
    check_segments,
    check_split,
)


def verify(module: Module) -> None:
    """Raise VerifyError where the module breaks a rule of its stage (`fastism.ir.stages`)."""
    verify_structure(module)
    for graph in module.graphs:
        _check_ranges(Place(module, graph))
    check_interface(module)
    if module.stage == "imported":
        check_origins(module)
        check_calls(module)
    if module.stage == "segmented":
        check_segments(module)
    if reached(module.stage, "split"):
        check_split(module)


def verify_structure(module: Module) -> None:
    """The graphs alone: names, ops, constants, types; ranges may be missing."""
    stage(module.stage)
    _check_graphs(module)
    for graph in module.graphs:
        _check_names(Place(module, graph))
        for node in graph.nodes:
            at = Place(module, graph, node)
            _check_form(at)
            check_op(at)
            _check_constants(at)
            _check_types(at)


def _check_graphs(module: Module) -> None:
    if not module.graphs:
        raise VerifyError("the module has no graph")
    if (name := twice(graph.name for graph in module.graphs)) is not None:
        last = [graph for graph in module.graphs if graph.name == name][-1]
        Place(module, last).refuse("has a namesake", f"two graphs are called @{name}")
    single = reached(module.stage, "flat") and not reached(module.stage, "split")
    if single and len(module.graphs) > 1:
        second = Place(module, module.graphs[1])
        second.refuse("is not alone", f"a module at stage {module.stage} has one graph")


def _check_names(at: Place) -> None:
    """Names are unique, and values and constants are defined before they are used."""
    graph = at.graph
    for role, name in graph.constants:
        if name not in at.module.constants:
            why = "the module holds no such constant"
            at.refuse(f"names @{name} as its {role!r}", why, part=role)
    known = set[str]()
    for index, value in enumerate(graph.inputs):
        if value.name in known:
            why = f"%{value.name} is there twice, and names of values are unique in a graph"
            at.refuse("takes two inputs of one name", why, part=f"input {index}")
        if not _fixed(value):
            at.refuse(f"takes %{value.name}: {value.type}", _FIXED, part=f"input {index}")
        known.add(value.name)
    taken = set(known)  # nodes and graph inputs are the vertices of one networkx graph
    for node in graph.nodes:
        here = Place(at.module, graph, node)
        if not node.results:
            here.refuse("has no result", "a node defines one value or more")
        for name in node.inputs:
            if name not in known:
                why = "no graph input and no node above defines it"
                here.refuse(f"reads %{name}", why, part="inputs")
        if node.name in taken:
            here.refuse("is there twice", f"two nodes (or a graph input) are called {node.name!r}")
        taken.add(node.name)
        for value in node.results:
            if value.name in known:
                here.refuse(f"defines %{value.name}", "a value of that name is defined above")
            known.add(value.name)
    if not graph.outputs:
        why = "a graph without outputs computes nothing"
        at.refuse("has no output", why, part="outputs")
    for name in graph.outputs:
        if name not in known:
            why = "no graph input and no node defines it"
            at.refuse(f"returns %{name}", why, part="outputs")


_FIXED = "only the batch axis goes by a name"


def _fixed(value: Value) -> bool:
    return not any(isinstance(extent, str) for extent in value.type.shape[1:])


def _check_form(at: Place) -> None:
    """The op is registered, and the node has its arity and exactly the attributes it declares."""
    node = at.node
    assert node is not None
    try:
        op = definition(node.op)
    except VerifyError as error:
        at.refuse(f"has an unknown op {node.op!r}", str(error.why), error.attempt, part="op")
    if op.arity is not None and len(node.inputs) != op.arity:
        at.refuse(f"has {len(node.inputs)} inputs", f"{op.name} takes {op.arity}", part="inputs")
    if not node.inputs:
        at.refuse("has no input", f"{op.name} takes one or more", part="inputs")
    for name in sorted(set(node.attributes) ^ set(op.attributes)):
        why = f"{op.name} declares {', '.join(op.attributes) or 'none'}"
        at.refuse(f"{'lacks' if name in op.attributes else 'has an'} attribute {name!r}", why)
    for value in node.attributes.values():
        attribute_text(value)


def _check_constants(at: Place) -> None:
    node = at.node
    assert node is not None
    op, roles = definition(node.op), [role for role, _ in node.constants]
    for role, name in node.constants:
        if role not in op.roles:
            why = f"{op.name} knows {', '.join(op.roles) or 'none'}"
            at.refuse(f"has a constant as its {role!r}", why, part=role)
        if name not in at.module.constants:
            at.refuse(f"names the constant @{name}", "the module holds none of that name")
    if (role_twice := twice(roles)) is not None:
        at.refuse(f"has two constants as its {role_twice!r}", "one constant fills a role")
    for role in op.required:
        if role not in roles:
            at.refuse(f"lacks its {role!r}", f"{op.name} needs a constant in that role")


def _check_types(at: Place) -> None:
    """The result types are what the op's rule infers."""
    node, module = at.node, at.module
    assert node is not None
    types = at.graph.types(node.inputs)
    try:
        inferred = infer(node, types, module.constant_types(node))
    except VerifyError as error:
        at.refuse("does not type-check", str(error.why), part="op")
    stated = tuple(value.type for value in node.results)
    if not all(map(_fixed, node.results)):
        at.refuse(f"states {', '.join(map(str, stated))}", _FIXED, part="type")
    if inferred != stated:
        expected = ", ".join(map(str, inferred))
        read = ", ".join(map(str, types))
        why = f"{node.op} of {read} gives {expected}"
        at.refuse(f"states {', '.join(map(str, stated))}", why, part="type")
    try:
        relations(at.graph, node)
    except RULE_FAULTS as error:
        why = str(error) or type(error).__name__
        at.refuse("cannot be followed along the sequence", why, part="op")


def _check_ranges(at: Place) -> None:
    """Every value of a graph has both ranges, equal to the recomputed ones; or none has any.

    Where the stage asks for ranges, the graph has them.
    """
    graph, module = at.graph, at.module
    values = list(graph.values.values())
    some = any(v.change is not None or v.need is not None for v in values)
    needed = reached(module.stage, "annotated") and not reached(module.stage, "split")
    if not some and not needed:
        return
    for value in values:
        here = Place(module, graph, graph.producers.get(value.name))
        if value.change is None or value.need is None:
            lacking = "change" if value.change is None else "need"
            here.refuse(f"has no {lacking} range on %{value.name}", "ranges are on all values")
    try:
        expected = annotated(graph, module).values
    except FastismError as error:
        at.refuse("has ranges that cannot be recomputed", error.what)
    for value in values:
        if value != expected[value.name]:
            here = Place(module, graph, graph.producers.get(value.name))
            says, gives = _differing(value, expected[value.name], module)
            here.refuse(
                f"says {says} of %{value.name}", f"the sites and the ops' rules give {gives}"
            )


def _differing(value: Value, expected: Value, module: Module) -> tuple[str, str]:
    """The two ranges that differ, as text; a change at the first site where it does."""
    assert value.change is not None
    assert expected.change is not None
    assert value.need is not None
    assert expected.need is not None
    assert module.sites is not None
    if value.need != expected.need:
        length = value.type.length
        return f"need={need_text(value.need, length)}", need_text(expected.need, length)
    if value.change.sites != expected.change.sites or value.change.length != expected.change.length:
        shapes = [
            f"{c.sites} sites of {c.length} positions" for c in (value.change, expected.change)
        ]
        return shapes[0], shapes[1]
    says, gives = value.change, expected.change
    site = next(site for site in range(gives.sites) if says.at(site) != gives.at(site))
    texts = [
        f"change={change_text(c)} @{module.sites.starts[site]}:{interval_text(*c.at(site))}"
        for c in (says, gives)
    ]
    return texts[0], texts[1]


def check_interface(module: Module) -> None:
    """What the module says of its sequence input, its sites and its outputs fits the main graph."""
    main, at = module.main, Place(module, module.main)
    late = reached(module.stage, "annotated")
    inputs = {value.name: value.type for value in main.inputs}
    if (module.seq_input or late) and module.seq_input not in inputs:
        why = "the module calls it the sequence input"
        near = did_you_mean(f"%{module.seq_input}", (f"%{name}" for name in inputs))
        at.refuse(f"has no input %{module.seq_input}", why, near, part="seq_input:")
    if (name := twice(given.name for given in module.inputs)) is not None:
        why = f"both are of %{name}"
        at.refuse("says twice how the model takes an input", why, part="input:")
    for given in module.inputs:
        known = given.name in inputs
        fault = given.fault(inputs[given.name]) if known else "it is no input of the graph"
        if fault is not None:
            what = f"says how the model takes %{given.name}, which cannot be so"
            at.refuse(what, fault, part="input:")
    if module.sites is None:
        if late:
            at.refuse(
                "has no sites", "from annotated on, the module says where the input is edited"
            )
    elif module.seq_input:
        length, sites = inputs[module.seq_input].length, module.sites
        empty = sites.width < 1
        if empty or any(not 0 <= s <= length - sites.width for s in sites.starts):
            why = "a site has one position or more" if empty else f"sites lie inside [0,{length})"
            at.refuse("has a site outside its input", why, part="sites:")
    if (name := twice(module.outputs)) is not None:
        why = "the names of outputs are unique"
        at.refuse(f"has two outputs named {name!r}", why, part="outputs:")
    split = reached(module.stage, "split")  # its heads are checked there
    count, named = len(main.outputs), len(module.outputs)
    if (module.outputs or late) and not split and named != count:
        at.refuse(f"has {count} outputs", f"the module names {named}", part="outputs:")
