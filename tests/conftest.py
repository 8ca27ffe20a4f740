"""What every test may use."""

from __future__ import annotations

import os
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path

import pytest

from fusionbench.frameworks.jittor.environment import home, installed

from .film import enliven, exact, network, published, scene, state

__all__ = ["enliven", "exact", "network", "published", "scene", "state"]

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real data beside the checkout; tests that need it are skipped without it."""
    folder = Path(os.environ.get("FUSIONBENCH_SHARED", ROOT.parent / "shared"))
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder} (set FUSIONBENCH_SHARED)")
    return folder


@pytest.fixture(scope="session")
def shared_data(shared: Path) -> Path:
    """The folder of real data sets."""
    return shared / "data"


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Keep the user's cache and data folders out of the tests, but for what Jittor has compiled in many minutes."""
    os.environ.setdefault("JITTOR_HOME", str(home()))
    os.environ["FUSIONBENCH_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    os.environ.pop("FUSIONBENCH_DATA", None)
    os.environ.pop("FUSIONBENCH_WEIGHTS", None)


def _for_want_of_torch(call: pytest.CallInfo | None) -> bool:
    """Whether something ended because PyTorch, which the learned methods need, is not installed."""
    error = call.excinfo.value if call and call.excinfo and find_spec("torch") is None else None
    met: list[BaseException] = []  # a chain may lead back to where it began
    while error is not None and not any(error is each for each in met):
        met.append(error)
        if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == "torch":
            return True
        error = error.__cause__ or error.__context__
    return False


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if report.failed and _for_want_of_torch(getattr(report, "call", None)):
        report.outcome, report.longrepr = "skipped", (str(collector.path), 0, "Skipped: PyTorch is not installed")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.failed and _for_want_of_torch(call):
        report.outcome, report.longrepr = "skipped", (str(item.path), 0, "Skipped: PyTorch is not installed")
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what computes with Jittor where it is not installed."""
    if installed() is None:
        for item in items:
            if item.get_closest_marker("jittor"):
                item.add_marker(pytest.mark.skip(reason="Jittor is not installed"))
