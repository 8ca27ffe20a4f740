"""Commands of downstream tasks: what fused images are worth to a detector and a segmenter."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..errors import InputError, unknown
from .data import ensure
from .options import (
    Dataset,
    Fetch,
    FolderA,
    FolderB,
    Limit,
    Out,
    Pairs,
    RangeRules,
    Root,
    SizeOption,
    Split,
    WeightsRoot,
    datasets_of,
    folders_of,
    names_of,
)
from .tasks_table import show_scores

if TYPE_CHECKING:
    from rich.console import Console

    from ..datasets import FusionDataset
    from ..results import Run
    from ..results.tasks import TaskRecord
    from ..tasks.protocols import TaskProtocol
    from ..tasks.retrained import Recipe

Budget = Annotated[
    str | None,
    typer.Option(help='Of retrained models: how each was trained. "yolov8n, 100 epochs, 640 px"', show_default=False),
]
Seed = Annotated[int, typer.Option("--seed", help="Of retrained models: the seed of their training.")]
TrainedOn = Annotated[str, typer.Option("--trained-on", help="Of retrained models: the split that they learnt from.")]
TaskName = Annotated[Literal["detection", "segmentation"], typer.Option("--task", help="What is done with the images.")]


def run(
    task: TaskName = "detection",
    method: Annotated[
        list[str] | None,
        typer.Option(
            "--method", "-m", show_default="all whose images lie in --out",
            help="As for `run`; its images are taken from --out, or made first. May be given again.",
        ),
    ] = None,
    dataset: Dataset = None,
    pairs: Pairs = None,
    data_root: Root = None,
    fetch: Fetch = None,
    split: Split = None,
    a: FolderA = None,
    b: FolderB = None,
    limit: Limit = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="A detector: yolox-nano, an ONNX file of YOLOX's or YOLOv8's layout. A segmenter: what `tasks train` "
            "wrote. Either: hf:DIR_OR_NAME of transformers, or 'cmd:… {images} {out}'.",
            show_default="yolox-nano",
        ),
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(
            "--protocol", "-p",
            help="frozen: against labels; retrained: the same, with a model for each method, --model DIR/{row}/…; "
            "consistency: agreement with what is found in the sources, without labels.",
        ),
    ] = "frozen",
    budget: Budget = None,
    seed: Seed = 0,
    trained_on: TrainedOn = "train",
    name: Annotated[str, typer.Option(help="What to call retrained models.")] = "trained",
    intervals: Annotated[bool, typer.Option(help="Show the 95 % intervals over images.")] = False,
    weights_root: WeightsRoot = None,
    size_policy: SizeOption = "error",
    range: RangeRules = None,
    out: Out = Path("runs"),
) -> None:  # fmt: skip
    """Let a detector or a segmenter look at fused images and at their sources, and score what it finds.

    Both sources are rows of the table. What was found is stored: the same command again looks at new images only.
    """
    from rich.console import Console

    from ..datasets import load_dataset
    from ..tasks.protocols import find_protocol

    chosen = find_protocol(task, protocol)
    recipe = _recipe(protocol, budget, seed, trained_on)
    looker = partial(_trained, task, model, name, recipe) if recipe else _model(task, model)
    sets = datasets_of(dataset, pairs) or ["sample"]
    if not (a or b):
        ensure(sets, data_root, fetch)
    options: dict[str, Any] = {
        "limit": limit, "size_policy": size_policy, "range": range or None, **folders_of(a, b)
    }  # fmt: skip
    loaded = [load_dataset(each, data_root, split, **options) for each in sets]
    if recipe:
        for each in loaded:
            recipe.require_other(each)
    console = Console(stderr=True)
    if method:
        _fuse(method, sets, out, console, {"data_root": data_root, "split": split, **options})
    records = [_one(each, method, looker, chosen, out, console) for each in loaded]
    show_scores(out, records, intervals)


def score(
    predictions: Annotated[
        Path,
        typer.Option(
            help="Boxes: COCO's JSON of results, or a folder with one, or with YOLO's text files that have scores. "
            "Masks: a folder of label PNGs, named like the pairs."
        ),
    ],
    task: TaskName = "detection",
    dataset: Dataset = None,
    data_root: Root = None,
    split: Split = None,
    a: FolderA = None,
    b: FolderB = None,
    limit: Limit = None,
    name: Annotated[
        str | None, typer.Option(help="The method in whose images things were found.", show_default="the file's")
    ] = None,
    model: Annotated[str, typer.Option(help="What to call the detector or segmenter.")] = "own",
    protocol: Annotated[
        str, typer.Option("--protocol", "-p", help="frozen; or retrained: it was trained on images of this method.")
    ] = "frozen",
    budget: Budget = None,
    seed: Seed = 0,
    trained_on: TrainedOn = "train",
    classes: Annotated[
        str | None,
        typer.Option(help="The classes' names by their numbers, separated by commas.", show_default="the labels'"),
    ] = None,
    intervals: Annotated[bool, typer.Option(help="Show the 95 % intervals over images.")] = False,
    out: Out = Path("runs"),
) -> None:
    """Score what somebody's own detector or segmenter found, against the labels of a data set."""
    from ..tasks.protocols import find_protocol
    from ..tasks.run import score_predictions
    from ..tasks.segment import score_masks

    if not find_protocol(task, protocol).labelled:
        raise InputError(
            f"{protocol} compares with what is found in the sources: predictions are scored against labels"
        )
    recipe = _recipe(protocol, budget, seed, trained_on)
    loaded = only_one(dataset, data_root, split, limit=limit, **folders_of(a, b))
    if recipe:
        recipe.require_other(loaded)
    start = score_masks if task == "segmentation" else score_predictions
    record = start(loaded, predictions, name or predictions.stem, model, out, names_of(classes), recipe)
    show_scores(out, [record], intervals)


