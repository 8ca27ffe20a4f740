"""What would fail for every pair ends a run once, before it wrote anything; what fails for one pair is its row."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fusionbench
from fusionbench.bench import images as stores
from fusionbench.bench import scoring, task
from fusionbench.bench.profile import profile
from fusionbench.datasets import Pair, read, write
from fusionbench.errors import FusionBenchError, InputError, RunError, SetupError
from fusionbench.files import check_writable, write_failed
from fusionbench.methods import Method, get_method
from fusionbench.results import RunFolder

MakeFolder = Callable[..., Path]
MakeMethod = Callable[..., str]
FAULTS: dict[str, tuple[Callable[[Path], dict[str, Any]], str]] = {
    "device": (lambda here: {"methods": "u2fusion", "device": "cuda:7"}, "device|compute on 'cuda:7'"),
    "device of a classical method": (lambda here: {"methods": "average", "device": "mps"}, "cannot compute on 'mps'"),
    "card of another kind": (lambda here: {"methods": "average", "device": "sdaa"}, "there is no sdaa device here"),
    "no device": (lambda here: {"methods": "average", "device": "cud"}, "unknown device 'cud': did you mean 'cuda'"),
    "gpu": (lambda here: {"methods": "average", "device": "GPU:0"}, "unknown device 'GPU:0': did you mean 'cuda'"),
    "no weights": (lambda here: {"methods": f"u2fusion[weights={here}/w.pth]"}, "there is no weights file"),
    "weights unfetched": (lambda here: {"methods": "film[weights=film]"}, "run `fusionbench weights fetch film` first"),
    "weights misspelt": (lambda here: {"methods": "u2fusion[weights=u2fusin]"}, "did you mean 'u2fusion'"),
    "weights of others": (lambda here: {"methods": "u2fusion[weights=film]"}, "are of film, not of u2fusion"),
    "page": (lambda here: {"methods": f"film[weights={_file(here, '<html>no</html>')}]"}, "it is an HTML page"),
    "page for one": (lambda here: {"methods": ["average", f"u2fusion[weights={_file(here, '<html>')}]"]}, "HTML page"),
    "rule": (lambda here: {"methods": "laplacian[quantise=none]"}, "has the 8-bit rule 'none'"),
    "unknown rule": (lambda here: {"methods": "laplacian[quantise=minmx]"}, "must be one of round"),
    "program": (lambda here: {"methods": "cmd:nosuchprogram {a} {b} {out}"}, "'nosuchprogram' is not on the PATH"),
    "path": (lambda here: {"methods": "cmd:./no/such {a} {b} {out}"}, "'./no/such' is not there"),
    "not executable": (lambda here: {"methods": f"cmd:{_file(here, 'x')} {{a}} {{b}} {{out}}"}, "may not be executed"),
    "folder": (lambda here: {"methods": f"cmd:{here} {{a}} {{b}} {{out}}"}, "is a folder"),
    "script": (lambda here: {"methods": f"cmd:{sys.executable} no.py {{a}} {{b}} {{out}}"}, "names the script no.py"),
    "text": (lambda here: {"methods": f"film[text={here}]"}, "no text for any of the 2 pairs"),
    "no text": (lambda here: {"methods": f"film[text={here}/no]"}, "no folder and no H5 file of text features"),
    "source of text": (lambda here: {"methods": "film[text=describ]"}, "did you mean 'describe'"),
    "executor": (lambda here: {"methods": "average", "executor": "fork"}, "unknown executor 'fork'"),
}  # fmt: skip


def _file(here: Path, text: str) -> Path:
    (here / "w.pth").write_text(text)
    return here / "w.pth"


@pytest.mark.parametrize("case", FAULTS)
def test_it_is_found_before_anything_is_written(case: str, tmp_path: Path, make_folder: MakeFolder) -> None:
    arguments, told = FAULTS[case]
    with pytest.raises(InputError, match=told) as caught:
        fusionbench.run(datasets=make_folder(2), out=tmp_path / "out", metrics=["EN"], **arguments(tmp_path))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("case", ["page", "rule", "program", "text", "weights misspelt"])
def test_it_is_found_in_processes_too(case: str, tmp_path: Path, make_folder: MakeFolder) -> None:
    pytest.importorskip("torch")  # what another process lacks comes from there as a sentence
    arguments, told = FAULTS[case]
    with pytest.raises(InputError, match=told):
        fusionbench.run(datasets=make_folder(2), out=tmp_path / "out", executor="processes", **arguments(tmp_path))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("case", ["device", "no device", "page", "rule", "program", "no text"])
def test_profile_finds_it_too(case: str, tmp_path: Path) -> None:
    arguments, told = FAULTS[case]
    given = arguments(tmp_path)
    with pytest.raises(InputError, match=told):
        profile(["average", given.pop("methods")], (16, 16), runs=1, out=tmp_path / "out", **given)
    assert not (tmp_path / "out").exists()


def test_other_configuration_of_a_later_data_set_is_found_first(tmp_path: Path, make_folder: MakeFolder) -> None:
    first, second = make_folder(1, name="first"), make_folder(1, name="second")
    fusionbench.run("x=laplacian", second, out=tmp_path / "out", metrics=["EN"])
    for other in ("x=max", "x=laplacian[levels=2]"):
        with pytest.raises(InputError, match="results of another configuration"):
            fusionbench.run(other, [first, second], out=tmp_path / "out", metrics=["EN"])
    assert not (tmp_path / "out" / "first").exists()


def test_out_that_is_a_file(tmp_path: Path, make_folder: MakeFolder) -> None:
    (tmp_path / "out").write_text("mine")
    for out in (tmp_path / "out", tmp_path / "out" / "below"):
        with pytest.raises(InputError, match="choose a folder that can be written to"):
            fusionbench.run("average", make_folder(1), out=out)
        with pytest.raises(InputError, match="choose a folder that can be written to"):
            profile("average", (16, 16), runs=1, out=out)
    assert (tmp_path / "out").read_text() == "mine"
    check_writable(tmp_path / "a" / "b")
    assert not (tmp_path / "a").exists()


def test_weights_are_loaded_once(tmp_path: Path, make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    from fusionbench.methods.u2fusion import checkpoints

    loads = []
    load = checkpoints.load_generator
    monkeypatch.setattr(checkpoints, "load_generator", lambda path: (loads.append(path), load(path))[1])
    first, second = make_folder(2, name="first"), make_folder(1, name="second")
    rows = fusionbench.run("u2fusion", [first, second], out=tmp_path / "out", metrics=["EN"])
    assert list(rows["status"]) == ["ok"] * 3
    assert len(loads) == 1


def test_what_is_finished_asks_for_nothing(tmp_path: Path, make_folder: MakeFolder) -> None:
    from fusionbench.weights import get_weights

    source, weights = make_folder(2), tmp_path / "w.safetensors"
    weights.write_bytes(get_weights("u2fusion").path.read_bytes())
    spec = f"u2fusion[weights={weights}]"
    before = fusionbench.run(spec, source, out=tmp_path / "out", metrics=["EN"])
    weights.unlink()
    again = fusionbench.run(spec, source, out=tmp_path / "out", metrics=["EN"], device="cuda")
    assert list(again["EN@film"]) == list(before["EN@film"])
    fusionbench.run(spec, source, out=tmp_path / "out", metrics=["SD"], device="cuda")  # scored, not fused
    with pytest.raises(InputError, match="unknown device"):
        fusionbench.run(spec, source, out=tmp_path / "out", metrics=["EN"], device="nonsense")
    write(source / "ir" / "p001.png", np.zeros((48, 64), np.uint8))
    with pytest.raises(InputError, match="there is no weights file"):
        fusionbench.run(spec, source, out=tmp_path / "out", metrics=["EN"])


def test_a_users_method_may_check(tmp_path: Path, make_folder: MakeFolder, make_method: MakeMethod) -> None:
    log = tmp_path / "checks"
    check = f"with open({str(log)!r}, 'a') as file:\n    file.write(' '.join(p.name for p in pairs) + chr(10))"
    spec = make_method("return a", more={"check(self, pairs)": check})
    first, second = make_folder(2, name="first"), make_folder(1, name="second")
    fusionbench.run(spec, [first, second], out=tmp_path / "out", metrics=["EN"])
    assert log.read_text() == "p000 p001\np000\n"
    make_method("return a", more={"check(self, pairs)": "raise KeyError('licence')"})
    with pytest.raises(InputError, match=r"method 'mine' cannot be used: KeyError: 'licence'"):
        fusionbench.run(spec, first, out=tmp_path / "other", metrics=["EN"])
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_a_module_that_is_missing_ends_the_run_once(
    tmp_path: Path, make_folder: MakeFolder, make_method: MakeMethod, executor: str
) -> None:
    spec = make_method("import no_such_module\nreturn a")
    told = r"^method 'mine' can fuse no pair here: the module 'no_such_module' is not installed; install it"
    with pytest.raises(InputError, match=told):
        fusionbench.run(spec, make_folder(3), out=tmp_path / "out", metrics=["EN"], executor=executor)
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match=told):
        fusionbench.run(["average", spec], make_folder(3), out=tmp_path / "out", metrics=["EN"], executor=executor)
    assert not (tmp_path / "out" / "scenes" / "mine").exists()
    kept = RunFolder(tmp_path / "out" / "scenes" / "average").rows()
    assert kept["p000"].status == "ok"


def test_a_module_that_one_pair_needs_fails_that_pair(
    tmp_path: Path, make_folder: MakeFolder, make_method: MakeMethod
) -> None:
    spec = make_method("if context['pairs'][0].name == 'p001':\n    import no_such_module\nreturn a")
    rows = fusionbench.run(spec, make_folder(3), out=tmp_path / "out", metrics=["EN"])
    assert list(rows["status"]) == ["ok", "failed", "ok"]
    assert "No module named 'no_such_module'" in rows["reason"][1]


def test_an_import_error_that_was_dealt_with_is_no_reason(
    tmp_path: Path, make_folder: MakeFolder, make_method: MakeMethod
) -> None:
    spec = make_method("try:\n    import no_such_module\nexcept ImportError:\n    raise ValueError('odd') from None")
    assert set(fusionbench.run(spec, make_folder(2), out=tmp_path / "out", metrics=["EN"])["status"]) == {"failed"}


def test_a_command_whose_module_is_missing(tmp_path: Path, make_folder: MakeFolder) -> None:
    (tmp_path / "fuse.py").write_text("import no_such_module")
    command = f"cmd:{sys.executable} {tmp_path / 'fuse.py'} {{a}} {{b}} {{out}}"
    with pytest.raises(SetupError, match=r"method 'cmd:fuse' can fuse no pair here: .*'no_such_module'"):
        fusionbench.run(command, make_folder(2), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_script_without_an_interpreter(tmp_path: Path) -> None:
    for text, told in (("echo hello\n", "without a first line"), ("#!/no/such/shell\n", "names /no/such/shell")):
        (tmp_path / "fuse").write_text(text)
        (tmp_path / "fuse").chmod(0o755)
        with pytest.raises(InputError, match=told):
            get_method(f"cmd:{tmp_path / 'fuse'} {{a}} {{b}} {{out}}").check([])
    (tmp_path / "fuse").write_text("#!/bin/sh\nexit 0\n")
    get_method(f"cmd:{tmp_path / 'fuse'} {{a}} {{b}} {{out}}").check([])


# --- one pair ---

RAISED = {
    "exit": "import sys\n    sys.exit(3)",
    "memory": "raise MemoryError",
    "recursion": "def f(): return f()\n    f()",
    "warning": "import warnings\n    warnings.simplefilter('error')\n    warnings.warn('odd')",
    "own": "class Odd(Exception):\n        def __init__(self, one, two): pass\n    raise Odd(1, 2)",
    "system": "raise OSError(28, 'No space left on device')",
    "object": "return object()",
    "generator": "return (x for x in ())",
    "text": "return np.array([['a']])",
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_whatever_a_method_does_is_that_pairs_row(
    tmp_path: Path, make_folder: MakeFolder, make_method: MakeMethod, executor: str
) -> None:
    cases = list(RAISED.items())
    body = "\n".join(f"if context['pairs'][0].name == 'p{i:03}':\n    {code}" for i, (_, code) in enumerate(cases))
    spec = make_method(f"{body}\nreturn a")
    rows = fusionbench.run(spec, make_folder(len(cases) + 1), out=tmp_path / "out", metrics=["EN"], executor=executor)
    assert list(rows["status"]) == ["failed"] * len(cases) + ["ok"]
    assert all("\n" not in reason for reason in rows["reason"])


PLACES = ("digest_sources", "read_pair", "prepare", "score", "write", "get_protocol")


@pytest.mark.parametrize("error", [ValueError("odd"), MemoryError(), KeyError("x"), UserWarning("odd"), EOFError()])
@pytest.mark.parametrize("place", PLACES)
def test_whatever_is_raised_for_a_pair_is_its_row(
    tmp_path: Path, make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch, place: str, error: Exception
) -> None:
    module: Any = {"write": stores, "score": scoring, "get_protocol": scoring}.get(place, task)
    function, calls = getattr(module, place), []

    def failing(*arguments: Any, **options: Any) -> Any:
        calls.append(0)
        if len(calls) == 2:
            raise error
        return function(*arguments, **options)

    monkeypatch.setattr(module, place, failing)
    rows = fusionbench.run("average", make_folder(4), out=tmp_path / "out", metrics=["EN"])
    assert list(rows["status"]).count("failed") == 1
    assert list(rows["status"]).count("ok") == 3
    assert type(error).__name__ in next(filter(None, rows["reason"]))
    monkeypatch.undo()
    again = fusionbench.run("average", tmp_path / "scenes", out=tmp_path / "out", metrics=["EN"])
    assert set(again["status"]) == {"ok"}


def test_what_was_scored_before_stays(tmp_path: Path, make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    source = make_folder(2)
    before = fusionbench.run("average", source, out=tmp_path / "out", metrics=["EN"])

    def failing(*_: Any, **__: Any) -> Any:
        raise MemoryError("no room")

    monkeypatch.setattr(scoring, "score", failing)
    rows = fusionbench.run("average", source, out=tmp_path / "out", metrics=["SD"])
    assert list(rows["EN@film"]) == list(before["EN@film"])
    assert list(rows["reason"]) == ["MemoryError: no room"] * 2
    monkeypatch.undo()
    rows = fusionbench.run("average", source, out=tmp_path / "out", metrics=["SD"])
    assert not rows["SD@film"].isna().any()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EIO, errno.EACCES])
def test_what_cannot_be_written_at_all_ends_the_run(
    tmp_path: Path, make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    keep, calls = stores.write, []

    def failing(path: Path, image: Any, **options: Any) -> Any:
        calls.append(0)
        if len(calls) > 4:  # two files for each pair
            from fusionbench.files import writing

            with writing(path):
                raise OSError(number, os.strerror(number))
        return keep(path, image, **options)

    monkeypatch.setattr(stores, "write", failing)
    with pytest.raises(FusionBenchError, match="cannot write"):
        fusionbench.run("average", make_folder(6), out=tmp_path / "out", metrics=["EN"], workers=1)
    rows = RunFolder(tmp_path / "out" / "scenes" / "average").rows()
    assert [row.status for row in rows.values()] == ["ok", "ok"]


def test_a_name_that_is_too_long_is_one_pairs_trouble() -> None:
    long = RunError("cannot write x: file name too long")
    long.__cause__ = OSError(errno.ENAMETOOLONG, "File name too long")
    assert not write_failed(long)
    assert not write_failed(InputError("an image is uint8"))


def test_a_source_that_went_away_is_one_pairs_trouble(tmp_path: Path, make_folder: MakeFolder) -> None:
    source = make_folder(3)
    dataset = fusionbench.load_dataset(source)
    fusionbench.run("average", dataset, out=tmp_path / "out", metrics=["EN"])
    (source / "ir" / "p001.png").unlink()
    rows = fusionbench.run("average", dataset, out=tmp_path / "out", metrics=["EN"])
    assert list(rows["status"]) == ["ok", "failed", "ok"]


# --- other processes ---


class Held(Method):
    """Holds what cannot be pickled."""

    name = "held"
    reference = "none"

    def __init__(self) -> None:
        self.function = lambda x: x

    def fuse(self, a: Any, b: Any, **context: Any) -> Any:
        return a


def test_a_method_that_cannot_be_pickled(tmp_path: Path, make_folder: MakeFolder) -> None:
    source = make_folder(1)
    with pytest.raises(InputError, match=r"'held' cannot be given to other processes \(.*\): use --executor threads"):
        fusionbench.run([Held()], source, out=tmp_path / "out", executor="processes")
    assert not (tmp_path / "out").exists()
    assert set(fusionbench.run([Held()], source, out=tmp_path / "out", metrics=["EN"])["status"]) == {"ok"}


def test_a_users_method_with_options_goes_to_other_processes(
    tmp_path: Path, make_folder: MakeFolder, make_method: MakeMethod
) -> None:
    spec = make_method("return self.gain * a", more={"__init__(self, gain: float = 1.0)": "self.gain = gain"})
    method = get_method(spec, gain=0.5)
    source = make_folder(1)
    for executor in ("threads", "processes"):
        fusionbench.run([method], source, out=tmp_path / executor, metrics=["EN"], executor=executor)
    one, other = (
        read(tmp_path / e / "scenes" / "mine[gain=0.5]" / "fused" / "p000.png") for e in ("threads", "processes")
    )
    assert np.array_equal(one, other)
    assert one.max() < 129


def test_pairs_are_not_read_by_a_check(tmp_path: Path) -> None:
    pair = Pair("x", tmp_path / "no.png", tmp_path / "no.png", "IVF")
    for name in ("average", "u2fusion", "film"):
        get_method(name).check([pair])
