"""The weights that are known by name. To add some, add an entry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ...errors import unknown

_ROOM = Path(__file__).parent.parent


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
        path = _ROOM / self.bundled
        return path if self.bundled and path.is_file() else None


_U2FUSION = "https://raw.githubusercontent.com/hanna-xu/U2Fusion/{}/model/model.ckpt.{}"

_FILM = "https://raw.githubusercontent.com/Zhaozixiang1228/IF-FILM/26a2f01770ccd4f33eb03a3c7e9ede737cbe8eec/models/{}"

# fmt: off
_ALL = (
    Weights(
        "u2fusion", "u2fusion", "trained by this project; see methods/u2fusion/MODEL_CARD.md", "Apache-2.0",
        "ships in the package", bundled="u2fusion/u2fusion.safetensors",
    ),
    Weights(
        "u2fusion-official", "u2fusion", "the authors of U2Fusion, published in September 2020",
        "none stated: not redistributed here",
        "a TensorFlow checkpoint of three files in github.com/hanna-xu/U2Fusion, read without TensorFlow",
        (
            File(_U2FUSION.format("0af5a710aaa0ee94da53eba64a49b2b2eda906b3", "index"),
                 "sha256:15b7d283a1de8f616cc42978346bd24d47a9c380d624370368b956beb593014e"),
            File(_U2FUSION.format("9c9c558f75a7e0a881cb249ae6532713832d1dc2", "data-00000-of-00001"),
                 "sha256:e50cada8d4ec92f2577ad5db5d212fba521dffb35d04e00a20364b43512c64c8"),
        ),
    ),
    Weights(
        "film-fusionbench", "film", "trained by this project; see methods/film/MODEL_CARD.md", "Apache-2.0",
        "ships in the package", bundled="film/film.safetensors",
    ),
    Weights(
        "film", "film", "the authors of FILM: a network for each task (those of IVF and MIF are the same)",
        "none stated: not redistributed here", "four PyTorch checkpoints in github.com/Zhaozixiang1228/IF-FILM",
        (
            File(_FILM.format("IVF.pth"), "git:02a485cd257165bb676992f7d506bd1f9a6d8e85"),
            File(_FILM.format("MIF.pth"), "git:02a485cd257165bb676992f7d506bd1f9a6d8e85"),
            File(_FILM.format("MEF.pth"), "git:cb21849b69caeda4d22b2a4460d69b727c8e8eb5"),
            File(_FILM.format("MFF.pth"), "git:45cffe81119cd01b48819880a85586df106413c1"),
        ),
    ),
    Weights(
        "vgg16-torchvision", "training", "torchvision: VGG-16 (Simonyan and Zisserman), trained on ImageNet",
        "BSD-3-Clause", "published by torchvision; RGB input in [0, 1], normalised by ImageNet's mean and deviation",
        (File("https://download.pytorch.org/models/vgg16-397923af.pth", "name:397923af"),),
    ),
)
# fmt: on
WEIGHTS: dict[str, Weights] = {weights.name: weights for weights in _ALL}


def get_weights(name: str) -> Weights:
    """Find weights by name.

    Raises
    ------
    InputError
        There are none of this name; the nearest is said.
    """
    if name not in WEIGHTS:
        raise unknown("weights", name, WEIGHTS)
    return WEIGHTS[name]
