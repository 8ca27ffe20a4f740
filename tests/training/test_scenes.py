"""What is held out shows nothing that is learnt from, whatever the pairs are made of."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fusionbench.datasets import write
from fusionbench.training.options import make_options
from fusionbench.training.patches import TrainingPair
from fusionbench.training.scenes import file_keys, hold_out
from fusionbench.training.sources import training_pairs

Pairs = list[TrainingPair[Any]]
TASKS = ("IVF", "MEF", "MFF")
keys = st.lists(st.sampled_from("abcdefghijklmnop"), max_size=3).map(tuple)
made_up = st.lists(st.tuples(keys, st.sampled_from(TASKS)), max_size=30)


def shown(pairs: Pairs) -> set[str]:
    return {key for pair in pairs for key in (*pair.scenes, pair.name)}


@settings(deadline=None)
@given(made_up, st.floats(0, 0.99), st.integers(0, 5))
def test_no_scene_is_in_both_parts(content: list[tuple[tuple[str, ...], str]], part: float, seed: int) -> None:
    pairs: Pairs = [
        TrainingPair(f"pair {i}", task, lambda rng: (np.zeros((2, 2), np.uint8),) * 2, scenes=scenes)
        for i, (scenes, task) in enumerate(content)
    ]
    learn, held_out = hold_out(pairs, part, seed)
    assert sorted([*learn, *held_out], key=pairs.index) == pairs
    assert not shown(learn) & shown(held_out)
    assert bool(learn) == bool(pairs)  # never all is held out
    assert part or not held_out
    assert hold_out(pairs, part, seed) == (learn, held_out)
    alone = [pair for pair in pairs if not pair.scenes]
    for task in TASKS:  # two scenes of a task are enough for one to be held out
        if part and sum(pair.task == task for pair in alone) > 1:
            assert any(pair.task == task for pair in held_out)


# A photograph, or a file of a pair, has one of these pixels; the same file may lie there under several names.
FORMS = ("file", "link", "hard link", "same folder again", "folder below")


@settings(deadline=None, max_examples=15)
@given(st.lists(st.sampled_from(FORMS), max_size=4), st.booleans(), st.floats(0.05, 0.9), st.integers(0, 3))
def test_no_file_is_in_both_parts(forms: list[str], pairs_too: bool, part: float, seed: int) -> None:
    """Folders of photographs that hold the same files by other names, beside pairs that are made of these files."""
    with tempfile.TemporaryDirectory() as place:
        dataset = lay(Path(place), forms, pairs_too)
        pairs = training_pairs(make_options({"dataset": dataset}))
        learn, held_out = hold_out(pairs, part, seed)
        assert held_out
        assert not content(learn) & content(held_out)


def lay(root: Path, forms: list[str], pairs_too: bool) -> list[str]:
    """Write five photographs of different pixels, and whatever else is made of them."""
    first = root / "first"
    for i in range(5):
        write(first / f"{i}.png", np.full((4, 4), 10 + 40 * i, np.uint8))
    dataset = [f"photos:{first}"]
    for number, form in enumerate(forms):
        other = root / f"more{number}"
        source = first / f"{number}.png"
        if form == "same folder again":
            dataset.append(dataset[0])
            continue
        if form == "folder below":
            other = first / f"below{number}"
        other.mkdir()
        if form == "file":
            write(other / "new.png", np.full((4, 4), 200 + number, np.uint8))
        elif form == "link":
            (other / "link.png").symlink_to(source)
        else:
            os.link(source, other / "linked.png")
        if form != "folder below":
            dataset.append(f"photos:{other}")
    if pairs_too:
        for side in ("over", "under"):
            for i in range(2):
                (root / "pairs" / side).mkdir(parents=True, exist_ok=True)
                os.link(first / f"{i + (side == 'over')}.png", root / "pairs" / side / f"{i}.png")
        dataset.append(str(root / "pairs"))
    return dataset


def content(pairs: Pairs) -> set[int]:
    """Return the pixels of the files that pairs are made of, each of which has one value."""
    from fusionbench.datasets.images import read

    files = {Path(key) for pair in pairs for key in pair.scenes if key.startswith("/")}
    return {int(read(file)[0, 0]) for file in files}


def test_pairs_of_one_truth_or_scene_stay_together(tmp_path: Path) -> None:
    for name in ("1", "2", "3"):
        for side in ("over", "under"):
            write(tmp_path / "own" / side / f"{name}.png", np.zeros((4, 4), np.uint8))
    shutil.copy(tmp_path / "own/over/1.png", tmp_path / "copy.png")
    (tmp_path / "own/over/2.png").unlink()
    (tmp_path / "own/over/2.png").symlink_to("1.png")
    one, two, three = training_pairs(make_options({"dataset": str(tmp_path / "own")}))
    assert set(one.scenes) & set(two.scenes)
    assert not set(one.scenes) & set(three.scenes)
    assert not set(file_keys(tmp_path / "copy.png")) & set(one.scenes)


def test_the_sample_set_says_what_it_makes_of_one_picture() -> None:
    from fusionbench.datasets.sample import pairs

    scenes = {pair.name: pair.scene for pair in pairs()}
    assert scenes["coffee"] == scenes["window"] != scenes["night-street"] == scenes["night-exposure"]
    assert None not in (scenes["coffee"], scenes["night-street"])
    made = {pair.name: pair for pair in training_pairs(make_options({"dataset": "sample"}))}
    assert set(made["sample/coffee"].scenes) & set(made["sample/window"].scenes)


@pytest.mark.parametrize("seed", range(4))
def test_no_stage_learns_from_what_another_holds_out(tmp_path: Path, seed: int) -> None:
    """Stages take the tasks one after the other; a photograph has a pair in two of them."""
    pytest.importorskip("torch")
    from fusionbench.training.recipes.u2fusion import U2FusionSettings
    from fusionbench.training.recipes.u2fusion.recipe import Official

    for i in range(9):
        write(tmp_path / f"{i}.png", np.zeros((20, 20), np.uint8))
    options = make_options({"dataset": f"photos:{tmp_path}", "validation": 0.3, "seed": seed})
    recipe = Official.__new__(Official)
    recipe.options, recipe.settings = options, U2FusionSettings(patch=16)
    stages = recipe._make_stages(training_pairs(options))
    assert [stage.name for stage in stages] == ["multi-exposure", "multi-focus"]
    learn, held_out = ([p for s in stages for p in getattr(s, part).pairs] for part in ("samples", "held_out"))
    assert (len(learn), len(held_out)) == (12, 6)
    assert not shown(learn) & shown(held_out)
