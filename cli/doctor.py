"""Commands that look whether something that is installed works."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Annotated

import typer

from . import show

if TYPE_CHECKING:
    from ..frameworks.jittor.doctor import Finding

_MARKS = {"good": ("✓", "green"), "poor": ("!", "yellow"), "bad": ("✗", "bold red"), "off": ("–", "dim")}
Row = tuple[str, str, str, str]  # verdict, what was looked at, what there is, what to do


def jittor(
    fix: Annotated[bool, typer.Option("--fix", help="Set oneDNN up: by pip, or from Debian's package.")] = False,
) -> None:
    """Look whether Jittor works here, and how fast; the first time it compiles, which takes minutes.

    Ends with 0 where Jittor can be used, and with 1 where it cannot.
    """
    from ..frameworks.jittor import doctor, onednn

    if fix:
        typer.echo(f"oneDNN: {onednn.set_up()}")
    findings = list(doctor.examine())
    _print((finding.verdict, finding.what, finding.found, finding.advice) for finding in findings)
    usable = doctor.usable(findings)
    typer.echo(_sentence(findings, usable))
    raise typer.Exit(0 if usable else 1)


def _sentence(findings: list[Finding], usable: bool) -> str:
    if not usable:
        return "Jittor cannot be used here yet."
    slow = any(finding.verdict == "poor" for finding in findings)
    return "Jittor can be used here, but slowly." if slow else "Jittor can be used here."


def compiler() -> None:
    """Look how the formulas of metrics are computed here, and what of that is kept for other processes."""
    _print(_compiler())


def _compiler() -> Iterator[Row]:
    from ..metrics.compiler import examine, processor

    here, kept = processor(), examine()
    if here:
        yield "good", "compiled for", here.name, ""
    else:
        advice = "" if find_spec("llvmlite") else "pip install llvmlite"
        yield "poor", "compiled for", "nothing: NumPy computes, and takes longer", advice
        return
    if kept.trouble:
        advice = f"chmod 700 {kept.folder}" if kept.foreign else ""
        found = f"not used: {kept.trouble}" + (f" ({kept.folder})" if kept.folder else "")
        yield "poor", "kept on disk", found, advice
    else:
        yield "good", "kept on disk", f"{kept.files} formulas, {kept.size / 1e6:.1f} MB, in {kept.folder}", ""


def everything(context: typer.Context) -> None:
    """Look whether what is installed works: packages, compiler, devices, data, fonts, Jittor."""
    if context.invoked_subcommand is None:
        _print([*_packages(), *_compiler(), *_devices(), *_places(), *_fonts(), *_jittor()])


def _packages() -> Iterator[Row]:
    from ..environment import environment, version_of
    from ..extras import EXTRAS, install

    about = environment()
    yield "good", "fusionbench", about["fusionbench"] + (f" ({about['revision']})" if about["revision"] else ""), ""
    yield "good", "Python", f"{about['python']} on {about['system']}, {about['cores']} processors", ""
    core = ("numpy", "scipy", "opencv-python-headless", "llvmlite", "pandas", "scikit-image", "pillow", "PyWavelets")
    yield "good", "core", ", ".join(f"{package} {version_of(package) or 'unknown'}" for package in core), ""
    for extra, modules in EXTRAS.items():
        there = [module for module in modules if find_spec(module)]
        found = ", ".join(f"{module} {version_of(module.replace('_', '-')) or ''}".strip() for module in there)
        missing = [module for module in modules if module not in there]
        if missing:
            lacks = f"without {', '.join(missing)}" if there else "not installed"
            yield "off", f"extra {extra}", "; ".join(filter(None, [found, lacks])), install(extra)
        else:
            yield "good", f"extra {extra}", found, ""


def _devices() -> Iterator[Row]:
    if find_spec("torch") is None:
        return
    from ..devices.names import present

    yield "good", "devices", ", ".join(present()), ""


def _places() -> Iterator[Row]:
    import os

    from ..datasets import list_datasets
    from ..datasets.locate import data_folder, locate
    from ..errors import InputError
    from ..files import cache_folder, check_writable

    found = []
    for spec in list_datasets():
        if spec.make is None:
            with contextlib.suppress(InputError):
                locate(spec.name, None, None, None, None)
                found.append(spec.name)
    root = data_folder(None).absolute()
    told = "FUSIONBENCH_DATA" if os.environ.get("FUSIONBENCH_DATA") else "by default"
    if found:
        yield "good", "data", f"{root} ({told}): {', '.join(found)}", ""
    else:
        advice = "fusionbench datasets fetch RoadScene, or FUSIONBENCH_DATA=FOLDER where they lie"
        yield "off", "data", f"{root} ({told}): no data set of the catalogue", advice
    folder = cache_folder()
    try:
        check_writable(folder)
        yield "good", "cache", str(folder), ""
    except InputError as error:
        yield "poor", "cache", str(error), "FUSIONBENCH_CACHE=FOLDER that can be written to"


def _fonts() -> Iterator[Row]:
    if find_spec("matplotlib") is None:
        return
    from ..drawing.style import fonts

    main, *chinese = fonts()
    if chinese:
        yield "good", "fonts", f"{main}, {chinese[0]} for Chinese", ""
    else:
        advice = "apt-get install fonts-noto-cjk, for Chinese in plots"
        yield "off", "fonts", f"{main}; none with Chinese", advice


def _jittor() -> Iterator[Row]:
    from ..frameworks.jittor.environment import how_to_install, installed

    version = installed()
    if version:
        yield "good", "Jittor", f"{version}; whether it starts: fusionbench doctor jittor", ""
    else:
        yield "off", "Jittor", "not installed", how_to_install()


def _print(findings: Iterable[Row]) -> None:
    """Print for each finding its mark, what was looked at, what there is, and what to do."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE, show_header=False, pad_edge=False)
    table.add_column()
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for verdict, what, found, advice in findings:
        sign, style = _MARKS[verdict]
        told = Text(found)
        if advice:
            told.append(f"\n→ {advice}", style="bold")
        table.add_row(Text(sign, style=style), Text(what), told)
    show.console(120).print(table)
