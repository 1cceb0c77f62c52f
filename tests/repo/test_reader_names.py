"""Claims about readers are measured: their names and versions come from one list."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from dicomseries.standard import known_readers
from dicomseries.standard.transfer_syntaxes import TRANSFER_SYNTAXES
from python_source import MODULES, docstrings, nodes

ROOT = Path(__file__).parents[2]
RECORD = json.loads((ROOT / "tests" / "interop" / "readers.json").read_text(encoding="utf-8"))
ON_SOURCE = RECORD["on_source"]
MEASURED = {
    name: said["version"]
    for part in (RECORD["readers"], RECORD["measures"], RECORD["noted"], ON_SOURCE["readers"])
    for name, said in part.items()
}
NAMED = {
    name: value
    for name, value in vars(known_readers).items()
    if name in known_readers.__all__ and isinstance(value, str)
}

OTHERS = {
    "3D Slicer",
    "Horos",
    "OsiriX",
    "RadiAnt",
    "Weasis",
    "MITK",
    "ITK-SNAP",
    "MicroDicom",
    "Papaya",
    "VolView",
}
"""Readers of which nothing was measured."""

VOUCHING = re.compile(
    r"(?<!no )\b(all|any|every|other|most|many|some|each) (other )?"
    r"(readers?|viewers?|converters?|programs?)\b",
    re.IGNORECASE,
)


def literals(path: Path, among: Iterable[ast.AST]) -> list[str]:
    """Return the texts among nodes of a module, without docstrings."""
    return [
        node.value
        for node in among
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings(path)
    ]


def is_advice(node: ast.AST) -> bool:
    """Whether a function, an assignment or an argument makes advice."""
    if isinstance(node, ast.FunctionDef):
        return "advice" in node.name
    if isinstance(node, ast.Assign):
        return any(
            isinstance(target, ast.Name) and target.id == "advice" for target in node.targets
        )
    return isinstance(node, ast.keyword) and node.arg == "advice"


def advice_texts() -> list[tuple[str, str]]:
    """Return the file and the text of each part of an advice."""
    return [
        (path.name, text)
        for path in MODULES
        for node in nodes(path)
        if is_advice(node)
        for text in literals(path, ast.walk(node))
    ]


@pytest.mark.parametrize("constant", NAMED)
def test_a_reader_that_advice_names_was_measured_in_this_version(constant):
    name, _, version = NAMED[constant].rpartition(" ")
    assert f"{MEASURED[name]}.".startswith(f"{version}."), f"asked: {name} {MEASURED[name]}"


def test_readers_of_compressed_pixels_are_in_the_record_or_on_the_page_of_compression():
    page = (ROOT / "docs" / "how-to" / "compress.md").read_text(encoding="utf-8")
    names = {name for syntax in TRANSFER_SYNTAXES for name in syntax.unread_by}
    assert names
    for name in names:
        reader = name.partition(" ")[0].partition("'")[0]
        assert name in page or reader in {*MEASURED, "pydicom"}, name


@pytest.mark.slow
def test_no_text_makes_claims_about_unnamed_readers():
    assert [
        (path.name, text)
        for path in MODULES
        for text in literals(path, nodes(path))
        if VOUCHING.search(text)
    ] == []
    assert VOUCHING.search("OHIF wraps; other readers are right")


def test_advice_names_readers_from_the_list_only():
    names = {*MEASURED, *OTHERS, "OHIF", "Cornerstone", "ITK", "nibabel"}
    pattern = re.compile("|".join(rf"(?<![\w/-]){re.escape(name)}\b" for name in sorted(names)))
    texts = advice_texts()
    assert any("draw no slice where VOILUTFunction" in text for _, text in texts)
    assert [one for one in texts if pattern.search(one[1])] == []


def test_the_page_of_wrong_readers_names_those_that_were_measured():
    page = (ROOT / "docs" / "how-to" / "when-a-viewer-is-wrong.md").read_text(encoding="utf-8")
    table = page[page.index("| reader | fault") :]
    rows = [
        line.split(" | ")[0].removeprefix("| ")
        for line in table.splitlines()
        if line.startswith("| ")
    ][1:]
    names = [name for row in rows for name in re.sub(r" \(.*?\)", "", row).split(", ")]
    assert names
    for name in names:
        reader, _, version = name.rpartition(" ")
        assert f"{MEASURED[reader]}.".startswith(f"{version}."), name
