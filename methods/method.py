"""What a fusion method is."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ..datasets.dataset import FusionDataset
from ..datasets.finding.folders import expanded
from ..datasets.pair import Pair
from ..errors import InputError
from ..files import is_file
from ..foreign.code import files_of_code
from .flag import Flag
from .tiles import Tile
from .verified import Verified

if TYPE_CHECKING:
    from .graph import Graph

Gray = NDArray[np.float32]
Image = NDArray[np.generic]
Read = Callable[[Pair], tuple[Image, ...]]
Advance = Callable[[int, str], None]
Precision = Literal["float32", "tf32", "bf16"]
Quantise = Literal["round", "truncate", "minmax", "minmax-truncate", "max", "none"]


def silent(count: int, name: str) -> None:
    """Tell nothing; an `Advance`."""


class Method(ABC):
    """Turns a batch of gray sources into fused images.

    A subclass states the class attributes, takes its options as keyword arguments of `__init__`, keeps each under its
    own name (`self.levels = levels`), and implements `fuse`. Colour, 8 bit, files and timing are the engine's work,
    the same for all methods. The first line of the class's docstring is the summary that listings show.

    A method that is imported for a listing must not import torch: a learned method loads its network, its weights and
    torch at the first `fuse`. A method must survive pickling before the first `fuse`, for worker processes.

    Attributes
    ----------
    name : what users write after `--method`.
    title : how papers write the name, for tables and figures; "" where it is the name itself.
    reference : authors, year in brackets, title, venue, DOI.
    venue : the journal or conference alone, for tables; "" where there is none.
    tasks : the tasks that the method was made for; it runs on the others, too.
    learned : whether it has trained weights.
    verified : which images that its authors published it gives again; None where nobody compared.
    any_number : whether it fuses any number of sources at once: `fuse` and `fuse_images` then take further ones after
        those named in their signatures. The engine gives all others two at a time, what was fused so far and the next.
    computes : whether it fuses; images that were fused before are only read, and have no time.
    margin : how many pixels away a pixel of the sources can tell on one of the fused image, where that is bounded and
        `fuse` goes through `tiles.in_tiles`: such a method takes the option `tile`. None where it is not.
    tile : how large images are fused (`tiles.Tile`); no number depends on it, so it is no part of label and manifest.
    quantise : how [0, 1] becomes 8 bit (`methods.quantise`); it changes EN, SD and AG, so it is recorded. Every
        method takes it as an option, too. "none" is for methods that give 8 bit themselves.
    flags : options that `fusionbench run` offers under a name of their own, `--text` for instance.
    device : where `fuse` computes; set through `to`.
    precision : in which numbers the engine lets it compute there; an option of every method that has a `to` of its own.
        Images of another precision than float32 have a label of their own.

    Examples
    --------
    >>> class Darker(Method):
    ...     '''The smaller of the two values of each pixel.'''
    ...
    ...     name = "darker"
    ...     reference = "none"
    ...
    ...     def __init__(self, gain: float = 1.0) -> None:
    ...         self.gain = gain
    ...
    ...     def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
    ...         return self.gain * np.minimum(a, b)
    >>> Darker(gain=0.5).label
    'darker[gain=0.5]'
    """

    name: ClassVar[str]
    title: ClassVar[str] = ""
    reference: ClassVar[str] = ""
    venue: ClassVar[str] = ""
    tasks: ClassVar[tuple[str, ...]] = ("IVF", "MIF", "MEF", "MFF")
    learned: ClassVar[bool] = False
    verified: ClassVar[Verified | None] = None
    any_number: ClassVar[bool] = False
    computes: ClassVar[bool] = True
    margin: ClassVar[int | None] = None
    tile: Tile = "auto"
    quantise: Quantise = "round"
    flags: ClassVar[Mapping[str, Flag]] = {}
    device: str = "cpu"
    precision: Precision = "float32"
    _source_file: ClassVar[Path | None] = None  # the user's, that the class was loaded from
    _revive: ClassVar[Any] = None  # makes an instance of it in another process
    _code: list[Path] | None = None  # the files of it
    _label: str | None = None

    @abstractmethod
    def fuse(self, a: Gray, b: Gray, **context: Any) -> Gray:
        """Fuse one batch.

        Parameters
        ----------
        a, b : (N, 1, H, W) float32 in [0, 1]; they must not be written to. A method of `any_number` takes `*further`.
        **context : what the engine knows besides; a method takes what it needs and ignores the rest. Now:
            `pairs`, a sequence of N `datasets.Pair` (name, task, text).

        Returns
        -------
        (N, 1, H, W) float32. Values outside [0, 1] are clipped by the engine; NaN or infinity fail the pair.
        """

    def fuse_images(self, a: Image, b: Image, pair: Pair) -> Image | None:
        """Fuse one pair of sources as they were read, for methods that see colour, files or names themselves.

        Parameters
        ----------
        a, b : (H, W) or RGB (H, W, 3), uint8.
        pair : the pair that they belong to. A method of `any_number` takes `*further` images after it.

        Returns
        -------
        The fused image, (H, W) or RGB (H, W, 3): uint8, taken as it is, or float in [0, 1], to be quantised by the
        method's rule. None, the default, says that this pair goes through `fuse`: luminance alone, chroma re-attached.
        """
        return None

    def stored(self, pair: Pair) -> Path | None:
        """Name the file that holds what `fuse_images` gives of a pair, where it was fused before; None elsewhere."""
        return None

    def fuse_all(  # noqa: B027  # most fuse one by one
        self, pairs: Sequence[Pair], read: Read, place: Path, advance: Advance = silent
    ) -> None:
        """Fuse all pairs that a run has left, before it asks for each; for methods that can only do all at once.

        Parameters
        ----------
        pairs : of one data set.
        read : gives the sources of a pair as `fuse_images` gets them, or raises what their files make it raise.
        place : a folder for whatever the images need until they are asked for. A run that is stopped leaves it as it
            is, and gives it again when it goes on.
        advance : is told how many more pairs are done, and the last one's name.
        """

    def dry_run(self, a: Gray, b: Gray, **context: Any) -> None:
        """Go through the network as it is defined, so that its operations can be counted; arguments as of `fuse`.

        A method whose `fuse` takes another way to the same image (fewer products, parts that overlap) overrides it, so
        that the count tells of the network and not of a device. Tensors on torch's "meta" device cost nothing.
        """
        self.fuse(a, b, **context)

    def files(self, pair: Pair) -> list[Path]:
        """Name the files beside the sources from which the fused image of `pair` follows.

        When one of them changes, a run fuses and scores the pair again.
        """
        if self._code is None:
            self._code = files_of_code(type(self), self._source_file)
        return self._code

    def named_files(self) -> list[Path]:
        """Name the files that the options name, weights for instance, as far as they are there.

        When one of them changes, a run does all pairs again, but not where it is gone. Weights that `weights_record`
        tells of are not among them: what is computed with others is another configuration.
        """
        if self.weights_record is not None:
            return []
        texts = [value for value in self.options.values() if isinstance(value, str)]
        parts = (expanded(part) for text in texts for part in dict.fromkeys((text, text.rpartition("#")[0])) if part)
        return [part.absolute() for part in parts if is_file(part)]

    def to(self, device: str) -> None:  # noqa: B027
        """Compute on `device` from now on ("cpu", "cuda", "cuda:1", …); a method without a network stays on the CPU."""

    def expect(self, dataset: FusionDataset) -> None:  # noqa: B027
        """Look at a data set before its first pair; an InputError says that nothing can be made of any of them."""

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Pickle: a class of a user's file is imported from there again, in another process."""
        reduced = super().__reduce_ex__(protocol)
        if self._source_file is None:
            return reduced
        return (self._revive, (str(self._source_file), type(self).__name__), *reduced[2:])

    def check(self, pairs: Sequence[Pair]) -> None:  # noqa: B027
        """Make sure of what every pair needs: weights, programs, files, modules.

        The engine calls it for each data set before it writes anything, where the method will work (here, or in a
        worker process), and not where nothing is left to fuse. What is loaded here should be kept for `fuse`. The
        engine itself makes sure of the device and of the 8-bit rule.

        Parameters
        ----------
        pairs : all pairs of a data set: names, tasks, files; do not read the images.

        Raises
        ------
        InputError
            No pair could be fused; says what is missing, and what to do.
        """

    def start(self) -> None:  # noqa: B027
        """Get ready what takes long, before the first pair is timed; a method must work without it."""

    def close(self) -> None:  # noqa: B027
        """Give back what the method holds beyond memory, a worker process for instance; `fuse` may start it anew."""

    def graph(self, task: str) -> Graph:
        """Give the network for a task as `fusionbench export` writes it.

        Raises
        ------
        InputError
            The method has none, or does not lend it.
        """
        raise InputError(f"{self.name} has no network that can be exported: choose a learned method")

    @property
    def weights_record(self) -> dict[str, Any] | None:
        """What the manifest says of the weights (name, origin, licence, hash); None without weights."""
        return None

    @property
    def remarks(self) -> Sequence[str]:
        """Say what of the method's own moves the numbers, beyond `quantise`: its last steps, whose weights it has.

        Tables show it as a note.
        """
        return ()

    @property
    def options(self) -> dict[str, Any]:
        """Every option with its value, paths as text; it stands in the manifest and tells runs of one method apart."""
        return self._given()

    def _given(self) -> dict[str, Any]:
        untold = {"tile"} if self.precision != "float32" else {"tile", "precision"}
        names = option_parameters(type(self)).keys() - (untold & common_options(type(self)).keys())
        values = {name: getattr(self, name) for name in option_parameters(type(self)) if name in names}
        return {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}

    @property
    def label(self) -> str:
        """What results stand under: the name, with the options that differ from their defaults, or the user's word."""
        return self._label or self._default_label()

    @label.setter
    def label(self, value: str) -> None:
        self._label = value

    @property
    def paper_name(self) -> str:
        """What papers print for it: the label, with the title in place of the name; "" where that is the label.

        A user's label stays, and a class with a name of its own does not inherit a title.
        """
        owner = next(kind for kind in type(self).__mro__ if "name" in vars(kind))
        title = vars(owner).get("title", "")
        return title + self.label.removeprefix(self.name) if title and not self._label else ""

    def _default_label(self) -> str:
        parameters = option_parameters(type(self))
        changed = [f"{key}={_short(value)}" for key, value in self._given().items() if value != parameters[key].default]
        return f"{self.name}[{','.join(changed)}]" if changed else self.name


