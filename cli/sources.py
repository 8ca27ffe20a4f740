"""The sources that stored results were made from, for figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from ..errors import letter

if TYPE_CHECKING:
    from ..datasets import SizePolicy, Task
    from ..results import Manifest, Results


def sources_of(results: Results) -> Callable[[str, str], list[tuple[str, Any]]]:
    """Find the sources of a pair by what the manifests say of them; nothing where they are gone."""
    from ..datasets import Pair, parse_ranges, read_pair
    from ..datasets.images import is_there

    def sources(dataset: str, pair: str) -> list[tuple[str, Any]]:
        for manifest in (run.manifest for run in results.runs if run.dataset == dataset):
            files = manifest.source_files(pair)
            if files and all(map(is_there, files)):
                labels = _modalities(manifest, files)
                policy, ranges = cast("SizePolicy", manifest.size_policy), parse_ranges(manifest.range)
                scene = Pair(pair, files[0], files[1], "IVF", further=files[2:])
                images = read_pair(scene, policy, ranges, manifest.rgbt)
                return list(zip(labels, images, strict=True))
        return []

    return sources


def _modalities(manifest: Manifest, files: Sequence[Path]) -> list[str]:
    """Say what the sources of a pair are, by the data set, or by its task and folders where no catalogue knows it."""
    from ..datasets.catalog import find_spec
    from ..datasets.spec import MODALITIES

    spec = find_spec(manifest.dataset.name)
    tasks = {spec.task} if spec else set(manifest.tasks)
    if len(files) != 2 or len(tasks) != 1 or not tasks <= MODALITIES.keys():
        return [f"Source {letter(i)}" for i in range(len(files))]
    a, b = spec.modalities if spec else MODALITIES[cast("Task", tasks.pop())]
    if b == "other":  # the medical image that is no MRI: its folder says what it is
        b = next((word for word in ("SPECT", "PET", "CT") if word in files[1].parent.name.upper()), "source b")
    return [name[:1].upper() + name[1:] for name in (a, b)]
