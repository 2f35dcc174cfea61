"""What some tests of files need, and are left out without."""

import pytest

ZARR = pytest.mark.skipif("sys.version_info < (3, 11)", reason="zarr 3 begins at Python 3.11")
