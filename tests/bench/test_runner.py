"""The runner: one command from pairs to rows, that can be stopped and given again."""

from __future__ import annotations

import math
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

import fusionbench
from fusionbench.bench.executors import stream
from fusionbench.datasets import Pair, read, write
from fusionbench.errors import FusionBenchError, InputError, RunError
from fusionbench.methods import get_method
from fusionbench.results import Results, RunFolder
from fusionbench.results.leaderboard import write_leaderboard

MakeFolder = Callable[..., Path]
MakeMethod = Callable[..., str]
SIX = ["EN", "SD", "SF", "AG", "VIFF", "Qabf"]


def _logging(log: Path) -> str:
    """Code that notes the pair it is given."""
    return f"with open({str(log)!r}, 'a') as file:\n    file.write(context['pairs'][0].name + ' ')"


def test_rows_images_and_manifest(tmp_path: Path, make_folder: MakeFolder) -> None:
    out = tmp_path / "runs"
    rows = fusionbench.run(["average", "max"], make_folder(), out=out, metrics=SIX)
    assert list(rows["pair"]) == [f"p{i:03}" for i in range(4)] * 2
    assert set(rows["status"]) == {"ok"}
    folder = RunFolder(out / "scenes" / "average")
    gray, colour = read(folder.image("p000")), read(folder.image("p000", "colour"))
    assert gray.shape == (48, 64)
    assert colour.shape == (48, 64, 3)
    manifest = folder.manifest()
    assert manifest.state == "finished"
    assert manifest.pairs == [f"p{i:03}" for i in range(4)]
    assert manifest.protocols == {"film": "1"}
    assert set(manifest.metrics) == {f"{name}@film" for name in SIX}
    assert manifest.environment["numpy"] == np.__version__


def test_stored_values_are_those_of_evaluate(tmp_path: Path, make_folder: MakeFolder) -> None:
    source = make_folder(2)
    rows = fusionbench.run("average", source, out=tmp_path / "runs", metrics=SIX)
    dataset = fusionbench.load_dataset(source)
    for row, pair in zip(rows.to_dict("records"), dataset, strict=True):
        a, b = dataset.read(pair)
        fused = read(RunFolder(tmp_path / "runs" / "scenes" / "average").image(pair.name))
        expected = fusionbench.evaluate(fused, a, b, metrics=SIX)
        assert {name: row[f"{name}@film"] for name in SIX} == dict(expected)


def test_workers_and_executors_give_the_same_bytes(tmp_path: Path, make_folder: MakeFolder) -> None:
    source = make_folder(3)
    tables = []
    for number, (executor, workers) in enumerate([("threads", 1), ("threads", 3), ("processes", 2)]):
        out = tmp_path / str(number)
        fusionbench.run(["laplacian", "dwt"], source, out=out, workers=workers, executor=executor)
        tables.append(write_leaderboard(Results(out)).read_bytes())
    assert tables[0] == tables[1] == tables[2]


def test_finished_pairs_are_not_done_again(tmp_path: Path, make_folder: MakeFolder, make_method: MakeMethod) -> None:
    log = tmp_path / "calls"
    spec = make_method(f"{_logging(log)}\nreturn (a + b) / 2")
    source, out = make_folder(), tmp_path / "runs"
    fusionbench.run(spec, source, out=out, metrics=["EN"], limit=2)
    fusionbench.run(spec, source, out=out, metrics=["EN"])
    assert log.read_text().split() == ["p000", "p001", "p002", "p003"]
    fusionbench.run(spec, source, out=out, metrics=["SD", "AG"])  # scored again, not fused again
    assert log.read_text().split() == ["p000", "p001", "p002", "p003"]
    row = RunFolder(out / "scenes" / "mine").rows()["p003"]
    assert set(row.metrics) == {"EN@film", "SD@film", "AG@film"}


