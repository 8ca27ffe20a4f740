"""The core stands alone, and whatever is missing is one sentence."""

from __future__ import annotations

import ast
import configparser
import importlib
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import fusionbench
from fusionbench.errors import FusionBenchError, InputError
from fusionbench.extras import DISTRIBUTION, EXTRAS, MissingExtraError, explained, install, sentence

ROOT = Path(fusionbench.__file__).parent
# Import names that are not those of the package.
PACKAGES = {"cv2": "opencv-python-headless", "PIL": "pillow", "pywt": "PyWavelets", "skimage": "scikit-image"}
PACKAGES |= {"markdown_it": "markdown-it-py", "markupsafe": "jinja2"}  # jinja2 brings it
OURS = {"fusionbench", "jittor", "torch_sdaa", "typing_extensions"}  # the last for type checkers only
WITHOUT = """
import sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Nothing())
from fusionbench.cli import main
sys.argv = ["fusionbench", *{command!r}]
main()
"""


def _setup() -> configparser.ConfigParser:
    parsed = configparser.ConfigParser()
    parsed.read(ROOT / "setup.cfg")
    return parsed


def _names(text: str) -> set[str]:
    return {_plain(re.split(r"[><=\[;]", line)[0]) for line in text.split("\n") if line.strip()}


def _plain(name: str) -> str:
    return name.strip().lower().replace("_", "-")


def _imported() -> Iterator[tuple[str, str]]:
    for path in ROOT.rglob("*.py"):
        place = path.relative_to(ROOT)
        if place.parts[0].startswith(".") or place.parts[0] in {"tests", "docs", "build", "speed", "site"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((alias.name.partition(".")[0], str(place)) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                yield node.module.partition(".")[0], str(place)


def test_whatever_is_imported_is_in_the_core_or_in_an_extra() -> None:
    setup = _setup()
    core = _names(setup["options"]["install_requires"])
    known = {extra: _names(setup["options.extras_require"][extra]) for extra in EXTRAS}
    for module, place in _imported():
        if module in sys.stdlib_module_names or module in OURS:
            continue
        package = _plain(PACKAGES.get(module, module))
        owners = [extra for extra, modules in EXTRAS.items() if module in modules]
        assert (package in core) != bool(owners), f"{place} imports {module}: neither core nor extra, or both"
        for extra in owners:
            assert package in known[extra], f"the extra {extra} does not bring {package}"


def test_the_distribution_has_its_name_and_a_text_that_shows_anywhere() -> None:
    setup = _setup()
    assert setup["metadata"]["name"] == DISTRIBUTION
    assert _names(setup["options.extras_require"]["all"]) == {DISTRIBUTION}
    text = (ROOT / setup["metadata"]["long_description"].removeprefix("file:").strip()).read_text(encoding="utf-8")
    assert not re.search(r"\]\((?!https://)", text), "a relative link is dead outside the repository"
    assert DISTRIBUTION in text


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (["run", "-m", "u2fusion", "--limit", "1"], "learn"),
        (["train", "-m", "u2fusion", "-d", "sample"], "learn"),
        (["run", "-d", "MSRS_test.h5"], "learn"),
        (["report"], "report"),
        (["plot", "losses", "x"], "report"),
    ],
    ids=["run", "train", "h5", "report", "plot"],
)
def test_a_command_says_which_extra_is_missing(command: list[str], extra: str, tmp_path: Path) -> None:
    (tmp_path / "MSRS_test.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "losses.csv").write_text("step,epoch,total\n1,1,0.5\n2,1,0.4\n")
    code = WITHOUT.format(
        blocked={m for e in ("learn", "report") for m in EXTRAS[e]} - {"markdown_it"}, command=command
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 2, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("fusionbench: ")
    assert last.endswith(install(extra))


def test_sentences() -> None:
    missing = ModuleNotFoundError("No module named 'torch.nn'", name="torch.nn")
    assert sentence(missing) == "this needs torch, which the extra 'learn' brings: " + install("learn")
    assert sentence(ModuleNotFoundError("No module named 'mine'", name="mine")) == ""
    assert sentence(ValueError("torch")) == ""
    with pytest.raises(MissingExtraError, match="this needs torch") as caught, explained():
        raise missing
    assert isinstance(caught.value, InputError)
    assert isinstance(caught.value, ImportError)  # who tries an import catches it
    assert isinstance(caught.value, FusionBenchError)
    with pytest.raises(ModuleNotFoundError, match="mine"), explained():
        importlib.import_module("mine_that_is_not_there")
