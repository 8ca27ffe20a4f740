"""Turning any checkpoint that a method understands into our safetensors or Jittor's form; saying what is in one."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..files import sha256_of
from .catalog import OWNERS, owner
from .files import load_state, save_state, split_key
from .jittor import write_jittor
from .search import State, Unfit, find

if TYPE_CHECKING:
    from torch import Tensor

    Adapted = tuple[dict[str, Tensor], dict[str, str]]


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
    name, (tensors, metadata) = _understand(state, source, method)
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
    state, file = load_state(path), Path(split_key(path)[0]).expanduser()
    method, tensors, notes = _look(state)
    return Report(
        Path(path),
        state.format,
        method,
        sum(tensor.numel() for tensor in tensors.values()),
        {k: (tuple(v.shape), str(v.dtype).removeprefix("torch.")) for k, v in sorted(tensors.items())},
        {**state.metadata, **notes},
        sha256_of(file) if file.is_file() else "",
    )


def _look(state: State) -> tuple[str, dict[str, Tensor], dict[str, str]]:
    """Find the method that understands a file, the tensors of its network there, and what is to be said of them."""
    for name in OWNERS:
        adapter = owner(name)
        try:
            network = find(state, adapter.forms())
            metadata = adapter.adapt(state)[1]
        except Unfit as unfit:
            if unfit.keys:
                return name, state.tensors, {"networks": f"several, say which with FILE#KEY: {', '.join(unfit.keys)}"}
        except InputError as error:
            return name, network.tensors, {"problem": str(error)}
        else:
            under = {"found under": network.prefix.rstrip("./")} if network.prefix else {}
            return name, network.tensors, {**metadata, **under}
    return "", state.tensors, {}


def load_weights(path: str | Path, method: str) -> Adapted:
    """Load a file as the weights of a method, under our names.

    Parameters
    ----------
    path : the file, or `FILE#KEY` where several networks lie in it.

    Returns
    -------
    The tensors, in the type in which they were stored, and what is to be known of them.

    Raises
    ------
    InputError
        The file is missing, truncated, unsafe, no weights, or of another network: whose, if a method here has it.
    """
    return _understand(load_state(path), path, method)[1]


def _understand(state: State, path: str | Path, method: str) -> tuple[str, Adapted]:
    """Ask the methods in turn."""
    reasons = []
    for name in [method] if method else OWNERS:
        try:
            return name, owner(name).adapt(state)
        except InputError as error:
            reasons.append(str(error))
    whose = _owner(state) if method else ""
    reasons += [f"they fit the method {whose!r}"] if whose and whose != method else []
    reason = "; ".join(dict.fromkeys(reasons))  # both methods may say the same of several networks
    raise InputError(f"cannot use the weights {path}: {reason.replace('FILE#', f'{path}#')}")


def _owner(state: State) -> str:
    """Find the method whose network is in a file, whatever its numbers are; "" if there is none."""
    for name in OWNERS:
        with contextlib.suppress(Unfit):
            find(state, owner(name).forms())
            return name
    return ""
