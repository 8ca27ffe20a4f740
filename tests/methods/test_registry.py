"""Which methods there are, and how a spec becomes one."""

from __future__ import annotations

import pickle
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from fusionbench.errors import InputError
from fusionbench.methods import Method, default_methods, get_method, list_methods, registry
from fusionbench.methods.options import parse_options, read_options, read_value

CLASSICAL = ["average", "dwt", "gff", "laplacian", "max", "mertens", "msvd", "ratio", "swt", "two-scale"]

USER_FILE = """
from typing import Any
import numpy as np
from helper_beside import HALF
from fusionbench.methods import Method

class Mine(Method):
    "The user's own."
    name = "mine"
    reference = "none"
    def __init__(self, gain: float = 1.0) -> None:
        self.gain = gain
    def fuse(self, a, b, **context: Any):
        return self.gain * HALF * (a + b)
"""


@pytest.fixture
def user_file(tmp_path: Path) -> Path:
    (tmp_path / "helper_beside.py").write_text("HALF = 0.5\n")
    (tmp_path / "mine.py").write_text(USER_FILE)
    return tmp_path / "mine.py"


def test_default_methods_are_the_classical_ones() -> None:
    assert default_methods() == CLASSICAL


def test_listing_states_what_a_reader_needs() -> None:
    listed = {info.name: info for info in list_methods()}
    assert set(CLASSICAL) <= set(listed)
    for name in CLASSICAL:
        info = listed[name]
        assert info.summary.endswith(".")
        assert info.origin == "built in"
        assert not info.learned
        assert "doi:" in info.reference or name in ("average", "max")


