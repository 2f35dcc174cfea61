"""Read what `fastism.ir.printer` wrote: a module equal to the one that was printed.

Ranges are not taken on trust. Where a graph's text carries change and need, they are recomputed
from the sites and compared; a line that says otherwise is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastism.errors import ParseError, VerifyError, did_you_mean
from fastism.ir.graph import Graph
from fastism.ir.model_input import ModelInput
from fastism.ir.module import Constant, Module, Sites
from fastism.ir.parsing.graphs import GraphReader
from fastism.ir.parsing.header import Constants, read_header, read_input, read_sites
from fastism.ir.parsing.places import Places, located
from fastism.ir.parsing.ranges import Note, with_ranges
from fastism.ir.parsing.reader import Reader
from fastism.ir.verify import check_interface, verify, verify_structure


def parse_module(text: str, constants: Mapping[str, Constant] | None = None) -> Module:
    """The module a text describes; whether it keeps the rules of its stage is not asked.

    ``constants`` gives the content of the weights and tables by name; those it lacks are left
    without content. Raises ParseError, naming the line, for anything that does not read, that
    contradicts ``constants``, or whose ranges are not those of its ops and sites.
    """
    parser = _ModuleParser(Reader(text), Constants(constants or {}), strict=False)
    return parser.with_ranges(parser.module())


def read_module(
    text: str | bytes, held: Mapping[str, Constant] | None = None, *, name: str = ""
) -> Module:
    """The module a text describes, which keeps the rules of its stage.

    text: bytes are read by `decode`. held: the content of weights and tables by hash; with it,
    whatever the text lists must be there. name: of the text's file, to name in errors. Raises
    ParseError, naming line and column, for what `parse_module` or the verifier refuses.
    """
    parser = _ModuleParser(
        Reader(text if isinstance(text, str) else decode(text, name), name),
        Constants({}, held),
        strict=True,
    )
    module = parser.module()
    try:
        # The ranges of a graph that is not well formed would be wrong far from the fault.
        verify_structure(module)
        check_interface(module)
        module = parser.with_ranges(module)
        verify(module)
    except VerifyError as error:
        raise located(error, parser.places, parser.reader) from error
    return module


def decode(text: bytes, name: str = "") -> str:
    """The text of a file's bytes, UTF-8. Raises ParseError at the first byte that is none."""
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = text[: error.start]
        line, column = before.count(b"\n") + 1, error.start - (before.rfind(b"\n") + 1) + 1
        fault = ParseError(
            f"line {line}: the byte 0x{text[error.start]:02x} in column {column} is not text",
            where=f"{name}:{line}:{column}" if name else None,
            why="a .fism file is text in ASCII (UTF-8 in its comments)",
        )
        fault.line, fault.column = line, column
        raise fault from None


class _ModuleParser:
    def __init__(self, reader: Reader, constants: Constants, *, strict: bool) -> None:
        self.strict = strict
        self.reader = reader
        self.constants = constants
        self.places = Places()
        self.graphs: list[Graph] = []
        self.notes: list[dict[str, Note]] = []
        self.sites: Sites | None = None
        self.seq_input = ""
        self.inputs: tuple[ModelInput, ...] = ()
        self.outputs: tuple[str, ...] = ()

    def module(self) -> Module:
        """The module without ranges."""
        reader = self.reader
        header = read_header(reader, self.places)
        statements: dict[str, Callable[[], None]] = {
            "sites": self._sites,
            "seq_input": self._seq_input,
            "outputs": self._outputs,
            "input": self._input,
            "constant": lambda: self.constants.read(reader),
            "graph": self._graph,
        }
        while not reader.accept("eof"):
            token = reader.token
            keyword = reader.accept("word")
            if keyword is None or keyword.text not in statements:
                near = did_you_mean(token.text, statements)
                raise reader.error(f"one of {', '.join(statements)}", token, attempt=near)
            self.places.mark(token, part=f"{keyword.text}:")
            statements[keyword.text]()
            reader.end()
        return Module(
            graphs=tuple(self.graphs),
            constants=self.constants.listed,
            sites=self.sites,
            seq_input=self.seq_input,
            inputs=self.inputs,
            outputs=self.outputs,
            **header,
        )

    def with_ranges(self, module: Module) -> Module:
        """The module with the ranges its text carries."""
        pairs = zip(module.graphs, self.notes, strict=True)
        return module.with_graphs(
            with_ranges(self.reader, graph, notes, module) for graph, notes in pairs
        )

    def _sites(self) -> None:
        self.sites = read_sites(self.reader)

    def _seq_input(self) -> None:
        self.seq_input = self.reader.name_of("value", "the value that is edited, as %name")

    def _input(self) -> None:
        self.inputs += (read_input(self.reader),)

    def _outputs(self) -> None:
        reader = self.reader
        self.outputs = reader.separated(lambda: reader.word("the name of an output"))

    def _graph(self) -> None:
        index, listed = len(self.graphs), self.constants.listed
        graph = GraphReader(self.reader, self.places, index, listed, self.sites, self.strict)
        self.graphs.append(graph.read())
        self.notes.append(graph.notes)
