"""An option that would do nothing is one sentence and exit code 2, before anything is read or written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fusionbench.bench import run
from fusionbench.cli import app
from fusionbench.datasets import write
from fusionbench.errors import InputError

# The command, with {set}, {fused} and {runs} for folders that are there; and what is said of the option.
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
    "weights of filters": ("run -m average -d {set} --weights x.pth", "none of the methods has an option 'weights'"),
    "text of filters": ("run -m average -d {set} --text none", "none of the methods has an option 'text'"),
    "an option of nobody": ("run -m average -d {set} --option levels=3", "none of the methods has an option 'levels'"),
    "an option twice": ("run -m laplacian -d {set} --option levels=3 --option levels=4", "levels is given twice"),
    "weights twice": ("run -m film -d {set} --weights a --option weights=b", "the option weights is given twice"),
    "score, several sets": ("score --fused {fused} -d {set} -d sample", "say with one --dataset"),
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
    "train, both": ("train -m film -d {set} --data x.h5", "give either data sets with --dataset, or an H5 file"),
    "train, u2fusion's backend": ("train -d {set} --backend jittor", "u2fusion is trained with torch only"),
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
    "compare, a file's split": ("compare-backends --data x.h5 --split test", "--split is for data sets, and an H5"),
    "compare, a file's root": ("compare-backends --data x.h5 --data-root {set}", "--data-root is for data sets"),
}  # fmt: skip

# What would be needed in another case is no mistake where it is not.
POLICIES = ("--size-policy crop", "--on-error skip", "--workers 2", "--limit 100")


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("unused")
    random = np.random.default_rng(0)
    for number in range(2):
        for side in ("ir", "vi"):
            write(root / "set" / side / f"{number}.png", random.integers(0, 256, (32, 40), np.uint8))
    run(["average", "max"], root / "set", out=root / "runs", metrics=["EN"])
    return {"set": root / "set", "fused": root / "runs" / "set" / "average" / "fused", "runs": root / "runs"}


@pytest.mark.parametrize("case", UNUSED)
def test_an_option_without_effect_is_refused(
    case: str, places: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command, sentence = UNUSED[case]
    result = CliRunner().invoke(app, command.format(**places).split())
    assert isinstance(result.exception, InputError), result.output
    assert sentence in str(result.exception)
    assert "\n" not in str(result.exception)
    assert not list(tmp_path.iterdir()), "something was written"


@pytest.mark.parametrize("option", POLICIES)
def test_policies_may_have_nothing_to_do(option: str, places: dict[str, Path], tmp_path: Path) -> None:
    command = f"run -m average -d {places['set']} -o {tmp_path / 'out'} --metrics EN {option}"
    result = CliRunner().invoke(app, command.split())
    assert result.exit_code == 0, result.output


def test_what_the_environment_says_is_no_option(places: dict[str, Path], tmp_path: Path) -> None:
    command = f"run -m average -d {places['set']} -o {tmp_path / 'out'} --metrics EN"
    result = CliRunner().invoke(app, command.split(), env={"FUSIONBENCH_DATA": str(tmp_path)})
    assert result.exit_code == 0, result.output
