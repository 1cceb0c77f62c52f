"""Promises about the source itself, which no type checker and no import contract can hold."""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import dicomseries

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "dicomseries"
MODULES = sorted(SOURCE.rglob("*.py"))
MAX_LINES = 500
"""This limit only ever goes down."""

PARTS = {"code", "where", "given", "expected", "remedy"}
ERRORS = {
    name
    for name in dir(importlib.import_module("dicomseries.errors"))
    if name.endswith("Error") and name != "DicomSeriesError"
}
VERBS = set(
    """
    Accept Add Allow Ask Call Cast Change Check Choose Close Compute Convert Copy Correct Count Create Crop Cut
    Decompress Delete Derive Divide Drop Enter Export Fill Find Fix Flip Free Give Install Interpolate Keep Leave
    Let Look Lower Make Map Mark Merge Move Name Normalise Open Pass Pick Point Put Raise Re-export Re-save
    Read Reduce Remove Rename Reorder Repair Repeat Replace Report Resample Rescale Reshape Restore Retry
    Rewrite Round Run Save Say Scale See Select Separate Set Shift Shorten Sort Specify Split Start Store Take
    Transpose Truncate Try Turn Unpack Update Use Wait Widen Write
    """.split()  # noqa: SIM905
)
"""First words a remedy may have. A new verb is added here; a noun or "Please" is not."""


def relative(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def calls(path: Path) -> Iterator[tuple[ast.Call, str]]:
    """Every call in a file with its dotted name (`datetime.now`; empty for what has no name)."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield node, dotted(node.func)


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def every_module() -> list[str]:
    found = pkgutil.walk_packages([str(SOURCE)], prefix="dicomseries.")
    return sorted(info.name for info in found if not info.name.endswith("__main__"))


each_file = pytest.mark.parametrize("path", MODULES, ids=relative)


def test_the_facade_exports_what_it_lists():
    public = {
        name
        for name, value in vars(dicomseries).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and name not in {"annotations", "Any", "ModuleType", "TYPE_CHECKING"}
    }
    assert public - set(dicomseries.__all__) == set(), "public names that __all__ does not list"
    assert [name for name in dicomseries.__all__ if not hasattr(dicomseries, name)] == []
    assert len(set(dicomseries.__all__)) == len(dicomseries.__all__)


@pytest.mark.parametrize("name", every_module())
def test_a_module_lists_what_it_exports(name):
    module = importlib.import_module(name)
    if public_definitions(Path(module.__file__)):
        assert hasattr(module, "__all__"), "no __all__"
        assert [entry for entry in module.__all__ if not hasattr(module, entry)] == []


def public_definitions(path: Path) -> list[str]:
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [node.name for node in tree(path).body if isinstance(node, kinds) and not node.name.startswith("_")]


@each_file
def test_a_module_is_short_enough_to_read(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


CLOCK_AND_CHANCE = re.compile(
    r"(datetime|date)\.(now|today|utcnow)$|^time\.(time|time_ns|localtime|gmtime)$|uuid\.uuid[14]$|^uuid[14]$"
    r"|^secrets\.|^os\.urandom$|^urandom$|^random\.|random\.default_rng$|^default_rng$"
)
ALLOWED = {
    "cli": ("default_rng",),  # the original example begins with a random array
    "sinks": ("secrets.token_hex",),  # names of staging folders, which never reach a byte of a file
}


@each_file
def test_only_the_pipeline_reads_the_clock_or_draws_entropy(path):
    if relative(path).startswith("pipeline"):
        return
    found = [f"line {call.lineno}: {name}" for call, name in calls(path) if CLOCK_AND_CHANCE.search(name)]
    found += [
        f"line {call.lineno}: generate_uid() without entropy"
        for call, name in calls(path)
        if name.endswith("generate_uid") and not any(k.arg == "entropy_srcs" for k in call.keywords)
    ]
    allowed = ALLOWED.get(relative(path).partition("/")[0], ())
    assert [line for line in found if not line.endswith(allowed)] == []


@each_file
def test_an_error_has_all_five_parts(path):
    incomplete = []
    for call, name in calls(path):
        given = {keyword.arg for keyword in call.keywords}
        if name.rsplit(".", 1)[-1] in ERRORS and None not in given and not given >= PARTS:
            incomplete.append(f"line {call.lineno}: {name} lacks {sorted(PARTS - given)}")
    assert incomplete == []


@each_file
def test_an_error_has_a_kebab_case_code_and_a_remedy_that_begins_with_a_verb(path):
    wrong = []
    for call, _ in calls(path):
        words = {keyword.arg: beginning(keyword.value) for keyword in call.keywords}
        if not words.keys() >= {"code", "remedy"}:
            continue
        if words["code"] and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", words["code"]):
            wrong.append(f"line {call.lineno}: code {words['code']!r}")
        if words["remedy"] and words["remedy"].split()[0].rstrip(".,:") not in VERBS:
            wrong.append(f"line {call.lineno}: remedy {words['remedy']!r}")
    assert wrong == []


def beginning(node: ast.expr) -> str:
    """The constant text an expression begins with, if it has one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr) and node.values:
        return beginning(node.values[0])
    if isinstance(node, ast.BinOp):
        return beginning(node.left)
    return ""


@each_file
def test_no_code_asks_for_a_modality_outside_the_tables(path):
    if relative(path).startswith(("iod/", "standard/")):
        return
    asked = [
        f"line {node.lineno}"
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Compare)
        and any(dotted(side).rsplit(".", 1)[-1].lower() == "modality" for side in (node.left, *node.comparators))
        and any(isinstance(side, ast.Constant) and side.value for side in (node.left, *node.comparators))
    ]
    assert asked == []


@each_file
def test_nothing_is_left_for_later(path):
    text = path.read_text(encoding="utf-8")
    assert [mark for mark in ("TO" + "DO", "FIX" + "ME", "X" * 3) if re.search(rf"\b{mark}\b", text)] == []
    assert [name for _, name in calls(path) if name == "NotImplementedError"] == []


@pytest.mark.parametrize(
    "path",
    [path for folder in ("src", "tests", "tools", "benchmarks") for path in sorted((ROOT / folder).rglob("*.py"))],
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_text_is_utf_8_whatever_the_locale_says(path):
    """Judges that are loaded into the process set the locale of C, in which `…` and `ü` cannot be written."""
    for call, name in calls(path):
        method = name.rpartition(".")[2]
        words = {keyword.arg for keyword in call.keywords}
        assert method not in {"read_text", "write_text"} or "encoding" in words, f"line {call.lineno}"
        assert not words & {"text", "universal_newlines"} or name.rpartition(".")[0] != "subprocess", (
            f"line {call.lineno}"
        )
