"""Reference pages and public signatures follow from the code."""

from __future__ import annotations

import inspect
import runpy
from pathlib import Path

import pytest

import dicomseries

ROOT = Path(__file__).parents[2]
TOOL = runpy.run_path(str(ROOT / "tools" / "make_reference_pages.py"))
PAGES = TOOL["PAGES"]


@pytest.mark.parametrize("name", sorted(PAGES))
def test_a_reference_page_is_what_its_tool_makes(name):
    page = (ROOT / "docs" / "reference" / name).read_text(encoding="utf-8")
    assert page == PAGES[name](), "run: python tools/make_reference_pages.py"


def test_the_docstring_of_write_documents_the_options_as_they_are_declared():
    source = TOOL["WRITE_MODULE"].read_text(encoding="utf-8")
    assert source == TOOL["write_module"](), "run: python tools/make_reference_pages.py"


SHOWN_BY = {"SeriesPlan": "plan", "DicomSeriesWarning": "read"}
"""Classes that users only receive, with the function that returns them."""


@pytest.mark.parametrize("name", dicomseries.__all__)
def test_a_public_name_has_a_docstring_with_an_example(name):
    # pytest's --doctest-modules runs the examples.
    assert inspect.getdoc(getattr(dicomseries, name))
    shown = inspect.getdoc(getattr(dicomseries, SHOWN_BY.get(name, name)))
    assert "Examples\n--------\n>>> " in shown


def facade() -> str:
    """Return a line for each public name: its signature, and the public members of classes."""
    lines = []
    for name in dicomseries.__all__:
        value = getattr(dicomseries, name)
        lines.append(f"{name}{signature(value)}")
        if inspect.isclass(value):
            lines += [f"    {member}" for member in members(value)]
    return "\n".join(lines) + "\n"


def members(cls):
    for name, value in sorted(vars(cls).items()):
        if name.startswith("_"):
            continue
        if isinstance(value, (classmethod, staticmethod)):
            yield f"{name}{signature(value.__func__)}"
        else:
            yield f"{name}{signature(value) if inspect.isfunction(value) else ''}"


def signature(value) -> str:
    if value is dicomseries.DicomSeriesWarning:
        return ""
    parameters = inspect.signature(value).parameters.values()
    shown = [parameter.replace(annotation=inspect.Parameter.empty) for parameter in parameters]
    return str(inspect.Signature(shown))


def test_the_facade_is_the_one_that_users_know():
    """A difference is a change for users: note it in CHANGELOG.md and update facade.txt."""
    assert facade() == (Path(__file__).parent / "facade.txt").read_text(encoding="utf-8")
