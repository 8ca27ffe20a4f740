"""The page for those who come from the scripts: its commands run, top to bottom, and it leaves none of theirs out."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

from typer.testing import CliRunner

from fusionbench.cli import app
from fusionbench.datasets import write

from ..training.runs import make_pairs, random_vgg

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("migration.md", "migration.zh-CN.md")
_CODE = re.compile(r"`(fusionbench [^`]+)`( †)?")
# What makes a command one of seconds; of an option that is given twice the last counts.
SMALL = {
    "train --method film": "--set grid=32x48 --set image_size=32x48 --epochs 1 --device cpu",
    "train --method u2fusion": "--epochs 1 --patch 16 --batch-size 2 --device cpu --vgg {vgg}",
    "train --image_path": "--num_epochs 1 --patch 16 --vgg {vgg}",
    "train --resume": "--epochs 2",
}


MADE = {
    "FILM": (
        "VLFDataset_h5/MSRS_test.h5", "exp/film/first/pic_fusion", "exp/film/first/options.json", "ckpt_1.pkl",
        "runs/MSRS", "runs/SICE", "losses.png",
    ),
    "U2Fusion": ("fusion_result/00.png", "runs/Road", "runs/train/u2fusion/second/checkpoints/best.safetensors"),
}  # fmt: skip


def commands(page: str, section: str) -> list[str]:
    """List the commands in the right column of a section's table, without those that are marked."""
    text = (DOCS / page).read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    return [found[1] for row in rows for found in _CODE.finditer(row.split(" | ")[1]) if not found[2]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out small data as the read-mes have theirs, and go there."""
    from fusionbench.weights import save_state

    draw = np.random.default_rng(2)
    for task, name, folders in (("IVF", "MSRS", ("IR", "VI")), ("MEF", "SICE", ("OVER", "UNDER"))):
        image = tmp_path / "VLFDataset" / "Image" / task / name
        for stem in "abcdef":
            for folder in folders:
                write(image / folder / f"{stem}.png", draw.integers(0, 256, (32, 48, 3), np.uint8))
            feature = tmp_path / "VLFDataset" / "TextFeature" / task / name / f"{stem}.npy"
            feature.parent.mkdir(parents=True, exist_ok=True)
            np.save(feature, draw.random((1, 149, 768), dtype=np.float32))
        (image / "train.txt").write_text("a\nb\nc\nd\n")
        (image / "test.txt").write_text("e\nf\n")
    for number in range(6):
        picture = draw.integers(0, 256, (32, 40, 3), np.uint8)
        write(tmp_path / "coco2017" / "train2017" / f"{number:012}.png", picture)
    make_pairs(tmp_path / "Road", count=2)
    save_state(tmp_path / "vgg.safetensors", random_vgg(0))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FUSIONBENCH_DATA", "")
    return tmp_path


@pytest.mark.slow
@pytest.mark.parametrize("section", MADE)
def test_the_commands_run(place: Path, section: str) -> None:
    for command in commands(PAGES[0], section):
        small = next((more for start, more in SMALL.items() if command.startswith(f"fusionbench {start}")), "")
        words = shlex.split(f"{command} {small.format(vgg=place / 'vgg.safetensors')}")[1:]
        result = CliRunner().invoke(app, words)
        assert result.exit_code == 0, f"{command}: {result.exception!r}\n{result.output}"
    for made in MADE[section]:
        assert (place / made).exists(), made


def test_both_languages_have_the_same_commands() -> None:
    english, chinese = (_CODE.findall((DOCS / page).read_text(encoding="utf-8")) for page in PAGES)
    assert english == chinese
    assert [len(commands(PAGES[0], section)) for section in MADE] == [12, 6]


@pytest.mark.parametrize("page", PAGES)
def test_nothing_of_the_read_mes_is_left_out(shared: Path, page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    told = "".join((shared / "seeds" / f"{name}_readme.txt").read_text("utf-8") for name in ("film", "u2fusion"))
    wanted = set(re.findall(r"^\s*parser\.add_argument\('--(\w+)'", told, re.MULTILINE))
    wanted |= set(re.findall(r"^python (\w+\.py)", told, re.MULTILINE)) | set(
        re.findall(r"\*\*(run_\w+\.py)\*\*", told)
    )
    wanted |= set(re.findall(r"^(h5_path|img_text_path|dataset_name|dataset_mode|size) = ", told, re.MULTILINE))
    wanted |= set(re.findall(r"jfrog\S+|--device=/dev/\w+|tensorboard --logdir=\./|ckpt_path|pic_fusion", told))
    assert len(wanted) > 25
    assert [name for name in sorted(wanted) if name.strip("`") not in text] == []
