"""Programs that must be refused, each with what the refusal says; and the ones that must not."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from fastism.errors import VerifyError
from fastism.ir import Constant, Interval, Module, Node, Range, Value
from fastism.ir.ops import registry
from fastism.ir.parser import parse_module
from fastism.ir.stages import STAGES, next_pass, reached, stage
from fastism.ir.types import TensorType
from fastism.ir.verify import verify

GOLDEN = Path(__file__).parents[1] / "golden"


def golden(name: str) -> str:
    return (GOLDEN / f"{name}.fism").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", sorted(GOLDEN.glob("*.fism")), ids=lambda path: path.stem)
def test_goldens_keep_their_rules(path: Path) -> None:
    verify(parse_module(path.read_text(encoding="utf-8")))


def test_stages_follow_each_other() -> None:
    assert [row.name for row in STAGES][:3] == ["imported", "flat", "canonical"]
    assert [next_pass(row.name) for row in STAGES] == [
        *("flatten", "canonicalize", "annotate", "segment", "split", "schedule"),
        None,
    ]
    assert reached("split", "annotated")
    assert not reached("flat", "canonical")
    with pytest.raises(VerifyError, match="there is no stage 'flattened'\n  why: the stages are"):
        stage("flattened")


# Each row: a golden, what to change in its text, and what the error says.
TAIL = '%tower/conv, %"tower/pool 1"\n'
POOL = "max_pool(%tower/conv.relu) {size=3, stride=3} segment=1 mode=delta"
REFUSED = {
    "unknown stage": ("imported", "stage=imported", "stage=import", "there is no stage 'import'"),
    "two graphs of a name": ("imported", "graph @tower(", "graph @main(", "two graphs are called"),
    "flat with two graphs": (
        "imported",
        "stage=imported",
        "stage=flat",
        "stage flat has one graph",
    ),
    "two inputs of a name": (
        *("imported", "@tower(%x: f32[N,30,4])", "@tower(%x: f32[N,30,4], %x: f32[N,30,4])"),
        "graph @tower takes two inputs of one name",
    ),
    "value twice": (
        *("imported", '%"pool 1" : f32[N,10,8]', '%"pool 1", %x : f32[N,10,8], f32[N,9,8]'),
        "layer 'pool 1' defines %x",
    ),
    "node twice": ("imported", "layer=mean", "node=dense layer=mean", "are called 'dense'"),
    "node named as an input": ("imported", "layer=mean", "node=seq layer=mean", "called 'seq'"),
    "no output": ("imported", 'return %"pool 1", %x', "return", "graph @tower has no output"),
    "arity": ("imported", "dense(%flatten)", "dense(%flatten, %seq)", "'dense' has 2 inputs"),
    "no input": (
        *("imported", "global_average_pool(%tower!1)", "add()"),
        "layer 'mean' has no input",
    ),
    "type": (
        *("imported", "%dense             : f32[N,3] ", "%dense             : f32[N,4] "),
        r"states f32\[N,4\]\n(.*\n)*  why: dense of f32\[N,80\] gives f32\[N,3\]",
    ),
    "does not fit": (
        *("imported", "dense(%flatten)", "dense(%seq)"),
        r"kernel f32\[80,3\] does not fit the input f32\[N,30,4\]",
    ),
    "unknown role": (
        "imported",
        " @conv.bias#8dac ",
        " gamma=@conv.bias#8dac ",
        "constant as its 'gamma'",
    ),
    "role twice": (
        "imported",
        " @conv.bias#8dac ",
        " kernel=@conv.bias#8dac ",
        "two constants as its 'kernel'",
    ),
    "role missing": ("imported", "@dense.kernel#c5ef ", "", "layer 'dense' lacks its 'kernel'"),
    "no origin": ("imported", " layer=mean", "", "node %mean has no origin"),
    "call of nothing": ("imported", "graph=tower", "graph=spire", "'tower' calls @spire"),
    "call with other types": (
        *("imported", 'return %"pool 1", %x', "return %x, %x"),
        "'tower' does not fit the graph it calls",
    ),
    "call of itself": ("imported", "graph=tower", "graph=main", "does not fit the graph it calls"),
    "input of no graph": ("imported", "seq_input %seq", "seq_input %x", "has no input %x"),
    "form of no input": (
        *("imported", "seq_input %seq", "seq_input %seq\ninput %x {shape=(120,)}"),
        "it is no input of the graph",
    ),
    "form of an input twice": (
        "imported",
        "seq_input %seq",
        "seq_input %seq\ninput %seq {shape=(120,)}\ninput %seq {shape=(1, 120)}",
        "says twice how the model takes an input",
    ),
    "form of other elements": (
        *("imported", "seq_input %seq", "seq_input %seq\ninput %seq {shape=(4, 31)}"),
        r"f32\[N,30,4\] has not the elements of \(4, 31\)",
    ),
    "form of other tokens": (
        *("imported", "seq_input %seq", "seq_input %seq\ninput %seq {shape=(31,), tokens=true}"),
        r"f32\[N,30,4\] is not one-hot rows of \(31,\) tokens",
    ),
    "outputs uncounted": ("imported", "outputs profile, ", "outputs ", "the module names 1"),
    "outputs of a name": ("imported", '"mean of x"', "profile", "two outputs named 'profile'"),
    "outputs unnamed": ("annotated", 'outputs profile, "mean of x"', "", "the module names 0"),
    "site outside": (
        "imported",
        "seq_input",
        "sites 3, 30 width=1\nseq_input",
        "outside its input",
    ),
    "wide site outside": (
        *("imported", "seq_input", "sites [0,30) width=2\nseq_input"),
        r"sites lie inside \[0,30\)",
    ),
    "empty site": ("imported", "seq_input", "sites [0,30) width=0\nseq_input", "outside its input"),
    "op gone": (
        *("annotated", "= relu(%tower/conv)", "= dropout(%tower/conv)"),
        "is a dropout, which is not legal at stage annotated",
    ),
    "fused activation": (
        *("annotated", "pad=same}", "pad=same, activation=relu}"),
        "'tower/conv' has its activation fused",
    ),
    "dense over positions": (
        *("annotated", "= global_average_pool(%seq)", "= dense(%seq) kernel=@conv.bias#8dac"),
        "'mean' is a dense over positions",
    ),
    "propagation op early": (
        *("annotated", "= global_average_pool(%seq)", "= sum_window(%seq)"),
        "it is of kind propagation; the model's graph holds source ops there",
    ),
    "no segment": ("segmented", " segment=3", "", "'mean' is in no segment"),
    "no mode": ("segmented", ' mode=exit stop="pools', ' stop="pools', "has the mode None"),
    "other mode": ("segmented", POOL, POOL.replace("delta", "fast"), "has the mode 'fast'"),
    "stop unsaid": (
        *("segmented", ' stop="gives every position a weight of its own"', ""),
        "'flat' ends locality and does not say why",
    ),
    "stop of a node that runs whole unsaid": (
        *("segmented", POOL, POOL.replace("delta", "whole")),
        "ends locality and does not say why",
    ),
    "stop at the input unsaid": (
        *("segmented", ' stop="pools over the whole length"', ""),
        "'mean' ends locality and does not say why",
    ),
    "stop inside": ("segmented", POOL, f'{POOL} stop="so"', "in mode delta it does not end"),
    "intout later": (
        "scheduled",
        "graph @intout(",
        "graph @main(",
        "split module is @intout, then",
    ),
    "intout op elsewhere": (
        *("scheduled", "= relu(%tower/conv.value)", "= running_max(%tower/conv.value)"),
        "a propagation graph holds propagation and source ops there",
    ),
    "propagation op in intout": (
        *("scheduled", "= relu(%tower/conv) ", "= sum_window(%tower/conv) "),
        "the model's graph holds intout and source ops there",
    ),
    "saved twice": (
        *("scheduled", TAIL, "%tower/conv, %tower/conv\n"),
        "returns %tower/conv twice",
    ),
    "saved for nothing": (
        *("scheduled", TAIL, f"%flatten, {TAIL}"),
        "saves %flatten",
    ),
    "not saved": (
        *("scheduled", TAIL, "%tower/conv\n"),
        "@propagate0 reads %tower/pool 1",
    ),
    "saved with another type": (
        *("scheduled", "f32[N,10,8],\n", "f32[N,9,8],\n"),
        r"reads %tower/pool 1: f32\[N,9,8\]\n.*\n  why: @intout returns it as f32\[N,10,8\]",
    ),
    "no heads": ("scheduled", "{heads=(dense, mean)} ", "", "graph @intout has no heads"),
    "a head less": ("scheduled", "(dense, mean)", "(dense,)", "the module names 2 outputs"),
    "heads in disorder": (
        "scheduled",
        "(dense, mean)",
        "(mean, dense)",
        "not return its heads first",
    ),
    "head out of range": ("scheduled", "heads=(0, 1)", "heads=(0, 2)", "has the head 2"),
    "another head": (
        *("scheduled", "heads=(0, 1)", "heads=(1, 0)"),
        r"its heads are \(f32\[M,4\], f32\[M,3\]\)",
    ),
    "another half": ("scheduled", "graph @propagate0", "graph @spread0", "is neither half"),
    "index of another type": (
        *("scheduled", "%item/site: i32[P]", "%item/site: i64[P]"),
        "does not take %item/site",
    ),
    "edit of another batch": (
        *("scheduled", "f32[M,", "f32[P,"),
        "does not take %item/edit",
    ),
    "edited nowhere": ("scheduled", "sites [0,30) width=1\n", "", "graph @intout has no sites"),
    "no sites": ("scheduled", " sites=@propagate0/sites#7c17", "", "@propagate0 has no sites"),
    "no chunk size": ("scheduled", ", pairs=4096", "", "@propagate0 has no chunk size"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_programs_are_refused(case: str) -> None:
    name, old, new, message = REFUSED[case]
    text = golden(name)
    assert old in text
    module = parse_module(text.replace(old, new))
    with pytest.raises(VerifyError, match=message):
        verify(module)


# What the parser would not let through, made by hand.
TRUNK = """// fastism 1  stage=annotated  after=annotate  model=trunk.h5
sites [0,30) width=1
seq_input %seq
outputs out
constant @conv.kernel#0f73 : f32[5,4,8]
graph @main(%seq: f32[N,30,4] change=1 need=all) {
  %conv : f32[N,30,8] change=5 need=all = conv1d(%seq) {width=5, pad=same} @conv.kernel#0f73
  %out  : f32[N,30,8] change=5 need=all = relu(%conv)
  return %out
}
"""


def trunk() -> tuple[Module, Node, Node]:
    module = parse_module(TRUNK)
    verify(module)
    return module, *module.main.nodes


def refused(module: Module, *nodes: Node) -> str:
    if nodes:
        module = module.with_graphs([module.main.replace(nodes=nodes)])
    with pytest.raises(VerifyError) as caught:
        verify(module)
    return str(caught.value)


def test_an_error_shows_the_node_among_its_neighbours() -> None:
    module, conv, relu = trunk()
    assert refused(module, conv, relu.replace(inputs=("convolution",))) == (
        "node %out reads %convolution\n"
        "  in trunk.h5, stage annotated, graph @main, node 2 of 2\n"
        "     %conv : f32[N,30,8] change=5 need=all = conv1d(%seq) {width=5, pad=same}"
        " @conv.kernel#0f73\n"
        "  >  %out  : f32[N,30,8] change=5 need=all = relu(%convolution)\n"
        "  why: no graph input and no node above defines it"
    )


def test_uses_come_after_definitions() -> None:
    module, conv, relu = trunk()
    assert "node %out reads %conv\n" in refused(module, relu, conv)
    other = module.main.replace(outputs=("gone",))
    assert "graph @main returns %gone" in refused(module.with_graphs([other]))


def test_a_node_has_results_and_a_module_has_graphs() -> None:
    module, conv, relu = trunk()
    assert "has no result" in refused(module, conv, relu.replace(results=()))
    assert refused(module.with_graphs([])) == "the module has no graph"


def test_ops_and_attributes_are_declared() -> None:
    module, conv, relu = trunk()
    assert "unknown op 'rely'" in refused(module, conv, relu.replace(op="rely"))
    odd = relu.with_attributes(slope=1.0)
    assert "has an attribute 'slope'" in refused(module, conv, odd)
    bare = conv.replace(attributes={"width": 5, "pad": "same"})
    assert "lacks attribute 'activation'" in refused(module, bare, relu)
    listed = relu.with_attributes(threshold=[0.0])  # type: ignore[arg-type]
    assert "[0.0] cannot be an attribute" in refused(module, conv, listed)


def test_constants_are_in_the_module() -> None:
    module, *_ = trunk()
    lost = module.replace(constants={})
    assert "node %conv names the constant @conv.kernel" in refused(lost)
    graph = module.main.replace(constants=(("sites", "nowhere"),))
    assert "graph @main names @nowhere as its 'sites'" in refused(module.with_graphs([graph]))
    other = {"conv.kernel": Constant.of(np.zeros((5, 3, 8), "f4"))}
    assert "node %conv does not type-check" in refused(module.with_constants(other))


def test_ranges_are_on_all_values_and_right() -> None:
    module, conv, relu = trunk()
    value = relu.result
    assert value.change is not None

    def with_ranges(change: Range | None, need: Interval | None) -> str:
        result = Value(value.name, value.type, change, need)
        return refused(module, conv, relu.replace(results=(result,)))

    assert "has no change range on %out" in with_ranges(None, value.need)
    assert "has no need range on %out" in with_ranges(value.change, None)
    text = with_ranges(value.change, Interval(0, 29))
    assert "node %out says need=[0,29) of %out" in text
    assert "why: the sites and the ops' rules give all" in text
    start = value.change.start.copy()
    start[7] += 1
    text = with_ranges(Range(start, value.change.stop, 30), value.need)
    assert "says change=5 @7:[6,10) of %out" in text
    assert "give change=5 @7:[5,10)" in text
    text = with_ranges(value.change.take([1, 2]), value.need)
    assert "says 2 sites of 30 positions of %out" in text


def test_an_annotated_module_says_where_it_is_edited() -> None:
    module, *_ = trunk()
    assert "ranges that cannot be recomputed" in refused(module.replace(sites=None))
    plain = parse_module(
        TRUNK.replace(" change=5", "").replace(" change=1", "").replace(" need=all", "")
    )
    assert "has no change range on %seq" in refused(plain)
    verify(plain.replace(stage="canonical", sites=None, seq_input="", outputs=()))


def test_stale_ranges_are_refused_at_any_stage() -> None:
    module, conv, relu = trunk()
    early = module.replace(stage="flat")
    verify(early)
    assert "says change=5" in refused(early, conv.with_attributes(pad="causal"), relu)


def test_graphs_that_call_each_other_are_refused() -> None:
    module = parse_module(
        """// fastism 1  stage=imported  after=import