def test_changed_source_is_done_again(tmp_path: Path, make_folder: MakeFolder) -> None:
    source, out = make_folder(2), tmp_path / "runs"
    before = fusionbench.run("average", source, out=out, metrics=["EN"])
    write(source / "ir" / "p001.png", np.zeros((48, 64), np.uint8))
    after = fusionbench.run("average", source, out=out, metrics=["EN"])
    assert before["EN@film"][0] == after["EN@film"][0]
    assert before["EN@film"][1] != after["EN@film"][1]


def test_an_edited_method_is_done_again(tmp_path: Path, make_folder: MakeFolder, make_method: MakeMethod) -> None:
    source, out = make_folder(2), tmp_path / "runs"
    before = fusionbench.run(make_method("return a"), source, out=out, metrics=["SD"])
    after = fusionbench.run(make_method("return 0.5 * a"), source, out=out, metrics=["SD"])
    assert (after["SD@film"] < 0.6 * before["SD@film"]).all()


def test_a_class_that_a_file_only_imports_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("from fusionbench.methods.classical.average import Average")
    black = np.zeros((8, 8), np.uint8)
    pair = Pair("a", black, black, "IVF")
    assert get_method(f"{path}:Average").files(pair) == []
    assert get_method("average").files(pair) == []


def test_a_changed_image_in_a_folder_is_scored_again_and_no_other(tmp_path: Path, make_folder: MakeFolder) -> None:
    source, out, fused = make_folder(2), tmp_path / "runs", tmp_path / "fused"
    for name in ("p000", "p001"):
        write(fused / f"{name}.png", np.full((48, 64), 7, np.uint8))
    before = fusionbench.run(f"x=folder:{fused}", source, out=out, metrics=["EN"])
    stored = RunFolder(out / "scenes" / "x").rows()
    write(fused / "p001.png", np.arange(48 * 64, dtype=np.uint8).reshape(48, 64))
    after = fusionbench.run(f"x=folder:{fused}", source, out=out, metrics=["EN"])
    assert list(before["EN@film"]) == [0.0, 0.0]
    assert list(after["EN@film"]) == [0.0, 8.0]
    rows = RunFolder(out / "scenes" / "x").rows()
    assert rows["p000"] == stored["p000"]  # to the digit of its seconds: it was not done again
    assert rows["p001"].sources != stored["p001"].sources


def test_an_edited_script_of_a_command_is_run_again(tmp_path: Path, make_folder: MakeFolder) -> None:
    source, out, script = make_folder(1), tmp_path / "runs", tmp_path / "fuse.py"
    for level in (0, 1):
        script.write_text(f"import sys, shutil; shutil.copy(sys.argv[1 + {level}], sys.argv[3])")
        rows = fusionbench.run(f"x=cmd:{sys.executable} {script} {{a}} {{b}} {{out}}", source, out=out, metrics=["CC"])
        image = read(out / "scenes" / "x" / "fused" / "p000.png")
        assert image.ndim == (2, 3)[level]
        assert list(rows["status"]) == ["ok"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return a * np.nan", "NaN or infinity in 3072 of 3072 pixels"),
        ("return a[..., 1:]", r"shape \(1, 1, 48, 63\)"),
        ("return 1 / 0", "ZeroDivisionError: division by zero"),
        ("return None", "NoneType"),
    ],
)
def test_failure_of_a_method_is_a_row(
    tmp_path: Path, make_folder: MakeFolder, make_method: MakeMethod, body: str, reason: str
) -> None:
    bad = make_method(f"if context['pairs'][0].name == 'p001':\n    {body}\nreturn (a + b) / 2")
    rows = fusionbench.run([bad, "average"], make_folder(3), out=tmp_path / "runs", metrics=["EN"])
    mine = rows[rows["method"] == "mine"].set_index("pair")
    assert list(mine["status"]) == ["ok", "failed", "ok"]
    assert mine["reason"].str.contains(reason)["p001"]
    assert math.isnan(mine["EN@film"]["p001"])
    assert set(rows[rows["method"] == "average"]["status"]) == {"ok"}
    assert not RunFolder(tmp_path / "runs" / "scenes" / "mine").image("p001").exists()


