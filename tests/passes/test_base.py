"""The contract of a pass, and the messages to an author who breaks it."""

from dataclasses import dataclass
from typing import ClassVar

import pytest

from fastism.errors import PassError
from fastism.ir import Module
from fastism.passes import Pass

TEXT = """
graph @main(%seq: f32[N,9,4]) {
  %act : f32[N,9,4] = relu(%seq)
  return %act
}
"""


@pytest.fixture
def module(parsed):
    return parsed(TEXT, "flat")


@dataclass(frozen=True)
class Nothing(Pass):
    name: ClassVar[str] = "nothing"

    def run(self, module: Module) -> Module:
        return module


@dataclass(frozen=True)
class Raising(Nothing):
    name: ClassVar[str] = "raising"

    error: ClassVar[Exception] = KeyError("conv")

    def run(self, module: Module) -> Module:
        raise self.error


def test_the_result_says_what_made_it(module) -> None:
    assert Nothing()(module) == module.replace(after="nothing")


def test_the_stage_is_the_one_the_pass_produces(module) -> None:
    class Canonical(Nothing):
        name = "canonical"
        requires = ("flat",)
        produces = "canonical"

    assert Canonical()(module).stage == "canonical"
    with pytest.raises(
        PassError, match=r"(?s)canonical: .*stage 'canonical'.*needs the stage flat"
    ):
        Canonical()(Canonical()(module))


def test_an_input_that_is_no_module_is_refused(module) -> None:
    with pytest.raises(PassError, match="nothing: expected a Module, got a Graph"):
        Nothing()(module.main)  # type: ignore[arg-type]


def test_a_result_that_is_no_module_is_refused(module) -> None:
    class Forgetful(Nothing):
        name = "forgetful"

        def run(self, module):
            module.rewrite(lambda node: node)

    with pytest.raises(PassError, match=r"(?s)forgetful: run returned a NoneType.*return module"):
        Forgetful()(module)


def test_a_bug_of_the_pass_names_the_pass(module) -> None:
    with pytest.raises(
        PassError, match=r"(?s)raising: the pass broke down.*KeyError: 'conv'"
    ) as info:
        Raising()(module)
    assert isinstance(info.value.__cause__, KeyError)


def test_an_error_of_the_pass_keeps_its_parts(module) -> None:
    class Refusing(Raising):
        name = "refusing"
        error = PassError("no", where="layer x", why="because", attempt="yes", context="  here")

    with pytest.raises(PassError) as info:
        Refusing()(module)
    assert str(info.value).splitlines() == [
        "refusing: no",
        "  in layer x",
        "  here",
        "  why: because",
        "  try: yes",
    ]


def test_a_pass_needs_a_name() -> None:
    class Nameless(Pass):
        def run(self, module):
            return module

    class Shouting(Nothing):
        name = "Drop Noise"

    with pytest.raises(PassError, match="Nameless has no usable name"):
        Nameless()
    with pytest.raises(PassError, match=r"(?s)Shouting.*kebab-case, and is 'Drop Noise'"):
        Shouting()


def test_options_outside_a_dataclass_are_refused() -> None:
    class Loose(Nothing):
        name = "loose"
        depth: int = 3

    with pytest.raises(PassError, match=r"(?s)depth would be ignored.*@dataclass\(frozen=True\)"):
        Loose()


def test_an_option_no_text_can_spell_is_refused() -> None:
    @dataclass(frozen=True)
    class Odd(Nothing):
        name: ClassVar[str] = "odd"
        table: dict[str, int] = None  # type: ignore[assignment]

    with pytest.raises(PassError, match=r"(?s)Odd does not declare.*table: dict.*not an int"):
        Odd()


@pytest.mark.parametrize("count", [True, 1.0, None, "1", (1,)])
def test_a_whole_number_is_nothing_else(count) -> None:
    @dataclass(frozen=True)
    class Counting(Nothing):
        name: ClassVar[str] = "counting"
        count: int = 1

    with pytest.raises(PassError, match=r"counting: count must be a whole number; got"):
        Counting(count)


@pytest.mark.parametrize("layers", ["dense_1", ["dense_1"], ("dense_1", 2)])
def test_an_option_of_the_wrong_type_is_refused(layers) -> None:
    @dataclass(frozen=True)
    class Stop(Nothing):
        name: ClassVar[str] = "stop"
        layers: tuple[str, ...] = ()

    assert Stop(("dense_1",)).layers == ("dense_1",)
    with pytest.raises(PassError, match="stop: layers must be any number of items, each a string"):
        Stop(layers)