graph @main(%a: f32[N,4]) {
  %b : f32[N,4] = call(%a) {graph=inner} kind=Functional
  return %b
}
graph @inner(%c: f32[N,4]) {
  %d : f32[N,4] = call(%c) {graph=main} kind=Functional
  return %d
}
"""
    )
    assert "layer 'd' calls back" in refused(module)


def test_an_op_whose_window_rule_fails_is_refused() -> None:
    module, *_ = trunk()

    def relation(node: Node, types: object) -> tuple[()]:
        raise ValueError("no window of so many positions")

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(
            registry._TABLE, "relu", replace(registry.definition("relu"), relation=relation)
        )
        said = refused(module)
    assert "node %out cannot be followed along the sequence" in said
    assert "why: no window of so many positions" in said


def test_only_the_batch_axis_goes_by_a_name() -> None:
    plain = TRUNK.replace(" change=5", "").replace(" change=1", "").replace(" need=all", "")
    module = parse_module(plain).replace(stage="canonical")
    verify(module)
    conv, relu = module.main.nodes
    result = Value("out", TensorType("f32", ("N", "L", 8)))
    assert "states f32[N,L,8]" in refused(module, conv, relu.replace(results=(result,)))
    taken = Value("seq", TensorType("f32", ("N", 30, "C")))
    main = module.main.replace(inputs=(taken,))
    assert "takes %seq: f32[N,30,C]" in refused(module.with_graphs([main]))
