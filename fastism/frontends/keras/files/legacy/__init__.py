"""Models of Keras 1 and 2, rebuilt of Keras 3's layers.

Keras 3 reads most such files itself, but not all, and some it reads wrongly: it does not turn the
kernels of Theano, and its ``hard_sigmoid`` is another function than theirs.
"""

REWRITE = (
    "write the model in Keras 3 as a function that returns it, and load the weights alone: "
    "architecture=function (--architecture module:function)"
)
"""What to try with a model that cannot be rebuilt from its file."""
