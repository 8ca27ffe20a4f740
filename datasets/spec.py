"""What is known of a data set: the record that the catalogue is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from .layouts import Layout
from .pair import Colour, Pair, Task

TASKS: tuple[Task, ...] = get_args(Task)

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
    obtain : how to get it, one sentence.
    make : gives the pairs of a data set that is computed, not found.
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

    def __post_init__(self) -> None:
        if self.task == "mixed" and self.make is None:
            raise ValueError(f"{self.name}: only a data set that is made can have mixed tasks")

    @property
    def all_layouts(self) -> tuple[Layout, ...]:
        """The layouts of this data set, then the usual ones of its task."""
        return self.layouts if self.task == "mixed" else self.layouts + usual_layouts(self.task)