def _short(value: Any) -> Any:
    """Name a file without its folders; the manifest has the whole path, and the hash of what is in it."""
    if not isinstance(value, str | PurePath) or len(PurePath(value).parts) < 2:
        return value
    file, sign, key = str(value).rpartition("#")  # which of several networks in the file
    return f"{PurePath(file).stem}#{key}" if sign and file else PurePath(value).stem


def option_parameters(cls: type[Method]) -> dict[str, inspect.Parameter]:
    """Return the options that a method class takes, by name; see `common_options` for those that it need not name.

    Examples
    --------
    >>> from fusionbench.methods.registry import find_class
    >>> list(option_parameters(find_class("laplacian")))
    ['levels', 'quantise']
    """
    return dict(_parameters(cls))


@cache
def _parameters(cls: type[Method]) -> dict[str, inspect.Parameter]:
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    own = {name: p for name, p in inspect.signature(cls).parameters.items() if p.kind in named}
    return {**own, **common_options(cls)}


@cache
def common_options(cls: type[Method]) -> dict[str, inspect.Parameter]:
    """Return the options that the engine sets as attributes.

    They are `quantise`, `tile` where there is a `margin`, and `precision` where there is a device to compute on.
    What a class takes in its constructor itself is not among them.
    """
    values: dict[str, tuple[Any, Any]] = {"quantise": (cls.quantise, Quantise)}
    if cls.margin is not None:
        values["tile"] = (cls.tile, Tile)
    if cls.to is not Method.to:
        values["precision"] = (cls.precision, Precision)
    own = inspect.signature(cls).parameters
    return {
        name: inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)
        for name, (default, hint) in values.items()
        if name not in own
    }