def test_listing_does_not_import_torch() -> None:
    code = (
        "import sys; from fusionbench.methods import list_methods; assert any(m.name == 'film' for m in list_methods())"
    )
    subprocess.run([sys.executable, "-c", f"{code}; assert 'torch' not in sys.modules"], check=True)


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ("laplacain", "unknown method 'laplacain': did you mean 'laplacian'?"),
        ("laplacian[level=5]", "unknown option of method 'laplacian' 'level': did you mean 'levels'?"),
        ("laplacian[levels=many]", "option 'levels' of method 'laplacian' must be a whole number, not 'many'"),
        ("laplacian[levels=0]", "option 'levels' must be at least 1, not 0"),
        ("laplacian[levels]", "cannot read the option 'levels'"),
        ("laplacian[levels=3,levels=4]", "option 'levels' is given twice"),
        ("laplacian[quantise=ceil]", "must be one of round, truncate, minmax, minmax-truncate, max, none, not 'ceil'"),
        ("dwt[wavelet=db99]", "unknown wavelet 'db99': did you mean"),
        ("ratio[floor=0]", "option 'floor' must be more than 0"),
        ("folder", "method 'folder' needs something after a colon: folder:DIRECTORY"),
        ("nothing.py:Mine", "no file nothing.py"),
        ("what:ever", "unknown kind of method 'what:ever'"),
        ("", "cannot read the method ''"),
    ],
)
def test_bad_specs_are_told_in_a_sentence(spec: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        get_method(spec)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


def test_label_tells_runs_apart_and_may_be_given() -> None:
    assert get_method("laplacian").label == "laplacian"
    assert get_method("laplacian[levels=4]").label == "laplacian"
    assert get_method("laplacian[levels=5,quantise=minmax]").label == "laplacian[levels=5,quantise=minmax]"
    assert get_method("laplacian", levels=5).label == "laplacian[levels=5]"
    assert get_method("my best=laplacian[levels=5]").label == "my best"


def test_quantise_is_an_option_of_every_method() -> None:
    method = get_method("average[quantise=minmax]")
    assert method.quantise == "minmax"
    assert method.options == {"quantise": "minmax"}
    assert get_method("average").quantise == "round"  # the class is untouched


def test_methods_survive_pickling() -> None:
    for name in CLASSICAL:
        method = pickle.loads(pickle.dumps(get_method(name)))
        assert method.label == name


def test_a_file_of_the_users(user_file: Path) -> None:
    path = list(sys.path)
    for spec in (f"{user_file}:Mine[gain=0.5]", f"{user_file}[gain=0.5]"):
        method = get_method(spec)
        assert method.label == "mine[gain=0.5]"
        a = np.ones((1, 1, 2, 2), np.float32)
        assert np.array_equal(method.fuse(a, a), 0.5 * a)
    assert sys.path[: len(path)] == path  # a folder of the user's must not come before anybody else's modules


@pytest.mark.parametrize(
    ("text", "spec", "sentence"),
    [
        ("import nothing_of_this_name", "", "cannot be imported: ModuleNotFoundError: No module named 'nothing_of"),
        ("def broken(:", "", "cannot be imported: SyntaxError"),
        ("raise SystemExit(3)", "", "cannot be imported: SystemExit: 3"),
        ("x = 1", "", "must hold one method class, or say which (file.py:CLASS): it holds none"),
        ("x = 1", ":x", "is not a method: make it a subclass"),
        ("x = 1", ":Mein", "unknown method class in "),
        ("from fusionbench.methods import Method\nclass M(Method):\n    name = 'm'", ":M", "does not implement fuse"),
        (
            "from fusionbench.methods import Method\nclass M(Method):\n    def fuse(self, a, b, **c): return a",
            "",
            "has no `name`",
        ),
        (USER_FILE.replace("self.gain = gain", "self._g = gain").replace("from helper_beside import HALF", "HALF = 1"),
         "", "does not keep an option under its own name"),
        (USER_FILE.replace("self.gain = gain", "1 / 0").replace("from helper_beside import HALF", "HALF = 1"),
         "", "method 'mine' cannot be made: ZeroDivisionError"),
    ],
)  # fmt: skip
def test_a_bad_file_is_told_in_a_sentence(tmp_path: Path, text: str, spec: str, sentence: str) -> None:
    path = tmp_path / "theirs.py"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        get_method(f"{path}{spec}")
    assert sentence in str(caught.value)
    assert str(path) in str(caught.value) or "'mine'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_entry_points(monkeypatch: pytest.MonkeyPatch) -> None:
    good = EntryPoint("other", "fusionbench.methods.classical.average:Average", registry.GROUP)
    bad = EntryPoint("broken", "no_such_module:Thing", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [good, bad])
    assert get_method("other").name == "average"
    with pytest.raises(InputError, match=r"method 'broken' .no_such_module:Thing. cannot be imported: ModuleNotFound"):
        get_method("broken")
    summaries = {info.name: info.summary for info in list_methods()}
    assert summaries["broken"].startswith("not usable: ")
    assert "average" in summaries


class Typed(Method):
    """Options of every type."""

    name = "typed"

    def __init__(
        self,
        count: int,
        rate: float = 1.0,
        fast: bool = False,
        mode: Literal["x", "y", 3] = "x",
        path: Path | None = None,
        either: int | str = 0,
    ) -> None:
        self.count, self.rate, self.fast, self.mode, self.path, self.either = count, rate, fast, mode, path, either

    def fuse(self, a: Any, b: Any, **context: Any) -> Any:
        return a


def test_options_are_read_as_their_types_ask() -> None:
    text = parse_options("count=3, rate=1e-3, fast=yes, mode=3, path=/x/y.pt, either=word")
    values = read_options(Typed, text)
    assert values == {"count": 3, "rate": 1e-3, "fast": True, "mode": 3, "path": Path("/x/y.pt"), "either": "word"}
    assert read_options(Typed, {"count": 3.0, "path": "none", "either": "7"}) == {"count": 3, "path": None, "either": 7}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "method 'typed' needs the option 'count': typed[count=…]"),
        ({"count": "3.5"}, "option 'count' of method 'typed' must be a whole number, not '3.5'"),
        ({"count": 3.5}, "option 'count' of method 'typed' must be a whole number, not 3.5"),
        ({"count": True}, "option 'count' of method 'typed' must be a whole number, not True"),
        ({"count": 1, "rate": "fast"}, "option 'rate' of method 'typed' must be a number, not 'fast'"),
        ({"count": 1, "fast": "perhaps"}, "option 'fast' of method 'typed' must be true or false, not 'perhaps'"),
        ({"count": 1, "mode": "z"}, "option 'mode' of method 'typed' must be one of x, y, 3, not 'z'"),
        ({"count": None}, "option 'count' of method 'typed' must be a whole number, not None"),
        ({"count": [1]}, "option 'count' of method 'typed' must be a whole number, not [1]"),
    ],
)
def test_values_that_do_not_fit(given: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        read_options(Typed, given)
    assert str(caught.value) == sentence


@pytest.mark.parametrize("value", [float("inf"), float("nan"), "1" * 5000])
def test_what_no_number_can_be(value: Any) -> None:
    with pytest.raises(InputError, match="must be a whole number"):
        get_method("laplacian", levels=value)


def test_a_number_beyond_all_floats_fits_none() -> None:
    for kind, error in ((float, OverflowError), (float | None, ValueError)):
        with pytest.raises(error):
            read_value(10**400, kind)
