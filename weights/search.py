"""Finding a network's tensors in whatever a training script saved.

A file holds dictionaries in dictionaries, in lists, beside an optimiser's state, counters and a second network. All
tensors are listed under the keys that lead to them, joined by dots. A network is then found by the names of its own
tensors: what stands before them in the file (`model.`, `module.`, `state_dict.net._orig_mod.`) is the prefix.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import InputError
from .standins import Pickled

if TYPE_CHECKING:
    from torch import Tensor

Shape = tuple[int, ...]
Forms = Mapping[str, Mapping[str, Shape]]  # the names and shapes of all tensors of a network, by the name of the form
_DEEPEST = 40
_WRAPPERS = ("module.", "_orig_mod.", "model.", "generator.", "net.", "netG.")
TOP = "."  # the key that names the top level
# Counters that tools leave among the tensors: thop, averaged models, TensorFlow's optimisers.
_COUNTERS = ("total_ops", "total_params", "n_averaged", "global_step", "beta1_power", "beta2_power")


@dataclass(frozen=True)
class State:
    """The tensors of a file.

    Attributes
    ----------
    tensors : by name, on the CPU, as they stand in the file; the states of optimisers are left out.
    metadata : what a file that we wrote says about itself.
    format : "safetensors", "TensorFlow checkpoint", "PyTorch file", "NumPy archive" or "Jittor file".
    homes : the key of the dictionary that each tensor lies in, "" at the top; names that are not listed lie there, too.
    """

    tensors: dict[str, Tensor]
    metadata: dict[str, str] = field(default_factory=dict)
    format: str = "safetensors"
    homes: dict[str, str] = field(default_factory=dict)

    def below(self, key: str) -> State:
        """Keep what lies below a key, and drop the key from the names; nothing may be left."""
        if key == TOP:
            return State({n: t for n, t in self.tensors.items() if not self.homes.get(n)}, self.metadata, self.format)
        names = [n for n in self.tensors if n.startswith((f"{key}.", f"{key}/"))]
        start = len(key) + 1
        homes = {n[start:]: self.homes[n][start:] for n in names if n in self.homes}
        return State({n[start:]: self.tensors[n] for n in names}, self.metadata, self.format, homes)

    def bare(self) -> State:
        """Drop the keys before the names where all tensors lie in one dictionary, and the prefixes of wrappers."""
        homes = {self.homes.get(name, "") for name in self.tensors}
        if len(homes) != 1:
            return self
        start = f"{home}." if (home := homes.pop()) else ""
        while wrapper := next((w for w in _WRAPPERS if all(n.startswith(start + w) for n in self.tensors)), ""):
            start += wrapper
        return State({n[len(start) :]: t for n, t in self.tensors.items()}, self.metadata, self.format)

    def keys(self) -> list[str]:
        """List the keys that tensors lie below: dictionaries, and first parts of names."""
        first_parts = (name.partition(".")[0] for name in self.tensors if "." in name)
        return list(dict.fromkeys([*filter(None, self.homes.values()), *first_parts]))


@dataclass(frozen=True)
class Network:
    """A network in a file.

    Attributes
    ----------
    form : which of the known forms its names have.
    prefix : what stands before the names in the file.
    tensors : by the names of that form.
    """

    form: str
    prefix: str
    tensors: dict[str, Tensor]


class Unfit(Exception):  # noqa: N818
    """No network was found, or more than one. What the nearest one lacks, has too many, and has in other shapes."""

    def __init__(
        self, form: str = "", missing: Sequence[str] = (), extra: Sequence[str] = (),
        shapes: Sequence[tuple[str, Shape, Shape]] = (), keys: Sequence[str] = (),
    ) -> None:  # fmt: skip
        super().__init__(form)
        self.form, self.missing, self.extra, self.shapes, self.keys = form, missing, extra, shapes, keys


def collect(content: Any) -> tuple[dict[str, Tensor], dict[str, str], bool]:
    """List every named tensor of what a file holds.

    Returns
    -------
    The tensors by name, the key of the dictionary of each, and whether the state of an optimiser was left out.
    """
    tensors: dict[str, Tensor] = {}
    homes: dict[str, str] = {}
    optimisers = False
    waiting: list[tuple[str, Any, int]] = [("", content, 0)]
    seen: set[int] = set()
    while waiting:
        home, container, depth = waiting.pop(0)
        if id(container) in seen or depth > _DEEPEST:  # a file may contain itself
            continue
        seen.add(id(container))
        if isinstance(container, Mapping) and "param_groups" in container:
            optimisers = True
            continue
        named = isinstance(container, Mapping)
        entries = container.items() if named else enumerate(container if isinstance(container, list | tuple) else ())
        for key, value in entries:
            part = key.decode(errors="replace") if isinstance(key, bytes) else _name(key)
            name = f"{home}.{part}" if home else part
            if isinstance(value, Mapping | list | tuple):
                waiting.append((name, value, depth + 1))
            elif (tensor := _tensor(value)) is not None and name not in tensors and named:
                tensors[name], homes[name] = tensor, home
    return tensors, {name: home for name, home in homes.items() if home}, optimisers


def _name(key: Any) -> str:
    try:
        return str(key)
    except ValueError:  # a whole number of thousands of digits
        return f"{type(key).__name__} {hash(key):x}"


def _tensor(value: Any) -> Tensor | None:
    """Make a tensor of what is one, or an array of numbers; a parameter becomes a plain tensor."""
    import numpy as np
    import torch

    if isinstance(value, Pickled):
        value = value.array
    if isinstance(value, np.ndarray) and value.dtype.kind in "fiub":
        kind = (
            value.dtype.newbyteorder("=") if value.dtype.itemsize <= 8 else np.float64
        )  # torch has none that is wider
        return torch.tensor(value.astype(kind))
    return value.detach() if isinstance(value, torch.Tensor) else None


def find(state: State, forms: Forms, alone: bool = True) -> Network:
    """Find the one network of these forms.

    Parameters
    ----------
    forms : the names and shapes of all its tensors, by the name of the form.
    alone : refuse one that has more tensors than these, as another network has.

    Raises
    ------
    Unfit
        There is none: what the nearest lacks is said; or there are several whose values differ: their keys are.
    """
    partly: list[tuple[int, str, str]] = []  # how many of the names, form, prefix
    whole: list[tuple[str, str]] = []
    for form, wanted in forms.items():
        for prefix, count in _prefixes(state, wanted).items():
            partly.append((count, form, prefix))
            if count == len(wanted):
                whole.append((form, prefix))
    if not whole:
        if not partly:
            raise Unfit(missing=list(next(iter(forms.values()))), extra=list(state.tensors))
        _, form, prefix = max(partly, key=lambda part: part[0])
        wanted = forms[form]
        raise Unfit(form, [name for name in wanted if prefix + name not in state.tensors],
                    _extra(state, wanted, prefix), _misshapen(state, wanted, prefix))  # fmt: skip
    fitting = [(f, p) for f, p in whole if not _misshapen(state, forms[f], p)]
    if not fitting:
        form, prefix = whole[0]
        raise Unfit(form, shapes=_misshapen(state, forms[form], prefix), extra=_extra(state, forms[form], prefix))
    networks = [Network(f, p, {name: state.tensors[p + name] for name in forms[f]}) for f, p in fitting]
    form, prefix = networks[0].form, networks[0].prefix
    if len(networks) > 1 and not all(_same(networks[0], other) for other in networks[1:]):
        raise Unfit(form, keys=[f.prefix.rstrip("./") or TOP for f in networks])
    longer = tuple(p for _, p in whole if len(p) > len(prefix))  # the same network once more
    extra = [name for name in _extra(state, forms[form], prefix) if not (prefix + name).startswith(longer)]
    if alone and extra:
        raise Unfit(form, extra=extra)
    return networks[0]


def _prefixes(state: State, wanted: Mapping[str, Shape]) -> Counter[str]:
    """Count how many of the wanted names stand behind each prefix."""
    lengths = sorted({len(name) for name in wanted})
    counts: Counter[str] = Counter()
    for name in state.tensors:
        for length in lengths:
            if length <= len(name) and name[len(name) - length :] in wanted:
                counts[name[: len(name) - length]] += 1
    return counts


def _misshapen(state: State, wanted: Mapping[str, Shape], prefix: str) -> list[tuple[str, Shape, Shape]]:
    there = ((name, state.tensors.get(prefix + name), shape) for name, shape in wanted.items())
    return [(name, tuple(t.shape), shape) for name, t, shape in there if t is not None and tuple(t.shape) != shape]


def _extra(state: State, wanted: Mapping[str, Shape], prefix: str) -> list[str]:
    """Name the tensors among the network's that it does not have: in the same dictionaries, behind its prefix."""
    homes = {state.homes.get(prefix + name, "") for name in wanted if prefix + name in state.tensors}
    return [
        name[len(prefix) :]
        for name, tensor in state.tensors.items()
        if name.startswith(prefix)
        and name[len(prefix) :] not in wanted
        and state.homes.get(name, "") in homes
        and not _counts(name, tensor, prefix, wanted)
    ]


