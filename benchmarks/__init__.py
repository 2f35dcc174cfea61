"""How fast fastism is, measured beside calling the model and beside other tools.

``python -m benchmarks.compare`` (``make bench``), from the root of the repository, writes
RESULTS.md and time_against_length.png. rows.py says what is measured; every cell of the table is
measured in a process of its own: measure_plan.py, measure_model.py, and one script a peer under
peers/, which runs in an environment of its own. ``python -m benchmarks.native`` prints the tables
of NATIVE.md.
"""
