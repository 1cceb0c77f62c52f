"""The example notebooks run and are committed without outputs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "docs" / "examples").glob("*.ipynb"))


def read(path: Path):
    return nbformat.read(path, as_version=4)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_committed_without_outputs(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]
    assert [cell for cell in cells if cell.outputs or cell.execution_count] == []


EXECUTE = """
import sys, nbformat
from jupyter_client import KernelManager
from nbclient import NotebookClient

notebook = nbformat.read(sys.argv[1], as_version=4)
manager = KernelManager()
manager.kernel_spec.argv[0] = sys.executable  # not whatever else is installed for the user
NotebookClient(notebook, km=manager, timeout=150, resources={"metadata": {"path": "."}}).execute()
nbformat.write(notebook, "executed.ipynb")
"""


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_and_shows_its_volumes(path, tmp_path):
    homes = ("IPYTHONDIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR")
    environment = {**os.environ, **{name: str(tmp_path / name) for name in homes}}
    command = [sys.executable, "-c", EXECUTE, str(path)]
    result = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=200,
    )
    assert result.returncode == 0, result.stderr
    cells = read(tmp_path / "executed.ipynb").cells
    shown = [
        output["data"].get("text/html", "") for cell in cells for output in cell.get("outputs", ())
    ]
    assert len(shown) == 3
    assert all('class="dcs"' in html and "<svg" in html for html in shown)
    assert sum('src="data:image/png;base64,' in html for html in shown) == 2
