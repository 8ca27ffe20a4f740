"""Work given to a cluster: Dask's with several numbers of workers, and jobs of SLURM, which are processes here."""

from __future__ import annotations

import os
import textwrap
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import fusionbench
from fusionbench.bench import executors
from fusionbench.bench.cluster import Cluster, slurm
from fusionbench.errors import InputError, RunError

from .stored import stored

MakeFolder = Callable[..., Path]
MakeMethod = Callable[..., str]
METHODS = ["average", "laplacian"]
METRICS = ["EN", "Qabf"]
JOBS = "slurm:cluster=local,time=10"

pytest.importorskip("distributed")
pytest.importorskip("submitit")


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["processes", "dask-1", "dask-2", "dask-4", f"{JOBS},jobs=2"])
def test_whoever_works_gives_the_same_bytes(executor: str, tmp_path: Path, make_folder: MakeFolder) -> None:
    source = make_folder(6)
    fusionbench.run(METHODS, source, out=tmp_path / "serial", metrics=METRICS)
    if executor.startswith("dask"):
        from distributed import LocalCluster

        with LocalCluster(
            n_workers=int(executor[-1]),
            threads_per_worker=1,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": ":0"},
        ) as cluster:
            address = f"dask:{cluster.scheduler_address}"
            fusionbench.run(METHODS, source, out=tmp_path / "out", metrics=METRICS, executor=address, workers=2)
    else:
        fusionbench.run(METHODS, source, out=tmp_path / "out", metrics=METRICS, executor=executor, workers=2)
    assert stored(tmp_path / "out") == stored(tmp_path / "serial")


@pytest.mark.slow
def test_a_job_that_ends_is_started_again(tmp_path: Path, make_folder: MakeFolder, make_method: MakeMethod) -> None:
    """The method kills the job, the worker's parent, at one pair, and once."""
    source, mark = make_folder(6), tmp_path / "killed"
    body = textwrap.dedent(f"""\
        mark = Path({str(mark)!r})
        if context["pairs"][0].name == "p002" and not mark.exists():
            mark.touch()
            os.kill(os.getppid(), 9)
        return np.maximum(a, b)""")
    spec = make_method(body, head="import os\nfrom pathlib import Path")
    rows = fusionbench.run([spec], source, out=tmp_path / "out", metrics=METRICS, executor=f"{JOBS},jobs=1")
    assert mark.exists()
    assert rows["status"].tolist() == ["ok"] * 6
    assert sorted(rows["pair"]) == [f"p{index:03}" for index in range(6)]
    assert len(list((tmp_path / "out" / "slurm").glob("*_log.err"))) == 2, "there were two jobs"


@pytest.mark.slow
def test_jobs_that_never_work_end_the_run(
    tmp_path: Path, make_folder: MakeFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A node that lacks the program, say: the last words of a job are told, and nothing waits without end."""
    broken = tmp_path / "broken"
    (broken / "distributed").mkdir(parents=True)
    (broken / "distributed" / "__init__.py").write_text("raise ImportError('no libssl on this node')")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(broken), os.environ.get("PYTHONPATH", "")]))
    with pytest.raises(RunError, match=r"all jobs ended, each started 3 times \(.*no libssl on this node"):
        fusionbench.run(METHODS, make_folder(2), out=tmp_path / "out", executor=f"{JOBS},jobs=2")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ("partition", "--slurm 'partition': give NAME=VALUE"),
        ("cluster=local,jobs=0", "at least one job"),
        ("cluster=local,jobs=many", "jobs=many: give a number of jobs"),
        ("cluster=local,gpus_per_node=two", "gpus_per_node"),
        ("cluster=moon", "moon"),
        ("partition=gpu", "there is no sbatch"),
    ],
)
def test_settings_that_are_wrong(settings: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError) as error, slurm(settings, 1, tmp_path):
        pass
    assert sentence in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.slow
def test_what_slurm_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in place of sbatch: the script that it gets has the settings, and its refusal is the sentence."""
    program = tmp_path / "sbatch"
    program.write_text(f"#!/bin/sh\ncat $1 > {tmp_path}/script\necho 'sbatch: error: invalid partition' >&2\nexit 1\n")
    program.chmod(0o755)
    (tmp_path / "srun").symlink_to(program)  # whose presence tells submitit that SLURM is here
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    settings = "partition=gpu,gpus_per_node=1,time=90,jobs=2,mem=16G,host=127.0.0.1"
    with (
        pytest.raises(InputError, match=r"SLURM takes no job: .*invalid partition"),
        slurm(settings, 1, tmp_path / "l"),
    ):
        pass
    script = (tmp_path / "script").read_text()
    for line in ("--partition=gpu", "--gpus-per-node=1", "--time=90", "--mem=16G", "--job-name=fusionbench"):
        assert line in script


@pytest.mark.slow
def test_a_task_that_a_client_forgot_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one that was given at the very moment at which the scheduler went away: others are done to their end."""
    from distributed import Client, LocalCluster

    monkeypatch.setattr(executors, "LOOK", 0.2)
    options = {"threads_per_worker": 1, "dashboard_address": None, "scheduler_kwargs": {"dashboard_address": ":0"}}
    with (
        LocalCluster(n_workers=1, **options) as scheduler,
        Client(scheduler) as client,
        ThreadPoolExecutor(1) as beside,
    ):
        cluster = Cluster(client)
        assert list(executors.stream([(cluster, abs, -1), (cluster, abs, -2)], 2)) in ([1, 2], [2, 1])
        assert not cluster.lost()
        jobs: list[executors.Job] = [(cluster, time.sleep, 600), (beside, lambda item: (time.sleep(1), item)[1], 5)]
        results = executors.stream(iter(jobs), 2)
        taken: list[object] = []
        threading.Timer(0.5, client.futures.clear).start()
        with pytest.raises(RunError, match="finished pairs are kept"):
            taken.extend(results)
        assert cluster.lost()
        assert taken == [5]
        threading.Timer(0.5, client.futures.clear).start()
        with pytest.raises(RunError, match="finished pairs are kept"):
            executors.elsewhere(cluster, "mine", time.sleep, 600)
