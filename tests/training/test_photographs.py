"""Folders of ordinary photographs, as people have them: broken files, small ones, and very many."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from fusionbench.datasets import images, write
from fusionbench.errors import InputError
from fusionbench.training import photographs, train
from fusionbench.training.options import make_options
from fusionbench.training.patches import Patches, TrainingPair
from fusionbench.training.sources import training_pairs

from .runs import make_pairs, rows

RECIPE = """
import torch
from fusionbench.training.patches import Patches
from fusionbench.training.recipe import Recipe, TrainingStage
from fusionbench.training.settings import PatchSettings
from fusionbench.training.sources import hold_out, training_pairs

class Fit(Recipe):
    method, name, declares, batch_size, lr, columns = "mine", "fit", PatchSettings, 8, 0.1, ("loss",)
    def __init__(self, options, settings):
        super().__init__(options, settings)
        self.network = torch.nn.Conv2d(1, 1, 1)
        pairs = training_pairs(options, settings.colour, settings.patch, self.skipped)
        samples = [Patches(part, settings.patch, 0) for part in hold_out(pairs, options.validation, options.seed)]
        samples[0].check()
        self.stages = [TrainingStage("all", *samples, 1)]
    def losses(self, batch, network, draw):
        return {"loss": (network(batch["first"]) - batch["second"]).abs().mean()}
