"""A run on many processes or machines, by dask.distributed.

    orders.py    what is said between the run and its workers, as plain data
    connect.py   a cluster of this machine, or a scheduler that is running
    deaf.py      keeps Ctrl-C from the processes of this machine
    packed.py    a plan folder as bytes, for workers that do not see it
    worker.py    what a worker does: take up plans, compute a shard, or a piece of variants
    crew.py      the workers there are, and what each is good for
    ledger.py    which shard is where, which are lost, and which are set aside
    score.py     the loop: a shard to every free worker, results into the run's folder
    stream.py    `Plan.stream` by workers

Dask moves data, starts functions of this package by name, and notices the dead. Which shard a
worker gets is decided here, one at a time, so that a shard is known by the workers it took along.
"""
