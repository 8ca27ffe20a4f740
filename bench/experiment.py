"""The options of a run in `OUT/experiment.toml`, with which `fusionbench run` does it again."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from inspect import Signature
from pathlib import Path
from typing import Any

from ..datasets import FusionDataset
from ..errors import FusionBenchError
from ..files import write_text
from ..methods import Method, get_method
from ..methods.method import option_parameters
from ..methods.registry import EXTERNAL
from ..version import __version__

FILE = "experiment.toml"
# what of a call is no matter of its results, or is said in other words
_NOT_KEPT = ("experiment", "out", "workers", "batch", "console", "results", "methods", "datasets", "folder")
_NAMED = str | Path | bool | int | float  # what a file of TOML can say


def write_experiment(out: Path, options: Mapping[str, Any]) -> None:
    """Write the file.

    Parameters
    ----------
    out : the folder of the results.
    options : by the names of the command's parameters; None and "" are left out, and so are objects of Python that no
        command line can name, with a line that says so.
    """
    lines, left = [], []
    for name, value in options.items():
        values = value if isinstance(value, list | tuple) else [value]
        named = [each for each in values if isinstance(each, _NAMED)]
        left += [str(getattr(each, "label", each)) for each in values if not isinstance(each, _NAMED | None)]
        if named and named != [""]:
            kept = named if isinstance(value, list | tuple) else named[0]
            lines.append(f"{name.replace('_', '-')} = {as_toml(kept)}")
    head = f"# fusionbench {__version__}: fusionbench run {FILE} --out ANOTHER_FOLDER does this again\n"
    missing = f"# but for what Python alone can name: {' '.join(', '.join(left).split())}\n" if left else ""
    write_text(out / FILE, head + missing + "\n".join(lines) + "\n")


def of_call(
    methods: Sequence[str | Method], datasets: Sequence[Any], given: Mapping[str, Any], signature: Signature
) -> dict[str, Any]:
    """Turn a call of `run` into the options of the command.

    Parameters
    ----------
    methods, datasets : all that were run.
    given : the arguments by name; those of `**folder` among them.
    signature : of `run`, whose defaults are left out.
    """
    protocol = given["protocol"]
    options: dict[str, Any] = {
        "method": [method if isinstance(method, str) else _spec(method) for method in methods],
        "dataset": [_named(dataset) for dataset in datasets],
        "protocol": [protocol] if isinstance(protocol, str) else list(protocol),
    }
    for name, value in sorted(given.items()):
        usual = signature.parameters[name].default if name in signature.parameters else None
        if name not in _NOT_KEPT and value != usual:
            options.setdefault(name, value)
    kind, _, jobs = str(options.get("executor", "")).partition(":")
    return options | ({"executor": kind, "slurm": [jobs] if jobs else None} if kind == "slurm" else {})


def _spec(method: Method) -> str | Method:
    """Write a method as `--method` takes it; itself where it is of a class that no name leads to."""
    parameters = option_parameters(type(method))
    given = {name: getattr(method, name) for name in parameters}
    argument = given.pop(EXTERNAL.get(method.name, ""), None)
    changed = ",".join(f"{name}={value}" for name, value in given.items() if value != parameters[name].default)
    spec = method.name + (f"[{changed}]" if changed else "") + (f":{argument}" if argument else "")
    for each in (spec, f"{method.label}={spec}"):
        with contextlib.suppress(FusionBenchError):
            made = get_method(each)
            if type(made) is type(method) and (made.label, made.options) == (method.label, method.options):
                return each
    return method


def _named(dataset: str | Path | FusionDataset) -> Any:
    """Name a data set; one that was loaded, by its folder where that is all of it."""
    if not isinstance(dataset, FusionDataset):
        return str(dataset)
    return dataset.name if dataset.spec.make is not None and dataset.split == dataset.default_split else dataset


def as_toml(value: Any) -> str:
    """Write a value as TOML, whose texts are written as JSON's."""
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(as_toml, value))}]"
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
