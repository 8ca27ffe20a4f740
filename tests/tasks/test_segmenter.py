"""The small segmenter: trained on the sample set, it beats whoever guesses; and what it is given is checked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from fusionbench.datasets import load_dataset  # noqa: E402
from fusionbench.datasets.labels import VOID, labels_of  # noqa: E402
from fusionbench.errors import InputError  # noqa: E402
from fusionbench.results import Results  # noqa: E402
from fusionbench.results.leaderboard.tasks import task_grids  # noqa: E402
from fusionbench.tasks.models import make_segmenter  # noqa: E402
from fusionbench.tasks.models.network import SmallNetwork, load_network, notes_of  # noqa: E402
from fusionbench.tasks.protocols import find_protocol  # noqa: E402
from fusionbench.tasks.segment import segment  # noqa: E402
from fusionbench.training import train  # noqa: E402
from fusionbench.weights.files import save_state  # noqa: E402


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train on the visible images of the sample set."""
    return train(
        method="segmenter", dataset="sample", validation=0, epochs=20, batch_size=8, device="cpu", quiet=True,
        settings={"side": 128}, out=tmp_path_factory.mktemp("train"), name="tiny", checkpoints="best",
    )  # fmt: skip


def commonest(dataset: str) -> float:
    """Share of the commonest class: what is right where everything is taken for it."""
    loaded = load_dataset(dataset)
    labels = labels_of(loaded, "masks")
    masks = [mask for pair in loaded if (mask := labels.mask(pair.name)) is not None]
    counts = sum(np.bincount(mask.ravel(), minlength=256) for mask in masks)[:VOID]
    return float(counts.max() / counts.sum())


@pytest.mark.slow
def test_a_trained_segmenter_on_the_sample(trained: Path, tmp_path: Path) -> None:
    """It is better on what it learnt from than a guess, and than on the other source; and looks at no image twice."""
    dataset, segmenter, looked = load_dataset("sample"), make_segmenter(str(trained)), []
    assert segmenter.label == "tiny"
    record = segment(dataset, [], segmenter, find_protocol("segmentation", "frozen"), tmp_path, looked.append)
    assert len(looked) == 2 * 3
    accuracy = {row.source: row.values["aAcc"] for row in record.rows.values()}
    assert accuracy["b"] > commonest("sample") + 0.15
    assert accuracy["b"] > accuracy["a"]
    assert all(row.images == 3 and row.low["mIoU"] <= row.values["mIoU"] for row in record.rows.values())

    titles = {grid.title: grid for grid in task_grids(Results(tmp_path), [record])}
    (of_class,) = (grid for title, grid in titles.items() if title.startswith("IoU of each class"))
    assert any(cell.text != "–" for line in of_class.lines for cell in line.cells)

    def refuse(image: np.ndarray) -> np.ndarray:
        raise AssertionError("an image was looked at again")

    segmenter.segment = refuse
    again = segment(dataset, [], segmenter, find_protocol("segmentation", "frozen"), tmp_path)
    assert again.rows == record.rows


@pytest.mark.parametrize("size", [(1, 1), (17, 33), (64, 48)])
def test_scores_are_of_the_size_of_the_image(size: tuple[int, int]) -> None:
    network = SmallNetwork(5).eval()
    with torch.inference_mode():
        assert network(torch.rand(2, 3, *size)).shape == (2, 5, *size)


def test_weights_that_do_not_fit(tmp_path: Path) -> None:
    network = SmallNetwork(3)
    for name, notes in {"none": {}, "text": {"classes": "road"}, "two": notes_of(["road", "car"])}.items():
        save_state(tmp_path / f"{name}.safetensors", network.state_dict(), notes)
        with pytest.raises(InputError, match="is no segmenter that"):
            make_segmenter(str(tmp_path / f"{name}.safetensors"))
    save_state(tmp_path / "three.safetensors", network.state_dict(), notes_of(["road", "car", "sky"]))
    assert load_network(tmp_path / "three.safetensors")[1] == ("road", "car", "sky")
    with pytest.raises(InputError, match="there is no weights file"):
        make_segmenter(str(tmp_path / "nothing.safetensors"))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"images": "nowhere"}, "the setting images is a, b or a folder of fused images, not 'nowhere'"),
        ({"side": 400}, "smaller than a part of 400x400"),
        ({"epochs": (1, 2)}, "--epochs takes one number"),
        ({"labels_like": "M3FD"}, "M3FD has no masks"),
    ],
)
def test_settings_that_cannot_be(given: dict[str, object], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=sentence):
        train(method="segmenter", dataset="sample", validation=0, out=tmp_path, device="cpu", quiet=True, **given)
