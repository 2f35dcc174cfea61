"""The versions that go beside everything fastism writes."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

PLAN_FORMAT = 2
"""Version of the plan folder's layout. A folder of another version is refused, never guessed at."""

_DISTRIBUTIONS = {
    "fastism": ("fastism",),
    "tensorflow": ("tensorflow", "tensorflow-cpu", "tf-nightly"),
    "keras": ("keras", "keras-nightly"),
    "numpy": ("numpy",),
}


def _installed(distributions: tuple[str, ...]) -> str:
    for name in distributions:
        try:
            return version(name)
        except PackageNotFoundError:
            continue
    return "not installed"


def fastism_version() -> str:
    """The version of this package."""
    return _installed(_DISTRIBUTIONS["fastism"])


def versions() -> dict[str, str]:
    """Versions of fastism, tensorflow, keras and numpy, read without importing any of them."""
    return {name: _installed(distributions) for name, distributions in _DISTRIBUTIONS.items()}
