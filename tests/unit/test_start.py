"""Starting is quick: a write imports only what it needs."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path

SLOW = (
    "PIL",
    "SimpleITK",
    "asyncio",
    "click",
    "dask",
    "email",
    "gdcm",
    "highdicom",
    "http",
    "imagecodecs",
    "importlib.metadata",
    "multiprocessing",
    "nibabel",
    "numpy.ma",
    "numpy.random",
    "pydantic",
    "pydicom",
    "requests",
    "rich",
    "ssl",
    "tomllib",
    "xml",
)
"""Packages and modules that take as long to import as a part of a small write."""

NOT_FOR_A_WRITE = (
    "dicomseries.derivation.attributes",
    "dicomseries.derivation.source",
    "dicomseries.drawing.volume_preview",
    "dicomseries.segmentation.segmentation_object",
    "dicomseries.sinks.object_store",
    "dicomseries.sinks.volume_files",
    "dicomseries.sinks.volume_objects",
    "dicomseries.sources.all_formats",
    "dicomseries.stores.fsspec_store",
    "dicomseries.viewing",
    "dicomseries.writing.inputs.source_inheritance",
    "dicomseries.writing.jobs.segmentation_jobs",
)
"""Our packages and modules that a CT series of an array needs neither to write nor to read."""

MOST_MODULES = 314
"""Modules of ours that a write and a read import; 404 before they were imported on first use."""

PROGRAM = """
import json, sys, tempfile
import numpy as np
import dicomseries as dcs
array = np.arange(60, dtype="int16").reshape(3, 4, 5)
with tempfile.TemporaryDirectory() as folder:
    receipt = dcs.write(array, f"{folder}/out", kind="CT", spacing=(1, 1, 2))
    read = dcs.read(f"{folder}/out")
    dcs.tags(f"{folder}/out")
    dcs.scan(f"{folder}/out")
assert receipt.max_error == 0 and (read.array == array).all()
print(json.dumps(sorted(sys.modules)))
"""


@functools.cache
def imported_modules() -> frozenset[str]:
    """Modules that a process has imported after a write and a read."""
    program = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, encoding="utf-8", check=True
    )
    return frozenset(json.loads(program.stdout))


def test_a_write_and_a_read_of_integers_import_no_slow_package() -> None:
    assert {"numpy", "dicomseries"} <= imported_modules()
    assert imported_modules().isdisjoint(SLOW), sorted(imported_modules().intersection(SLOW))


def test_a_write_and_a_read_import_nothing_of_ours_for_other_tasks() -> None:
    assert {name for name in NOT_FOR_A_WRITE if name in imported_modules()} == set()


def test_a_write_and_a_read_import_few_modules_of_ours() -> None:
    ours = [name for name in imported_modules() if name.split(".")[0] == "dicomseries"]
    assert len(ours) <= MOST_MODULES


def test_every_name_of_a_package_imported_on_first_use_exists() -> None:
    import dicomseries
    import dicomseries.api
    import dicomseries.sinks
    import dicomseries.sources

    assert dicomseries.sources.FORMATS
    assert "save_volume" in dir(dicomseries.sinks)
    assert dicomseries.api.write is dicomseries.write
    assert callable(dicomseries.plan)


def test_the_command_line_of_a_write_imports_only_what_it_calls(tmp_path: Path) -> None:
    program = (
        "import sys; from dicomseries.cli import main\n"
        f"code = main(['demo', {str(tmp_path / 'out')!r}, 'int16', '--quiet'])\n"
        "print(code, *sys.modules)"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True
    )
    code, *imported = ended.stdout.split()
    assert code == "0"
    assert {"pydantic", "rich", "typer", "numpy.ma", "numpy.random"}.isdisjoint(imported)
    commands = [name for name in imported if name.startswith("dicomseries.cli.commands.")]
    assert {name.rpartition(".")[2] for name in commands} == {"demo_command", "tags_command"}
