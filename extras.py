"""What the core does without: packages that an extra brings, and the sentence on one that is missing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from .errors import InputError

DISTRIBUTION = "fusionbench-suite"
# Which extra brings a module. `setup.cfg` has the packages; a test holds the two against each other.
EXTRAS = {
    "learn": ("h5py", "lightning_fabric", "safetensors", "tensorboard", "torch"),
    "report": ("jinja2", "markdown_it", "markupsafe", "matplotlib", "plotly"),
    "export": ("onnx", "onnxruntime", "onnxscript"),
    "cluster": ("dask", "distributed"),
    "slurm": ("submitit",),
    "tasks": ("huggingface_hub",),
    "text": ("transformers",),
    "torchmetrics": ("torchmetrics",),
    "pyiqa": ("pyiqa",),
}


class MissingExtraError(InputError, ImportError):
    """A package is not installed that an extra brings."""


def install(extra: str) -> str:
    """Write the command that installs an extra.

    Examples
    --------
    >>> install("learn")
    "pip install 'fusionbench-suite[learn]'"
    """
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def sentence(error: BaseException) -> str:
    """Say which extra brings the module that an import did not find; "" where none does, or it is another error."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    module = error.name.partition(".")[0]
    extra = next((extra for extra, modules in EXTRAS.items() if module in modules), None)
    return f"this needs {module}, which the extra {extra!r} brings: {install(extra)}" if extra else ""


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Let a package that is missing inside be one sentence.

    Raises
    ------
    MissingExtraError
        In place of the ModuleNotFoundError, where an extra brings the module.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if said := sentence(error):
            raise MissingExtraError(said) from error
        raise
