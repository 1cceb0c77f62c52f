"""The folder sink: whole or nothing, nothing lost, nothing left."""

from __future__ import annotations

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dicomseries.errors import ReadError, TargetError, WriteError
from dicomseries.sinks import directory
from dicomseries.sinks.directory import DirectorySink
from systems import needs_links, not_on_windows
from warm_python import warm_python

DICOM = b"\0" * 128 + b"DICM" + b"rest"


def names(folder):
    return sorted(path.name for path in Path(folder).iterdir())


def staged(folder):
    return [name for name in names(folder) if re.fullmatch(r"\.out\.partial-\w+", name)]


def old_series(folder):
    folder.mkdir()
    (folder / "old.dcm").write_bytes(DICOM)


def test_nothing_is_visible_before_the_commit_and_everything_after(tmp_path):
    with DirectorySink(tmp_path / "out") as sink:
        sink.put("1.dcm", [b"ab", memoryview(b"cd"), b""])
        assert not (tmp_path / "out").exists()
        sink.commit()
    assert names(tmp_path) == ["out"]
    assert (tmp_path / "out" / "1.dcm").read_bytes() == b"abcd"


@pytest.mark.parametrize("interruption", [RuntimeError, KeyboardInterrupt])
def test_an_interruption_leaves_nothing_not_even_the_parents_that_were_made(tmp_path, interruption):
    out = tmp_path / "a" / "b" / "out"
    with pytest.raises(interruption), DirectorySink(out) as sink:  # noqa: PT012
        sink.put("1.dcm", [b"ab"])
        raise interruption
    assert names(tmp_path) == []


def test_abort_keeps_a_parent_that_somebody_else_uses_by_then(tmp_path):
    sink = DirectorySink(tmp_path / "a" / "out")
    (tmp_path / "a" / "note.txt").write_text("mine", encoding="utf-8")
    sink.abort()
    sink.abort()
    assert names(tmp_path / "a") == ["note.txt"]


def test_an_empty_target_is_taken(tmp_path):
    (tmp_path / "out").mkdir()
    with DirectorySink(tmp_path / "out") as sink:
        sink.put("1.dcm", [b"ab"])
        sink.commit()
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["1.dcm"]


def test_a_target_that_is_not_empty_is_rejected_and_left_alone(tmp_path):
    old_series(tmp_path / "out")
    with pytest.raises(TargetError) as refusal:
        DirectorySink(tmp_path / "out")
    assert refusal.value.code == "target-not-empty"
    assert names(tmp_path / "out") == ["old.dcm"]


def test_overwrite_replaces_the_old_series_only_at_the_commit(tmp_path):
    old_series(tmp_path / "out")
    with DirectorySink(tmp_path / "out", overwrite=True) as sink:
        sink.put("1.dcm", [b"ab"])
        assert names(tmp_path / "out") == ["old.dcm"]
        sink.commit()
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["1.dcm"]


@pytest.mark.parametrize("foreign", ["thesis.tex", "folder"])
def test_overwrite_never_removes_what_is_not_dicom(tmp_path, foreign):
    old_series(tmp_path / "out")
    path = tmp_path / "out" / foreign
    path.mkdir() if foreign == "folder" else path.write_text("years of work", encoding="utf-8")
    with pytest.raises(TargetError) as refusal:
        DirectorySink(tmp_path / "out", overwrite=True)
    assert refusal.value.code == "target-holds-other-files"
    assert names(tmp_path / "out") == sorted(["old.dcm", foreign])


@not_on_windows("permissions as POSIX has them")
@pytest.mark.parametrize("overwrite", [False, True])
def test_a_target_keeps_its_permissions_as_patients_data_must_stay_private(tmp_path, overwrite):
    out = tmp_path / "out"
    out.mkdir()
    if overwrite:
        (out / "old.dcm").write_bytes(DICOM)
    out.chmod(0o700)
    with DirectorySink(out, overwrite=overwrite) as sink:
        staged = sink.put("1.dcm", [b"ab"]).parent
        assert staged.stat().st_mode & 0o777 == 0o700
        sink.commit()
    assert out.stat().st_mode & 0o777 == 0o700


