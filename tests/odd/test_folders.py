"""`datasets check`, `run` and `score` agree on every odd folder and list, and say what is right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import fusionbench
from fusionbench.datasets import load_dataset, read, write
from fusionbench.errors import InputError

from .agree import agree
from .folders import CASES, FUSED, Case, image


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_all_three_agree(case: Case, tmp_path: Path) -> None:
    folder = case.make(tmp_path / "folder")
    options = {name: value.replace("{folder}", str(folder)) for name, value in case.options.items()}
    verdict = agree(folder, tmp_path / "out", **options)
    assert verdict.good == set(case.good or ()), str(verdict)
    assert (bool(verdict.refused), set(verdict.faults)) == (case.good is None, set(case.bad)), str(verdict)
    for sentence in case.says:
        assert sentence in str(verdict)
    if not verdict.good:
        return
    data = load_dataset(folder, on_error="skip", **{"split": "all", **options})
    for pair in data:  # the value of an image tells the pair
        a, b = data.read(pair)
        np.testing.assert_allclose(a, b, atol=3)  # a JPEG is near


@pytest.fixture
def scenes(tmp_path: Path) -> Path:
    for number in (1, 2):
        for side in ("ir", "vi"):
            write(tmp_path / "scenes" / side / f"{number}.png", image(number))
    return tmp_path / "scenes"


@pytest.mark.parametrize("case", FUSED)
def test_fused_images_are_found(case: str, tmp_path: Path) -> None:
    numbers = {"1": 1, "2": 2, "10": 3}
    for name, number in numbers.items():
        write(tmp_path / "folder" / "ir" / f"IR{name}.png", image(number))
        write(tmp_path / "folder" / "vi" / f"VIS{name}.png", image(number))
    files = FUSED[case]
    for number, file in enumerate(files, 1):
        if file is not None:
            write(tmp_path / "MyNet" / file, image(number))
    spec, out = f"folder:{tmp_path / 'MyNet'}", tmp_path / "out"
    rows = fusionbench.run([spec], tmp_path / "folder", out=out, metrics=["EN"]).set_index("pair")
    for (name, number), file in zip(numbers.items(), files, strict=False):
        if file is None or (len(files) > len(numbers) and name == "2"):
            assert rows["status"][name] == "failed"
            assert ("is not clear" if file else "there are 1.png, 2.png") in rows["reason"][name]
        else:
            assert rows["status"][name] == "ok", rows["reason"][name]
            path = next(out.glob(f"*/*/fused/{name}.png"))
            np.testing.assert_array_equal(read(path), image(number))


@pytest.mark.parametrize(
    ("template", "files"),
    [
        ("x_{name}_y.png", ("x_1_y.png", "x_2_y.png")),
        ("x_{name}_y", ("x_1_y.jpg", "x_2_y.PNG")),
        ("*/x_{name}.png", ("TNO/x_1.png", "TNO/x_2.png")),
        ("{name}/out_best.png", ("1/out_best.png", "2/out_best.png")),
        ("X{name}.png", ("x001.png", "x002.png")),
    ],
)
def test_templates_of_fused_images(template: str, files: tuple[str, ...], scenes: Path, tmp_path: Path) -> None:
    for number, file in enumerate(files, 1):
        write(tmp_path / "results" / file, image(number))
    spec = f"Mine=folder:{tmp_path / 'results' / template}"
    rows = fusionbench.run([spec], scenes, out=tmp_path / "out", metrics=["EN"])
    assert list(rows["status"]) == ["ok", "ok"]
    for number in (1, 2):
        stored = read(tmp_path / "out" / "scenes" / "Mine" / "fused" / f"{number}.png")
        np.testing.assert_array_equal(stored, image(number))


@pytest.mark.parametrize(
    ("files", "place", "says"),
    [
        (("foo.png", "bar.png"), "", "wanted are 1, 2; there are bar.png, foo.png; say where the name stands"),
        (("foo.png", "bar.png"), "x_{name}.png", "has bar.png, foo.png"),
        ((), "", "it is empty"),
        (("foo.png",), "{nmae}", "has {nmae}: there are {name} and {split}"),
    ],
)
def test_no_fused_image_is_one_sentence_before_anything_runs(
    files: tuple[str, ...], place: str, says: str, scenes: Path, tmp_path: Path
) -> None:
    (tmp_path / "results").mkdir()
    for file in files:
        write(tmp_path / "results" / file, image(1))
    with pytest.raises(InputError) as caught:
        fusionbench.run([f"folder:{tmp_path / 'results' / place}"], scenes, out=tmp_path / "out")
    assert says in str(caught.value)
    assert not (tmp_path / "out").exists()
