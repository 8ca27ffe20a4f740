"""What can be trained: recipes of ours, of other packages, and in a file of the user's."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from fusionbench.errors import InputError
from fusionbench.training import registry, resume, train
from fusionbench.training.registry import find_training, list_trainings

from .runs import make_pairs, rows

FILE = """
import torch
from fusionbench.methods import Method
from fusionbench.training.patches import Patches
from fusionbench.training.recipe import Recipe, TrainingStage
from fusionbench.training.sources import training_pairs

class Mine(Method):
    name = "mine"
    reference = "none"
    def fuse(self, a, b, **context):
        return a

class Fit(Recipe):
    method, name, batch_size, lr, columns = "mine", "fit", 2, 0.1, ("loss",)
    def __init__(self, options, settings):
        super().__init__(options, settings)
        self.network = torch.nn.Conv2d(1, 1, 1)
        self.stages = [TrainingStage("all", Patches(training_pairs(options), 16, 0), [], options.epochs[0])]
    def losses(self, batch, network, draw):
        return {"loss": (network(batch["first"]) - batch["second"]).abs().mean()}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "mine.py").write_text(FILE)
    return tmp_path / "mine.py"


@pytest.mark.parametrize("name", ["", ":Fit"])
def test_a_recipe_in_a_file_is_trained(file: Path, tmp_path: Path, name: str) -> None:
    data = make_pairs(tmp_path / "pairs", count=2)
    given = {"dataset": data, "validation": 0, "device": "cpu", "out": tmp_path / "runs", "quiet": True}
    folder = train(method=f"{file}{name}", epochs=1, name="one", **given)
    assert folder == tmp_path / "runs/mine/one"
    resume(folder, quiet=True, epochs=2)
    assert len(rows(folder / "losses.csv")) == 2


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("{}:Fti", "unknown recipe in .*mine.py 'Fti': did you mean 'Fit'"),
        ("{}:Mine", "is not a recipe: make it a subclass of fusionbench.training.recipe.Recipe"),
        ("nowhere.py", "no file nowhere.py"),
        ("u2fusoin", "unknown method that can be trained 'u2fusoin': did you mean 'u2fusion'"),
    ],
)
def test_what_is_no_recipe_is_told(file: Path, spec: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_training(spec.format(file))


def test_a_package_that_fails_is_told_in_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = EntryPoint("toy", "no_such_module:Recipe", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [broken])
    list_trainings.cache_clear()
    with pytest.warns(UserWarning, match=r"recipe 'toy' \(no_such_module:Recipe\) cannot be imported"):
        assert [training.method for training in list_trainings()] == ["film", "segmenter", "u2fusion"]
    list_trainings.cache_clear()
    with pytest.raises(InputError, match="cannot be imported"):
        find_training("toy")