"""


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    """Options of a run with a recipe of a few milliseconds."""
    (tmp_path / "mine.py").write_text(RECIPE)
    return {
        "method": f"{tmp_path / 'mine.py'}", "patch": 16, "device": "cpu", "out": tmp_path / "runs", "quiet": True,
        "name": "one",
    }  # fmt: skip


def jpeg(height: int, width: int, seed: int) -> bytes:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    return cv2.imencode(".jpg", picture)[1].tobytes()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two hundred files: five broken in five ways, seven smaller than a patch, and what else lies about."""
    folder = tmp_path / "coco"
    (folder / "below").mkdir(parents=True)
    whole = jpeg(20, 24, 0)
    broken = (b"", whole[:200], b"<html>not found</html>", b"version https://git-lfs.github.com/spec/v1\n", b"\x89PNG")
    for i in range(200):
        data = broken[i // 40] if i % 40 == 7 else jpeg(9, 40, i) if i % 30 == 11 else jpeg(20, 24, i)
        (folder / ("below" if i % 2 else "") / f"{i:03}.jpg").write_bytes(data)
    (folder / "._001.jpg").write_bytes(b"of a Mac")
    (folder / "Thumbs.db").write_bytes(b"of Windows")
    return folder


def test_two_hundred_files_of_which_some_cannot_be_used(
    folder: Path, given: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run = train(**given, dataset=f"photos:{folder}", workers=1)
    skipped = json.loads((run / "skipped.json").read_text())
    assert len(skipped) == 12
    assert sum("smaller than a patch of 16x16" in reason for reason in skipped.values()) == 7
    assert all(Path(name).is_file() for name in skipped)
    said = capsys.readouterr().err
    assert f"left out 12, listed in {run / 'skipped.json'}" in said
    assert "and 2 more" in said
    learnt = 2 * (188 - 19)  # of 188 photographs 19 are held out
    assert len(rows(run / "losses.csv")) == learnt // 8


def test_the_strict_stop(folder: Path, given: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"12 of 200 photographs in .*coco cannot be learnt from: .*and 2 more; mend"):
        train(**given, dataset=f"photos:{folder}", on_error="stop")
    assert not Path(given["out"]).exists()


def test_the_number_of_photographs_is_what_was_asked_for(folder: Path) -> None:
    options = {"dataset": f"photos:{folder}", "train_num": 50}
    pairs = training_pairs(make_options(options), least=16)
    assert len(pairs) == 100
    assert len({pair.name.partition(":")[0] for pair in pairs}) == 50
    assert len({pair.number for pair in pairs}) == 50


def test_only_headers_are_read_at_the_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: Any) -> None:
        raise AssertionError("a photograph was decoded")

    monkeypatch.setattr(images, "decode", read)
    monkeypatch.setattr(photographs, "load_source", read)
    pairs = training_pairs(make_options({"dataset": f"photos:{folder}"}), least=16)
    assert len(pairs) == 376
    Patches(pairs, 16, 0).check()


def test_a_photograph_keeps_its_draws_when_another_one_breaks(tmp_path: Path) -> None:
    for i in range(3):
        write(tmp_path / f"{i}.png", np.random.default_rng(i).integers(0, 256, (20, 24)).astype(np.uint8))
    before = training_pairs(make_options({"dataset": f"photos:{tmp_path}"}))
    (tmp_path / "0.png").write_bytes(b"")
    after = training_pairs(make_options({"dataset": f"photos:{tmp_path}"}))
    assert [(pair.name, pair.number) for pair in after] == [(pair.name, pair.number) for pair in before[2:]]


def test_damage_that_no_header_shows_costs_one_photograph(tmp_path: Path) -> None:
    for i in range(3):
        write(tmp_path / f"{i}.png", np.random.default_rng(i).integers(0, 256, (64, 64)).astype(np.uint8))
    data = bytearray((tmp_path / "1.png").read_bytes())
    data[len(data) // 2 :][:8] = b"\0" * 8
    data[200:1200] = b"\0" * 1000
    (tmp_path / "1.png").write_bytes(bytes(data))
    options = make_options({"dataset": f"photos:{tmp_path}"})
    patches = Patches(training_pairs(options), 16, 0)
    with pytest.warns(UserWarning, match=r"cannot read the image .*1.png: .*; another one takes its place"):
        damaged = [patches[i] for i in (2, 3)]
    assert [sample["first"].shape for sample in damaged] == [(1, 16, 16)] * 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert patches[0]["name"].endswith("0:MFF")
    strict = Patches(training_pairs(make_options({"dataset": f"photos:{tmp_path}", "on_error": "stop"})), 16, 0)
    with pytest.raises(InputError, match=r"cannot read the image .*1.png"):
        strict[2]


def test_where_none_can_be_read_it_is_said() -> None:
    def read(draw: np.random.Generator) -> Any:
        raise images.UnreadableImageError(Path("x.png"), "it is damaged")

    pairs = [TrainingPair(str(i), "MEF", read, fixed=False, spare=True) for i in range(2)]
    with (
        pytest.warns(UserWarning, match="takes its place"),
        pytest.raises(InputError, match="none of the pairs for MEF can be read"),
    ):
        Patches(pairs, 16, 0)[0]


@pytest.mark.parametrize("workers", [0, 1])
def test_what_a_worker_meets_is_one_sentence(given: dict[str, Any], tmp_path: Path, workers: int) -> None:
    write(tmp_path / "photos/0.png", np.zeros((20, 24), np.uint8))
    for i in range(1, 8):
        write(tmp_path / f"photos/{i}.png", np.random.default_rng(i).integers(0, 256, (64, 64)).astype(np.uint8))
        data = bytearray((tmp_path / f"photos/{i}.png").read_bytes())
        data[200:1200] = b"\0" * 1000
        (tmp_path / f"photos/{i}.png").write_bytes(bytes(data))
    with pytest.raises(InputError, match=r"^cannot read the image [^\n]*png: [^\n]*$"):
        train(**given, dataset=f"photos:{tmp_path / 'photos'}", on_error="stop", workers=workers, validation=0)


def test_a_plain_folder_is_offered_as_photographs(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=rf"of which pairs are to be made, say --dataset photos:{folder}$"):
        training_pairs(make_options({"dataset": str(folder)}))
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError) as empty:
        training_pairs(make_options({"dataset": str(tmp_path / "empty")}))
    assert "photos:" not in str(empty.value)


def test_nothing_but_broken_ones(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"")
    with pytest.raises(InputError, match=r"none of the 1 photographs in .* can be learnt from: .*a.jpg: "):
        training_pairs(make_options({"dataset": f"photos:{tmp_path}"}))


def test_sources_are_named_as_for_run(tmp_path: Path) -> None:
    root = make_pairs(tmp_path / "pairs", count=3)
    (root / "ir").rename(root / "left")
    (root / "vi").rename(root / "right")
    (root / "test.txt").write_text("01\n")
    options = {"dataset": str(root), "a": "left", "b": "right", "task": "MFF"}
    pairs = training_pairs(make_options(options))
    assert [(pair.name, pair.task) for pair in pairs] == [("pairs/00", "MFF"), ("pairs/02", "MFF")]
    (root / "out.txt").write_text("02.png\n")
    assert len(training_pairs(make_options({**options, "exclude": root / "out.txt"}))) == 1


@pytest.mark.parametrize("how", ["small", "broken"])
def test_pairs_stop_unless_they_are_to_be_skipped(tmp_path: Path, how: str) -> None:
    root = make_pairs(tmp_path / "pairs", count=3)
    if how == "small":
        for side in ("ir", "vi"):
            write(root / side / "01.png", np.zeros((20, 15), np.uint8))
    else:
        (root / "ir/01.png").write_bytes(b"")
    with pytest.raises(InputError, match=r"01.*(20x15, smaller than a patch of 16x16|empty)"):
        training_pairs(make_options({"dataset": str(root)}), least=16)
    skipped: dict[str, str] = {}
    pairs = training_pairs(make_options({"dataset": str(root), "on_error": "skip"}), least=16, skipped=skipped)
    assert [pair.name for pair in pairs] == ["pairs/00", "pairs/02"]
    assert list(skipped) == ["pairs/01"]
