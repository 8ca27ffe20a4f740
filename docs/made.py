"""Pages that are run when the site is built: the gallery's commands, and the notebook."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

_DOCS = Path(__file__).parent
_COMMAND = re.compile(r"^```bash\n(fusionbench .+)\n```$", re.MULTILINE)


def on_startup(**_: Any) -> None:
    """Lay links to the packages beside each other in build/api, so that no environment is taken for a part; a hook."""
    place = _DOCS.parent / "build/api/fusionbench"
    place.mkdir(parents=True, exist_ok=True)
    rooms = [path.parent for path in _DOCS.parent.glob("*/__init__.py")]
    for part in [*rooms, *_DOCS.parent.glob("*.py")]:
        if not (link := place / part.name).is_symlink():
            link.symlink_to(part)


def on_files(files: Files, config: Any) -> Files:
    """Add the notebook's page, with what it printed and drew; a hook of MkDocs."""
    import nbformat
    from nbconvert import MarkdownExporter
    from nbconvert.preprocessors import ExecutePreprocessor, ExtractOutputPreprocessor
    from traitlets.config import Config

    names = Config(
        {"ExtractOutputPreprocessor": {"output_filename_template": "notebook-{cell_index}-{index}{extension}"}}
    )
    with tempfile.TemporaryDirectory() as place:
        exporter = MarkdownExporter(config=names)
        exporter.register_preprocessor(ExecutePreprocessor(timeout=600, kernel_name="python3"), enabled=True)
        exporter.register_preprocessor(ExtractOutputPreprocessor(config=names), enabled=True)
        notebook = nbformat.read(_DOCS / "notebook.ipynb", as_version=4)
        page, made = exporter.from_notebook_node(notebook, {"metadata": {"path": place}})
    files.append(File.generated(config, "notebook.md", content=page))
    for name, content in made["outputs"].items():
        files.append(File.generated(config, name, content=content))
    files.append(File.generated(config, "notebook.ipynb", abs_src_path=str(_DOCS / "notebook.ipynb")))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Run the commands of the gallery, and show below each what it drew or printed; a hook of MkDocs."""
    if page.file.src_uri != "gallery.md":
        return markdown
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "board").symlink_to(_DOCS / "board")

        def shown(match: re.Match[str]) -> str:
            command = [sys.executable, "-m", "fusionbench", *shlex.split(match[1])[1:]]
            done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
            if done.returncode:
                raise RuntimeError(f"{match[1]}: {done.stderr}")
            said = done.stdout.strip()
            if not said.endswith(".png"):
                kind = "latex" if "latex" in match[1] else ""
                return match[0] + "\n\n" + (said if "markdown" in match[1] else f"```{kind}\n{said}\n```")
            files.append(File.generated(config, f"gallery/{said}", content=(place / said).read_bytes()))
            return f"{match[0]}\n\n![{match[1]}](gallery/{said})"

        return _COMMAND.sub(shown, markdown)