def _counts(name: str, tensor: Tensor, prefix: str, wanted: Mapping[str, Shape]) -> bool:
    """Whether a tensor is a counter, or what an optimiser of TensorFlow keeps for one of the wanted."""
    slot = name[len(prefix) :].rpartition("/")[0]
    whole_number = tensor.numel() == 1 and not tensor.is_floating_point()
    return slot in wanted or whole_number or name.endswith(_COUNTERS)


def take(state: State, forms: Forms, title: str, explain: Callable[[Unfit], str]) -> Network:
    """Find the network of a method as `find` does, with numbers that can be computed with.

    Parameters
    ----------
    title : what the method is called.
    explain : says what does not fit.

    Raises
    ------
    InputError
        There is none, there are several, or its numbers are of no use.
    """
    try:
        network = find(state, forms)
    except Unfit as unfit:
        reason = f"these are not the weights of {title}: {explain(unfit)}" if not unfit.keys else several(unfit.keys)
        raise InputError(reason) from unfit
    if problem := check_values(network.tensors):
        raise InputError(f"the weights of {title} are of no use: {problem}")
    return network


def check_values(tensors: Mapping[str, Tensor]) -> str | None:
    """Say what is wrong with the numbers of a network; None where all can be computed with.

    They must be floating-point numbers, dense, and finite in float32, in which the methods compute.
    """
    import torch

    for name, tensor in tensors.items():
        kind = str(tensor.dtype).removeprefix("torch.")
        if tensor.is_quantized or not tensor.is_floating_point():
            return (
                f"{name} is {kind}, not floating-point numbers, as in a quantised network: take the checkpoint from "
                "before it was quantised"
            )
        if tensor.layout is not torch.strided or tensor.is_meta:
            return f"{name} is not stored as a plain tensor: save it with .to_dense()"
    broken = [name for name, tensor in tensors.items() if not tensor.float().isfinite().all()]
    if broken:
        more = f" and {len(broken) - 3} more" if len(broken) > 3 else ""
        return f"not all finite: {', '.join(broken[:3])}{more}; training went astray before it: take an earlier one"
    return None


def misfit(unfit: Unfit) -> str:
    """Say by which tensor it shows that a network is another one."""
    if unfit.missing:
        more = f", and {len(unfit.missing) - 1} more" if len(unfit.missing) > 1 else ""
        return f"tensor {unfit.missing[0]!r} is missing{more}"
    if unfit.shapes:
        name, shape, wanted = unfit.shapes[0]
        return f"tensor {name!r} is {shape}, not {wanted}"
    return f"tensor {unfit.extra[0]!r} is none of its own"


def several(keys: Sequence[str]) -> str:
    """Say that there are several networks in a file, and how one of them is chosen."""
    listed = " and ".join([", ".join(repr(key) for key in keys[:-1]), repr(keys[-1])])
    return f"{len(keys)} networks in it would do, under the keys {listed}: say which, as in FILE#{keys[0]}"


def _same(one: Network, other: Network) -> bool:
    import torch

    return one.form == other.form and all(
        t.dtype == other.tensors[name].dtype and torch.equal(t, other.tensors[name]) for name, t in one.tensors.items()
    )
