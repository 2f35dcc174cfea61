"""Backends: what turns a graph into something that can be called. README.md says how to add one."""

from fastism.backends.base import Backend, Forms, Variant
from fastism.backends.registry import register_backend

__all__ = ["Backend", "Forms", "Variant", "register_backend"]
