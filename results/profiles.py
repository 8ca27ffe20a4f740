"""What a method costs, as `fusionbench profile` measures it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .manifest import MethodRecord
from .records import FORMAT, Record, read_record


@dataclass(kw_only=True)
class Latency(Record):
    """Median and quartiles of the seconds for a pair."""

    median: float
    low: float
    high: float


@dataclass(kw_only=True)
class Profile(Record):
    """A method at one size on one device.

    Attributes
    ----------
    size : (height, width) of the images.
    machine : the processor, or the card.
    task, runs, warmup : what was fused, how often with and how often without being timed.
    parameters, flops : None for a method without a network.
    throughput : pairs in a second.
    peak_memory : in bytes, None where the system does not tell.
    seconds : of each run.
    """

    format: int = FORMAT
    method: MethodRecord
    size: tuple[int, int]
    device: str
    machine: str
    threads: int
    task: str = ""
    runs: int
    warmup: int = 0
    environment: dict[str, Any]
    parameters: int | None
    flops: int | None
    latency: Latency
    throughput: float
    peak_memory: int | None
    seconds: list[float] = field(default_factory=list)
    finished: str = ""

    @property
    def torch(self) -> str:
        """The version of PyTorch, "" where there was none."""
        return str(self.environment.get("torch", ""))

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


def read_profiles(out: Path) -> list[Profile]:
    """Read every profile below `out`, by size, device and method.

    Raises
    ------
    InputError
        A file is damaged.
    """
    paths = sorted(path for path in out.glob("profile/*/*.json") if path.name != "run.json")  # a data set named so
    profiles = [profile for path in paths if (profile := read_record(path, Profile))]
    return sorted(profiles, key=lambda p: (p.size, p.device, p.machine, p.threads, p.torch, p.method.label))
