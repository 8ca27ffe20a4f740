"""Draw docs/images/sample.png: a pair of each task of the sample set, and what classical methods make of it.

Run `fusionbench run` before; usage: python docs/sample_figure.py [RUNS]
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib.pyplot as plt

import fusionbench
from fusionbench.datasets import read
from fusionbench.results import run_folder

METHODS = ("average", "laplacian", "gff")
TASKS = {"IVF": "infrared + visible", "MIF": "medical", "MEF": "multi-exposure", "MFF": "multi-focus"}
PAIRS = {
    "night-street": ("infrared", "visible"),
    "mri-pet": ("MRI", "PET"),
    "rocket": ("over-exposed", "under-exposed"),
    "astronaut": ("near focus", "far focus"),
}


def main(runs: Path) -> None:
    dataset = fusionbench.load_dataset("sample")
    pairs = [dataset[name] for name in PAIRS]
    ratios = [a.shape[0] / a.shape[1] for a, _ in map(dataset.read, pairs)]
    figure, axes = plt.subplots(
        len(pairs),
        2 + len(METHODS),
        figsize=(11, 2.1 * sum(ratios) + 1.2),
        layout="constrained",
        gridspec_kw={"height_ratios": ratios},
    )
    for line, pair in zip(axes, pairs, strict=True):
        images = [*dataset.read(pair)]
        for method in METHODS:
            folder = run_folder(runs, dataset.label, method)
            colour = folder.image(pair.name, "colour")
            images.append(read(colour if colour.exists() else folder.image(pair.name)))
        for axis, image, name in zip(line, images, [*PAIRS[pair.name], *METHODS], strict=True):
            axis.imshow(image, cmap="gray", vmin=0, vmax=255)
            axis.set_title(name, fontsize=10)
            axis.set_xticks([], [])
            axis.set_yticks([], [])
        line[0].set_ylabel(TASKS[pair.task], fontsize=11)
    path = Path(__file__).parent / "images" / "sample.png"
    figure.savefig(path, dpi=80)
    print(path)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs"))
