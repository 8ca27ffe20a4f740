"""Where a run computes: one device, several, or what `torchrun` set up."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from ..devices.names import load_sdaa
from ..errors import InputError, unknown

if TYPE_CHECKING:
    from lightning_fabric import Fabric

DEVICES = ("auto", "cpu", "cuda", "mps", "sdaa")


def make_fabric(device: str, devices: int, precision: str) -> Fabric:
    """Set up Lightning Fabric.

    Parameters
    ----------
    device : "auto" takes the first of cuda, sdaa, mps and cpu that is there.
    devices : how many. More than one start a process each, with gradients averaged; under `torchrun` the number of
        processes is that of torchrun.

    Raises
    ------
    InputError
        There is no such device, or not so many, or a precision that there is not.
    """
    from lightning_fabric import Fabric

    kind = choose(device)
    arguments: dict[str, Any] = {"accelerator": kind, "devices": devices}
    if "TORCHELASTIC_RUN_ID" in os.environ:
        arguments |= {"strategy": "ddp", "devices": int(os.environ["LOCAL_WORLD_SIZE"]),
                      "num_nodes": int(os.environ["WORLD_SIZE"]) // int(os.environ["LOCAL_WORLD_SIZE"])}  # fmt: skip
    elif devices > 1:
        arguments["strategy"] = "ddp_spawn"
    if kind == "sdaa":
        arguments = {"strategy": _single("sdaa:0", devices)}
    try:
        return Fabric(precision=precision, **arguments)  # type: ignore[arg-type]
    except (ValueError, RuntimeError, TypeError) as error:
        asked = f"{devices} x {kind} in {precision}"
        raise InputError(f"cannot compute on {asked}: {str(error).splitlines()[0]}") from error
    except Exception as error:  # MisconfigurationException, which is a bare Exception
        raise InputError(f"cannot compute on {devices} x {kind}: {str(error).splitlines()[0]}") from error


def choose(device: str) -> str:
    """Find out which device is meant and make sure that it is there.

    Examples
    --------
    >>> choose("cpu")
    'cpu'
    """
    if device not in DEVICES:
        raise unknown("device", device, DEVICES)
    there: dict[str, Callable[[], bool]] = {
        "cuda": torch.cuda.is_available,
        "sdaa": load_sdaa,
        "mps": torch.backends.mps.is_available,
    }
    if device == "auto":
        return next((kind for kind, check in there.items() if check()), "cpu")
    if device != "cpu" and not there[device]():
        hint = " (install torch_sdaa)" if device == "sdaa" else ""
        raise InputError(f"there is no {device} device here{hint}; say --device cpu")
    return device


def _single(device: str, devices: int) -> Any:
    """Make the strategy for one device that Fabric has no accelerator for."""
    from lightning_fabric.strategies.single_device import SingleDeviceStrategy

    if devices > 1:
        raise InputError(f"several {device.partition(':')[0]} devices cannot be used together; leave --devices out")
    return SingleDeviceStrategy(device=torch.device(device))
