"""Unreadable files and folders end in an error of this package."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.cli import main

ARRAY = np.arange(24, dtype="int16").reshape(2, 3, 4)
FORM: dict[str, Any] = {"kind": "SC", "spacing": (1, 1, 1), "sync": False}
NOBODY = 65534

pytestmark = pytest.mark.skipif(not hasattr(os, "seteuid"), reason="permissions as POSIX has them")


@pytest.fixture(scope="module")
def closed() -> Iterator[Path]:
    """Return a folder with an unreadable folder, series, source and metadata file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        dcs.write(ARRAY, folder / "series", **FORM)
        dcs.write(ARRAY, folder / "closed", **FORM)
        main(
            ["view", str(folder / "series"), "--html", str(folder / "whole.html")]
        )  # imports lazy modules
        dcs.check(folder / "series", validators=False)
        np.save(folder / "a.npy", ARRAY)
        (folder / "a.json").write_text("{}", encoding="utf-8")
        for part in [
            *(folder / "series").iterdir(),
            folder / "closed",
            folder / "a.npy",
            folder / "a.json",
        ]:
            part.chmod(0)
        yield folder
        (folder / "closed").chmod(0o700)


@pytest.fixture
def shut(closed: Path) -> Iterator[Path]:
    """Return that folder for a process without permission; root may read anything."""
    before = os.geteuid()
    if before == 0:
        os.seteuid(NOBODY)
    try:
        yield closed
    finally:
        os.seteuid(before)


CALLS = {
    "scan": lambda path: dcs.scan(path).series[0],
    "read": dcs.read,
    "lazy": lambda path: dcs.read(path, lazy=True),
    "tags": dcs.tags,
    "derive": lambda path: dcs.plan(ARRAY, kind="SC", like=path),
}


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("place", ["series", "closed", "closed/1.dcm"])
def test_what_may_not_be_read_is_an_error_of_ours(name: str, place: str, shut: Path):
    with pytest.raises((dcs.DicomSeriesError, IndexError)):
        CALLS[name](shut / place)


@pytest.mark.parametrize("place", ["series", "closed"])
def test_check_names_what_it_may_not_read(place: str, shut: Path):
    try:
        findings = dcs.check(shut / place, validators=False)
    except dcs.DicomSeriesError:
        return
    assert findings


@pytest.mark.parametrize(
    "options", [{}, {"metadata": "a.json"}, {"out": "closed"}, {"out": "closed/new"}, {"out": "a"}]
)
def test_sources_metadata_and_targets_too(options: dict[str, str], shut: Path):
    places = {name: shut / place for name, place in options.items()}
    out = places.pop("out", shut / "out")
    source = ARRAY if options else shut / "a.npy"
    with pytest.raises(dcs.DicomSeriesError):
        dcs.write(source, out, **FORM, **places)


@pytest.mark.parametrize("verb", ["list", "check", "tags", "view"])
def test_the_command_line_shows_no_traceback(
    verb: str, shut: Path, capsys: pytest.CaptureFixture[str]
):
    more = ["--html", str(shut / "a.html")] if verb == "view" else []
    main([verb, str(shut / "closed"), *more])
    seen = capsys.readouterr()
    assert "unforeseen" not in seen.err + seen.out
    assert "Traceback" not in seen.err
