"""Promises about packages, modules and names: what `ls` shows is the architecture."""

from __future__ import annotations

import ast
import collections
import functools
import graphlib
import re
import tomllib
from pathlib import Path

from python_source import MODULES, SOURCE, nodes, tree

ROOT = Path(__file__).parents[2]
RECORD = ROOT / "docs" / "decisions" / "0015-packages-and-floors.md"
FORMATS = {"hdf5", "metaimage", "nifti", "npy", "nrrd", "tiff", "zarr_store"}
"""Modules with a reader and a writer of one file format, which mirror each other's name."""

LARGEST_PACKAGE = 15
"""Modules in one folder; more are split into subpackages by topic."""

SYSTEM_CALLS = re.compile(
    r"p?(read|write)v?|open|lseek|fsync|fdatasync|sched_\w+|posix_\w+|(process_)?cpu_count|O_\w+|"
    r"fork\w*|kill\w*|wait\w*|get[ep]?[ug]id|mkfifo|sendfile|link|symlink|statvfs|uname|umask|"
    r"rename|renames|replace|nice"
)
"""Names of `os` that some systems lack, or that behave differently there."""
SYSTEM_MODULES = {"fcntl", "grp", "msvcrt", "pty", "pwd", "resource", "termios", "winreg"}
MAY_CALL = {
    "cli.app": {"open", "O_WRONLY"},  # of the null device
    "sinks.durable": {"O_RDONLY", "O_RDWR"},
    "sinks.folder_lock": {"open", "O_RDONLY", "O_RDWR", "O_CREAT"},  # folders, where they open
    "sinks.staged_folder": {"fsync"},  # the commit empties the cache of the drive, once
}


def module_name(path: Path) -> str:
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@functools.cache
def modules() -> dict[str, Path]:
    return {module_name(path): path for path in MODULES}


@functools.cache
def imports() -> dict[str, set[str]]:
    """Module → modules that it imports, in functions and for type checkers too."""
    graph: dict[str, set[str]] = {}
    for module, path in modules().items():
        imported: set[str] = set()
        for node in nodes(path):
            if isinstance(node, ast.ImportFrom) and node.module:
                for alias in node.names:
                    name = f"{node.module}.{alias.name}"
                    imported.add(name if name in modules() else node.module)
            elif isinstance(node, ast.Import):
                imported.update(alias.name for alias in node.names)
        inside = {name for name in imported if name.startswith(f"{module}.")}
        graph[module] = (imported & modules().keys()) - inside - {module}
    return graph


def test_no_modules_import_each_other_in_a_circle():
    # raises graphlib.CycleError, which names the circle
    assert len(list(graphlib.TopologicalSorter(imports()).static_order())) == len(modules())


def test_a_package_is_imported_by_others_only_as_a_whole():
    """`standard` is a shelf of tables without a face; everything else exports what others need."""
    offenders = []
    for module, names in imports().items():
        package = module.split(".")[1:2]
        for name in sorted(names):
            parts = name.split(".")
            if len(parts) > 2 and parts[1:2] != package and parts[1] != "standard":
                offenders.append(f"{module} imports {name}")
    assert offenders == []


def test_a_public_class_name_is_used_once():
    places = collections.defaultdict(list)
    for module, path in modules().items():
        for node in nodes(path):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(module)
    assert len(places) > 100
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_a_module_name_is_used_once_but_for_file_formats():
    stems = [path.stem for path in MODULES if not path.stem.startswith("__")]
    repeated = {name for name, count in collections.Counter(stems).items() if count > 1}
    assert repeated - FORMATS == set()


def test_no_folder_has_more_modules_than_a_reader_takes_in():
    counts = collections.Counter(path.parent for path in MODULES)
    crowded = {str(folder.relative_to(SOURCE)): count for folder, count in counts.items()}
    assert {name: count for name, count in crowded.items() if count > LARGEST_PACKAGE + 1} == {}


def test_the_record_of_floors_is_what_the_import_contract_says():
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = pyproject["tool"]["importlinter"]["contracts"]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    contract = [set(re.findall(r"\w+", layer)) - {"__main__"} for layer in layers]
    rows = re.findall(r"^\| (\d+) \| ([^|]+) \|", RECORD.read_text(encoding="utf-8"), re.MULTILINE)
    record = [set(re.findall(r"`(\w+)/?`", packages)) for _, packages in rows]
    assert record == [packages for packages in contract if packages]
    assert [int(floor) for floor, _ in rows] == list(range(len(rows), 0, -1))


def test_calls_that_differ_between_systems_are_made_in_one_module():
    faults = []
    for module, path in modules().items():
        name = module.removeprefix("dicomseries.")
        for node in nodes(path):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name in SYSTEM_MODULES:
                        faults.append(f"{module}: import {alias.name}")
            if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
                continue
            is_allowed = name == "operating_system" or node.attr in MAY_CALL.get(name, set())
            if node.value.id == "os" and SYSTEM_CALLS.fullmatch(node.attr) and not is_allowed:
                faults.append(f"{module}, line {node.lineno}: os.{node.attr}")
    assert faults == []


def lazy_packages() -> dict[str, ast.Call]:
    """Package → its call of `export_lazily`."""
    calls = {}
    for module, path in modules().items():
        for node in tree(path).body:
            value = getattr(node, "value", None)
            if isinstance(value, ast.Call) and getattr(value.func, "id", "") == "export_lazily":
                calls[module] = value
    return calls


def test_names_imported_on_first_use_are_those_that_type_checkers_see():
    assert len(lazy_packages()) > 5
    for package, call in lazy_packages().items():
        if package == "dicomseries":
            continue  # its block is a star; tests/repo/test_source.py compares the names
        for_checkers = {}
        for node in tree(modules()[package]).body:
            if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
                for line in node.body:
                    assert isinstance(line, ast.ImportFrom)
                    for alias in line.names:
                        for_checkers[alias.name] = line.module
        at_run_time = {}
        for module, names in ast.literal_eval(call.args[1]).items():
            at_run_time.update(dict.fromkeys(names, module))
        assert at_run_time == for_checkers, package
