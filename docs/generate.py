"""Pages that are made from the code when the site is built: metrics, data sets, methods."""

from __future__ import annotations

from typing import Any

from mkdocs.structure.files import File, Files


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages; a hook of MkDocs."""
    for name, content in {"metrics.md": _metrics(), "datasets.md": _datasets(), "methods.md": _methods()}.items():
        files.append(File.generated(config, name, content=content))
    return files


def _metrics() -> str:
    from fusionbench.metrics.guide.explain import overview, reference

    return (
        "# Metrics\n\nA result always carries its convention, `metric@convention`. `fusionbench explain NAME` prints what "
        f"stands here. Values are those of the example triple that ships with the package.\n\n{overview()}\n\n{reference()}"
    )


def _datasets() -> str:
    from fusionbench.datasets import list_datasets

    parts = [
        "# Data sets\n\nNames match by stem, whatever the extension; folders without regard to case; images are read by "
        "their content. `fusionbench datasets check NAME` says what was found. `--data-root ROOT` is the data set's own "
        "folder or the one it lies in; without it, the environment's FUSIONBENCH_DATA or `./data`. A file `test.txt` of "
        "names beside the folders is the default split.\n"
    ]
    for spec in list_datasets():
        layouts = "".join(
            f"- `{x.a}` with `{x.b}`{f', ideal image `{x.truth}`' if x.truth else ''}\n" for x in spec.all_layouts
        )
        facts = {
            "Task": spec.task,
            "Sources": f"a: {spec.modalities[0]}, b: {spec.modalities[1]}",
            "Colour": {"a": "source a", "b": "source b", "both": "both sources", "none": "none"}[spec.colour],
            "Pairs": spec.pairs,
            "Licence": spec.licence,
            "Home": f"<{spec.home}>" if spec.home.startswith("http") else spec.home,
            "Citation": spec.citation + (f" <https://doi.org/{spec.doi}>" if spec.doi else ""),
            "How to get it": spec.obtain,
        }
        parts.append(f"## {spec.name}\n\n{spec.title}\n\n{_facts(facts)}")
        if layouts:
            parts.append(f"\nLayouts, as regular expressions of the folders' names:\n\n{layouts}")
    return "\n".join(parts)


def _methods() -> str:
    from fusionbench.methods import get_method, list_methods
    from fusionbench.methods.method import option_parameters

    parts = [
        "# Methods\n\nOptions stand in brackets, `laplacian[levels=5]`. `quantise` says how [0, 1] becomes 8 bit: it "
        "changes EN, SD and AG, so it stands in every manifest.\n"
    ]
    for info in list_methods():
        options = ", ".join(
            f"`{name}={parameter.default}`"
            for name, parameter in option_parameters(type(get_method(info.name))).items()
        )
        facts = {"Tasks": " ".join(info.tasks), "Options": options, "Reference": info.reference}
        parts.append(f"## {info.name}\n\n{info.summary}\n\n{_facts(facts)}")
    return "\n".join(parts)


def _facts(facts: dict[str, str]) -> str:
    return "".join(f"- **{key}:** {' '.join(value.split())}\n" for key, value in facts.items() if value)
