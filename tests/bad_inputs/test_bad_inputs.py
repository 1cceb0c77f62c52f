"""Mistakes end with their exit code and one block of text, without output files."""

from __future__ import annotations

import json
import os
import shlex
import shutil

import pytest

from bad_inputs.files import make_files
from bad_inputs.table import TABLE
from dicomseries.cli import main

PARTS = ["where", "given", "expected", "remedy"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bad-inputs")
    make_files(folder)
    return folder


@pytest.fixture
def folder(made, tmp_path, monkeypatch):
    """Return a new folder for each mistake."""
    own = tmp_path / "run"
    shutil.copytree(made, own, copy_function=os.link)
    monkeypatch.chdir(own)
    return own


def everything(folder):
    """Return every name below a folder, hidden ones too, with its size."""
    return {
        str(path.relative_to(folder)): path.stat().st_size if path.is_file() else None
        for path in folder.rglob("*")
    }


def test_there_are_at_least_forty_mistakes_with_different_names():
    assert len({mistake.what for mistake in TABLE}) == len(TABLE) >= 40


@pytest.mark.parametrize("mistake", TABLE, ids=lambda mistake: mistake.what)
def test_a_mistake_ends_with_its_code_one_block_and_nothing_left(folder, capfd, mistake):
    before = everything(folder)
    code = main(shlex.split(mistake.words))
    seen = capfd.readouterr()
    assert code == mistake.exit, seen.err
    assert seen.out == ""
    assert everything(folder) == before
    blocks = [line for line in seen.err.splitlines() if line.startswith("error: ")]
    assert len(blocks) == 1, seen.err
    assert "Traceback" not in seen.err
    assert "unforeseen" not in seen.err
    names = [
        line.split()[0]
        for line in seen.err.splitlines()
        if line.startswith("  ") and line[2] != " "
    ]
    assert names == PARTS, seen.err


@pytest.mark.parametrize("mistake", TABLE, ids=lambda mistake: mistake.what)
def test_a_mistake_is_one_object_on_stderr_with_json(folder, capfd, mistake):
    code = main([*shlex.split(mistake.words), "--json"])
    seen = capfd.readouterr()
    assert code == mistake.exit
    assert seen.out == ""
    errors = [
        json.loads(line)["error"] for line in seen.err.splitlines() if line.startswith('{"error"')
    ]
    (error,) = errors
    assert error["exit"] == mistake.exit
    assert all(error[part] for part in ("code", "class", *PARTS))
    assert error["code"] == error["code"].lower().replace("_", "-").replace(" ", "-")
    assert error["remedy"][0].isupper()
