"""Where an error of a text points: its line, the token above the caret, and all that it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from fastism.errors import ParseError
from fastism.ir.analysis import annotated
from fastism.ir.parser import parse_module, read_module
from fastism.ir.parsing.reader import WIDEST
from fastism.ir.printer import print_module

GOLDEN = Path(__file__).parents[1] / "golden"

EDITS: list[tuple[str, str, str, str, str]] = [
    # an edit of the annotated golden: what it says, the text at the caret, what it says besides
    ("seq_input %seq", "seq_input seq", "expected the value that is edited, as %name", "seq\n", ""),
    (
        "seq_input %seq\n",
        "seq_input %seq\ninput %seq {shape=(30,), shape=(3,)}\n",
        "expected one of shape, tokens, turned, layer, each once",
        "shape=(3,)}\n",
        "",
    ),
    (
        "seq_input %seq\n",
        "seq_input %seq\ninput %seq {shape=(30,) tokens=true}\n",
        "expected ','",
        "tokens=true}\n",
        "",
    ),
    (
        "seq_input %seq\n",
        "seq_input %seq\ninput %seq {tokens=true}\n",
        "expected {shape=(600,)}, and tokens=true",
        "{tokens=true}\n",
        "",
    ),
    ("outputs profile", "outputs ,profile", "expected the name of an output", ",profile", ""),
    ("sites [0,30) width=1", "sites [0,30) width 1", "expected '='", "1\n", ""),
    ("sites [0,30) width=1", "sites [0,30) width,1", "expected '='", ",1", ""),
    ("sites [0,30) width=1", "sites [0,30) step,2 width=1", "expected '='", ",2", ""),
    ("sites [0,30) width=1", "sites 0, x width=1", "expected where a site starts", "x width", ""),
    ("sites [0,30)", "sites [0,30) step=x", "expected the distance between sites", "x width", ""),
    ("sites [0,30)", "sites [0,30) step=0", "expected a step of 1 or more", "[0,30) step=0", ""),
    ("sites [0,30)", "sites [0,10000002)", "expected at most 10,000,000 sites", "[0,10", ""),
    ("sites [0,30)", f"sites [0,{'9' * 5000})", "expected positions, as [start,stop)", "[0,99", ""),
    ("width=1\n", "width=1 width=1\n", "expected the end of the line", "width=1\n", ""),
    (" : f32[8]", " = f32[8]", "expected ':'", "= f32[8]", ""),
    (" : f32[8]", " : f33[8]", "expected a type", "f33[8]", "unknown element type 'f33'; known"),
    (" : f32[8]", " : 8", "expected a type such as f32[N,600,4]", "8\n", ""),
    (
        "constant @conv.bias#8dacff8c4349651d",
        "constant @conv.bias ",
        "the constant's hash",
        ":",
        "",
    ),
    (
        "@conv.bias#8dacff8c4349651d    : f32[8]\n",
        "@conv.bias#8dacff8c4349651d : f32[8]\nconstant @conv.bias#8d : f32[8]\n",
        "expected a constant that is not listed yet",
        "@conv.bias#8d :",
        "",
    ),
    ("graph @main(", "graph main(", "expected the graph's name, as @name", "main(", ""),
    ("@main(%seq: ", "@main[%seq: ", "expected a name, a number or a mark", "[%seq", ""),
    ("@main(%seq: ", "@main(seq: ", "expected an input, as %name, or ')'", "seq: ", ""),
    ("@main(%seq: ", "@main(%seq= ", "expected ':'", "= f32", ""),
    ("need=all) {\n", "need=all, } {\n", "expected an input, as %name, or ')'", "} {", ""),
    ("need=all) {\n", "need=all} {\n", "expected ','", "} {", ""),
    ("need=all) {\n", "need=all) {mode=1} }\n", "expected a constant", "}\n", ""),
    ("need=all) {\n", "need=all) {a=1, a=1} {\n", "expected each attribute once", "a=1} {", ""),
    ("  return %dense, %mean\n}", "  return %dense, %mean\n)", "expected '}'", ")\n", ""),
    ("  return %dense, %mean\n", "  return %dense %mean\n", "the end of the line", "%mean\n", ""),
    ("change=5   @15:[13,18)", "change:5   @15:[13,18)", "expected '='", "change:5", ""),
    ("change=5   @15:", "change=(   @15:", "expected a width, all or none", "(   @15", ""),
    ("change=5   @15:[", "change=5   @15=[", "expected ':'", "=[13", ""),
    ("@15:[13,18)", "@15:x", "expected ':'", "need=all", ""),
    ("@15:[13,18)", "@one:[13,18)", "expected the start of a site", "@one:[13", ""),
    ("@15:[13,18)", "@30:[13,18)", "expected the start of a site", "@30:[13", ""),
    ("@15:[13,18)", "@15 :x", "expected positions, as [start,stop)", "x need", ""),
    ("@15:[13,18)", "@15:[13,18)+", "expected positions, as [start,stop)", "need=all", ""),
    ("@15:[13,18)", "@30:[13,18)", "the start of a site that is listed above", "@30:", ""),
    ("@15:[13,18)", "@15:[13,17)", "change=5 @15:[13,18) need=all", "change=5", "that is what"),
    ("change=3   @15:[4,6) ", "change=3", "", "", ""),
    ("need=all = conv1d", "need= = conv1d", "expected all or none", "= conv1d", ""),
    ("need=all = conv1d", "need=all conv1d", "expected '='", "conv1d(", ""),
    ("= conv1d(", "= (", "expected an op", "(%seq", ""),
    ("= conv1d(%seq) ", "= conv1d %seq) ", "expected '('", "%seq)", ""),
    ("= conv1d(%seq) ", "= conv1d(%seq; ", "expected a name, a number or a mark", "; {", ""),
    ("= conv1d(%seq) ", "= conv1d(%seq} ", "expected ')'", "} {", ""),
    ("= conv1d(%seq) ", "= conv1d(seq) ", "expected a value, as %name", "seq) ", ""),
    ("= conv1d(%seq) ", "= conv9(%seq) ", "unknown op 'conv9'", "conv9(", "there is no op 'conv9'"),
    ("{width=5, ", "{width=5; ", "expected a name, a number or a mark", "; pad", ""),
    ("{width=5, ", "{width=5 ", "expected ','", "pad=same", ""),
    ("{width=5, ", "{width:5, ", "unknown attribute 'width:5'", "width:5", ""),
    ("{width=5, ", "{width=5, =", "expected an attribute, or '}'", "=pad", ""),
    (
        "{width=5, ",
        "{bredth=5, ",
        "unknown attribute 'bredth'",
        "bredth=5",
        "op 'conv1d' has no attribute bredth; it has width, stride, dilation, groups, pad, act",
    ),
    ("relu(%tower/conv)", "relu(%tower/conv) {a=1}", "unknown attribute 'a'", "a=1}", "it has neg"),
    (
        "(%seq) {width=5, ",
        "(%seq) {",
        "op 'conv1d' needs the attribute width",
        "conv1d(",
        "{width=...",
    ),
    ("{width=5, ", "{width=(5,(6,7, ", "expected ','", "=same", ""),
    ("{width=5, ", "{width=(5,,6), ", "expected an attribute's value", ",6)", ""),
    ("{width=5, ", f"{{width={'(' * 33}, ", "at most 32 levels of parentheses", "(, pad", ""),
    (
        "@conv.kernel#30e7 ",
        "@conv.kernel ",
        "the first digits of the constant's hash",
        "@conv.b",
        "",
    ),
    (
        "@conv.kernel#30e7 ",
        "@conv.kernel#31e7 ",
        "expected the hash of the constant listed above",
        "#31e7",
        "@conv.kernel is listed with #30e7253af6ae89ae",
    ),
    (
        "@conv.kernel#30e7 ",
        "@conv.kernal#30e7 ",
        "expected a constant listed above the graphs",
        "@conv.kernal",
        "did you mean '@conv.kernel'?",
    ),
    ("kind=Conv1D\n", "kind=Conv1D kind=x\n", "node=, each once", "kind=x", ""),
    ("kind=Conv1D\n", "knd=Conv1D\n", "node=, each once", "knd=Conv1D", "did you mean 'kind'?"),
    ("kind=Conv1D\n", "kind Conv1D\n", "expected '='", "Conv1D\n", ""),
    ("kind=Conv1D\n", "segment=-1\n", "expected the number of a segment, 0 or more", "-1\n", ""),
    ("kind=Conv1D\n", "segment=1.5\n", "expected the number of a segment", "1.5\n", ""),
    ("kind=Conv1D\n", "kind=(\n", "expected kind", "(\n", ""),
    ('%"tower/pool 1" ', '%"tower/\\pool 1" ', "expected a quoted string", '%"tower', "Invalid"),
]


@pytest.mark.parametrize(("old", "new", "said", "there", "besides"), EDITS)
def test_an_error_points_at_its_token(
    old: str, new: str, said: str, there: str, besides: str
) -> None:
    text = (GOLDEN / "annotated.fism").read_text(encoding="utf-8")
    assert old in text
    edited = text.replace(old, new, 1)
    if not said:
        assert print_module(read_module(edited)) != edited
        return
    line = edited[: edited.index(new)].count("\n") + 1
    with pytest.raises(ParseError) as caught:
        read_module(edited, name="x.fism")
    error = caught.value
    assert error.line is not None
    assert error.column is not None
    assert line <= error.line <= line + new.count("\n")
    assert error.what.startswith(f"line {error.line}: ")
    assert said in error.what
    assert besides in f"{error.why} {error.attempt}"
    shown = edited.split("\n")[error.line - 1] + "\n"
    assert shown[error.column - 1 :].startswith(there)
    assert error.where == f"x.fism:{error.line}:{error.column}"
    assert error.context is not None
    above, caret = error.context.split("\n")
    assert caret[: above.index("|")].isspace()
    assert caret.endswith(f"^ column {error.column}")
    rest = shown[error.column - 1 : -1]
    cut = f"{rest[: WIDEST // 2]}..." if len(shown) > WIDEST + 1 else rest
    assert above[caret.index("^") :] == cut


def test_a_tab_stays_a_tab_above_the_caret() -> None:
    with pytest.raises(ParseError) as caught:
        parse_module("// fastism 1  stage=flat  after=flatten\nseq_input\t\t;\n")
    assert caught.value.context == "  2 | seq_input\t\t;\n               \t\t^ column 12"


def test_the_header_is_read_by_field() -> None:
    head = '// fastism 1  stage="annotated"  after="my pass"  model="a b.h5" sha256:01ef'
    text = (GOLDEN / "annotated.fism").read_text(encoding="utf-8")
    module = parse_module("\n".join([head, *text.split("\n")[1:]]))
    assert (module.stage, module.after) == ("annotated", "my pass")
    assert (module.model, module.sha256) == ("a b.h5", "01ef")
    short = "// fastism 1  stage=annotated  after=annotate  sha256:01ef"
    module = parse_module("\n".join([short, *text.split("\n")[1:]]))
    assert (module.stage, module.model, module.sha256) == ("annotated", "", "01ef")
    bad = head.replace("a b.h5", "a \\b b\\p.h5")
    with pytest.raises(
        ParseError, match="expected a model, as a word or a quoted string"
    ) as caught:
        parse_module("\n".join([bad, *text.split("\n")[1:]]))
    assert (caught.value.line, caught.value.column) == (1, head.index("model=") + 7)


def test_steps_and_lists_of_sites_read_back() -> None:
    text = (GOLDEN / "imported.fism").read_text(encoding="utf-8")
    for sites, starts in (
        ("[0,30) step=7", (0, 7, 14, 21, 28)),
        ("3, 9, 4", (3, 9, 4)),
        ("5", (5,)),
        ("[5,6)", (5,)),
    ):
        module = parse_module(text.replace("seq_input", f"sites {sites} width=2\nseq_input", 1))
        assert module.sites is not None
        assert (module.sites.starts, module.sites.width) == (starts, 2)


def test_a_change_of_several_strips_reads_back() -> None:
    """A value added to itself five positions on: an edit changes two positions, apart."""
    text = (
        "// fastism 1  stage=annotated  after=annotate\n"
        "sites [0,12) width=1\nseq_input %seq\noutputs sum\n"
        "graph @main(%seq: f32[N,12,4]) {\n"
        "  %cut : f32[N,7,4] = crop(%seq) {left=5}\n"
        "  %pad : f32[N,12,4] = zero_pad(%cut) {right=5}\n"
        "  %sum : f32[N,12,4] = add(%seq, %pad)\n"
        "  return %sum\n}\n"
    )
    bare = parse_module(text)
    module = bare.with_graphs([annotated(bare.main, bare)])
    printed = print_module(module)
    assert "change=1+1 @6:[1,2)+[6,7) need=all = add(" in printed
    assert parse_module(printed) == module
    for wrong in ("[1,2)+[6,8)", "[1,2)", "[1,2)+[6,7)+[8,9)", "[1,2)[6,7)"):
        with pytest.raises(ParseError, match="line 9: expected"):
            parse_module(printed.replace("[1,2)+[6,7)", wrong))


@pytest.mark.parametrize(("name", "where"), [("x.fism", "x.fism:2:3"), ("", None)])
def test_bytes_that_are_no_text_are_shown_in_their_file(name: str, where: str | None) -> None:
    with pytest.raises(ParseError, match="line 2: the byte 0xff in column 3 is not text") as caught:
        read_module(b"// fastism\nab\xff", name=name)
    assert (caught.value.where, caught.value.line, caught.value.column) == (where, 2, 3)
