"""A mistake, or an option that would do nothing, is one sentence, before anything is written."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fusionbench.bench import run
from fusionbench.cli import app
from fusionbench.datasets import write
from fusionbench.errors import InputError

from ..scenes import write_noise
from .command import call

PAGE = "<!DOCTYPE html><title>Sign in</title>"

# The command, with {set}, {fused}, {runs} and others for what `places` makes; and what is said, or one of several.
UNUSED = {
    "native without jittor": ("run -m film -d {set} --jittor-native", "--jittor-native needs --backend jittor"),
    "native, torch named": ("run -m film -d {set} --backend torch --jittor-native", "needs --backend jittor"),
    "sources of what is computed": ("run -d sample --a ir --b vi", "sample is computed, not found in folders"),
    "task of the catalogue": ("run -d TNO --data-root {set} --task IVF", "TNO is a data set for IVF; leave --task out"),
    "task of the sample": ("run -d sample --task IVF", "sample is a data set for mixed, not for IVF"),
    "split of the sample": ("run -d sample --split test", "sample has no split 'test'"),
    "root of a folder": ("run -d {set} --data-root {set}", "--data-root is where data sets of the catalogue"),
    "root of the sample": ("run -m average --data-root {set}", "--data-root is where data sets of the catalogue"),
    "device of filters": ("run -m average -d {set} --device cpu", "--device is for methods with a network"),
    "device of a folder": ("run -m folder:{fused} -d {set} --device cuda", "--device is for methods with a network"),
    "batch of filters": ("run -m average -d {set} --batch 4", "--batch is for networks that fuse luminance alone"),
    "batch of whole images": ("run -m ifcnn -d {set} --batch 4", "luminance alone, which ifcnn do not: leave it out"),
    "precision of filters": ("run -m average -d {set} --precision bf16", "none of the methods has an option 'prec"),
    "precision of a filter": ("fuse --a a.png --b b.png -o out -m max --precision bf16", "option of method 'max' 'pre"),
    "precision twice": ("run -m film -d {set} --precision bf16 --option precision=tf32", "precision is given twice"),
    "weights of filters": ("run -m average -d {set} --weights x.pth", "none of the methods has an option 'weights'"),
    "text of filters": ("run -m average -d {set} --text none", "none of the methods has an option 'text'"),
    "an option of nobody": ("run -m average -d {set} --option levels=3", "none of the methods has an option 'levels'"),
    "an option twice": ("run -m laplacian -d {set} --option levels=3 --option levels=4", "levels is given twice"),
    "weights twice": ("run -m film -d {set} --weights a --option weights=b", "the option weights is given twice"),
    "score, several sets": ("score --fused {fused} -d {set} -d sample", "say with one --dataset"),
    "score, a table and a set": ("score --fused {fused} -d {set} --pairs x.csv", "say with one --dataset, or --pairs"),
    "pairs and folders": ("run --pairs x.csv --a ir --b vi", "a list of pairs says itself where the sources lie"),
    "pairs, root": ("run --pairs x.csv --data-root {set}", "--data-root is where data sets of the catalogue"),
    "fuse, pairs and a": ("fuse --pairs x.csv --a ir -o out", "say what to fuse: --a and --b, or --pairs, or --data"),
    "train, pairs and file": ("train -m film --pairs x.csv --data x.h5", "give either data sets with --dataset and"),
    "train, pairs and root": ("train --pairs x.csv --data-root {set}", "--data-root has no effect on the training"),
    "score, root": ("score --fused {fused} -d {set} --data-root {set}", "--data-root is where data sets of the"),
    "check, root": ("datasets check {set} --data-root {set}", "--data-root is where data sets of the catalogue"),
    "prepare, root": ("prepare film -d {set} --data-root {set}", "--data-root is where data sets of the catalogue"),
    "prepare, portrait": ("prepare film -d {set} --size native --portrait transposed", "--portrait is for images that"),
    "prepare, test": ("prepare film -d {set} --split test --portrait transposed", "--portrait is for images that"),
    "train, native": ("train -m film -d {set} --jittor-native", "--jittor-native needs --backend jittor"),
    "train, film's colour": ("train -m film -d {set} --colour rgb", "--colour has no effect on the training of film"),
    "train, film's patch": ("train -m film -d {set} --patch 64", "--patch has no effect on the training of film"),
    "train, film's patches": ("train -m film -d {set} --patches 4", "--patches has no effect on the training of film"),
    "train, film's vgg": ("train -m film -d {set} --vgg x", "--vgg has no effect on the training of film"),
    "train, film's ewc": ("train -m film -d {set} --ewc-lambda 1", "--ewc-lambda has no effect on the training of"),
    "train, joint's ewc": ("train -d {set} --recipe joint --ewc-lambda 1", "it is for the recipe official, not joint"),
    "train, port's ewc": ("train -d {set} --recipe port --ewc-lambda 1", "it is for the recipe official, not port"),
    "train, settings": ("train -m u2fusion -d {set} --set text=none", "--set text has no effect on the training of u2"),
    "train, a file's split": ("train -m film --data x.h5 --split test", "--split has no effect on the training of"),
    "train, a file's list": ("train -m film --data x.h5 --exclude {set}/no.txt", "--exclude has no effect"),
    "train, photos' split": ("train -d photos:{set} --split test", "photographs are taken as they lie"),
    "train, both": ("train -m film -d {set} --data x.h5", "give either data sets with --dataset and --pairs, or"),
    "train, u2fusion's backend": ("train -d {set} --backend jittor", "u2fusion is trained with torch only: leave"),
    "profile, device": ("profile -m average --device cpu", "--device is for methods with a network, which average"),
    "profile, task": ("profile -m average --task MEF", "--task is for methods with weights for each task"),
    "table, caption": ("table {runs} -f csv --caption x", "--caption is for a LaTeX table, not for csv"),
    "table, label": ("table {runs} -f markdown --label x", "--label is for a LaTeX table, not for markdown"),
    "table, part": ("table {runs} -f html --part", "--part is for a LaTeX table, not for html"),
    "table, decimals": ("table {runs} --content standings --decimals 2", "--decimals is for a table of means"),
    "table, intervals": ("table {runs} --content significance --intervals", "--intervals is for a table of means"),
    "table, combined": ("table {runs} --content efficiency --combined", "--combined is for a table of means"),
    "table, metrics": ("table {runs} --content efficiency --metrics EN", "--metrics is for tables of metrics"),
    "table, rename": ("table {runs} --rename nobody=X", "unknown label to --rename 'nobody'"),
    "figure, columns": ("figure {runs} --pair 0 --pair 1 --columns 2", "--columns is for one pair"),
    "figure, rename": ("figure {runs} --pair 0 --rename averge=X", "did you mean 'average'?"),
    "plot, smooth": ("plot boxes {runs} --smooth 3", "--smooth is for plot losses, not for boxes"),
    "plot, rename": ("plot boxes {runs} --rename nobody=X", "unknown label to --rename 'nobody'"),
    "plot losses, metrics": ("plot losses {runs} --metrics EN", "--metrics is for plots of results, not of losses"),
    "plot losses, dataset": ("plot losses {runs} -d x", "--dataset is for plots of results, not of losses"),
    "plot losses, methods": ("plot losses {runs} -m x", "--methods is for plots of results, not of losses"),
    "plot losses, protocol": ("plot losses {runs} -p film", "--protocol is for plots of results, not of losses"),
    "plot losses, rename": ("plot losses {runs} --rename a=b", "--rename is for plots of results, not of losses"),
    "plot losses, incomplete": ("plot losses {runs} --incomplete", "--incomplete is for plots of results, not of"),
    "weights, half": ("weights convert {set}/x.pth {set}/x.pkl --half", "leave --half out"),
    "run, no weights": ("run -m average --weights-root .", "--weights-root is for methods with weights"),
    "fuse, no weights": ("fuse --a a.png --b b.png -o out -m max --weights-root .", "is for methods with weights"),
    "profile, no weights": ("profile -m max --weights-root .", "--weights-root is for methods with weights"),
    "list, no weights": ("list metrics --weights-root .", "--weights-root is for list methods: leave it out"),
    "fetch, nothing to fetch": ("run --fetch", "--fetch has nothing to fetch for sample: leave it out"),
    "fetch, folders": ("run -d RoadScene --fetch --a x --b y", "--fetch gets data sets as they are published:"),
    "fetch, two of one": ("datasets fetch VIFB TNO --archive x.tar.gz", "--archive is of one data set: name one"),
    "compare, a file's split": ("compare-backends --data x.h5 --split test", "--split is for data sets, and an H5"),
    "compare, a file's root": ("compare-backends --data x.h5 --data-root {set}", "--data-root is for data sets"),
}  # fmt: skip

DEVICE = "cannot compute on 'cuda:7'|no device 'cuda:7'|unknown device 'cuda:7'|no cuda device"
WRONG = {
    "method": ("run -m laplacain", "unknown method 'laplacain': did you mean 'laplacian'?"),
    "option": ("run -m laplacian[level=3]", "did you mean 'levels'?"),
    "dataset": ("run -d RoadSene", "unknown data set 'RoadSene': did you mean 'RoadScene'?"),
    "no list of pairs": ("run --pairs nowhere.csv", "there is no list of pairs nowhere.csv"),
    "not there": ("run -d RoadScene --data-root nowhere", "RoadScene"),
    "fetch, by hand": ("datasets fetch SICE", "SICE cannot be fetched by a command: download the sequences by the"),
    "fetch, unknown": ("datasets fetch RoadScne", "unknown data set 'RoadScne': did you mean 'RoadScene'?"),
    "run, fetch by hand": ("run -d SICE --fetch", "SICE cannot be fetched by a command: download the sequences by the"),
    "run, fetch": ("run -d RoadScene --fetch -m flim", "unknown method 'flim': did you mean 'film'?"),
    "metric": ("run --metrics Qabg", "unknown metric 'Qabg': did you mean 'Qabf'?"),
    "protocol": ("run -p fim", "unknown protocol 'fim': did you mean 'film'?"),
    "executor": (
        "run --executor fork",
        "unknown executor 'fork': there are threads, processes, dask:ADDRESS and slurm",
    ),
    "device": ("run -m u2fusion --device cuda:7", DEVICE),
    "option tile": ("run -m u2fusion --option tile=3", "tile=3 is too small: give 64 pixels or more"),
    "no batch": ("run -m u2fusion --batch 0", "--batch 0: give a number of pairs, at least 1, or auto"),
    "batch in words": ("run -m u2fusion --batch four", "--batch four: give a number of pairs, at least 1, or auto"),
    "precision": ("run -m u2fusion --precision tf32", "tf32 is what CUDA devices compute in, not 'cpu': leave"),
    "precision in brackets": ("run -m u2fusion[precision=fp16]", "must be one of float32, tf32, bf16, not 'fp16'"),
    "weights": ("run -m film --weights {page}", "page.pth: it is an HTML page ('Sign in')"),
    "no root": ("run -m didfuse --weights-root nowhere", "--weights-root is nowhere, which is no folder"),
    "nothing in the root": ("run -m didfuse --weights-root .", "no network with random weights is run"),
    "out": ("run -m average -o {page}/out", "not a directory; choose a folder"),
    "command": ("run -m 'cmd:nosuch {{a}} {{b}} {{out}}'", "'nosuch' is not on the PATH"),
    "no images": ("run -m average -d {root}/empty", "empty"),
    "text": ("run -m average -d {root}/text", "it is text, not an image"),
    "a file cut off": ("run -m average -d {root}/cut", "truncated"),
    "sizes": ("run -m average -d {root}/sizes", "a is 32x40, b is 32x41"),
    "no partner": ("run -m average -d {root}/partner", "0"),
    "profile, size": ("profile -m average --size big", "--size is HEIGHTxWIDTH in pixels, like 480x640, not 'big'"),
    "profile, method": ("profile -m averag", "did you mean 'average'?"),
    "profile, option": ("profile -m average[levels=3]", "levels"),
    "profile, device": ("profile -m average --device cuda:7", DEVICE),
    "profile, no device": ("profile -m average --device cpuu", "unknown device 'cpuu': did you mean 'cpu'?"),
    "profile, weights": ("profile -m average -m film[weights={page}] --size 16x16", "HTML page"),
    "train, device": ("train -d sample --device cuda:7", DEVICE),
    "train, vgg": ("train -d sample --vgg {page}", "an HTML page"),
    "train, weights": ("train -m film -d sample --weights {page}", "an HTML page"),
    "train, out": ("train -d sample -o {page}", "not a directory; choose a folder"),
    "prepare, text": ("prepare film -d sample --split all --text precomputed:.", "no text for any of the"),
    "info": ("weights info {page}", "an HTML page"),
    "convert": ("weights convert {page} out/x.safetensors", "an HTML page"),
    "report": ("report nowhere", "no results below nowhere"),
    "table, dataset": ("table {runs} -d st", "did you mean 'set'?"),
    "table, metrics": ("table {runs} --metrics Qabg", "there is EN@film|there are EN@film"),
    "table, columns": ("table {runs} --columns m", "unknown column"),
    "table, no decimals": ("table {runs} --decimals EN=x", "give 0 to 12"),
    "table, decimals of nothing": ("table {runs} --decimals XX=1", "unknown metric"),
    "table, last": ("table {runs} --last mine", "unknown method"),
    "figure, none": ("figure {runs}", "say with --pair which pair to show"),
    "figure, box": ("figure {runs} --pair 0 --box 1,2", "'1,2' is not a box"),
    "figure, pair": ("figure {runs} --pair p9", "p9"),
    "plot, nowhere": ("plot boxes nowhere", "no results below nowhere"),
    "plot, ending": ("plot curves {runs} -o x.doc", "x.doc"),
    "plot losses": ("plot losses", "no training runs"),
    "plot, form": ("plot radar {runs} --rename average", "--rename takes name=value"),
}

# What would be needed in another case is no mistake where it is not.
POLICIES = ("--size-policy crop", "--on-error skip", "--workers 2", "--limit 100")


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A data set, its results, a page that was saved as weights, and data sets each with something wrong."""
    root = tmp_path_factory.mktemp("refusals")
    for name in ("set", "empty", "text", "cut", "sizes", "partner"):
        write_noise(root / name, "01")
    for path in (root / "empty").rglob("*.png"):
        path.unlink()
    (root / "text/ir/0.png").write_text("this is no image")
    (root / "cut/vi/0.png").write_bytes((root / "set/vi/0.png").read_bytes()[:700])
    write(root / "sizes/vi/0.png", np.zeros((32, 41), np.uint8))
    (root / "partner/vi/0.png").unlink()
    (root / "page.pth").write_text(PAGE)
    run(["average", "max"], root / "set", out=root / "runs", metrics=["EN"])
    fused = root / "runs" / "set" / "average" / "fused"
    return {"root": root, "set": root / "set", "fused": fused, "runs": root / "runs", "page": root / "page.pth"}


