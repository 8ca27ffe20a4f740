"""What a method does to the process or to what it is given, no other method sees."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import fusionbench
from fusionbench.datasets import Pair, read
from fusionbench.methods import Method, fuse_pair
from fusionbench.results import RunFolder

MakeFolder = Callable[..., Path]
METRICS = ["EN", "SF"]
DEEDS = {
    "sources": "a[...] = 0; b[...] = 0",
    "folder": "os.chdir('/')",
    "NumPy's errors": "np.seterr(all='raise')",
    "seeds": "np.random.seed(0); random.seed(0)",
    "environment": "os.environ['FUSIONBENCH_CACHE'] = '/nowhere'",
    "streams": "sys.stdout = None; sys.stderr = None",
    "arguments": "sys.argv[:] = ['--help']",
    "recursion": "sys.setrecursionlimit(100)",
    "garbage": "gc.disable()",
    "forks": "os.fork()",
}
TORCH = {
    "precision": "torch.set_default_dtype(torch.float64)",
    "device": "torch.set_default_device('meta')",
    "threads": "torch.set_num_threads(1 + torch.get_num_threads())",
    "gradients": "torch.set_grad_enabled(False)",
    "determinism": "torch.use_deterministic_algorithms(True)",
    "torch's seeds": "torch.manual_seed(1)",
}


def _state() -> dict[str, object]:
    state: dict[str, object] = {
        "folder": Path.cwd(),
        "errors": np.geterr(),
        "numpy": np.random.get_state()[1].tobytes(),  # noqa: NPY002
        "random": random.getstate(),
        "environment": dict(os.environ),
        "streams": (sys.stdout, sys.stderr),
        "arguments": list(sys.argv),
        "recursion": sys.getrecursionlimit(),
    }
    if torch := sys.modules.get("torch"):
        state["torch"] = (
            torch.get_default_dtype(), torch.get_default_device(), torch.get_num_threads(), torch.is_grad_enabled(),
            torch.are_deterministic_algorithms_enabled(), torch.default_generator.get_state().numpy().tobytes(),
        )  # fmt: skip
    return state


def _method(tmp_path: Path, deed: str, images: bool = True) -> str:
    arguments = "a, b, pair" if images else "a, b, **context"
    path = tmp_path / "rude.py"
    path.write_text(
        "import gc, os, random, sys\nimport numpy as np\nfrom fusionbench.methods import Method\n\n"
        f"class Rude(Method):\n    '''Of the tests.'''\n\n    name, reference = 'rude', 'none'\n\n"
        "    def fuse(self, a, b, **context):\n"
        f"        {deed}\n        return np.maximum(a, b)\n"
        + (f"    def fuse_images(self, {arguments}):\n        {deed}\n        return a\n" if images else "")
    )
    return f"{path}:Rude"


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("deed", DEEDS)
def test_a_deed_is_not_seen(
    deed: str, workers: int, tmp_path: Path, make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, others = make_folder(4), ["laplacian", "dwt"]
    monkeypatch.chdir(tmp_path)
    fusionbench.run(others, source.name, out="without", metrics=METRICS)
    before = _state()  # after what is imported at first, which draws random numbers
    spec = _method(tmp_path, DEEDS[deed])
    fusionbench.run([spec, *others], source.name, out="out", metrics=METRICS, workers=workers)
    for name in others:
        folders = [RunFolder(tmp_path / out / "scenes" / name) for out in ("without", "out")]
        rows = [[(row.pair, row.metrics, row.sources) for row in folder.rows().values()] for folder in folders]
        assert rows[0] == rows[1]
        images = [{p.name: p.read_bytes() for p in (folder.path / "fused").iterdir()} for folder in folders]
        assert images[0] == images[1]
    assert {row.status for row in RunFolder(tmp_path / "out" / "scenes" / "rude").rows().values()} == {"ok"}
    assert _state() == before


@pytest.mark.parametrize("deed", TORCH)
def test_what_torch_was_told_is_taken_back(deed: str, tmp_path: Path, make_folder: MakeFolder) -> None:
    pytest.importorskip("torch")
    source = make_folder(2)
    fusionbench.run("average", source, out=tmp_path / "out", metrics=["EN"])
    before = _state()
    spec = _method(tmp_path, f"import torch; {TORCH[deed]}", images=False)
    rows = fusionbench.run(spec, source, out=tmp_path / "out", metrics=["EN"])
    assert set(rows["status"]) == {"ok"}
    assert _state() == before


def test_calls_beside_a_change_are_made_again(tmp_path: Path, make_folder: MakeFolder) -> None:
    """One method changes the precision while another one computes, which waits for it."""
    torch = pytest.importorskip("torch")
    from threading import Event

    changed = Event()

    class Rude(Method):
        """Changes what torch computes in, while others compute."""

        name, reference = "rude", "none"

        def fuse(self, a: np.ndarray, b: np.ndarray, **context: object) -> np.ndarray:
            torch.set_default_dtype(torch.float64)
            changed.set()
            return a

    class Meek(Method):
        """Computes in what torch was told to."""

        name, reference = "meek", "none"

        def fuse(self, a: np.ndarray, b: np.ndarray, **context: object) -> np.ndarray:
            if context["pairs"][0].name == "p000":
                changed.wait(5)
            kinds.append(torch.zeros(1).dtype)
            return b

    kinds: list[object] = []
    fusionbench.run([Meek(), Rude()], make_folder(2), out=tmp_path / "out", metrics=["EN"], workers=2)
    assert kinds[-1] is torch.float32
    assert torch.get_default_dtype() is torch.float32


def test_a_pair_in_memory_stays_as_it_is() -> None:
    class Rude(Method):
        """Writes into the pair."""

        name, reference = "rude", "none"

        def fuse(self, a: np.ndarray, b: np.ndarray, **context: object) -> np.ndarray:
            context["pairs"][0].a[...] = 0  # type: ignore[index]
            return a

        def fuse_images(self, a: np.ndarray, b: np.ndarray, pair: Pair) -> None:
            pair.b[...] = 0
            a[...] = b[...] = 0

    a, b = (np.full((16, 16), value, np.uint8) for value in (50, 100))
    fused = fuse_pair(Rude(), a, b, Pair("x", a, b, "IVF"))
    assert (a.min(), b.min(), fused.image.min()) == (50, 100, 50)


def test_its_own_folder_is_that_of_the_start(tmp_path: Path, make_folder: MakeFolder) -> None:
    """Each call finds the folder in which the command was given."""
    log = tmp_path / "log"
    deed = f"print(os.getcwd(), file=(log := open({str(log)!r}, 'a'))); log.close(); os.chdir('/')"
    fusionbench.run(_method(tmp_path, deed, images=False), make_folder(3), out=tmp_path / "out", metrics=["EN"])
    assert set(log.read_text().split()) == {str(Path.cwd())}
    assert read(tmp_path / "out" / "scenes" / "rude" / "fused" / "p000.png").shape == (48, 64)


def test_workers_that_start_beside_a_call_leave_it_alone(tmp_path: Path, make_folder: MakeFolder) -> None:
    """What marks them stands in the environment, which is put back after each call."""
    from fusionbench.foreign.leash import NAME, mark

    class Starts(Method):
        """Does what another thread may do meanwhile."""

        name, reference = "starts", "none"

        def fuse(self, a: np.ndarray, b: np.ndarray, **context: object) -> np.ndarray:
            os.environ.pop(NAME, None)
            mark()
            return a

    rows = fusionbench.run([Starts()], make_folder(2), out=tmp_path / "out", metrics=["EN"])
    assert set(rows["status"]) == {"ok"}
    assert os.environ[NAME].endswith("-worker")
