"""What a fusion method is."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path, PurePath
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ..datasets.dataset import FusionDataset
from ..datasets.pair import Pair
from ..files import is_file
from .code import files_of_code
from .flag import Flag
from .verified import Verified

Gray = NDArray[np.float32]
Image = NDArray[np.generic]
Read = Callable[[Pair], tuple[Image, ...]]
Advance = Callable[[int, str], None]
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
    reference : authors, year in brackets, title, venue, DOI.
    venue : the journal or conference alone, for tables; "" where there is none.
    tasks : the tasks that the method was made for; it runs on the others, too.
    learned : whether it has trained weights.
    verified : which images that its authors published it gives again; None where nobody compared.
    any_number : whether it fuses any number of sources at once: `fuse` and `fuse_images` then take further ones after
        those named in their signatures. The engine gives all others two at a time, what was fused so far and the next.
    computes : whether it fuses; images that were fused before are only read, and have no time.
    quantise : how [0, 1] becomes 8 bit (`methods.quantise`); it changes EN, SD and AG, so it is recorded. Every
        method takes it as an option, too. "none" is for methods that give 8 bit themselves.
    flags : options that `fusionbench run` offers under a name of their own, `--text` for instance.
    device : where `fuse` computes; set through `to`.

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
    reference: ClassVar[str] = ""
    venue: ClassVar[str] = ""
    tasks: ClassVar[tuple[str, ...]] = ("IVF", "MIF", "MEF", "MFF")
    learned: ClassVar[bool] = False
    verified: ClassVar[Verified | None] = None
    any_number: ClassVar[bool] = False
    computes: ClassVar[bool] = True
    quantise: Quantise = "round"
    flags: ClassVar[Mapping[str, Flag]] = {}
    device: str = "cpu"
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
        parts = (_expanded(part) for text in texts for part in dict.fromkeys((text, text.rpartition("#")[0])) if part)
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
        values = {name: getattr(self, name) for name in option_parameters(type(self))}
        return {name: str(value) if isinstance(value, Path) else value for name, value in values.items()}

    @property
    def label(self) -> str:
        """What results stand under: the name, with the options that differ from their defaults, or the user's word."""
        return self._label or self._default_label()

    @label.setter
    def label(self, value: str) -> None:
        self._label = value

    def _default_label(self) -> str:
        parameters = option_parameters(type(self))
        changed = [f"{key}={_short(value)}" for key, value in self._given().items() if value != parameters[key].default]
        return f"{self.name}[{','.join(changed)}]" if changed else self.name


def _expanded(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:  # of a user who is not there
        return Path(text)


def _short(value: Any) -> Any:
    """Name a file without its folders; the manifest has the whole path, and the hash of what is in it."""
    if not isinstance(value, str | PurePath) or len(PurePath(value).parts) < 2:
        return value
    file, sign, key = str(value).rpartition("#")  # which of several networks in the file
    return f"{PurePath(file).stem}#{key}" if sign and file else PurePath(value).stem


def option_parameters(cls: type[Method]) -> dict[str, inspect.Parameter]:
    """Return the options that a method class takes, by name; `quantise` is one for every method.

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
    common = inspect.Parameter("quantise", inspect.Parameter.KEYWORD_ONLY, default=cls.quantise, annotation=Quantise)
    return own if "quantise" in own else {**own, "quantise": common}
