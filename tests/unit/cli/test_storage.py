"""`--storage-options`: they reach every store, and are neither shown nor stored."""

from __future__ import annotations

import json
from pathlib import Path

import fsspec
import numpy as np
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import dicomseries as dcs
from dicomseries.cli import main
from dicomseries.cli.shared_options import StorageOptions
from dicomseries.cli.storage_options import storage_options_of
from dicomseries.stores import open_store

SECRET = "wJalrXUtnFEMI-K7MDENG"  # noqa: S105 - nobody's
ACCESS = (
    "--storage-options",
    f"token={SECRET}",
    "--storage-options",
    'depths={"inner": [1, true]}',
)
FORM = ("--kind", "ct", "--spacing", "0.7", "0.9", "2.5")
ARRAY = np.arange(7 * 4 * 5, dtype="int16").reshape(7, 4, 5)


class GuardedFiles(MemoryFileSystem):
    """Files in memory for whoever knows the secret; says what it was given when it refuses."""

    protocol = "guarded"
    store = {}  # noqa: RUF012 - as in the class above
    pseudo_dirs = [""]  # noqa: RUF012

    def __init__(self, *, token="", depths=None, **options):
        super().__init__(**options)
        if token != SECRET or depths != {"inner": [1, True]}:
            message = f"token {token!r} does not let in"
            raise PermissionError(message)


@pytest.fixture
def shown(tmp_path, monkeypatch, capsys):
    """Run a command beside ``volume.npy``; return its exit code and all its output."""
    fsspec.register_implementation("guarded", GuardedFiles, clobber=True)
    GuardedFiles.store.clear()
    monkeypatch.chdir(tmp_path)
    np.save("volume.npy", ARRAY)

    def run(*words):
        code = main(list(words))
        told = capsys.readouterr()
        text = told.out + told.err
        kept = [bytes(file.getbuffer()) for file in GuardedFiles.store.values()]
        kept += [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()]
        assert SECRET not in text
        assert not [content for content in kept if SECRET.encode() in content]
        return code, text

    return run


@pytest.mark.parametrize("json_too", [(), ("--json",)])
def test_every_command_that_takes_a_url_gets_in_and_shows_no_secret(shown, json_too):
    more = (*ACCESS, *json_too)
    assert (
        shown("write", "volume.npy", "guarded://a/scan", *FORM, *more, "--report", "page.html")[0]
        == 0
    )
    assert shown("list", "guarded://a/scan", *more)[0] == 0
    assert shown("tags", "guarded://a/scan", *more)[0] == 0
    assert (
        shown("check", "guarded://a/scan", "--against", "volume.npy", "--no-validators", *more)[0]
        == 0
    )
    assert shown("read", "guarded://a/scan", "back.npy", *more)[0] == 0
    np.testing.assert_array_equal(np.load("back.npy"), ARRAY)
    options = {"token": SECRET, "depths": {"inner": [1, True]}}
    open_store("guarded://a/volume.npy", options).put("", Path("volume.npy").read_bytes())
    assert (
        shown("write", "guarded://a/volume.npy", "guarded://a/plan", *FORM, *more, "--dry-run")[0]
        == 0
    )
    assert shown("write", "guarded://a/volume.npy", "fetched", *FORM, *more)[0] == 0
    spacing = ("--spacing", "0.7", "0.9", "2.5")
    assert (
        shown(
            "check",
            "fetched",
            "--against",
            "guarded://a/volume.npy",
            *spacing,
            "--no-validators",
            *more,
        )[0]
        == 0
    )
    assert (
        shown(
            "derive",
            "guarded://a/scan",
            "volume.npy",
            "derived",
            "--derivation",
            "smoothing",
            *more,
        )[0]
        == 0
    )
    np.testing.assert_array_equal(dcs.read("derived").array, ARRAY)


def test_a_report_says_how_to_repeat_the_write_without_the_secret(shown):
    shown(
        "write",
        "volume.npy",
        "guarded://a/scan",
        *FORM,
        *ACCESS[:2],
        f"--storage-options={ACCESS[3]}",
        "--report",
        "a.html",
    )
    text = Path("a.html").read_text(encoding="utf-8")
    assert "token=***" in text
    assert "depths=***" in text


@pytest.mark.parametrize(
    "words",
    [
        ("read", "guarded://a/scan", "back.npy"),
        ("list", "guarded://a/scan"),
        ("tags", "guarded://a/scan"),
        ("check", "guarded://a/scan"),
        ("write", "volume.npy", "guarded://a/scan", *FORM),
        ("write", "volume.npy", "guarded://a/scan", *FORM, "--dry-run"),
        ("write", "guarded://a/volume.npy", "out", *FORM),
    ],
)
def test_a_store_that_repeats_what_it_rejects_is_not_repeated(shown, words):
    for wrong in (f"token={SECRET}", f"tokken={SECRET}"):
        code, text = shown(*words, "--storage-options", wrong, "--debug")
        assert code in {3, 4}
        assert "guarded://a" in text


@pytest.mark.parametrize(
    ("pairs", "code"),
    [
        ((SECRET,), "storage option malformed"),
        ((f"={SECRET}",), "storage option malformed"),
        ((f"token={SECRET}", f"token={SECRET}"), "storage option twice"),
    ],
)
def test_a_word_that_is_no_option_is_rejected_unseen(shown, pairs, code):
    given = [word for pair in pairs for word in ("--storage-options", pair)]
    exit_code, text = shown("list", "guarded://a/scan", *given)
    assert exit_code == 2
    assert code in text


def test_two_pairs_behind_one_option_are_rejected_unseen(shown):
    code, text = shown(
        "list", "guarded://a/scan", "--storage-options", "key=AKIA42", f"secret={SECRET}"
    )
    assert code == 2
    assert "secret=***" in text


def test_words_are_json_where_they_can_be():
    assert storage_options_of(
        ["anon=true", "port=22", "key=0042", 'word="22"', "url=http://a/?b=c", "empty="]
    ) == {
        "anon": True,
        "port": 22,
        "key": "0042",
        "word": "22",
        "url": "http://a/?b=c",
        "empty": "",
    }
    assert storage_options_of(None) is None


def test_the_help_says_where_secrets_are_better_kept():
    assert "environment or a profile" in StorageOptions.__metadata__[0].help


def test_a_missing_file_at_a_url_is_reported_as_missing(shown):
    for url in ("guarded://a/none.npy", "guarded://a/none.nii.gz"):
        code, text = shown("write", url, "out", *FORM, *ACCESS, "--json")
        assert (code, json.loads(text)["error"]["code"]) == (3, "file-missing")
        assert "no such object" in text
