"""However a method ends, its pair has a failed row, and the other methods have the rows of a run without it."""

from __future__ import annotations

import contextlib
import math
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import fusionbench
from fusionbench.errors import InputError
from fusionbench.results import RunFolder

MakeFolder = Callable[..., Path]
MakeMethod = Callable[..., str]
OTHERS = ["average", "laplacian", "two-scale"]
METRICS = ["EN", "SF"]
CALM = {  # what leaves the process standing, and the row's reason
    "raise": ("raise ValueError('broken')", "ValueError: broken"),
    "exit": ("sys.exit(3)", "SystemExit: 3"),
    "generator exit": ("raise GeneratorExit", "GeneratorExit"),
    "interrupt": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "own kind": ("raise type('Odd', (BaseException,), {})", "Odd"),
    "cannot be printed": ("raise type('Dumb', (Exception,), {'__str__': lambda self: 1 / 0})", "Dumb"),
    "endless recursion": ("f = lambda: f()\nf()", "RecursionError"),
    "far below": ("return a - 300", "it returned values down to -299"),
}
DEADLY = {
    "exit at once": ("os._exit(0)", "exit code 0"),
    "segmentation fault": ("import ctypes\nctypes.string_at(0)", "signal 11, SIGSEGV"),
    "abort": ("os.abort()", "signal 6, SIGABRT"),
    "kill": ("os.kill(os.getpid(), 9)", "signal 9, SIGKILL, as happens where memory runs out"),
}


def _body(act: str, pair: str = "p001") -> str:
    return f"if context['pairs'][0].name == '{pair}':\n" + textwrap.indent(act, "    ") + "\nreturn np.maximum(a, b)"


def _table(out: Path, method: str) -> list[tuple[Any, ...]]:
    rows = RunFolder(out / "scenes" / method).rows().values()
    return [(row.pair, row.status, row.metrics, row.sources) for row in rows]


def _images(out: Path, method: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (out / "scenes" / method / "fused").iterdir()}


@contextlib.contextmanager
def _executor(kind: str) -> Iterator[dict[str, Any]]:
    if kind != "dask":
        yield {"executor": kind, "workers": 2}
        return
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, scheduler_kwargs={"dashboard_address": ":0"}
    ) as cluster:
        yield {"executor": f"dask:{cluster.scheduler_address}", "workers": 2}


@pytest.fixture
def source(make_folder: MakeFolder) -> Path:
    return make_folder(4)


@pytest.fixture
def without(tmp_path: Path, source: Path) -> Path:
    """Make a run without the method that ends."""
    fusionbench.run(OTHERS, source, out=tmp_path / "without", metrics=METRICS)
    return tmp_path / "without"


def _check(out: Path, without: Path, label: str, reason: str) -> None:
    rows = RunFolder(out / "scenes" / label).rows()
    assert [rows[f"p{index:03}"].status for index in range(4)] == ["ok", "failed", "ok", "ok"]
    assert repr(label) in rows["p001"].reason
    assert reason in rows["p001"].reason
    for other in OTHERS:
        assert _table(out, other) == _table(without, other)
        assert _images(out, other) == _images(without, other)


@pytest.mark.parametrize("case", CALM)
def test_what_a_method_raises_is_its_row(
    case: str, tmp_path: Path, source: Path, without: Path, make_method: MakeMethod
) -> None:
    act, reason = CALM[case]
    spec = make_method(_body(act), head="import os, sys")
    fusionbench.run([OTHERS[0], spec, *OTHERS[1:]], source, out=tmp_path / "out", metrics=METRICS, workers=2)
    _check(tmp_path / "out", without, "mine", reason)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["processes", "dask"])
@pytest.mark.parametrize("case", [*CALM, *DEADLY])
def test_a_worker_that_ends_costs_its_row(
    kind: str, case: str, tmp_path: Path, source: Path, without: Path, make_method: MakeMethod
) -> None:
    act, reason = (CALM | DEADLY)[case]
    spec = make_method(_body(act), head="import os, sys")
    with _executor(kind) as executor:
        fusionbench.run([OTHERS[0], spec, *OTHERS[1:]], source, out=tmp_path / "out", metrics=METRICS, **executor)
    _check(tmp_path / "out", without, "mine", reason)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["threads", "processes", "dask"])
