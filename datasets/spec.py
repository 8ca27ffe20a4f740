"""What is known of a data set: the record that the catalogue is made of."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from .annotations import LabelFiles
from .pair import Colour, Pair, Task

TASKS: tuple[Task, ...] = get_args(Task)
SPLITS = ("test", "train", "val", "valid", "eval", "trainval")

# The names that the folders of the sources have in the wild, for each task: (a, b, the ideal fused image).
IR, VI = "(ir|infrared|inf|thermal|lwir)", "(vi|vis|visible|rgb|viz)"
MRI, OTHER = "(mri|mr)", "(ct|pet|spect|t)"
OVER, UNDER = "(over|overexposed|over_exposed|oe|high)", "(under|underexposed|under_exposed|ue|low)"
NEAR, FAR = "(near|a|imagea|source_?1)", "(far|b|imageb|source_?2)"
TRUTH = "(gt|truth|label|fusion|full_clear|all_in_focus)"
FOLDERS: dict[Task, tuple[str, str]] = {"IVF": (IR, VI), "MIF": (MRI, OTHER), "MEF": (OVER, UNDER), "MFF": (NEAR, FAR)}
MODALITIES: dict[Task, tuple[str, str]] = {
    "IVF": ("infrared", "visible"),
    "MIF": ("MRI", "other"),
    "MEF": ("over-exposed", "under-exposed"),
    "MFF": ("near focus", "far focus"),
}
COLOUR: dict[Task, Colour] = {"IVF": "b", "MIF": "b", "MEF": "both", "MFF": "both"}


@dataclass(frozen=True)
class Layout:
    """Where the sources lie, as templates of paths in the data set's folder.

    `{name}` stands for the pair's name, `{split}` for "train", "test", ...; the last part is a file without its
    extension, and what else there is counts as a regular expression, without regard to case: "(ir|infrared)/{name}",
    "infrared/{split}/{name}", "{name}-A", "input/{name}/{name}_A". A part "**" stands for any folders; they, and what
    groups named any0, any1, ... catch, are a part of the name.

    Attributes
    ----------
    a, b : templates of the two sources.
    truth : template of the ideal fused image, where the data set has one.
    further : templates of the sources after a and b, where a scene has more than two.
    """

    a: str
    b: str
    truth: str | None = None
    further: tuple[str, ...] = ()

    def __str__(self) -> str:
        return " with ".join(map(plain, (self.a, self.b, *self.further)))


def plain(template: str) -> str:
    """Show a template to people: the first of its alternatives, and "*" for the name."""
    folders = re.sub(r"\((?!\?)([^|)]*)[^)]*\)\??", r"\1", template).replace("{name}", "*")
    folders = re.sub(r"\(\?P<\w+>[^)]*\)", "*", folders).replace("?", "")
    return folders.replace("{split}", "test").replace("\\", "")


def two_folders(a: str, b: str, truth: str | None = None) -> tuple[Layout, ...]:
    """Lay out two folders in each of the usual ways: `a/*`, `test/a/*`, `a/test/*`.

    Parameters
    ----------
    a, b, truth : names of folders, as regular expressions.
    """

    def place(template: str) -> Layout:
        return Layout(*(template.format(folder) if folder else None for folder in (a, b, truth)))  # type: ignore[arg-type]

    return tuple(map(place, ("{}/{{name}}", "{{split}}/{}/{{name}}", "{}/{{split}}/{{name}}")))


def usual_layouts(task: Task) -> tuple[Layout, ...]:
    """List the layouts that any data set of a task may have."""
    truth = TRUTH if task in ("MEF", "MFF") else None
    return two_folders(*FOLDERS[task], truth)


@dataclass(frozen=True)
class Tree:
    """A folder of a repository, or a `.zip` that lies in one and holds the folder's content.

    Attributes
    ----------
    path : where it lies; what is fetched lies at the same path in the data set's folder.
    hash : git's own hash of the folder's tree, by which what came is known; "" where nobody has told it.
    """

    path: str
    hash: str = ""

    @property
    def place(self) -> str:
        """Where it lies in the data set's folder; a `.zip` becomes a folder."""
        return self.path.removesuffix(".zip")

    @property
    def packed(self) -> bool:
        """Whether it is a `.zip`."""
        return self.path.endswith(".zip")


