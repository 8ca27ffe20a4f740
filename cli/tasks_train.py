"""Commands about training for downstream tasks: our own segmenter, and folders on which others train."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from .options import Dataset, FolderA, FolderB, LearnSplit, Out, RangeRules, Root, SizeOption, Split, folders_of
from .tasks import only_one, runs_of

if TYPE_CHECKING:
    from ..datasets import FusionDataset


def train(
    task: Annotated[
        Literal["segmentation"], typer.Option(help="Detectors are trained by others, on what `tasks export` writes.")
    ] = "segmentation",
    dataset: Dataset = None,
    data_root: Root = None,
    split: LearnSplit = None,
    a: FolderA = None,
    b: FolderB = None,
    images: Annotated[
        str, typer.Option(help="Which image of a pair is learnt from: a, b, or a folder of fused images.")
    ] = "b",
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method",
            "-m",
            show_default="one segmenter, of --images",
            help="Train one on the images that each of these methods stored in --runs, and one on each source, as the "
            "protocol retrained needs them. Those that are there are gone on with. May be given again.",
        ),
    ] = None,
    runs: Annotated[Path, typer.Option(help="Where the results of the methods lie.")] = Path("runs"),
    labels_like: Annotated[
        str | None, typer.Option(help="The data set whose masks those of a folder are like.", show_default="its own")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the images.")] = 40,
    batch_size: Annotated[int, typer.Option(min=1, help="Parts of images in a step.")] = 8,
    side: Annotated[
        int | None, typer.Option(min=16, help="Of the parts, in pixels.", show_default="the recipe's")
    ] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate at the start.", show_default="the recipe's")] = None,
    validation: Annotated[float, typer.Option(help="The part of the pairs that is held out.")] = 0.1,
    weights: Annotated[str | None, typer.Option(help="Start from these.", show_default="random")] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, mps, sdaa.")] = "auto",
    seed: Annotated[int, typer.Option(help="Of weights and parts.")] = 0,
    out: Annotated[Path, typer.Option("--out", "-o", help="The folder of training runs.")] = Path("runs/train"),
    name: Annotated[str | None, typer.Option(help="The run's name.", show_default="the time")] = None,
) -> None:
    """Train a small segmenter on the masks of a data set; `fusionbench train --resume` goes on with a run."""
    from ..training import resume
    from ..training import train as start

    split = split or ("train" if method else None)
    given: dict[str, Any] = {
        "data_root": data_root, "split": split, "a": a, "b": b, "lr": lr, "weights": weights, "name": name,
        "labels_like": labels_like, "settings": None if side is None else {"side": side},
    }  # fmt: skip
    options: dict[str, Any] = {
        "method": "segmenter", "dataset": tuple(dataset or ["sample"]), "images": images, "epochs": epochs,
        "batch_size": batch_size, "validation": validation, "device": device, "seed": seed, "out": out,
        **{key: value for key, value in given.items() if value is not None},
    }  # fmt: skip
    each: dict[str | None, str] = {name: images}
    if method:
        each = _images_of_rows(only_one(dataset, data_root, split, **folders_of(a, b)), method, runs)
    for row, place in each.items():
        there = out / "segmenter" / str(row)
        if method and (there / "options.json").is_file():
            folder = resume(there, epochs=(epochs,))
        else:
            folder = start(**options | {"images": place} | ({"name": row} if row else {}))
        typer.echo(f"losses       {folder / 'losses.csv'}")
        typer.echo(f"segmenter    {folder / 'checkpoints' / 'best.safetensors'}")


def _images_of_rows(dataset: FusionDataset, methods: list[str], runs: Path) -> dict[str | None, str]:
    """Say where the images of each row lie, by the names under which models are trained on them."""
    from ..results.paths import folder_name
    from ..tasks.images import rows_of, stored_image

    found = runs_of(dataset, methods, runs)
    folders = {run.method: str(stored_image(run, dataset[0]).parent) for run in found}
    return {folder_name(row.label): row.source or folders[row.label] for row in rows_of(dataset, found)}


def export(
    dataset: Dataset = None,
    data_root: Root = None,
    split: Split = None,
    a: FolderA = None,
    b: FolderB = None,
    method: Annotated[
        list[str] | None, typer.Option("--method", "-m", show_default="all of --out", help="May be given again.")
    ] = None,
    size_policy: SizeOption = "error",
    range: RangeRules = None,
    links: Annotated[bool, typer.Option("--links", help="Link to the stored fused images, and write no copy.")] = False,
    out: Out = Path("runs"),
    to: Annotated[Path, typer.Option("--to", help="The folder to write.")] = Path("export"),
) -> None:
    """Write fused images and sources with their labels as folders on which Ultralytics, MMDetection, RT-DETR train."""
    from rich.console import Console

    from ..bench.progress import Reporter
    from ..datasets import load_dataset
    from ..tasks.export import export as write
    from ..tasks.run import images_of

    for name in dataset or ["sample"]:
        options: dict[str, Any] = {"size_policy": size_policy, "range": range or None, **folders_of(a, b)}
        loaded = load_dataset(name, data_root, split, **options)
        runs = runs_of(loaded, method, out)
        target = to if len(dataset or ["sample"]) == 1 else to / loaded.name
        with Reporter(Console(stderr=True), images_of(loaded, runs), unit="images") as reporter:
            places = write(loaded, runs, target, links, lambda text: reporter.advance(1, text))
        for place in places:
            typer.echo(f"exported     {place}")
