"""Notebooks, executed from a clean kernel, in the form in which they are committed: outputs
current, no counts of executions, no metadata of editors."""

from __future__ import annotations

import os
import re
from base64 import b64decode
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

ROOT = Path(__file__).parent.parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("[0-9]-*.ipynb"))
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
SECONDS = 60


def read(path: Path) -> Any:
    """A notebook as it is committed."""
    return nbformat.read(path, as_version=4)


def executed(notebook: Any) -> Any:
    """The same with the outputs of a clean kernel, which knows no place of the user's, and is
    spoken to through files, not through the network."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("FWSIM_")}
    with TemporaryDirectory() as folder:
        kernel = {"transport": "ipc", "connection_file": f"{folder}/kernel.json"}
        client = NotebookClient(
            notebook,
            timeout=SECONDS,
            coalesce_streams=True,
            config=Config(KernelManager=kernel),
        )
        client.execute(env={**environment, "PYTHONPATH": str(ROOT), "IPYTHONDIR": folder})
    return tidy(notebook)


def tidy(notebook: Any) -> Any:
    """Without what changes from one run to the next and says nothing."""
    notebook.metadata = nbformat.from_dict(METADATA)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type == "code":
            cell.execution_count = None
            cell.outputs = [_tidy_output(output) for output in cell.outputs]
    return notebook


def _tidy_output(output: Any) -> Any:
    if "execution_count" in output:
        output.execution_count = None
    return output


def written(notebook: Any) -> str:
    """The text of the file."""
    return str(nbformat.writes(notebook, version=4)) + "\n"


def said(notebook: Any) -> Any:
    """What its outputs say: of HTML and its pictures the text, not how it is drawn, which tests of
    pages look after, and which changes more often than what it says."""
    copy = nbformat.from_dict(notebook)
    for output in (output for cell in copy.cells for output in cell.get("outputs", [])):
        if html := output.get("data", {}).get("text/html"):
            output.data["text/html"] = _text(html)
    return copy


def _text(html: str) -> list[str]:
    html = re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL)
    html = re.sub(r"data:image/svg\+xml;base64,([\w+/=]+)", _drawn, html)
    return [text for text in re.split(r"\s*<[^>]*>\s*", html) if text]


def _drawn(picture: re.Match[str]) -> str:
    """The words of a picture, where its bytes stood."""
    svg = b64decode(picture[1]).decode("utf-8")
    return f'"> {" ".join(re.findall(r"<text[^>]*>([^<]*)", svg))} <b "'
