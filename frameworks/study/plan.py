"""What the study runs, and what a user can choose of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ...errors import InputError

# Names of runs: the judge, PyTorch, Jittor with PyTorch's mathematics, and Jittor as it is in several ways.
JUDGE, BASE, PORT, NATIVE = "torch-float64", "torch", "jittor", "jittor-native"
TIES, ADAM = "jittor-native-ties", "jittor-native-adam"
SLOW = "jittor-native-without-onednn"
ORDER = "torch-order-"
# Options by preset. "seed" is how users of the Jittor port compared the two: 150 pairs, 100 epochs, the small size.
PRESETS: dict[str, dict[str, Any]] = {
    "seed": {"pairs": 150, "steps": 7500, "grid": "288x384", "image_size": "288x384", "orders": 1}
}


@dataclass(frozen=True)
class StudyOptions:
    """What a user can choose; with the data it decides the results. What is not named here is as in `TrainOptions`.

    Attributes
    ----------
    pairs : how many of them, the first.
    text, grid, image_size : settings of FILM's.
    steps : of training, in each run.
    orders : how many other orders of the data are run, as the yardstick of what chance alone does.
    threads : of both frameworks; None for all cores.
    slow_steps : steps without oneDNN, where a step may take a minute; 0 leaves that run out.
    """

    dataset: tuple[str, ...]
    data_root: str | None = None
    split: str | None = None
    pairs: int | None = 20
    text: str = "auto"
    grid: str = "96x128"
    image_size: str = "auto"
    steps: int = 200
    batch_size: int = 2
    lr: float = 1e-5
    weights: str | None = None
    seed: int = 0
    orders: int = 2
    threads: int | None = None
    slow_steps: int = 3

    def __post_init__(self) -> None:
        """Check what `TrainOptions` does not."""
        least = {"steps": 4, "orders": 0, "slow_steps": 0, "threads": 1, "pairs": 1}
        for name, minimum in least.items():
            value = getattr(self, name)
            if value is not None and value < minimum:
                raise InputError(f"--{name.replace('_', '-')} must be at least {minimum}, not {value}")


@dataclass(frozen=True)
class Run:
    """One run of the study.

    Attributes
    ----------
    name : its file's.
    framework : "torch" or "jittor".
    steps : of training.
    precision : "float32", or "float64" for the judge.
    mathematics : of Jittor: "torch", "native", or "native-ties" and "native-adam" for one difference alone.
    order : 0 for the order that all runs share, others for another one.
    onednn : whether Jittor may use oneDNN.
    values : whether forward values and gradients are compared.
    """

    name: str
    framework: Literal["torch", "jittor"]
    steps: int
    precision: Literal["float32", "float64"] = "float32"
    mathematics: str = "torch"
    order: int = 0
    onednn: bool | None = None
    values: bool = False


def planned_runs(options: StudyOptions) -> list[Run]:
    """List the runs in their order: the judge first, since the others are compared with it."""
    steps = options.steps
    runs = [
        Run(JUDGE, "torch", steps, precision="float64", values=True),
        Run(BASE, "torch", steps, values=True),
        Run(PORT, "jittor", steps, values=True),
        Run(NATIVE, "jittor", steps, mathematics="native", values=True),
        Run(TIES, "jittor", steps, mathematics="native-ties"),
        Run(ADAM, "jittor", steps, mathematics="native-adam"),
        *(Run(f"{ORDER}{i}", "torch", steps, order=i) for i in range(1, options.orders + 1)),
    ]
    if options.slow_steps:
        runs.append(Run(SLOW, "jittor", options.slow_steps, mathematics="native", onednn=False))
    return runs
