"""Settings of all tests."""

from hypothesis import settings

# A shared machine stalls at times; how long an example took says nothing of the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
