"""How a pair becomes a fused image: the methods, and what every method is given for free."""

from .method import Gray, Image, Method
from .module import ModuleMethod
from .pipeline import Fused, fuse_pair
from .registry import MethodInfo, default_methods, get_method, list_methods

__all__ = [
    "Fused",
    "Gray",
    "Image",
    "Method",
    "MethodInfo",
    "ModuleMethod",
    "default_methods",
    "fuse_pair",
    "get_method",
    "list_methods",
]
