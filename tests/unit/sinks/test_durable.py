"""Files and every folder made for them are durable before the series is visible."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest

import dicomseries as dcs
from dicomseries.geometry import Grid
from dicomseries.sinks import Voxels, durable
from dicomseries.sinks.volume_files import save_volume
from dicomseries.sinks.whole_file import save_bytes
from dicomseries.writing.encode.targets import check_space
from systems import not_on_windows
from warm_python import warm_python

ARRAY = np.arange(60, dtype="int16").reshape(3, 4, 5)


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return what was made durable, in order, and when names were given."""
    calls: list[str] = []
    real_sync, real_rename = os.fsync, os.rename

    def sync(handle: int) -> None:
        calls.append(
            str(Path(f"/proc/self/fd/{handle}").readlink())
            if Path("/proc").is_dir()
            else str(handle)
        )
        real_sync(handle)

    monkeypatch.setattr(os, "fsync", sync)
    monkeypatch.setattr(
        os, "rename", lambda *names: (calls.append(f"-> {names[1]}"), real_rename(*names))[1]
    )
    return calls


def test_new_parent_folders_are_made_durable_up_to_the_one_that_was_there(
    tmp_path: Path, synced: list[str]
):
    dcs.write(ARRAY, tmp_path / "n1" / "n2" / "out", kind="CT", spacing=(1, 1, 1))
    assert synced[-3:] == [str(tmp_path / "n1" / "n2"), str(tmp_path / "n1"), str(tmp_path)]
    assert sum(name.endswith(".dcm") for name in synced) == 3


def test_a_parent_that_was_there_is_all_that_needs_it(tmp_path: Path, synced: list[str]):
    dcs.write(ARRAY, tmp_path / "out", kind="CT", spacing=(1, 1, 1))
    assert synced[-1] == str(tmp_path)
    assert str(tmp_path.parent) not in synced


@pytest.mark.parametrize("suffix", [".npy", ".nrrd", ".npz", ".zarr", ".mha"])
def test_exported_volumes_are_durable(suffix: str, tmp_path: Path, synced: list[str]):
    path = tmp_path / f"a{suffix}"
    save_volume(path, Voxels.of(ARRAY, Grid(shape=ARRAY.shape, spacing_mm=(1, 1, 2))))
    assert synced[-1] == str(tmp_path)
    if path.is_file():
        assert synced[-2].endswith(path.name)
    else:
        staged = {name.partition(path.name)[2] for name in synced if path.name in name}
        assert {f"/{one.relative_to(path)}" for one in path.rglob("*")} <= staged


def test_pages_and_pictures_are_durable(tmp_path: Path, synced: list[str]):
    save_bytes(tmp_path / "page.html", b"...")
    assert [name.endswith("page.html") for name in synced] == [True, False]
    assert synced[-1] == str(tmp_path)


def test_a_folder_that_cannot_be_opened_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    rejected = []

    def reject(path: object, *_: object) -> int:
        rejected.append(path)
        raise PermissionError

    monkeypatch.setattr(os, "open", reject)
    durable.sync_folder(tmp_path)
    assert rejected == [tmp_path]


@not_on_windows("os.kill ends a process there at once")
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_command_that_is_ended_leaves_nothing_behind(name: str, tmp_path: Path):
    np.save(tmp_path / "a.npy", np.zeros((40, 64, 64), "int16"))
    number = int(getattr(signal, name))
    script = f"""
import os, dicomseries.sinks.staged_folder as staged
from dicomseries.cli import main
put = staged.StagedFolder.put
def end(self, *arguments):
    staged.StagedFolder.put = put
    os.kill(os.getpid(), {number})
    return put(self, *arguments)
staged.StagedFolder.put = end
words = "write a.npy out --kind CT --spacing 1 1 1 --workers 1"
raise SystemExit(main(words.split()))
"""
    done = subprocess.run(
        [warm_python(), "-c", script],
        cwd=tmp_path,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 128 + number, done.stderr
    assert "nothing is left behind" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.npy"]


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no file system without a size")
def test_a_place_that_is_no_disk_is_not_a_full_one():
    check_space(Path("/proc/self/out"), [])
    with pytest.raises(dcs.DicomSeriesError) as caught:
        dcs.write(ARRAY, "/proc/self/out", kind="CT", spacing=(1, 1, 1))
    assert caught.value.code != "disk-full"