def test_skipped_pairs_stay_visible(tmp_path: Path, make_folder: MakeFolder) -> None:
    source = make_folder(3)
    (source / "vi" / "p001.png").unlink()
    with pytest.raises(InputError, match="p001"):
        fusionbench.run("average", source, out=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()
    rows = fusionbench.run("average", source, out=tmp_path / "runs", on_error="skip", metrics=["EN"])
    assert dict(zip(rows["pair"], rows["status"], strict=True)) == {"p000": "ok", "p001": "skipped", "p002": "ok"}


@pytest.mark.parametrize("size", [(1, 1), (16, 16), (1, 40)])
def test_tiny_images_give_nan_with_a_reason(tmp_path: Path, make_folder: MakeFolder, size: tuple[int, int]) -> None:
    rows = fusionbench.run(None, make_folder(1, size), out=tmp_path / "runs", metrics=SIX)
    assert set(rows["status"]) == {"ok"}
    assert rows["VIFF@film"].isna().all()
    assert rows["reason"].str.contains("VIFF@film: needs at least 41 pixels on each side").all()
    assert not rows["EN@film"].isna().any()
    assert not rows["SD@film"].isna().any()


def test_constant_images(tmp_path: Path) -> None:
    for side in ("ir", "vi"):
        write(tmp_path / "flat" / side / "x.png", np.full((48, 48), 90, np.uint8))
    rows = fusionbench.run(None, tmp_path / "flat", out=tmp_path / "runs", metrics=["EN", "SD", "SF", "AG"])
    assert set(rows["status"]) == {"ok"}
    assert (rows[["EN@film", "SD@film", "SF@film", "AG@film"]] == 0).all(axis=None)


def test_names_and_full_keys_of_metrics(tmp_path: Path, make_folder: MakeFolder) -> None:
    rows = fusionbench.run("average", make_folder(1), out=tmp_path / "runs", metrics=["EN", "PSNR@film"])
    assert {"EN@film", "PSNR@film"} <= set(rows)


def test_method_objects_and_asking_twice(tmp_path: Path, make_folder: MakeFolder) -> None:
    source = make_folder(1)
    rows = fusionbench.run([get_method("average")], source, out=tmp_path / "runs", metrics=["EN"])
    assert list(rows["method"]) == ["average"]
    with pytest.raises(InputError, match="asked for twice"):
        fusionbench.run(["max", "max"], source, out=tmp_path / "runs")


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write everywhere")
def test_read_only_folder(tmp_path: Path, make_folder: MakeFolder) -> None:
    source = make_folder(1)
    out = tmp_path / "sealed"
    out.mkdir(mode=0o500)
    with pytest.raises(InputError, match="choose a folder that can be written to"):
        fusionbench.run("average", source, out=out)


def _command(source: Path, out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "fusionbench", "run", "-d", str(source), "-o", str(out), *more]


@pytest.mark.slow
def test_kill_and_again_gives_the_same_leaderboard(
    tmp_path: Path, make_folder: MakeFolder, make_method: MakeMethod
) -> None:
    log = tmp_path / "calls"
    spec = make_method(
        f"{_logging(log)}\ntime.sleep(0.05)\nreturn np.maximum(a, b)",
        head="import time",
    )
    source = make_folder(20)
    methods = ("-m", spec, "-m", "laplacian", "-m", "average", "-j", "2")
    subprocess.run(_command(source, tmp_path / "whole", *methods), check=True, capture_output=True)
    log.unlink()
    table = tmp_path / "broken" / "scenes" / "mine" / "metrics.csv"
    with subprocess.Popen(_command(source, tmp_path / "broken", *methods), stderr=subprocess.DEVNULL) as process:
        while not table.exists() or table.read_text().count("\n") < 6:
            time.sleep(0.01)
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
    finished = RunFolder(table.parent).rows()
    assert 5 <= len(finished) < 20
    done_before = log.read_text().split()
    log.unlink()
    again = subprocess.run(_command(source, tmp_path / "broken", *methods), capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert not set(log.read_text().split()) & set(finished)
    assert len(done_before) >= len(finished)
    whole, broken = (tmp_path / name / "leaderboard.csv" for name in ("whole", "broken"))
    assert whole.read_bytes() == broken.read_bytes()


@pytest.mark.slow
def test_full_disk_in_the_middle(tmp_path: Path, make_folder: MakeFolder) -> None:
    """A limit on the size of files stands in for the full disk; the system answers a write with an error as well."""
    source, out = make_folder(6, (200, 200)), tmp_path / "runs"

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    limited = subprocess.run(
        _command(source, out, "-m", "average"), capture_output=True, text=True, preexec_fn=small_files
    )
    assert limited.returncode == 1
    assert limited.stderr.splitlines()[-1].startswith("fusionbench: cannot write ")
    assert all(read(path).shape[:2] == (200, 200) for path in out.rglob("*.png"))  # whole, or not there
    assert not list(out.rglob(".*.tmp"))
    assert RunFolder(out / "scenes" / "average").rows() == {}
    again = subprocess.run(_command(source, out, "-m", "average"), capture_output=True, text=True)
    assert again.returncode == 0
    assert len(list((out / "scenes" / "average" / "fused").glob("*.png"))) == 6
    assert not list(out.rglob(".*.tmp"))


@pytest.mark.slow
def test_two_runs_at_once_into_one_folder(tmp_path: Path, make_folder: MakeFolder, make_method: MakeMethod) -> None:
    spec = make_method(f"while not Path({str(tmp_path / 'go')!r}).exists():\n    time.sleep(0.02)\nreturn a",
                       head="import time\nfrom pathlib import Path")  # fmt: skip
    source, out = make_folder(4), tmp_path / "runs"
    with subprocess.Popen(_command(source, out, "-m", spec), stderr=subprocess.DEVNULL) as first:
        while not (out / "scenes" / "mine" / "run.json").exists():
            time.sleep(0.02)
        second = subprocess.run(_command(source, out, "-m", spec), capture_output=True, text=True)
        (tmp_path / "go").touch()
        assert first.wait() == 0
    assert second.returncode == 2
    assert "another run is writing to" in second.stderr
    assert len(RunFolder(out / "scenes" / "mine").rows()) == 4


@pytest.mark.slow
def test_memory_stays_flat(tmp_path: Path, make_folder: MakeFolder) -> None:
    """2,000 pairs hold at most 300 MB more than 10 do."""
    source = make_folder(10, (96, 128))
    for side in ("ir", "vi"):
        for index in range(10, 2000):
            os.link(source / side / f"p{index % 10:03}.png", source / side / f"p{index:03}.png")
    peaks = []
    for limit in (10, 2000):
        code = (
            "import fusionbench, resource\n"
            f"rows = fusionbench.run('average', {str(source)!r}, out={str(tmp_path / str(limit))!r}, limit={limit},"
            " metrics=['EN', 'AG', 'VIFF'])\n"
            f"assert len(rows) == {limit}\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
        )
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        peaks.append(int(done.stdout) / 1024)
    assert peaks[1] - peaks[0] < 300


def test_stream_hands_out_little_at_a_time() -> None:
    handed: list[int] = []

    def items() -> Iterator[int]:
        for index in range(50):
            handed.append(index)
            yield index

    with ThreadPoolExecutor(2) as pool:
        results = stream(((pool, str, item) for item in items()), ahead=4)
        next(results)
        assert len(handed) <= 8
        assert len(list(results)) == 49


def test_stream_raises_after_what_is_running_is_done() -> None:
    def half(number: int) -> int:
        if number == 3:
            raise RunError("three")
        return number

    seen: list[int] = []
    with ThreadPoolExecutor(1) as pool, pytest.raises(RunError, match="three"):
        seen.extend(stream(((pool, half, number) for number in range(10)), ahead=2))
    assert set(seen) >= {0, 1, 2}


def test_a_cluster_that_is_not_there(tmp_path: Path) -> None:
    pytest.importorskip("distributed")
    with pytest.raises(FusionBenchError, match="no Dask scheduler answers"):
        fusionbench.run("average", out=tmp_path / "runs", executor="dask:nowhere://1")
    assert not (tmp_path / "runs").exists()  # nothing was begun