@dataclass(frozen=True)
class Pin:
    """Where a data set is published, to the byte.

    Attributes
    ----------
    repository : "owner/name", on GitHub or a mirror of it.
    commit : its hash; "HEAD", the newest, pins nothing.
    trees : what of it is the data set.
    base : the folder of the repository in which these lie.
    size : how much is kept of how much that comes, in words.
    """

    repository: str
    commit: str
    trees: tuple[Tree, ...]
    base: str = ""
    size: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[0-9a-f]{40}|HEAD", self.commit):
            raise ValueError(f"{self.repository}: a commit has 40 hexadecimal digits, not {self.commit!r}")
        if not self.trees or not all(re.fullmatch(r"([0-9a-f]{40})?", tree.hash) for tree in self.trees):
            raise ValueError(f"{self.repository}: the hash of a tree has 40 hexadecimal digits")

    @property
    def verified(self) -> bool:
        """Whether every folder is known by its hash."""
        return all(tree.hash for tree in self.trees)

    def __str__(self) -> str:
        commit = "its newest commit, not pinned" if self.commit == "HEAD" else f"commit {self.commit[:12]}"
        return f"github.com/{self.repository} at {commit}"


@dataclass(frozen=True)
class NamedSplit:
    """A list of names that ships, because papers test on it.

    Attributes
    ----------
    name : what `--split` takes.
    names : the file of the list.
    whose : which papers' methods are tested on these pairs.
    source : where the list was published.
    digest : of the names, by `files.sha256_of_names`: another list under this name would be another version.
    default : whether it is taken where no list lies beside the images.
    """

    name: str
    names: Path
    whose: str
    source: str = ""
    digest: str = ""
    default: bool = False


@dataclass(frozen=True)
class DatasetSpec:
    """An entry of the catalogue.

    Attributes
    ----------
    name : as it stands on the command line and in results.
    task : "IVF", "MIF", "MEF" or "MFF"; "mixed" where each pair has its own.
    title : what it shows, in a line.
    modalities : what sources a and b are.
    colour : which of them carries colour.
    layouts : arrangements of the files, the likeliest first; the usual ones of the task are tried after these.
    folders : further names of its folder ("Harvard/MRI_CT"), beside its own name.
    pairs : how many pairs were published, in words.
    licence, citation, doi, home : "not stated" where nobody states it.
    obtain : how to get it by hand, one sentence.
    pin : from where `fusionbench datasets fetch` gets it; None where it lies behind a form or a drive.
    splits : lists of names that ship; NAME/SPLIT cites one, as in RoadScene/film50.
    make : gives the pairs of a data set that is computed, not found.
    labels : where boxes and masks lie, the likeliest first.
    groups : groups of pairs that measures are also given for, each with a regular expression of its names.
    """

    name: str
    task: Task | Literal["mixed"]
    title: str
    modalities: tuple[str, str]
    colour: Colour
    layouts: tuple[Layout, ...] = ()
    folders: tuple[str, ...] = ()
    pairs: str = ""
    licence: str = "not stated"
    citation: str = ""
    doi: str = ""
    home: str = ""
    obtain: str = ""
    make: Callable[[], Iterable[Pair]] | None = None
    pin: Pin | None = None
    splits: tuple[NamedSplit, ...] = ()
    labels: tuple[LabelFiles, ...] = ()
    groups: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if self.task == "mixed" and self.make is None:
            raise ValueError(f"{self.name}: only a data set that is made can have mixed tasks")

    @property
    def all_layouts(self) -> tuple[Layout, ...]:
        """The layouts of this data set, then the usual ones of its task."""
        return self.layouts if self.task == "mixed" else self.layouts + usual_layouts(self.task)

    def how_to_get(self, root: Path | None = None) -> str:
        """Say how to get it, by a command where there is one; `root` is the folder to get it into."""
        if self.pin is None:
            return self.obtain
        into = "" if root in (None, Path("data")) else f" --data-root {root}"
        return f"fusionbench datasets fetch {self.name}{into}"
