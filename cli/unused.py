"""Options that would do nothing: each is one sentence, before anything is done."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError

if TYPE_CHECKING:
    import typer

    from ..methods import Method


def given(context: typer.Context) -> dict[str, str]:
    """Return the options on the command line or in an experiment, by their parameters; those of the environment not.

    Returns
    -------
    dict
        The spelling that users know, "--data-root", by parameter.
    """
    spelled = {p.name: max(p.opts, key=len) for p in context.command.params if p.name}
    source = context.get_parameter_source
    told = ("COMMANDLINE", "DEFAULT_MAP")  # the latter is an experiment's file
    return {name: spelled[name] for name in context.params if getattr(source(name), "name", "") in told}


def refuse(context: typer.Context, names: Iterable[str], why: str, when: bool = True) -> None:
    """Refuse options that the rest of the command leaves without effect.

    Parameters
    ----------
    names : of the parameters.
    why : what follows the option in the sentence: "is for plot losses".
    when : whether they have no effect.
    """
    options = given(context)
    for name in names if when else ():
        if name in options:
            raise InputError(f"{options[name]} {why}: leave it out")


def refuse_data_root(context: typer.Context, datasets: Collection[str]) -> None:
    """Refuse --data-root where every data set says itself where it lies, or is computed."""
    from ..datasets.catalog import find_spec

    def looked_for(name: str) -> bool:
        spec = find_spec(name)
        return spec.make is None if spec else not (Path(name).expanduser().exists() or ":" in name or "/" in name)

    refuse(
        context, ["data_root"], "is where data sets of the catalogue are looked for, and none is asked for here",
        when=not any(map(looked_for, datasets)),
    )  # fmt: skip


def refuse_device(context: typer.Context, methods: Iterable[Method]) -> None:
    """Refuse --device where no method computes anywhere but on the processor."""
    from ..methods import Method

    names = [method.label for method in methods if type(method).to is Method.to]
    heeded = any(type(method).to is not Method.to for method in methods)
    refuse(context, ["device"], f"is for methods with a network, which {', '.join(names)} lack", when=not heeded)


def refuse_batch(context: typer.Context, methods: Iterable[Method]) -> None:
    """Refuse --batch where no method takes several pairs in one call."""
    from ..methods.pipeline import takes_batches

    made = list(methods)
    names = ", ".join(method.label for method in made)
    refuse(
        context, ["batch"], f"is for networks that fuse luminance alone, which {names} do not",
        when=not any(map(takes_batches, made)),
    )  # fmt: skip


def refuse_weights_root(context: typer.Context, methods: Iterable[Method]) -> None:
    """Refuse --weights-root where no method has weights."""
    heeded = any(method.learned for method in methods)
    refuse(context, ["weights_root"], "is for methods with weights, and none has any", when=not heeded)


def check_renamed(names: Iterable[str], labels: Iterable[str]) -> None:
    """Make sure that whatever --rename renames is there."""
    from ..errors import unknown

    there = set(labels)
    for name in names:
        if name not in there:
            raise unknown("label to --rename", name, there)
