"""Front ends: what turns a model of some framework into a module. README.md says how to add one."""

from fastism.frontends.base import FrontEnd, LiveLayer, Lowered
from fastism.frontends.registry import register_front_end

__all__ = ["FrontEnd", "LiveLayer", "Lowered", "register_front_end"]
