"""What `datasets check`, `run` and `score` say of a folder, side by side: they must say the same of every pair."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import fusionbench
from fusionbench import datasets
from fusionbench.errors import InputError
from fusionbench.methods import get_method

# One fault may be told in more than one sentence (before anything is decoded, and after); what marks it.
FAULTS = (
    "truncated or damaged",
    "differ in size",
    "has another size than",
    "has no partner in",
    "more than one file has this name",
    "there is no such file",
    "it is a folder",
    "permission denied",
    "not in the folders",
)


@dataclass
class Verdict:
    """What was said of a folder.

    Attributes
    ----------
    good : names of the pairs that can be used.
    faults : why each other pair cannot.
    refused : the sentence by which the folder as a whole was refused.
    """

    good: set[str] = field(default_factory=set)
    faults: dict[str, str] = field(default_factory=dict)
    refused: str = ""

    def __str__(self) -> str:
        pairs = [*(f"{name}: good" for name in sorted(self.good)), *(f"{n}: {why}" for n, why in self.faults.items())]
        return "\n".join([*filter(None, [self.refused]), *pairs]) or "nothing"


def agree(folder: Path, out: Path, **options: Any) -> Verdict:
    """Ask all three about a folder, and hold them against each other.

    Parameters
    ----------
    folder : the data set.
    out : an empty folder for the results.
    **options : as `load_dataset` takes them: a, b, task, split, size_policy, range ...

    Returns
    -------
    Verdict
        The one that all three gave.

    Raises
    ------
    AssertionError
        They do not agree; it shows what each of them said.
    """
    options = {"split": "all", **options}
    checked = ask_check(folder, **options)
    ran = ask_run("average", folder, out / "run", **options)
    fused = gather(out / "run", out / "fused")
    scored = ask_run(f"folder:{fused}", folder, out / "score", **options)
    said = f"\ncheck:\n{checked}\nrun:\n{ran}\nscore:\n{scored}"
    assert checked.good == ran.good == scored.good, f"they do not agree on the good pairs of {folder}{said}"
    for other in (ran, scored):
        assert bool(checked.refused) == bool(other.refused), f"they do not agree whether {folder} is refused{said}"
        if checked.refused:
            assert fault(checked.refused) == fault(other.refused), f"{folder} is refused for two reasons{said}"
        assert checked.faults.keys() == other.faults.keys(), f"they do not agree on the bad pairs of {folder}{said}"
        for pair, reason in checked.faults.items():
            assert fault(reason) == fault(other.faults[pair]), f"{pair} of {folder} has two faults{said}"
    return checked


def ask_check(folder: Path, **options: Any) -> Verdict:
    """Ask `datasets.check`."""
    report = datasets.check(folder, **options)
    if "" in report.problems:
        return Verdict(refused=report.problems[""])
    return Verdict(set(report.good), dict(report.problems))


def ask_run(method: str, folder: Path, out: Path, **options: Any) -> Verdict:
    """Ask `run`, or with a method `folder:...` what `score` does."""
    try:
        rows = fusionbench.run(
            [get_method(method)], folder, out=out, on_error="skip", metrics=["EN"], protocol="film", **options
        )
    except InputError as error:
        return _refused(str(error))
    good = set(rows[rows["status"] == "ok"]["pair"])
    bad = rows[rows["status"] != "ok"]
    return Verdict(good, dict(zip(bad["pair"], bad["reason"], strict=True)))


def _refused(sentence: str) -> Verdict:
    """Take the pairs out of the sentence by which `run` refuses a folder of which no pair can be used."""
    _, marker, listed = sentence.partition("has no pair that can be used in the split 'all': ")
    if not marker:
        return Verdict(refused=sentence)
    assert " more" not in listed, f"a folder of so many bad pairs cannot be compared: {sentence}"
    return Verdict(faults=dict(part.split(": ", 1) for part in listed.split("; ") if ": " in part))


def fault(reason: str) -> str:
    """Reduce a reason to the fault that it tells of."""
    for known in FAULTS:
        if known in reason:
            return known
    reason = re.sub(r"^cannot read the image .*?: ", "", reason)
    return re.sub(r"^((a|b|truth) \(.*?\)|[^ ]+/[^ ]+): ", "", reason)


def gather(run: Path, target: Path) -> Path:
    """Copy the fused images of the one run below a folder, as their author would hand them on."""
    for folder in run.glob("*/*/fused"):
        shutil.copytree(folder, target, dirs_exist_ok=True)
    if not target.is_dir() or not any(target.rglob("*.png")):  # a folder that holds no image is an error of its own
        datasets.write(target / "of-no-pair.png", np.zeros((8, 8), np.uint8))
    return target
