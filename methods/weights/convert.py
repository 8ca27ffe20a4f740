"""Turning any checkpoint that a method understands into our safetensors or Jittor's form; saying what is in one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import InputError
from .files import State, load_state, save_state
from .jittor import write_jittor

if TYPE_CHECKING:
    from torch import Tensor

# A method's `adapt(state)` gives its tensors under our names and the metadata to keep with them, or raises InputError
# saying what does not fit.
ADAPTERS = {"u2fusion": "u2fusion.checkpoints", "film": "film.checkpoints"}


@dataclass(frozen=True)
class Report:
    """What is in a weights file.

    Attributes
    ----------
    path, format : the file, and what kind of file it is.
    method : the method whose network it is, or "" if no method understands it.
    parameters : how many numbers the tensors hold.
    tensors : shape and type by name.
    metadata : what the file says of itself, and what was found out in reading it.
    sha256 : of the file, where it is one file.
    """

    path: Path
    format: str
    method: str
    parameters: int
    tensors: dict[str, tuple[tuple[int, ...], str]]
    metadata: dict[str, str]
    sha256: str


def convert(source: str | Path, target: str | Path, half: bool = False, method: str = "") -> Report:
    """Convert a checkpoint into our safetensors, or for Jittor.

    Parameters
    ----------
    source : a TensorFlow checkpoint, a `.pth` of a port, a `.pkl` of Jittor, or safetensors.
    target : the file to write; one that ends in `.pkl` is for Jittor: `model.load(jt.load(path)["model"])`.
    half : store float16: half the size; the method computes in float32 all the same. Not for Jittor.
    method : whose network it is; by default the one that understands it.

    Raises
    ------
    InputError
        No method understands the checkpoint, the target cannot be written, or Jittor was to get 16-bit numbers.
    """
    for_jittor = Path(target).suffix.lower() == ".pkl"
    if for_jittor and half:
        raise InputError(f"{target} would be for Jittor, which computes in 32 bits: leave --half out")
    state = load_state(source)
    name, (tensors, metadata) = _understand(state, Path(source), method)
    if half:
        tensors = {key: tensor.half() for key, tensor in tensors.items()}
    # No path: the same weights make the same file, wherever they lie.
    notes = {"format": "pt", "method": name, **metadata, "converted_from": f"{Path(source).name} ({state.format})"}
    if for_jittor:
        del notes["format"]  # says that tensors are torch's
        write_jittor(Path(target), {key: tensor.float().numpy() for key, tensor in tensors.items()}, notes)
    else:
        save_state(target, tensors, notes)
    return describe(target)


def describe(path: str | Path) -> Report:
    """Say what is in a weights file."""
    path = Path(path)
    state = load_state(path)
    try:
        method, (_, metadata) = _understand(state, path, "")
    except InputError:
        method, metadata = "", {}
    return Report(
        path,
        state.format,
        method,
        sum(tensor.numel() for tensor in state.tensors.values()),
        {k: (tuple(v.shape), str(v.dtype).removeprefix("torch.")) for k, v in sorted(state.tensors.items())},
        {**state.metadata, **metadata},
        sha256_of(path) if path.is_file() else "",
    )


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _understand(state: State, path: Path, method: str) -> tuple[str, tuple[dict[str, Tensor], dict[str, str]]]:
    """Ask the methods in turn."""
    reasons = []
    for name in [method] if method else ADAPTERS:
        adapt: Callable[[State], tuple[dict[str, Tensor], dict[str, str]]] = _adapter(name)
        try:
            return name, adapt(state)
        except InputError as error:
            reasons.append(str(error))
    raise InputError(f"cannot use the weights {path}: {'; '.join(reasons)}")


def _adapter(name: str) -> Callable[[State], tuple[dict[str, Tensor], dict[str, str]]]:
    if name not in ADAPTERS:
        from ...errors import unknown

        raise unknown("method with weights", name, ADAPTERS)
    adapt: Callable[[State], tuple[dict[str, Tensor], dict[str, str]]]
    adapt = import_module(f"..{ADAPTERS[name]}", __package__).adapt
    return adapt
