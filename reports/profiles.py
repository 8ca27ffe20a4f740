"""What methods cost, as `fusionbench profile` stored it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..results.store import find_profiles


@dataclass(frozen=True)
class Profile:
    """A method at one size on one device.

    `size` is (height, width); `latency`, `low` and `high` are median and quartiles of the seconds for a pair,
    `throughput` pairs in a second, `memory` bytes at the peak, None where the system does not tell. `parameters` and
    `flops` are None for a method without a network. `identity` tells methods of one label apart.
    """

    method: str
    size: tuple[int, int]
    device: str
    machine: str
    threads: int
    torch: str
    runs: int
    parameters: int | None
    flops: int | None
    latency: float
    low: float
    high: float
    throughput: float
    memory: int | None
    identity: Mapping[str, Any] = field(default_factory=dict, hash=False)

    @property
    def setting(self) -> str:
        """Size and device, as columns name them: 480x640/cpu."""
        return f"{self.size[0]}x{self.size[1]}/{self.device}"

    @property
    def circumstances(self) -> str:
        """All that must be equal where times are compared."""
        torch = f", torch {self.torch}" if self.torch else ""
        threads = f", {self.threads} thread{'s' * (self.threads > 1)}" if self.device == "cpu" else ""
        return f"{self.size[0]}x{self.size[1]} · {self.device}: {self.machine}{threads}{torch}"


def read_profiles(out: Path, methods: Collection[str] | None = None) -> list[Profile]:
    """Read every profile below `out`, of these methods: by size, device and method.

    Raises
    ------
    InputError
        A file is damaged.
    """
    found = [_read(record, out) for record in find_profiles(out)]
    chosen = [profile for profile in found if methods is None or profile.method in methods]
    return sorted(chosen, key=lambda p: (p.size, p.device, p.machine, p.threads, p.torch, p.method))


def _read(record: Mapping[str, Any], out: Path) -> Profile:
    try:
        height, width = record["size"]
        latency = record["latency"]
        return Profile(
            method=str(record["method"]["label"]),
            size=(int(height), int(width)),
            device=str(record["device"]),
            machine=str(record["machine"]),
            threads=int(record["threads"]),
            torch=str(record["environment"].get("torch", "")),
            runs=int(record["runs"]),
            parameters=_whole(record["parameters"]),
            flops=_whole(record["flops"]),
            latency=float(latency["median"]),
            low=float(latency["low"]),
            high=float(latency["high"]),
            throughput=float(record["throughput"]),
            memory=_whole(record["peak_memory"]),
            identity=identity(record["method"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(
            f"a file below {out / 'profile'} is no profile ({type(error).__name__}: {error}): delete it and run "
            "`fusionbench profile` again"
        ) from error


def _whole(value: Any) -> int | None:
    return None if value is None else int(value)


def identity(method: Mapping[str, Any]) -> dict[str, Any]:
    """What of a manifest's method says that it computes the same."""
    return {name: method[name] for name in ("name", "options", "weights") if name in method}
