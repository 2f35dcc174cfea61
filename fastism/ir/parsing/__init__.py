"""How the text form is read, a kind of line a file; `fastism.ir.parser` puts them together.

A text is one header line, then statements, a line each but for graphs; ``//`` begins a comment
anywhere else.

    header     = "// fastism 1" "stage=" word "after=" word ["model=" word] ["sha256:" digits]
    statement  = "sites" where "width=" integer
               | "seq_input" value
               | "outputs" word ("," word)*
               | "input" value attributes
               | "constant" constant "#" digits ":" type
               | "graph" constant "(" [input ("," input)*] ")" extras "{" node* return "}"
    where      = interval ["step=" integer] | integer ("," integer)*
    input      = value ":" typed
    node       = value ("," value)* ":" typed ("," typed)* "=" op inputs extras
    inputs     = "(" [value ("," value)*] ")"
    return     = "return" [value ("," value)*]
    typed      = type ["change=" change ["@" integer ":" interval ("+" interval)*]] ["need=" need]
    change     = "none" | "all" | integer ("+" integer)*
    need       = "none" | "all" | interval
    extras     = [attributes] ([role "="] constant "#" digits | field "=" word)*
    attributes = "{" [key "=" attribute ("," key "=" attribute)*] "}"
    attribute  = number | word | "true" | "false" | "none" | "(" [attribute ("," attribute)*] ")"
    interval   = "[" integer "," integer ")"    type     = dtype "[" [extent ("," extent)*] "]"
    value      = "%" name                       constant = "@" name
    name       = NAME | STRING                  word     = WORD | STRING
    op, role, key, field = word
"""