def test_sources_that_a_method_writes_into_are_its_own(
    kind: str, tmp_path: Path, source: Path, without: Path, make_method: MakeMethod
) -> None:
    more = {"fuse_images(self, a, b, pair)": "a[...] = 0\nb[...] = 0\nos.chdir('/')\nreturn a"}
    spec = make_method("return a", head="import os", more=more)
    with _executor(kind) as executor:
        fusionbench.run([spec, *OTHERS], source, out=tmp_path / "out", metrics=METRICS, **executor)
    for other in OTHERS:
        assert _table(tmp_path / "out", other) == _table(without, other)
        assert _images(tmp_path / "out", other) == _images(without, other)


@pytest.mark.parametrize("case", DEADLY)
def test_the_next_start_knows_where_a_run_ended(
    case: str, tmp_path: Path, source: Path, without: Path, make_method: MakeMethod
) -> None:
    act, reason = DEADLY[case]
    spec = make_method(_body(act), head="import os, sys")
    command = [sys.executable, "-m", "fusionbench", "run", "-d", str(source), "-o", str(tmp_path / "out")]
    command += ["--metrics", ",".join(METRICS), *(word for name in [*OTHERS, spec] for word in ("-m", name))]
    first, second = (subprocess.run(command, capture_output=True, text=True, check=False) for _ in range(2))
    assert "Traceback" not in first.stderr + second.stderr
    assert (second.returncode, "1 of 16 pairs failed" in second.stderr) == (1, True)
    _check(tmp_path / "out", without, "mine", reason)


def test_one_that_always_ends_its_process_does_not_stop_the_run(
    tmp_path: Path, source: Path, without: Path, make_method: MakeMethod
) -> None:
    spec = make_method("os._exit(3)", head="import os")
    fusionbench.run([spec, *OTHERS], source, out=tmp_path / "out", metrics=METRICS, executor="processes")
    rows = RunFolder(tmp_path / "out" / "scenes" / "mine").rows()
    assert {row.reason for row in rows.values()} == {"method 'mine' ended its process (exit code 3)"}
    assert all(_table(tmp_path / "out", other) == _table(without, other) for other in OTHERS)


@pytest.mark.parametrize("executor", ["threads", "processes"])
def test_one_that_hangs_is_ended(
    executor: str, tmp_path: Path, source: Path, without: Path, make_method: MakeMethod
) -> None:
    spec = make_method(_body("time.sleep(1000)"), head="import time")
    options: dict[str, Any] = {"out": tmp_path / "out", "metrics": METRICS, "executor": executor, "workers": 2}
    fusionbench.run([spec, *OTHERS], source, timeout=2, **options)
    _check(tmp_path / "out", without, "mine", "took longer than 2 s")


@pytest.mark.parametrize(("executor", "timeout"), [("dask:tcp://x:1", 5), ("processes", 0), ("threads", math.nan)])
def test_a_time_limit_that_cannot_be_kept(executor: str, timeout: float, source: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--timeout"):
        fusionbench.run("average", source, out=tmp_path / "out", executor=executor, timeout=timeout)
    assert not (tmp_path / "out").exists()


def test_no_mark_is_left(tmp_path: Path, source: Path) -> None:
    fusionbench.run("average", source, out=tmp_path / "out", metrics=METRICS)
    assert not (tmp_path / "out" / "scenes" / "average" / ".fusing").exists()


@pytest.mark.slow
@pytest.mark.parametrize("own", [False, True])
def test_a_script_is_not_run_again_in_workers(own: bool, tmp_path: Path, source: Path) -> None:
    """A script that calls `run` at its top, without `if __name__ == "__main__"`, unless the method is defined in it."""
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(f"""\
        import fusionbench
        from fusionbench.methods import Method

        class Mine(Method):
            name, summary, reference, tasks = "mine", "a", "ours", ("IVF",)

            def fuse(self, a, b, **context):
                return a

        with open({str(tmp_path / "log")!r}, "a") as log:
            log.write("x")
        if not {own} or __name__ == "__main__":
            rows = fusionbench.run(Mine() if {own} else "average", {str(source)!r}, out={str(tmp_path / "out")!r},
                                   metrics=["EN"], executor="processes", workers=2)
            assert set(rows["status"]) == {{"ok"}}, rows
        """)
    )
    subprocess.run([sys.executable, script], check=True, cwd=tmp_path, timeout=300)
    assert len((tmp_path / "log").read_text()) == (3 if own else 1)
