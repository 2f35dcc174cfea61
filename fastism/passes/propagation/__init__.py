"""How a change travels: layouts of windows, and one rule an op for deltas and exits.

The split pass calls `propagation_graph`; the rules are tables by op, so a new op adds an entry.
"""
