"""Rules for the source beyond type checks and import contracts."""

from __future__ import annotations

import ast
import functools
import importlib
import pkgutil
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import ModuleType

import dicomseries
from python_source import MODULES, SOURCE, nodes, tree

ROOT = Path(__file__).parents[2]
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
    Accept Add Allow Ask Call Cast Change Check Choose Close Compute Convert Copy Correct Count
    Create Crop Cut Decompress Delete Derive Divide Drop Enter Export Fill Find Fix Flip Free Give
    Install Interpolate Keep Leave Let List Look Lower Make Map Mark Merge Move Name Normalise Open
    Pass Pick Point Put Raise Re-export Re-save Read Reduce Remove Rename Reorder Repair Repeat
    Replace Report Resample Rescale Reshape Restore Retry Rewrite Round Run Save Say Scale See
    Select Separate Send Set Shift Shorten Sort Specify Split Start Store Take Transpose Truncate
    Try Turn Unpack Update Use Wait Widen Write
    """.split()  # noqa: SIM905
)
"""Allowed first words of a remedy: verbs only."""


def relative(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


@functools.cache
def calls(path: Path) -> list[tuple[ast.Call, str]]:
    """Return every call in a file with its dotted name (`datetime.now`), empty if it has none."""
    return [(node, dotted(node.func)) for node in nodes(path) if isinstance(node, ast.Call)]


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def every_module() -> list[str]:
    found = pkgutil.walk_packages([str(SOURCE)], prefix="dicomseries.")
    return sorted(info.name for info in found if not info.name.endswith("__main__"))


def offenders(
    faults: Callable[[Path], Iterable[str]], paths: Iterable[Path] = MODULES
) -> list[str]:
    """Every fault in every file, as "file: fault"."""
    return [f"{path.relative_to(ROOT)}: {fault}" for path in paths for fault in faults(path)]


def test_a_fault_in_any_file_is_listed_with_its_file():
    here = Path(__file__)
    assert offenders(lambda path: [f"{len(calls(path)) > 0}"], [here]) == [
        "tests/repo/test_source.py: True"
    ]


def test_the_facade_exports_what_it_lists():
    public = {
        name
        for name, value in vars(dicomseries).items()
        if not name.startswith("_")
        and not isinstance(value, ModuleType)
        and name not in {"annotations", "TYPE_CHECKING", "export_lazily", "module_of_name"}
    }
    assert public - set(dicomseries.__all__) == set(), "public names that __all__ does not list"
    assert [name for name in dicomseries.__all__ if not hasattr(dicomseries, name)] == []
    assert len(set(dicomseries.__all__)) == len(dicomseries.__all__)


def test_a_module_lists_what_it_exports():
    wrong = []
    for name in every_module():
        module = importlib.import_module(name)
        if not public_definitions(Path(module.__file__)):
            continue
        if not hasattr(module, "__all__"):
            wrong.append(f"{name}: no __all__")
            continue
        wrong += [f"{name}: {entry}" for entry in module.__all__ if not hasattr(module, entry)]
    assert wrong == []


def public_definitions(path: Path) -> list[str]:
    kinds = (ast.FunctionDef, ast.ClassDef)
    return [
        node.name
        for node in tree(path).body
        if isinstance(node, kinds) and not node.name.startswith("_")
    ]


def test_a_module_is_short_enough_to_read():
    def faults(path):
        lines = len(path.read_text(encoding="utf-8").splitlines())
        return [f"{lines} lines"] if lines > MAX_LINES else []

    assert offenders(faults) == []


CLOCK_AND_CHANCE = re.compile(
    r"(datetime|date)\.(now|today|utcnow)$|^time\.(time|time_ns|localtime|gmtime)$"
    r"|uuid\.uuid[14]$|^uuid[14]$"
    r"|^secrets\.|^os\.urandom$|^urandom$|^random\.|random\.default_rng$|^default_rng$"
)
ALLOWED = {
    "network": ("uuid.uuid4",),  # a transaction's name, which reaches no byte of a file
    "cli": ("random.Random",),  # the original example begins with a random array
    "sinks": ("secrets.token_hex",),  # names of staging folders, which never reach a byte of a file
}


def clock_and_chance(path: Path) -> list[str]:
    if relative(path).startswith(("api", "options", "writing")):
        return []
    faults = [
        f"line {call.lineno}: {name}" for call, name in calls(path) if CLOCK_AND_CHANCE.search(name)
    ]
    for call, name in calls(path):
        if name.endswith("generate_uid") and not any(
            word.arg == "entropy_srcs" for word in call.keywords
        ):
            faults.append(f"line {call.lineno}: generate_uid() without entropy")
    allowed = ALLOWED.get(relative(path).partition("/")[0], ())
    return [line for line in faults if not line.endswith(allowed)]


def test_only_the_pipeline_reads_the_clock_or_draws_entropy():
    assert offenders(clock_and_chance) == []


def incomplete_errors(path: Path) -> Iterator[str]:
    for call, name in calls(path):
        words = {keyword.arg for keyword in call.keywords}
        if name.rsplit(".", 1)[-1] in ERRORS and None not in words and not words >= PARTS:
            yield f"line {call.lineno}: {name} without {sorted(PARTS - words)}"


def test_an_error_has_all_five_parts():
    assert offenders(incomplete_errors) == []


def odd_codes_and_remedies(path: Path) -> Iterator[str]:
    for call, _ in calls(path):
        words = {keyword.arg: beginning(keyword.value) for keyword in call.keywords}
        if not words.keys() >= {"code", "remedy"}:
            continue
        if words["code"] and not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", words["code"]):
            yield f"line {call.lineno}: code {words['code']!r}"
        if words["remedy"] and words["remedy"].split()[0].rstrip(".,:") not in VERBS:
            yield f"line {call.lineno}: remedy {words['remedy']!r}"


def test_an_error_has_a_kebab_case_code_and_a_remedy_that_begins_with_a_verb():
    assert offenders(odd_codes_and_remedies) == []


def beginning(node: ast.expr) -> str:
    """The constant text an expression begins with, if it has one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr) and node.values:
        return beginning(node.values[0])
    if isinstance(node, ast.BinOp):
        return beginning(node.left)
    return ""