def test_the_current_folder_is_rejected_as_the_shell_would_stay_in_the_one_replaced(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(TargetError) as refusal:
        DirectorySink(".")
    assert refusal.value.code == "target-in-use"


def test_a_mount_point_is_rejected_before_anything_is_written(tmp_path, monkeypatch):
    (tmp_path / "out").mkdir()
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path).name == "out")
    with pytest.raises(TargetError) as refusal:
        DirectorySink(tmp_path / "out")
    assert refusal.value.code == "target-in-use"


@needs_links
def test_two_dots_after_a_link_mean_what_the_system_takes_them_for(tmp_path):
    (tmp_path / "far" / "away").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "far" / "away")
    with DirectorySink(tmp_path / "link" / ".." / "out") as sink:
        sink.put("1.dcm", [b"ab"])
        sink.commit()
    assert names(tmp_path / "link" / ".." / "out") == ["1.dcm"]


def test_a_name_that_the_system_rejects_leaves_no_parents(tmp_path):
    with pytest.raises(TargetError):
        DirectorySink(tmp_path / "a" / "b" / ("x" * 250))
    assert names(tmp_path) == []


@pytest.mark.parametrize("after", [1, 2])
def test_an_interruption_right_after_a_rename_leaves_a_whole_series_at_the_target(
    tmp_path, monkeypatch, after
):
    old_series(tmp_path / "out")
    renamed = []
    rename = Path.rename

    def interrupted(path, other):
        rename(path, other)
        renamed.append(other)
        if len(renamed) == after:
            raise KeyboardInterrupt

    sink = DirectorySink(tmp_path / "out", overwrite=True)
    with pytest.raises(KeyboardInterrupt), sink:  # noqa: PT012
        sink.put("1.dcm", [b"ab"])
        monkeypatch.setattr(Path, "rename", interrupted)
        sink.commit()
    assert names(tmp_path / "out") == (["old.dcm"] if after == 1 else ["1.dcm"])


def test_writers_to_one_target_replace_each_other_one_at_a_time(tmp_path):
    old_series(tmp_path / "out")

    def write(_):
        with DirectorySink(tmp_path / "out", overwrite=True, sync=False) as sink:
            sink.put("1.dcm", [DICOM])
            sink.commit()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(write, range(120)))
    assert names(tmp_path) == ["out"]
    assert names(tmp_path / "out") == ["1.dcm"]


def test_a_folder_of_somebody_else_with_a_name_like_ours_is_left_alone(tmp_path):
    for name in (".out.replaced-keep", ".out.partial-keep", ".out.replaced-me.partial-0123abcd"):
        old_series(tmp_path / name)
    with DirectorySink(tmp_path / "out") as sink:
        sink.commit()
    assert len(names(tmp_path)) == 4
    assert names(tmp_path / "out") == []


def test_a_target_filled_by_somebody_else_meanwhile_is_not_lost(tmp_path):
    with pytest.raises(TargetError), DirectorySink(tmp_path / "out") as sink:  # noqa: PT012
        sink.put("1.dcm", [b"ab"])
        old_series(tmp_path / "out")
        sink.commit()
    assert names(tmp_path / "out") == ["old.dcm"]
    assert names(tmp_path) == ["out"]


def test_an_old_series_comes_back_if_the_new_one_cannot_be_shown(tmp_path, monkeypatch):
    old_series(tmp_path / "out")
    rename = Path.rename

    def refuse(self, target):
        if ".partial-" in self.name:
            raise OSError(5, "Input/output error")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(WriteError), DirectorySink(tmp_path / "out", overwrite=True) as sink:
        sink.commit()
    assert names(tmp_path / "out") == ["old.dcm"]


