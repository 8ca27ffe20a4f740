"""The frameworks beside PyTorch in which a method can be computed, by the name that `--backend` takes."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ..errors import unknown

# Each is a module with METHODS, those that it computes; `require()`, which raises InputError where the framework cannot
# be used; `make_fuser(mathematics, device)`; and `make_engine(recipe, options)`, for training.
BACKENDS = {"jittor": "frameworks.jittor.backend"}


def find_backend(name: str) -> Any:
    """Import the module of a framework.

    Raises
    ------
    InputError
        There is none of this name.
    """
    if name not in BACKENDS:
        raise unknown("backend", name, ("torch", *BACKENDS))
    return import_module(f"..{BACKENDS[name]}", __package__)
