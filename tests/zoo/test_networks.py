"""Networks of the zoo, with small random tensors, against plain passes written here; files that are not theirs."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fusionbench.errors import InputError
from fusionbench.methods import get_method
from fusionbench.weights.fetch import VARIABLE, locate

torch = pytest.importorskip("torch")
from .plain import PLAIN, random_state  # noqa: E402

NAMES = [spec.partition("[")[0] for spec in PLAIN]


@pytest.mark.parametrize("spec", PLAIN)
@pytest.mark.parametrize("size", [(12, 17), (19, 11)])
def test_equals_a_plain_pass(tmp_path: Path, spec: str, size: tuple[int, int]) -> None:
    state = random_state(spec.partition("[")[0])
    torch.save({"epoch": 3, "weight": state}, tmp_path / "w.pth")
    a, b = np.random.default_rng(2).random((2, 2, 1, *size), np.float32)
    method = get_method(spec, weights=str(tmp_path / "w.pth"))
    fused = method.fuse(a, b)
    assert fused.dtype == np.float32
    task = method.tasks[0]
    for i in range(2):
        x, y = (torch.from_numpy(image[i : i + 1]) for image in (a, b))
        single = method.forward(method.network(task), x, y)
        np.testing.assert_array_equal(fused[i : i + 1], single)
        # random tensors multiply the rounding of single precision: the definition is held in double, but where OpenCV
        # makes gray of colour, as published
        precision, tolerance = (torch.float32, 1e-4) if "ifcnn" in spec else (torch.float64, 1e-9)
        network = copy.deepcopy(method.network(task)).to(precision)
        exact = method.forward(network, x.to(precision), y.to(precision)).double()
        wanted = PLAIN[spec](state, x.double(), y.double())
        assert np.unique(wanted.numpy().round(3)).size > 10  # not all at the ends of a sigmoid
        torch.testing.assert_close(exact, wanted, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", NAMES)
def test_hostile_weights_are_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    state = random_state(name)
    first = next(iter(state))
    image = np.zeros((1, 1, 12, 12), np.float32)
    path = tmp_path / "w.pth"
    cases: dict[str, Any] = {
        f"tensor '{first}' is missing": {key: tensor for key, tensor in state.items() if key != first},
        f"tensor '{first}' is ": {**state, first: state[first][..., None]},
        "not all finite": {**state, first: state[first] * float("nan")},
    }
    for sentence, content in cases.items():
        torch.save(content, path)
        with pytest.raises(InputError, match=sentence):
            get_method(name, weights=str(path)).fuse(image, image)
    torch.save(state, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="truncated"):
        get_method(name, weights=str(path)).fuse(image, image)
    path.write_bytes(pickle.dumps(print))
    with pytest.raises(InputError, match="refused to load"):
        get_method(name, weights=str(path)).fuse(image, image)


@pytest.mark.parametrize("name", NAMES)
def test_without_weights_a_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("FUSIONBENCH_CACHE", str(tmp_path))
    monkeypatch.delenv(VARIABLE, raising=False)
    image = np.zeros((1, 1, 12, 12), np.float32)
    with pytest.raises(InputError, match=r"fusionbench weights fetch .*githubusercontent.*no network with random"):
        get_method(name).fuse(image, image)


def test_sources_in_another_order() -> None:
    method = get_method("sdnet")
    assert [method.swaps(task) for task in ("IVF", "MIF", "MEF", "MFF")] == [False, True, True, False]  # type: ignore[attr-defined]


def test_three_sources(tmp_path: Path) -> None:
    torch.save(random_state("ifcnn"), tmp_path / "w.pth")
    sources = list(np.random.default_rng(3).random((3, 1, 3, 9, 8), np.float32))
    for rule in ("max", "sum", "mean"):
        method: Any = get_method("ifcnn", fusion=rule, weights=str(tmp_path / "w.pth"))
        fused = method.fuse_colours(sources)
        np.testing.assert_allclose(fused, method.fuse_colours(sources[::-1]), rtol=1e-4, atol=1e-4)
        assert np.abs(fused - method.fuse_colours(sources[:2])).max() > 1e-3


def test_a_folder_of_weights_is_searched_by_name_and_hash(
    tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = tmp_path / "lab"
    for name in ("datfuse", "matr", "didfuse"):  # two of them have files of the same name
        (lab / "x" / name).mkdir(parents=True)
        for file in (shared / "weights/zoo" / name).iterdir():
            (lab / "x" / name / file.name).symlink_to(file)
    (lab / "x/loop").symlink_to(lab)
    monkeypatch.setenv(VARIABLE, str(lab))
    found = locate("didfuse")
    assert found == lab / "x/didfuse/Encoder_weight_IJCAI.pkl"
    assert locate("seafusion") is None
    damaged = lab / "x/didfuse/Decoder_weight_IJCAI.pkl"
    damaged.unlink()
    damaged.write_bytes(b"other")
    assert locate("didfuse") is None
    monkeypatch.setenv(VARIABLE, str(tmp_path / "none"))
    with pytest.raises(InputError, match=f"{VARIABLE} is .*none, which is no folder"):
        locate("didfuse")