def only_one(dataset: list[str] | None, data_root: Path | None, split: str | None, **options: Any) -> FusionDataset:
    """Load the one data set that a command is about."""
    from ..datasets import load_dataset

    names = dataset or ["sample"]
    if len(names) > 1:
        raise InputError("this is of one data set: name one")
    return load_dataset(names[0], data_root, split, **options)


def _fuse(methods: list[str], sets: list[str], out: Path, console: Console, options: dict[str, Any]) -> None:
    """Run the methods where their images lack; one whose images lie there is found by its label alone."""
    from ..bench import run_rows
    from ..methods import get_method
    from ..results import Results

    stored = {run.method for run in Results(out).runs}
    lacking = [name for name in methods if name not in stored or get_method(name).computes]
    if lacking:
        run_rows(lacking, sets, out=out, console=console, **options)


def _one(
    dataset: FusionDataset, methods: Sequence[str] | None, model: Any, protocol: TaskProtocol, out: Path,
    console: Console,
) -> TaskRecord:  # fmt: skip
    from ..bench.progress import Reporter
    from ..tasks.images import rows_of
    from ..tasks.run import detect, images_of
    from ..tasks.segment import segment

    look = segment if protocol.task == "segmentation" else detect
    runs = runs_of(dataset, methods, out)
    if protocol.name == "retrained":
        model = model([row.label for row in rows_of(dataset, runs)])
    with Reporter(console, images_of(dataset, runs), unit="images") as reporter:
        return look(dataset, runs, model, protocol, out, lambda text: reporter.advance(1, text))


def runs_of(dataset: FusionDataset, methods: Sequence[str] | None, out: Path) -> list[Run]:
    """Find the stored runs of the methods on a data set, in the order asked for."""
    from ..methods import get_method
    from ..results import Results

    there = {run.method: run for run in Results(out).runs if run.dataset == dataset.label}
    if methods is None:
        if not there:
            raise InputError(f"no method has run on {dataset.label} in {out}: name some with -m, or another --out")
        return list(there.values())
    labels = [name if name in there else get_method(name).label for name in methods]
    for label in labels:
        if label not in there:
            raise unknown(f"method on {dataset.label}", label, there)
    return [there[label] for label in dict.fromkeys(labels)]


def figure(
    pair: Annotated[str, typer.Argument(help="The name of a pair.")],
    task: TaskName = "detection",
    dataset: Dataset = None,
    data_root: Root = None,
    split: Split = None,
    a: FolderA = None,
    b: FolderB = None,
    method: Annotated[
        list[str] | None, typer.Option("--method", "-m", show_default="all of --out", help="May be given again.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="As for `tasks run`.", show_default="yolox-nano")] = None,
    weights_root: WeightsRoot = None,
    out: Out = Path("runs"),
    file: Annotated[
        Path | None, typer.Option("--file", help="PDF or PNG.", show_default="boxes.png, masks.png")
    ] = None,
) -> None:
    """Draw what a detector or a segmenter finds in the images of a pair, with the labels."""
    from ..drawing.style import check_format
    from ..tasks.figure import boxes_figure, masks_figure

    masks = task == "segmentation"
    file = file or Path("masks.png" if masks else "boxes.png")
    check_format(file)
    loaded = only_one(dataset, data_root, split, **folders_of(a, b))
    if pair not in {each.name for each in loaded}:
        raise unknown(f"pair of {loaded.label}", pair, [each.name for each in loaded])
    looker, runs = _model(task, model), runs_of(loaded, method, out)
    draw: Any = masks_figure if masks else boxes_figure
    draw(loaded, pair, runs, looker, file, _truth(loaded, pair, masks))
    typer.echo(f"figure       {file}")


def _truth(dataset: FusionDataset, pair: str, masks: bool) -> Any:
    """Read the labels of a pair; None where the data set has none."""
    from ..datasets.labels import NoLabelsError, labels_of

    try:
        labels = labels_of(dataset, "masks" if masks else "boxes")
    except NoLabelsError:
        return None
    mask = labels.mask(pair)
    return labels.boxes(pair) if not masks else None if mask is None else (mask, labels.classes)


def _model(task: str, spec: str | None) -> Any:
    """Make the model that looks at images."""
    from ..tasks.models import make_detector, make_segmenter

    if task == "detection":
        return make_detector(spec or "yolox-nano")
    if spec is None:
        raise InputError("name a segmenter with --model: what `fusionbench tasks train` wrote, hf:DIR, or cmd:…")
    return make_segmenter(spec)


def _recipe(protocol: str, budget: str | None, seed: int, split: str) -> Recipe | None:
    """Say how models were trained, where a protocol asks for it."""
    from ..tasks.retrained import Recipe

    if protocol == "retrained":
        return Recipe(budget or "", seed, split)
    if budget is not None:
        raise InputError("--budget is of models that were trained on each method's images: --protocol retrained")
    return None


def _trained(task: str, spec: str | None, name: str, recipe: Recipe, rows: Sequence[str]) -> Any:
    """Make the model of each row."""
    from ..tasks.retrained import make_trained

    return make_trained(spec or "", rows, partial(_model, task), name, recipe)
