"""Pipeline strings, the registry, and the manager that verifies between passes."""

from dataclasses import dataclass
from importlib.metadata import EntryPoint
from types import SimpleNamespace
from typing import ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fastism.errors import InputError, ParseError, PassError, VerifyError
from fastism.ir import Module
from fastism.passes import (
    DEFAULT,
    Flatten,
    Pass,
    Pipeline,
    Segment,
    lookup,
    names,
    parse_pipeline,
    print_pipeline,
    register_pass,
    registry,
)


@register_pass
@dataclass(frozen=True)
class Everything(Pass):
    """One option of every kind."""

    name: ClassVar[str] = "test-everything"

    count: int
    flag: bool = False
    ratio: float = 1.0
    title: str = "plain"
    limit: int | None = None
    layer_names: tuple[str, ...] = ()
    span: tuple[int, float] = (0, 1.0)
    cuts: tuple[int, ...] | None = None

    def run(self, module: Module) -> Module:
        return module


OPTIONS = st.builds(
    Everything,
    count=st.integers(),
    flag=st.booleans(),
    ratio=st.floats(allow_nan=False),
    title=st.text(),
    limit=st.none() | st.integers(),
    layer_names=st.lists(st.text() | st.sampled_from(["none", "true", "1"])).map(tuple),
    span=st.tuples(st.integers(), st.floats(allow_nan=False)),
    cuts=st.none() | st.lists(st.integers()).map(tuple),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(OPTIONS | st.just(Flatten()), max_size=3).map(tuple))
def test_printing_and_parsing_are_inverses(passes) -> None:
    assert parse_pipeline(print_pipeline(passes)) == passes


def test_the_default_pipeline_parses_and_prints_back() -> None:
    pipeline = Pipeline.parse(DEFAULT)
    assert str(pipeline) == DEFAULT
    assert [type(pass_).__name__ for pass_ in pipeline.passes[:2]] == ["Flatten", "Canonicalize"]


def test_defaults_are_left_out_and_odd_strings_quoted() -> None:
    text = 'segment{stop-layers=dense_1,"encoder/dense 2","none"}'
    assert parse_pipeline(text) == (Segment(stop_layers=("dense_1", "encoder/dense 2", "none")),)
    assert str(parse_pipeline(text)[0]) == text
    assert str(Everything(count=3, ratio=1.0)) == "test-everything{count=3}"


def test_space_and_bare_paths_are_read() -> None:
    spaced = parse_pipeline(" flatten , segment{ stop-layers=encoder/a, b } ,flatten ")
    assert spaced == (Flatten(), Segment(stop_layers=("encoder/a", "b")), Flatten())
    assert parse_pipeline("test-everything{count=1 layer-names= cuts=}")[0].cuts == ()
    assert parse_pipeline("  ") == ()


@pytest.mark.parametrize(
    ("text", "error", "message", "place"),
    [
        ("flatten,canonicalise", PassError, "did you mean 'canonicalize'?", 9),
        ("flatten,nowhere", PassError, "known passes: annotate, canonicalize", 9),
        ("segment{stop-layer=a}", PassError, "did you mean 'stop-layers'?", 9),
        ("flatten{deep=1}", PassError, "flatten has no option 'deep'", 9),
        ("test-everything{count=many}", PassError, "expected a whole number; got 'many'", 23),
        ("test-everything{count=1,2}", PassError, "got 2 items", 23),
        ('test-everything{count="1"}', PassError, "expected a whole number", 23),
        ("test-everything{count=1 flag=yes}", PassError, "expected true or false", 30),
        ("test-everything{count=none}", PassError, "expected a whole number", 23),
        ("test-everything{count=1 span=2}", PassError, "a whole number, then a number", 30),
        ("test-everything", PassError, "needs the option count", 1),
        ("test-everything{count=1 count=2}", ParseError, "the option count twice", 25),
        ("test-everything{count}", ParseError, "expected '='", 22),
        ("segment{stop-layers=a,}", ParseError, "expected a value", 23),
        ("segment{stop-layers=a", ParseError, "expected an option, or '}'", 22),
        ('segment{stop-layers="a}', ParseError, "expected a value", 21),
        ('segment{stop-layers="\\q"}', ParseError, "this string cannot be read", 21),
        ("flatten canonicalize", ParseError, "expected ','", 9),
        ("flatten,", ParseError, "expected the name of a pass", 9),
        (",flatten", ParseError, "expected the name of a pass", 1),
    ],
)
def test_errors_show_the_place(text, error, message, place) -> None:
    with pytest.raises(error) as info:
        parse_pipeline(text)
    shown = str(info.value)
    assert message in shown
    assert f"at character {place}\n    {text}\n    {' ' * (place - 1)}^" in shown


