"""Loading and saving of weights: from whatever file to a dictionary of tensors, and no code of the file runs."""

from __future__ import annotations

import json
import pickle
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from pickletools import genops
from typing import TYPE_CHECKING, Any

from ...errors import InputError
from ...files import write_bytes
from .bundle import is_bundle, read_bundle
from .jittor import is_jittor, read_jittor

if TYPE_CHECKING:
    from torch import Tensor

_WRAPPERS = ("model", "state_dict", "model_state_dict", "params", "net")
_DEEPEST = 9


@dataclass(frozen=True)
class State:
    """The tensors of a file.

    Attributes
    ----------
    tensors : by name, on the CPU, as they stand in the file.
    metadata : what a file that we wrote says about itself.
    format : "safetensors", "TensorFlow checkpoint", "PyTorch file" or "Jittor file".
    """

    tensors: dict[str, Tensor]
    metadata: dict[str, str] = field(default_factory=dict)
    format: str = "safetensors"


def load_state(path: str | Path) -> State:
    """Load weights, whatever the extension says.

    Takes safetensors, a TensorFlow checkpoint (any of its files, or their common name), and what `torch.save` or
    Jittor's `jt.save` wrote: a state dictionary as it is or under a usual key ("model", "state_dict", …), with or
    without the prefix `module.`.

    Raises
    ------
    InputError
        There is no such file, it is truncated or no weights, or it is a pickle that would run code.
    """
    path = Path(path)
    if is_bundle(path):
        import torch

        return State({k: torch.tensor(v) for k, v in read_bundle(path).items()}, {}, "TensorFlow checkpoint")
    if not path.is_file():
        raise InputError(f"there is no weights file {path}")
    with path.open("rb") as file:
        start = file.read(9)
    if start[8:9] == b"{":
        return _load_safetensors(path)
    return _load_jittor(path) if is_jittor(path) else _load_torch(path)


def _load_safetensors(path: Path) -> State:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            return State({key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {})  # noqa: SIM118
    except (SafetensorError, json.JSONDecodeError) as error:
        raise InputError(f"cannot read the weights {path}: the safetensors file is truncated or damaged") from error


def _load_jittor(path: Path) -> State:
    import numpy as np
    import torch

    content = read_jittor(path)
    tensors = unwrap(content, lambda value: torch.tensor(value) if isinstance(value, np.ndarray) else None)
    if not tensors:
        raise InputError(f"cannot read the weights {path}: it holds no named tensors")
    notes = content.get("metadata")
    notes = {str(k): v for k, v in notes.items() if isinstance(v, str)} if isinstance(notes, Mapping) else {}
    return State(tensors, notes, "Jittor file")


def _load_torch(path: Path) -> State:
    import torch

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a pickle protocol that torch does not expect
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of damaged bytes the unpickler makes any error there is
        if _asks_for_code(path, error):
            raise InputError(
                f"refused to load {path}: it is a pickle that would run code; ask its author for the bare tensors"
            ) from error
        raise InputError(f"cannot read the weights {path}: the file is truncated, or holds no weights") from error
    tensors = unwrap(content)
    if not tensors:
        raise InputError(f"cannot read the weights {path}: it holds no named tensors")
    return State(tensors, {}, "PyTorch file")


def _asks_for_code(path: Path, error: Exception) -> bool:
    """Tell a program from damaged bytes: a program imports something by name."""
    if isinstance(error, pickle.UnpicklingError) and re.search(r"global|unsupported class", str(error), re.I):
        return True
    try:  # a bare pickle, maybe of a protocol that torch does not read; walking it runs nothing
        with path.open("rb") as file:
            return any(operation.name in ("GLOBAL", "STACK_GLOBAL", "INST") for operation, *_ in genops(file))
    except Exception:
        return False


def unwrap(content: Any, tensor: Callable[[Any], Tensor | None] | None = None) -> dict[str, Tensor]:
    """Find the state dictionary in what `torch.save` kept, and strip the prefix of a parallel wrapper.

    Parameters
    ----------
    content : what the file holds.
    tensor : turns a value into a tensor, or returns None; by default only tensors are any.
    """
    import torch

    tensor = tensor or (lambda value: value if isinstance(value, torch.Tensor) else None)
    depth = 0
    while isinstance(content, Mapping) and depth < _DEEPEST:  # a file may contain itself
        inner = next((content[key] for key in _WRAPPERS if isinstance(content.get(key), Mapping)), None)
        if inner is None:
            break
        content, depth = inner, depth + 1
    if not isinstance(content, Mapping):
        return {}
    found = {str(key): tensor(value) for key, value in content.items()}
    named = {key: value for key, value in found.items() if value is not None}
    if named and all(key.startswith("module.") for key in named):
        named = {key.removeprefix("module."): value for key, value in named.items()}
    return named


def save_state(path: str | Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file, whole or not at all.

    Raises
    ------
    InputError, RunError
        The folder cannot be written to; the disk is full.
    """
    from safetensors.torch import save

    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    write_bytes(Path(path), _ordered(save(plain, dict(metadata or {}))))


def _ordered(data: bytes) -> bytes:
    """Put the metadata of a safetensors file in order: the library writes it in another one every time."""
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    if "__metadata__" in header:
        header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)  # the tensors start at a multiple of eight
    return len(text).to_bytes(8, "little") + text + data[8 + length :]
