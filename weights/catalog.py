"""The weights that are known by name, each declared by the method that it belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

from ..errors import unknown

_ROOT = Path(__file__).parent.parent
# The methods whose folder has a module `checkpoints`. Its `WEIGHTS` are what is published; its `forms()` are the names
# and shapes of tensors that it knows; its `adapt(state)` gives the tensors under our names and the metadata to keep
# with them, or raises InputError saying what does not fit. Nothing else here leads to a method.
OWNERS = sorted(path.parent.name for path in (_ROOT / "methods").glob("*/checkpoints.py"))
# Networks whose weights are used as their authors left them, each in one file with its `WEIGHTS`.
ZOO = sorted(path.stem for path in (_ROOT / "zoo").glob("[!_]*.py"))


@dataclass(frozen=True)
class File:
    """One published file.

    Attributes
    ----------
    url : where it is published.
    digest : by which it is known: `sha256:` and the hash, `git:` and the blob id, or `name:` and the first digits of
        the SHA-256 that the publisher puts into the file's name.
    """

    url: str
    digest: str

    @property
    def name(self) -> str:
        """The file's own name."""
        return self.url.rpartition("/")[2]


@dataclass(frozen=True)
class Weights:
    """What is known of some weights.

    Attributes
    ----------
    name : what `--weights` and `fusionbench weights fetch` take.
    method : the method that they belong to.
    origin : who trained them, on what.
    licence : as their publisher states it.
    obtained : how one comes by them.
    files : the published files, the one to load first; none for what lies in the package.
    bundled : path in the package, for weights that ship.
    """

    name: str
    method: str
    origin: str
    licence: str
    obtained: str
    files: tuple[File, ...] = ()
    bundled: str = ""

    @property
    def path(self) -> Path | None:
        """The file in the package, where these weights ship."""
        path = _ROOT / self.bundled
        return path if self.bundled and path.is_file() else None


VGG16 = Weights(
    "vgg16-torchvision", "training", "torchvision: VGG-16 (Simonyan and Zisserman), trained on ImageNet",
    "BSD-3-Clause", "published by torchvision; RGB input in [0, 1], normalised by ImageNet's mean and deviation",
    (File("https://download.pytorch.org/models/vgg16-397923af.pth", "name:397923af"),),
)  # fmt: skip

YOLOX_NANO = Weights(
    "yolox-nano", "detection",
    "Ge, Liu, Wang, Li, Sun (2021): YOLOX: Exceeding YOLO Series in 2021, https://doi.org/10.48550/arXiv.2107.08430; "
    "trained on COCO",
    "Apache-2.0", "published by its authors as ONNX, with the release 0.1.1rc0",
    (File("https://github.com/Megvii-BaseDetection/YOLOX/releases/download/0.1.1rc0/yolox_nano.onnx",
          "sha256:e8af074932d4ed7e232278e3055cefcdea3edf178874a3694ae292649fb464dd"),),
)  # fmt: skip


def owner(name: str) -> Any:
    """Import the module that knows a method's checkpoints."""
    if name not in OWNERS:
        raise unknown("method with weights", name, OWNERS)
    return import_module(f"..methods.{name}.checkpoints", __package__)


@cache
def known_weights() -> dict[str, Weights]:
    """Return all weights by name: those that methods declare, what one learns by, and the detector of tasks."""
    zoo = (import_module(f"..zoo.{name}", __package__) for name in ZOO)
    declared = (weights for module in (*map(owner, OWNERS), *zoo) for weights in module.WEIGHTS)
    return {weights.name: weights for weights in (*declared, VGG16, YOLOX_NANO)}


def weights_of(method: str) -> list[Weights]:
    """List the weights that belong to a method."""
    return [weights for weights in known_weights().values() if weights.method == method]


def get_weights(name: str) -> Weights:
    """Find weights by name.

    Raises
    ------
    InputError
        There are none of this name; the nearest is said.
    """
    if name not in known_weights():
        raise unknown("weights", name, known_weights())
    return known_weights()[name]