def test_a_name_is_taken_once() -> None:
    class Other(Pass):
        name = "flatten"

        def run(self, module):
            return module

    with pytest.raises(
        PassError, match=r"(?s)two passes are called 'flatten'.*Flatten and .*Other"
    ):
        register_pass(Other)
    assert lookup("flatten") is Flatten


def test_passes_by_the_module_they_stand_in() -> None:
    assert registry.registered_by("fastism.passes.segment") == ("segment",)
    assert registry.registered_by("fastism.passes") == ()


def test_a_class_statement_may_run_again() -> None:
    def cell() -> type[Pass]:
        @register_pass
        class Again(Pass):
            name = "test-again"

            def run(self, module):
                return module

        return Again

    first, second = cell(), cell()
    assert lookup("test-again") is second is not first


@pytest.fixture
def offered(monkeypatch):
    """Pretend that installed packages offer these entry points."""

    def offer(**points: str) -> None:
        made = tuple(
            EntryPoint(name.replace("_", "-"), value, registry.GROUP)
            for name, value in points.items()
        )
        monkeypatch.setattr(registry, "offered", lambda group: made)
        monkeypatch.setattr(registry, "_TABLE", dict(registry._TABLE))

    return offer


def test_an_entry_point_is_loaded_when_it_is_named(offered) -> None:
    offered(test_everything=f"{__name__}:Everything", broken="no_such_package:Broken")
    assert {"test-everything", "broken", "flatten"} <= set(names())
    registry._TABLE.pop("test-everything")
    assert lookup("test-everything") is Everything
    assert lookup("flatten") is Flatten


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("no_such_package:Broken", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("json:loads", "not a subclass of fastism.passes.Pass"),
        (f"{__name__}:Everything", "the pass calls itself 'test-everything'"),
    ],
)
def test_a_broken_entry_point_is_reported_by_name(offered, value, message) -> None:
    offered(broken=value)
    with pytest.raises(
        PassError, match=r"(?s)the pass 'broken' of the package .* cannot be loaded"
    ):
        lookup("broken")
    with pytest.raises(PassError) as info:
        parse_pipeline("flatten,broken")
    assert message in str(info.value)


@pytest.mark.parametrize(("package", "named"), [("a-package", "a-package"), (None, "no_such")])
def test_a_broken_entry_point_says_what_to_reinstall(monkeypatch, package, named) -> None:
    point = EntryPoint("broken", "no_such:Broken", registry.GROUP)
    if package:
        vars(point)["dist"] = SimpleNamespace(name=package)
    monkeypatch.setattr(registry, "offered", lambda group: (point,))
    with pytest.raises(PassError, match=f"of the package {named} cannot") as caught:
        lookup("broken")
    assert caught.value.attempt == f"reinstall or remove {named}"


def test_an_option_that_may_be_none_says_so() -> None:
    (none,), (three,) = (Pipeline.parse(f"schedule{{pairs={n}}}").passes for n in ("none", "3"))
    assert (none.pairs, three.pairs) == (None, 3)


def test_an_entry_point_may_not_replace_a_pass(offered) -> None:
    offered(flatten=f"{__name__}:Impostor")
    with pytest.raises(PassError, match="two passes are called 'flatten'"):
        lookup("flatten")


class Impostor(Pass):
    name = "flatten"

    def run(self, module):
        return module


TEXT = """
graph @main(%seq: f32[N,9,4]) {
  %act : f32[N,9,4] = relu(%seq)
  return %act
}
"""