@pytest.mark.parametrize("case", UNUSED | WRONG)
def test_it_is_refused(case: str, places: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    command, sentence = (UNUSED | WRONG)[case]
    with pytest.raises(InputError) as refusal:
        CliRunner().invoke(app, shlex.split(command.format(**places)), catch_exceptions=False)
    if not any(part in str(refusal.value) for part in sentence.split("|")):
        raise AssertionError(sentence) from refusal.value
    assert "\n" not in str(refusal.value)
    assert not list(tmp_path.iterdir()), "something was written"
    assert places["page"].read_text() == PAGE


@pytest.mark.parametrize("case", ["method", "profile, option", "train, vgg", "report"])
def test_it_is_one_line_and_code_2(case: str, places: dict[str, Path], tmp_path: Path) -> None:
    if case.startswith("train"):
        pytest.importorskip("torch")
    command, sentence = WRONG[case]
    done = call(*shlex.split(command.format(**places)), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("fusionbench: ")
    assert sentence in line


@pytest.mark.parametrize("option", POLICIES)
def test_policies_may_have_nothing_to_do(option: str, places: dict[str, Path], tmp_path: Path) -> None:
    command = f"run -m average -d {places['set']} -o {tmp_path / 'out'} --metrics EN {option}"
    result = CliRunner().invoke(app, command.split())
    assert result.exit_code == 0, result.output


def test_what_the_environment_says_is_no_option(places: dict[str, Path], tmp_path: Path) -> None:
    command = f"run -m average -d {places['set']} -o {tmp_path / 'out'} --metrics EN"
    result = CliRunner().invoke(app, command.split(), env={"FUSIONBENCH_DATA": str(tmp_path)})
    assert result.exit_code == 0, result.output
