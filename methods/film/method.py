"""FILM as a method of the bench."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from ...devices.transfer import place_of
from ...errors import InputError
from ...sizes import parse_size_or_auto
from ..backends import find_backend
from ..flag import Flag
from ..method import Gray, Method, Quantise
from ..verified import STAND_IN
from .features import filled

if TYPE_CHECKING:
    from ...datasets.pair import Pair
    from ..graph import Graph
    from .network import FilmNetwork
    from .text import TextSource

OURS, AUTHORS = "film-fusionbench", "film"
TASKS = ("IVF", "MIF", "MEF", "MFF")


class Film(Method):
    """A text about the pair says which places of the images' features count.

    Parameters
    ----------
    weights : "film-fusionbench", this package's own; "film", the authors', one file for each task, once fetched; a
        file, ours or the authors' (`IVF.pth`; `FILE#KEY` where several networks lie in it); or a folder of `IVF.pth`,
        `MIF.pth`, `MEF.pth` and `MFF.pth`.
    text : where the text features come from: "auto", which is what the weights were trained with, and for features out
        of files those that are published beside the images; "describe", "none", "blip2", "blip2:MODEL", or a path of
        precomputed ones (see `methods.film.text`), whatever the weights were trained with.
    grid : height and width of the working grid, "288x384"; "auto" takes the one that the weights were trained on.
    backend : "torch"; or "jittor", in a process of its own.
    mathematics : of Jittor, where it differs from PyTorch's: "torch", or "native" for its own.
    quantise : "minmax-truncate", as published.
    """

    name = "film"
    title = "FILM"
    reference = (
        "Zhao, Deng, Bai, Cui, Zhang, Zhang, Qin, Chen, Zhang, Wang, Van Gool (2024): Image Fusion via Vision-Language "
        "Model, Proceedings of ICML 2024, https://doi.org/10.48550/arXiv.2402.02235"
    )
    venue = "ICML"
    learned = True
    quantise: Quantise = "minmax-truncate"
    flags: ClassVar[Mapping[str, Flag]] = {
        "text": Flag("auto (what the weights were trained with), describe, none, blip2, or precomputed features."),
        "backend": Flag("what computes."),
        "mathematics": Flag(
            "with --backend jittor, its own mathematics, not PyTorch's.", spelling="--jittor-native", value="native"
        ),
    }

    def __init__(
        self, weights: str = OURS, text: str = "auto", grid: str = "auto",
        backend: Literal["torch", "jittor"] = "torch", mathematics: Literal["torch", "native"] = "torch",
        quantise: Quantise = "minmax-truncate",
    ) -> None:  # fmt: skip
        self.weights, self.text, self.grid, self.quantise = weights, text, grid, quantise
        self.backend, self.mathematics = backend, mathematics
        parse_grid(grid)
        if backend != "torch":
            find_backend(backend).require()
        elif mathematics != "torch":
            raise InputError(
                f"mathematics={mathematics} is for backend=jittor (--jittor-native needs --backend jittor): "
                "choose that, or leave it out"
            )
        self._networks: dict[Path, FilmNetwork] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Leave the loaded networks, the text model and Jittor behind: the worker process loads its own."""
        return {**{k: v for k, v in self.__dict__.items() if k not in ("_source", "_fuser")}, "_networks": {}}

    def to(self, device: str) -> None:
        """Compute on `device` from now on."""
        if device != self.device:
            self.device = device
            self.close()
            self._networks = {}
            for part in ("_source", "_fuser"):
                self.__dict__.pop(part, None)

    def start(self) -> None:
        """Start Jittor, if it is to compute."""
        if self.backend != "torch":
            self._fuser.start()

    def close(self) -> None:
        """End the process of Jittor; the next pair starts another."""
        if "_fuser" in self.__dict__:
            self._fuser.close()

    def check(self, pairs: Sequence[Pair]) -> None:
        """Load the weights of the pairs' tasks, which are kept, and make sure that there are texts."""
        files = weights_files(self.weights)
        tasks: set[str] = {pair.task for pair in pairs} or set(files)
        if tasks.isdisjoint(files):
            self._file(min(tasks))  # says what lacks
        self._source.check(pairs)
        if self.backend != "torch":
            _ = self._fuser  # knows its devices
        for task in sorted(tasks & set(files)):
            self._network(task)

    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        """Fuse a batch, on the processor pair by pair; `context["pairs"]` tells names, tasks and texts."""
        import torch

        pairs = context.get("pairs") or self._unnamed(a, b)
        texts = [self._source.features(pair, a[i, 0], b[i, 0]) for i, pair in enumerate(pairs)]
        fused = np.empty_like(a)
        if self.backend != "torch":
            for i, (pair, text) in enumerate(zip(pairs, texts, strict=True)):
                fused[i, 0] = self._fuser.fuse(self._file(pair.task), parse_grid(self.grid), (a[i, 0], b[i, 0], text))
            return fused
        place = place_of(self.device)
        for task, some in place.batches([pair.task for pair in pairs]):
            network = self._network(task)
            with torch.inference_mode():
                tensors = map(place.put, (a[some], b[some], *filled([texts[i] for i in some])))
                fused[some] = place.get(network(*tensors))
        return fused

    def dry_run(self, a: Gray, b: Gray, **context: Any) -> None:
        """Go through the network in one strip: rows that neighbouring strips share are not counted twice."""
        import torch

        pairs = context.get("pairs") or self._unnamed(a, b)
        for i, pair in enumerate(pairs):
            text = torch.from_numpy(np.array(self._source.features(pair, a[i, 0], b[i, 0])[None]))
            network = deepcopy(self._network(pair.task)).to("meta")
            with torch.inference_mode():
                network(*torch.empty(2, 1, *a[i].shape, device="meta"), text.to("meta"))

    def graph(self, task: str) -> Graph:
        """Give the network of a task; text comes from outside."""
        from ..graph import Graph
        from .network import TEXT_WIDTH

        return Graph(self._network(task), text=TEXT_WIDTH)

    @property
    def remarks(self) -> Sequence[str]:
        """Say whose the weights are; see `Method.remarks`."""
        return [STAND_IN] if self.weights == OURS else []

    @property
    def weights_record(self) -> dict[str, Any]:
        """Name or files of the weights with their SHA-256, and the text that goes with them."""
        from ...files import sha256_of
        from ...weights.files import split_key

        files = sorted(set(weights_files(self.weights).values()))
        text = self._source.record
        if self.text != "auto":
            others = [origin for origin in self._origins.values() if origin["source"] != text["source"]]
            text |= {"trained_with": others[0]} if others else {}
        return {
            "name": self.weights,
            "files": {file.name: f"sha256:{sha256_of(Path(split_key(file)[0]))}" for file in files},
            "text": text,
        }

    def files(self, pair: Pair) -> list[Path]:
        """Name the code, and the file of the pair's text where it lies in one."""
        return [*super().files(pair), *self._source.files(pair)]

    @property
    def options(self) -> dict[str, Any]:
        """Every option; `text` is the source itself where "auto" comes down to one that needs no file."""
        options = super().options
        if self.text == "auto":
            with contextlib.suppress(InputError):  # of weights that are not there, which `check` says
                word = self._source.record["source"]
                options["text"] = word if word in ("describe", "none") else "auto"
        return options

    @property
    def backend_record(self) -> dict[str, Any] | None:
        """What computes, if it is not PyTorch: name, version, oneDNN, device, mathematics."""
        record: dict[str, Any] | None = self._fuser.record if self.backend != "torch" else None
        return record

    @cached_property
    def _fuser(self) -> Any:
        return find_backend(self.backend).make_fuser(self.mathematics, self.device)

    @cached_property
    def _source(self) -> TextSource:
        from .text import make_text
        from .text.trained import Trained

        def make(text: str) -> TextSource:
            return make_text(text, self.device)

        return make(self.text) if self.text != "auto" else Trained(self.weights, self._origins, make)

    @cached_property
    def _origins(self) -> dict[str, dict[str, str]]:
        """By task, the text that its weights were trained with."""
        from ...weights.files import metadata_of
        from .text.trained import origin_of

        of_file = {file: origin_of(metadata_of(file)) for file in set(weights_files(self.weights).values())}
        return {task: of_file[file] for task, file in weights_files(self.weights).items()}

    def _unnamed(self, a: Gray, b: Gray) -> list[Any]:
        """Make pairs of bare arrays, for a call outside the engine."""
        from ...datasets.pair import Pair

        return [Pair(str(i), x[0], y[0], "IVF") for i, (x, y) in enumerate(zip(a, b, strict=True))]

    def _file(self, task: str) -> Path:
        files = weights_files(self.weights)
        if task not in files:
            raise InputError(f"{self.weights} has no weights for {task}: add {task}.pth, or name one file")
        return files[task]

    def _network(self, task: str) -> FilmNetwork:
        """Load the network of a task, once."""
        from .checkpoints import load_network

        file = self._file(task)
        if file not in self._networks:
            network = load_network(file, parse_grid(self.grid))
            self._networks[file] = network if self.backend != "torch" else place_of(self.device).load(network)
        return self._networks[file]