@dataclass(frozen=True)
class Breaking(Pass):
    name: ClassVar[str] = "breaking"

    def run(self, module: Module) -> Module:
        return module.with_graphs([module.main.replace(outputs=("nowhere",))])


def test_every_stage_is_kept_if_asked(parsed) -> None:
    module = parsed(TEXT, "flat")
    stages = Pipeline.parse("canonicalize,test-everything{count=1}").run_stages(module)
    assert stages[0] is module
    assert [stage.after for stage in stages[1:]] == ["canonicalize", "test-everything"]
    assert Pipeline.parse("canonicalize").run(module) == stages[1]
    assert Pipeline(()).run(module) is module


def test_a_module_that_is_broken_to_begin_with_is_refused(parsed) -> None:
    with pytest.raises(VerifyError):
        Pipeline(()).run(Breaking()(parsed(TEXT, "flat")))


def test_a_pass_that_breaks_the_module_is_named(parsed) -> None:
    module = parsed(TEXT, "flat")
    with pytest.raises(PassError, match="breaking: the result is not a valid flat module") as info:
        Pipeline((Everything(1), Breaking(), Flatten())).run(module)
    assert isinstance(info.value.__cause__, VerifyError)
    assert module == parsed(TEXT, "flat")


def test_up_to_a_pass_of_a_name() -> None:
    pipeline = Pipeline.parse("flatten,canonicalize,annotate,canonicalize,segment")
    assert str(pipeline.until("canonicalize")) == "flatten,canonicalize"
    assert str(pipeline.until("flatten")) == "flatten"
    assert pipeline.until("segment") == pipeline
    with pytest.raises(PassError) as caught:
        pipeline.until("anotate")
    assert caught.value.what == "the pipeline has no pass 'anotate' to stop after"
    assert (
        caught.value.why == "its passes are flatten, canonicalize, annotate, canonicalize, segment"
    )
    assert caught.value.attempt == "did you mean 'annotate'?"
    with pytest.raises(PassError, match="its passes are none"):
        Pipeline(()).until("flatten")


def test_more_layers_to_stop_at() -> None:
    pipeline = Pipeline.parse("annotate,segment{stop-layers=one},split")
    both = pipeline.with_stops(("zwölf", "two 2"))
    assert str(both) == 'annotate,segment{stop-layers=one,"zwölf","two 2"},split'
    assert Pipeline.parse(str(both)) == both
    assert pipeline.with_stops(()) is pipeline
    with pytest.raises(InputError, match="stop_layers need the segment pass"):
        Pipeline.parse("annotate").with_stops(("one",))


class Odd(Pass):
    name: ClassVar[str] = "odd"

    def run(self, module: Module) -> Module:
        return module


def offering(monkeypatch: pytest.MonkeyPatch, found: object, name: str = "odd") -> None:
    """A package that offers a pass."""
    point = SimpleNamespace(
        name=name, value="pack.age:Odd", module="pack.age", dist=None, load=lambda: found
    )
    points = {registry.GROUP: (point,)}
    monkeypatch.setattr(registry, "offered", points.__getitem__)
    monkeypatch.setattr(registry, "_TABLE", dict(registry._TABLE))


def test_a_pass_that_a_package_offers(monkeypatch: pytest.MonkeyPatch) -> None:
    offering(monkeypatch, Odd)
    assert "odd" in registry.names()
    assert registry.lookup("odd") is Odd
    assert str(Pipeline.parse("flatten,odd")) == "flatten,odd"


@pytest.mark.parametrize(
    ("found", "name", "why"),
    [
        (3, "odd", "it is not a subclass of fastism.passes.Pass"),
        (dict, "odd", "it is not a subclass of fastism.passes.Pass"),
        (Odd, "even", "the pass calls itself 'odd'"),
    ],
)
def test_what_a_package_offers_is_no_pass(
    found: object, name: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    offering(monkeypatch, found, name)
    with pytest.raises(PassError) as caught:
        registry.lookup(name)
    assert caught.value.what == f"the pass {name!r} of the package pack.age cannot be loaded"
    assert (caught.value.where, caught.value.why) == ("pack.age:Odd", why)
