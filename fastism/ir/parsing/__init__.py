"""How the text form is read, a kind of line a file; `fastism.ir.parser` puts them together."""
