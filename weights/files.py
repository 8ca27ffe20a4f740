"""Loading and saving of weights: from whatever file to a dictionary of tensors, and no code of the file runs."""

from __future__ import annotations

import contextlib
import json
import pickle
import re
import warnings
from collections.abc import Mapping
from pathlib import Path
from pickletools import genops
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from ..files import write_bytes
from . import kinds
from .bundle import is_bundle, read_bundle
from .jittor import is_jittor, read_jittor
from .search import TOP, State, collect
from .standins import inert

if TYPE_CHECKING:
    from torch import Tensor

_HEADER = 100_000_000  # bytes, that safetensors allows for its own
_TRUST = "have its author save the bare tensors: torch.save(model.state_dict(), 'weights.pth')"


def split_key(weights: str | Path) -> tuple[str, str]:
    """Split `FILE#KEY` into the file, and the key of the network in it; without a key it is "".

    Examples
    --------
    >>> split_key("last.ckpt#generator")
    ('last.ckpt', 'generator')
    """
    text = str(weights)
    if "#" not in text or _exists(text):
        return text, ""
    file, _, key = text.rpartition("#")
    return file, key


def path_of(text: str | Path) -> Path:
    """Make the path that somebody wrote, in which ~ is a user's folder.

    Raises
    ------
    InputError
        There can be no such path, or it cannot be looked for.
    """
    try:
        path = Path(text).expanduser()
        path.exists()
    except (OSError, RuntimeError, ValueError) as error:
        raise InputError(f"cannot read the weights {str(text)[:200]}: {_reason(error)}") from error
    return path


def _exists(text: str) -> bool:
    try:
        return path_of(text).exists()
    except InputError:
        return False


def _reason(error: Exception) -> str:
    return ((error.strerror if isinstance(error, OSError) else "") or str(error)).lower()


def load_state(path: str | Path) -> State:
    """Load weights, whatever the extension says.

    Takes safetensors, a TensorFlow checkpoint (any of its files, or their common name), an archive of `np.savez`, and
    what `torch.save` or Jittor's `jt.save` wrote: dictionaries in dictionaries and lists, with whatever prefixes.

    Parameters
    ----------
    path : the file; `FILE#KEY` is what lies below a key in it.

    Raises
    ------
    InputError
        There is no such file, it is truncated or no weights (what it is instead is said), it is a pickle that would
        run code, or it has no such key.
    """
    file, key = split_key(path)
    try:
        state = _load(path_of(file))
    except OSError as error:
        raise InputError(f"cannot read the weights {file}: {_reason(error)}") from error
    if not key:
        return state.bare()
    part = state.below(key).bare()
    if not part.tensors:
        from ..errors import unknown

        raise unknown(f"key of {file}", key, [*state.keys(), TOP])
    return part


def metadata_of(path: str | Path) -> dict[str, str]:
    """Return what a weights file says of itself; of safetensors only the header is read, and nothing imported for it.

    Raises
    ------
    InputError
        As of `load_state`.
    """
    from safetensors import SafetensorError, safe_open

    file, key = split_key(path)
    if not key and path_of(file).suffix == ".safetensors":
        # what is wrong with it, loading it says
        with contextlib.suppress(SafetensorError, OSError, ValueError), safe_open(path_of(file), "np") as content:
            return content.metadata() or {}
    return load_state(path).metadata


def _load(path: Path) -> State:
    if is_bundle(path):
        import torch

        return State({k: torch.tensor(v) for k, v in read_bundle(path).items()}, {}, "TensorFlow checkpoint")
    if path.is_dir():
        raise InputError(f"cannot read the weights {path}: it {kinds.folder(path)}")
    if not path.is_file():
        raise no_file(path)
    with path.open("rb") as file:
        start = file.read(9)
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= _HEADER:
        return _load_safetensors(path)
    jittor = is_jittor(path)
    what = None if jittor else kinds.foreign(path)
    if what is not None:
        raise InputError(f"cannot read the weights {path}: it is {what}")
    if start[:2] == b"PK" and kinds.is_numpy(kinds.names_in(path)):
        return _load_numpy(path)
    return _load_jittor(path) if jittor else _load_torch(path)


def no_file(path: Path) -> InputError:
    """Build the error for weights that are not there, with the nearest name that is; one line, whatever the name."""
    import difflib

    there = [file.name for file in path.parent.iterdir() if file.is_file()] if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, there, n=1, cutoff=0.75)
    shown = str(path) if str(path).isprintable() else repr(str(path))
    return InputError(f"there is no weights file {shown}" + (f": did you mean {close[0]!r}?" if close else ""))


def _load_safetensors(path: Path) -> State:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as file:
            return State({key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {})  # noqa: SIM118
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise InputError(
            f"cannot read the weights {path}: the safetensors file is truncated or damaged; fetch it again"
        ) from error


def _load_numpy(path: Path) -> State:
    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as archive:
            return _state(path, dict(archive), "NumPy archive")
    except InputError:
        raise
    except Exception as error:  # of damaged bytes the archive, its compression and each header make errors of their own
        raise InputError(f"cannot read the weights {path}: the archive is damaged, or holds objects") from error


def _load_jittor(path: Path) -> State:
    content = read_jittor(path)
    notes = content.get("metadata") if isinstance(content, Mapping) else None
    notes = {str(k): v for k, v in notes.items() if isinstance(v, str)} if isinstance(notes, Mapping) else {}
    return _state(path, content, "Jittor file", notes)


def _load_torch(path: Path) -> State:
    import torch

    try:
        with warnings.catch_warnings(), inert():
            warnings.simplefilter("ignore")  # of a pickle protocol that torch does not expect
            content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # of damaged bytes the unpickler makes any error there is
        if (name := _asks_for_code(path, error)) is not None:
            raise InputError(
                f"refused to load {path}: it is a pickle that would run code{f' ({name})' if name else ''}; {_TRUST}"
            ) from error
        raise InputError(
            f"cannot read the weights {path}: the file is truncated, or holds no weights; fetch it again"
        ) from error
    return _state(path, content, "PyTorch file")


def _state(path: Path, content: Any, kind: str, notes: dict[str, str] | None = None) -> State:
    tensors, homes, optimisers = collect(content)
    if not tensors:
        what = "the state of an optimiser alone, and no network" if optimisers else "no named tensors"
        raise InputError(f"cannot read the weights {path}: it holds {what}; name a checkpoint of the network")
    return State(tensors, notes or {}, kind, homes)


def _asks_for_code(path: Path, error: Exception) -> str | None:
    """Tell a program from damaged bytes: a program imports something by name. Says what, None for damaged bytes."""
    if isinstance(error, pickle.UnpicklingError) and re.search(r"global|unsupported class", str(error), re.I):
        named = re.search(r"GLOBAL ([\w.]+)", str(error))
        return f"it imports {named[1]}" if named else ""
    try:  # a bare pickle, maybe of a protocol that torch does not read; walking it runs nothing
        with path.open("rb") as file:
            code = any(operation.name in ("GLOBAL", "STACK_GLOBAL", "INST") for operation, *_ in genops(file))
            return "" if code else None
    except Exception:
        return None


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
