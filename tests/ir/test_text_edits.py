"""Any single edit of a module's text reads as a module, or is an error at its line and column."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from fastism.errors import ParseError
from fastism.ir.module import Module, Sites
from fastism.ir.parser import parse_module, read_module
from fastism.ir.printer import print_module
from fastism.passes.manager import DEFAULT, Pipeline

GOLDEN = Path(__file__).parents[1] / "golden"
MODELS = ("nested_several", "pool_same", "two_inputs_late", "lstm", "basset")
EDITS = 40
MARKS = ' %@#{}()[],:=."\\-+\t\x00e0123456789aNf/\u2028é'


@cache
def dumps() -> dict[str, str]:
    """The goldens, and every stage of a few models."""
    from fastism.frontends.keras.lowering.lower import lower
    from tests.zoo import ENTRIES

    texts = {path.stem: path.read_text(encoding="utf-8") for path in sorted(GOLDEN.glob("*.fism"))}
    for name in MODELS:
        module = lower(ENTRIES[name].build(), length=ENTRIES[name].length).module
        length = module.main.values[module.seq_input].type.length
        for stage in Pipeline.parse(DEFAULT).run_stages(module.replace(sites=Sites.every(length))):
            texts[f"{name} {stage.stage}"] = print_module(stage)
    return texts


def edited(text: str, chance: random.Random) -> str:
    """The text with a character or a line deleted, doubled, altered, or swapped with the next."""
    lines = chance.random() < 0.4
    pieces: list[str] = text.splitlines(keepends=True) if lines else list(text)
    place = chance.randrange(len(pieces))
    edits: list[Callable[[], object]] = [
        lambda: pieces.pop(place),
        lambda: pieces.insert(place, pieces[place]),
        lambda: pieces.insert(place, chance.choice(pieces)),
        lambda: pieces.__setitem__(place, chance.choice(pieces if lines else MARKS)),
        lambda: pieces.append(pieces.pop(place)),
    ]
    chance.choice(edits)()
    return "".join(pieces)


def outcome(text: str | bytes) -> Module | ParseError:
    try:
        return read_module(text, name="edited.fism")
    except ParseError as error:
        return error


def check(given: str) -> bool:
    """Whether an edited text was read; raises where the outcome is neither of the two."""
    found = outcome(given)
    if isinstance(found, Module):
        printed = print_module(found)
        assert print_module(parse_module(printed)) == printed
        return True
    assert found.line is not None
    assert found.column is not None
    assert 1 <= found.line <= given.count("\n") + 1
    assert found.what.startswith(f"line {found.line}: ")
    assert found.where == f"edited.fism:{found.line}:{found.column}"
    assert f"^ column {found.column}" in str(found)
    assert found.why != ""
    return False


def test_any_single_edit_is_an_error_at_its_place_or_another_module() -> None:
    read = [
        check(edited(text, chance))
        for name, text in dumps().items()
        for chance in [random.Random(name)]
        for _ in range(EDITS)
    ]
    assert 0 < read.count(True) < read.count(False)


# -- what the errors say, in a golden with one edit ---------------------------------------------

SAID = [
    ("= conv1d(", "= conv1b(", "line 17: unknown op 'conv1b': did you mean 'conv1d'?"),
    ("{width=5,", "{widht=5,", "line 17: unknown attribute 'widht': did you mean 'width'?"),
    ("dense(%flatten)", "dense(%flaten)", "try: did you mean '%flatten'?"),
    ("@conv.bias#8dac ", "@conv.bais#8dac ", "try: did you mean '@conv.bias'?"),
    ("stage=imported", "stage=importd", "line 1: there is no stage 'importd'"),
    ("stage=imported", "stage=importd", "try: did you mean 'imported'?"),
    ("outputs profile", "output profile", "try: did you mean 'outputs'?"),
    ("layer=flat ", "layr=flat ", "try: did you mean 'layer'?"),
    ("%flatten           :", "%tower!1           :", "line 10: %tower!1 is defined twice\n"),
    (
        "@tower(%x: f32[N,30,4])",
        "@tower(%x: f32[N,30,4], %x: f32[N,30,4])",
        "line 16: %x is defined twice\n",
    ),
    ("graph @tower(", "graph @main(", "line 16: graph @main has a namesake"),
    ("#30e7253af6ae89ae", "#30e8253af6ae89ae", "line 17: expected the hash of the constant"),
    ("f32[5,4,8]", "f32[5,-4,8]", "line 5: expected a type\n"),
    ("width=5,", "width=-5,", "line 17: layer 'conv' does not type-check"),
    ("stride=3", "stride=-3", "why: stride=-3 is below 1"),
    ("%conv     : f32[N,30,8]", "%conv     : f32[N,31,8]", "line 17: layer 'conv' states f32[N,31"),
    ("dense(%flatten)", "dense(%seq)", "line 11: layer 'dense' does not type-check"),
    ("seq_input %seq", "seq_input %sequ", "line 2: graph @main has no input %sequ"),
    ("outputs profile,", "outputs", "line 3: graph @main has 2 outputs"),
    ("size=3", f"size={'(' * 99}", "at most 32 levels of parentheses"),
    ("size=3", f"size={'9' * 5000}", "why: size=inf is not a whole number"),
]


@pytest.mark.parametrize(("old", "new", "said"), SAID, ids=[row[2][:40] for row in SAID])
def test_an_error_says_what_is_wrong_at_its_own_line(old: str, new: str, said: str) -> None:
    text = (GOLDEN / "imported.fism").read_text(encoding="utf-8")
    assert old in text
    error = outcome(text.replace(old, new, 1))
    assert isinstance(error, ParseError)
    assert said in str(error)


PLACED = [
    # a stage, an edit of its golden, what stands at the caret, what is said besides
    ("imported", "seq_input %seq", "seq_input %sq", "seq_input", "did you mean '%seq'?"),
    ("imported", "pad=same", "pad=smae", "conv1d(", "'smae'; did you mean 'same'?"),
    ("imported", "kind=Conv1D", "mode=dleta kind=Conv1D", "mode=", "did you mean 'delta'?"),
    ("segmented", " mode=exit ", " mode=exti ", "mode=", "did you mean 'exit'?"),
    ("annotated", "sites [0,30) width=1", "sites [0,30) width=-1", "sites", "one position or"),
    ("scheduled", "pairs=4096", "pairs=-3", "pairs=", "a whole number from 1 up"),
    ("scheduled", "workers=2", "workers=0", "workers=", "a whole number from 1 up"),
    ("scheduled", "workers=2", "workers=2, predicted_ns=-9", "predicted_ns=", "whole number of"),
    ("scheduled", "heads=(0, 1)", "heads=(0, 2)", "heads=", "the model has 2 outputs"),
    ("scheduled", "heads=(dense, mean)", "heads=(dense, 1)", "heads=", "names of values"),
]


@pytest.mark.parametrize(("stage", "old", "new", "there", "said"), PLACED)
def test_a_fault_in_a_line_is_shown_where_it_stands(
    stage: str, old: str, new: str, there: str, said: str
) -> None:
    text = (GOLDEN / f"{stage}.fism").read_text(encoding="utf-8")
    assert old in text
    given = text.replace(old, new, 1)
    error = outcome(given)
    assert isinstance(error, ParseError)
    assert error.line is not None
    assert error.column is not None
    assert error.line == given[: given.index(new)].count("\n") + 1
    assert given.splitlines()[error.line - 1][error.column - 1 :].startswith(there)
    assert said in f"{error.why} {error.attempt}"


def test_of_a_long_line_what_is_near_is_shown() -> None:
    text = (GOLDEN / "imported.fism").read_text(encoding="utf-8")
    error = outcome(text.replace("size=3", f"size={'(' * 5000}", 1))
    assert isinstance(error, ParseError)
    assert error.context is not None
    shown, caret = error.context.split("\n")
    assert len(shown) < 300
    assert shown.endswith("(((...")
    assert shown[caret.index("^") - 3 : caret.index("^") + 3] == "(" * 6


def test_a_redefinition_is_reported_where_it_is() -> None:
    """In a text with ranges too, where every later line would contradict it."""
    lines = (GOLDEN / "annotated.fism").read_text(encoding="utf-8").splitlines()
    conv = next(index for index, line in enumerate(lines) if " = conv1d(" in line)
    lines.insert(conv + 1, lines[conv])
    error = outcome("\n".join(lines))
    assert isinstance(error, ParseError)
    assert (error.line, error.column) == (conv + 2, 3)
    assert error.why == f"line {conv + 1} defines it already"


def test_bytes_that_are_no_text() -> None:
    text = (GOLDEN / "imported.fism").read_bytes()
    error = outcome(text.replace(b"%seq\n", b"%s\xffq\n", 1))
    assert isinstance(error, ParseError)
    assert (error.line, error.column) == (2, 13)
    assert "the byte 0xff in column 13 is not text" in error.what
    assert isinstance(outcome(b"\xef\xbb\xbf" + text.replace(b"\n", b"\r\n")), Module)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: expected the header"),
        ("\n\n", "why: the text is empty"),
        ("// fastism 1  stage=flat  after=flatten\n", "line 1: the module has no graph"),
        ("// fastism 1  stage=flat  after=flatten\ngraph @main() {\n  return\n}\n", "no output"),
    ],
)
def test_nothing_to_read(text: str, said: str) -> None:
    error = outcome(text)
    assert isinstance(error, ParseError)
    assert said in str(error)


def test_content_is_found_by_its_hash() -> None:
    text = (GOLDEN / "imported.fism").read_text(encoding="utf-8")
    held = {constant.digest: constant for constant in parse_module(text).constants.values()}
    assert read_module(text, held) == parse_module(text)
    wrong = text.replace("#30e7253af6ae89ae", "#40e7253af6ae89ae").replace("#30e7", "#40e7")
    with pytest.raises(ParseError, match=r"line 5: @conv.kernel has no content\n"):
        read_module(wrong, held)
    with pytest.raises(ParseError, match=r"line 5: expected the constant the text was printed"):
        read_module(text.replace("f32[5,4,8]", "f32[5,4,9]", 1), held)