def test_an_old_series_that_a_killed_write_had_moved_aside_is_put_back(tmp_path):
    old_series(tmp_path / ".out.replaced-0123abcd")
    with pytest.raises(TargetError) as refusal:
        DirectorySink(tmp_path / "out")
    assert refusal.value.code == "target-not-empty"
    assert names(tmp_path / "out") == ["old.dcm"]


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_text("file", encoding="utf-8"),
        pytest.param(lambda path: path.symlink_to(path.parent), marks=needs_links),
    ],
)
def test_a_file_or_a_link_as_target_is_rejected(tmp_path, make):
    make(tmp_path / "out")
    with pytest.raises(TargetError) as refusal:
        DirectorySink(tmp_path / "out", overwrite=True)
    assert refusal.value.code == "target-not-a-folder"


def test_leftovers_of_a_killed_write_are_removed_and_a_living_one_is_not_touched(tmp_path):
    code = (
        "import os, sys; from dicomseries.sinks import DirectorySink\n"
        "sink = DirectorySink(sys.argv[1]); sink.put('1.dcm', [b'ab']); "
        "os._exit(9)"
    )
    source = str(Path(directory.__file__).parents[2])
    killed = subprocess.run(
        [warm_python(), "-c", code, str(tmp_path / "out")],
        check=False,
        env={**os.environ, "PYTHONPATH": source},
    )
    assert killed.returncode == 9
    assert len(staged(tmp_path)) == 1
    with DirectorySink(tmp_path / "out") as living:
        living.put("1.dcm", [b"cd"])
        with DirectorySink(tmp_path / "out") as second:
            assert len(staged(tmp_path)) == 2
            second.put("1.dcm", [b"ef"])
        living.commit()
    assert names(tmp_path) == ["out"]


def test_short_writes_are_completed(tmp_path, monkeypatch):
    whole = os.write
    monkeypatch.setattr(
        os, "writev", lambda handle, views: whole(handle, views[0][:3]), raising=False
    )
    with DirectorySink(tmp_path / "out") as sink:
        sink.put("1.dcm", [b"0123456789", b"", b"abcdef"])
        sink.commit()
    assert (tmp_path / "out" / "1.dcm").read_bytes() == b"0123456789abcdef"


def test_a_full_disk_is_an_error_of_ours_and_leaves_nothing(tmp_path, monkeypatch):
    def full(handle, views):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "writev", full, raising=False)
    with pytest.raises(WriteError, match="No space left"), DirectorySink(tmp_path / "out") as sink:
        sink.put("1.dcm", [b"ab"])
    assert names(tmp_path) == []


def test_a_parent_that_is_a_file_is_rejected(tmp_path):
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(TargetError):
        DirectorySink(tmp_path / "file" / "out")


def test_every_file_and_folder_is_made_durable_before_it_is_shown(tmp_path, monkeypatch):
    events = []
    monkeypatch.setattr(os, "fsync", lambda _: events.append("fsync"))
    rename = Path.rename
    monkeypatch.setattr(
        Path, "rename", lambda self, target: (events.append("rename"), rename(self, target))[1]
    )
    with DirectorySink(tmp_path / "out", sync=True) as sink:
        sink.put("1.dcm", [b"ab"])
        sink.put("2.dcm", [b"ab"])
        sink.commit()
    folders = [] if os.name == "nt" else ["fsync"]  # Windows cannot open them
    assert events == ["fsync", "fsync", *folders, "rename", *folders]


def test_an_unreadable_source_is_not_reported_as_a_full_disk(tmp_path):
    def chunks():
        yield b"header"
        raise ReadError(
            code="file-damaged",
            where="in.dcm",
            given="no end",
            expected="pixels",
            remedy="Send it again.",
        )

    with DirectorySink(tmp_path / "out") as sink, pytest.raises(ReadError, match=r"in\.dcm"):
        sink.put("0001.dcm", chunks())
    assert list(tmp_path.iterdir()) == []