def compared_modalities(path: Path) -> Iterator[str]:
    if relative(path).startswith(("iod/", "standard/")):
        return
    for node in nodes(path):
        if not isinstance(node, ast.Compare):
            continue
        sides = (node.left, *node.comparators)
        names = {dotted(side).rsplit(".", 1)[-1].lower() for side in sides}
        if "modality" in names and any(
            isinstance(side, ast.Constant) and side.value for side in sides
        ):
            yield f"line {node.lineno}"


def test_no_code_asks_for_a_modality_outside_the_tables():
    assert offenders(compared_modalities) == []


def unfinished(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    yield from (
        mark for mark in ("TO" + "DO", "FIX" + "ME", "X" * 3) if re.search(rf"\b{mark}\b", text)
    )
    yield from (name for _, name in calls(path) if name == "NotImplementedError")


def test_nothing_is_left_for_later():
    assert offenders(unfinished) == []


TEXT_CALLS = re.compile(r"read_text|write_text|subprocess")


def texts_without_encoding(path: Path) -> Iterator[str]:
    if not TEXT_CALLS.search(path.read_text(encoding="utf-8")):
        return
    for call, name in calls(path):
        module, _, method = name.rpartition(".")
        words = {keyword.arg for keyword in call.keywords}
        if method in {"read_text", "write_text"} and "encoding" not in words:
            yield f"line {call.lineno}: {method} without encoding"
        if module == "subprocess" and words & {"text", "universal_newlines"}:
            yield f"line {call.lineno}: text of a process without encoding"


def test_text_is_utf_8_in_every_locale():
    """Libraries loaded by other tests set the C locale, which cannot encode `…` and `ü`."""
    folders = ("src", "tests", "tools", "benchmarks")
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert offenders(texts_without_encoding, paths) == []