def weights_files(weights: str) -> dict[str, Path]:
    """Find the file of each task.

    Raises
    ------
    InputError
        Weights that are known but not there, or no file of this name; what to do is said.
    """
    from ...weights.catalog import known_weights
    from ...weights.fetch import weights_path
    from ...weights.files import split_key

    path = Path(weights).expanduser()
    if path.is_dir():
        found = {task: file for task in TASKS if (file := path / f"{task}.pth").is_file()}
        if not found:
            raise InputError(f"the folder {path} has none of {', '.join(f'{task}.pth' for task in TASKS)}")
        return found
    name, key = split_key(weights)
    first = weights_path(weights, "film")
    if not key and not Path(name).expanduser().exists() and len(known_weights()[name].files) > 1:
        return {task: first.with_name(f"{task}.pth") for task in TASKS}
    return dict.fromkeys(TASKS, first)


def parse_grid(grid: str) -> tuple[int, int] | None:
    """Read "288x384" as height and width; None for "auto".

    Raises
    ------
    InputError
        It is neither.

    Examples
    --------
    >>> parse_grid("96x128")
    (96, 128)
    """
    size = parse_size_or_auto(grid, "the working grid")
    if size is not None and size[0] * size[1] % 256:
        raise InputError(f"a working grid of {grid} cannot be cut into tokens of 256 pixels: choose multiples of 16")
    return size
