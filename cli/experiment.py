"""Experiments: the options of a run in one TOML file, read in place of a command line, and written by every run."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from ..errors import InputError, one_line, unknown

_JOINED = ("metrics", "pairs", "slurm")  # one text with commas between; the file may have a list
_NOT_KEPT = ("experiment", "out", "fetch", "workers", "batch")  # what of a run is no matter of its results


def _take(context: typer.Context, path: Path | None) -> Path | None:
    """Let the options that are not on the command line have the values of an experiment."""
    if path is not None:
        options = {p.name: p for p in context.command.params if p.name}
        options |= {p.name: p for p in context.command.get_params(context) if p.name}
        options.pop("experiment")
        context.default_map = read_experiment(path, options)
    return path


Experiment = Annotated[
    Path | None,
    typer.Argument(
        help="A TOML file of options, as a run writes it into OUT/experiment.toml; the command line comes first.",
        is_eager=True, callback=_take, show_default=False, metavar="EXPERIMENT",
    ),
]  # fmt: skip


def read_experiment(path: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """Read an experiment: a TOML file whose keys are options without their dashes, `data-root = "/data"`.

    An option that may be given again takes a list or one value; `option` may be a table, `[option]`.

    Parameters
    ----------
    path : the file.
    options : of the command, Click's parameters by name.

    Returns
    -------
    dict
        The values by parameter, as Click takes them.

    Raises
    ------
    InputError
        There is no such file, it is no TOML, or a key is no option, with the nearest that is.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror.lower() if isinstance(error, OSError) and error.strerror else one_line(error)
        raise InputError(f"the experiment {path} cannot be read: {why}") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"the experiment {path} is no TOML: {error}") from error
    known = {name.replace("_", "-"): name for name in options}
    values = {}
    for key, value in content.items():
        name = known.get(key.replace("_", "-"))
        if name is None:
            raise InputError(f"the experiment {path}: {unknown('option', key, known)}")
        values[name] = _value(path, key, value, options[name], name in _JOINED)
    return values


def _value(path: Path, key: str, value: Any, option: Any, joined: bool) -> Any:
    """Bring a value into the form that Click takes: a list where the option may be given again, else one value."""
    if isinstance(value, dict):
        if key != "option":
            raise InputError(f"the experiment {path}: {key} takes no table, only [option] does")
        value = [f"{name}={_plain(each)}" for name, each in value.items()]
    many = value if isinstance(value, list) else [value]
    if not all(isinstance(each, str | int | float) for each in many):
        raise InputError(f"the experiment {path}: {key} takes texts and numbers")
    if option.multiple:
        return [_plain(each) for each in many]
    if joined:
        return ",".join(map(_plain, many))
    if isinstance(value, list):
        raise InputError(f"the experiment {path}: {key} takes one value, not a list")
    return value if isinstance(value, bool) else _plain(value)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def as_written(context: typer.Context, methods: Iterable[str], datasets: Iterable[str]) -> dict[str, Any]:
    """Return the options of a command with which `fusionbench run` does the same again.

    Parameters
    ----------
    context : of the command; what neither its command line, its experiment nor the environment gave is left out.
    methods, datasets : those that were run, also where none was named.
    """
    source = context.get_parameter_source
    values: dict[str, Any] = {"method": list(methods), "dataset": list(datasets), "protocol": ["film"]}
    given = {**context.params, **(context.obj or {})}
    for name, value in sorted(given.items()):  # Click has them in the order in which they were given
        told = getattr(source(name), "name", "DEFAULT") != "DEFAULT"
        if told and name not in _NOT_KEPT and name not in ("method", "dataset"):
            values[name] = value
    return values
