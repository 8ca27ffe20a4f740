"""The devices that torch computes on, by name; torch is imported only to ask for one that is not the CPU."""

from __future__ import annotations

import re
import warnings
from importlib.util import find_spec

from ..errors import InputError, unknown

KINDS = ("cpu", "cuda", "mps", "xpu", "sdaa")
_NAME = re.compile(rf"({'|'.join(KINDS)})(:\d+)?")


def check_name(device: str) -> None:
    """Make sure that a device can be one, whether it is there or not; imports nothing.

    Raises
    ------
    InputError
        It is no name of a device.
    """
    if _NAME.fullmatch(device) is None:
        if device.casefold().startswith(("gpu", "nvidia")):
            raise InputError(f"unknown device {device!r}: did you mean 'cuda'?")
        raise unknown("device", device, ("cpu", "cuda", "cuda:1", "mps"))


def check_device(device: str, option: str = "--device") -> None:
    """Make sure that torch has a device, which an option asks for.

    Raises
    ------
    InputError
        It has not, or the name is none.

    Examples
    --------
    >>> check_device("cpu")
    """
    check_name(device)
    kind, _, number = device.partition(":")
    if kind == "cpu":
        return
    import torch

    if kind == "sdaa" and not load_sdaa():
        raise InputError(f"there is no sdaa device here (install torch_sdaa): leave {option} out for the CPU")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of a driver that is too old, or has no card; the error says so, too
            if kind == "cuda" and torch.cuda.is_available() and int(number or 0) >= torch.cuda.device_count():
                count = torch.cuda.device_count()
                there = "cuda:0 alone is" if count == 1 else f"cuda:0 to cuda:{count - 1} are"
                raise InputError(f"there is no device {device!r} here: {there}")
            torch.empty(1, device=torch.device(device))
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0].partition(". ")[0].rstrip(".")  # a paragraph of backends may follow
        raise InputError(f"cannot compute on {device!r} ({reason}): leave {option} out for the CPU") from error


def present() -> list[str]:
    """List the devices that are here, cards with their names, the CPU first; imports torch."""
    import torch

    found = ["cpu"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for kind in KINDS[1:]:
            if kind == "sdaa" and not load_sdaa():
                continue
            module = getattr(torch, kind, None) or getattr(torch.backends, kind, None)
            if module is None or not module.is_available():
                continue
            count = module.device_count() if hasattr(module, "device_count") else 1
            names = getattr(module, "get_device_name", lambda number: "")
            found += [" ".join(filter(None, [f"{kind}:{number}", names(number)])) for number in range(count)]
    return found


def load_sdaa() -> bool:
    """Whether Tecorigin's cards can be used; their package makes the device known to torch when it is imported."""
    if find_spec("torch_sdaa") is None:
        return False
    import torch
    import torch_sdaa  # noqa: F401

    return bool(torch.get_device_module("sdaa").is_available())
