"""How a task is scored: named and versioned, since each gives other numbers."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import unknown


@dataclass(frozen=True)
class TaskProtocol:
    """A way to score a task.

    Attributes
    ----------
    name, version : the version changes whenever a value could.
    task : "detection" or "segmentation".
    labelled : whether it takes a data set with labels.
    chief : the measure that stands for the others, where one is needed.
    """

    name: str
    version: str
    task: str
    labelled: bool
    chief: str
    summary: str


PROTOCOLS = (
    TaskProtocol(
        "frozen", "1", "detection", True, "AP50",
        "One detector, trained on visible images of another data set, looks at the images of all methods and at both "
        "sources; what it finds is scored against the labels.",
    ),
    TaskProtocol(
        "consistency", "1", "detection", False, "F1",
        "No labels: how far what a detector finds in a fused image agrees with what it finds in the two sources.",
    ),
    TaskProtocol(
        "frozen", "1", "segmentation", True, "mIoU",
        "One segmenter, trained beforehand, looks at the images of all methods and at both sources; what it says is "
        "scored against the labels.",
    ),
    *(
        TaskProtocol(
            "retrained", "1", task, True, chief,
            "Each method has a model of its own, and so has each source, trained on its images of another split with "
            "the same budget and seed; it looks at the images of that method alone, and is scored against the labels.",
        )
        for task, chief in (("detection", "AP50"), ("segmentation", "mIoU"))
    ),
)  # fmt: skip


def find_protocol(task: str, name: str) -> TaskProtocol:
    """Find a protocol of a task by its name.

    Raises
    ------
    InputError
        The task has none of this name.
    """
    known = {each.name: each for each in PROTOCOLS if each.task == task}
    if name not in known:
        raise unknown(f"protocol of {task}", name, known)
    return known[name]
