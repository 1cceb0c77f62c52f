"""The whole way on systems that lack calls of Linux, as Windows and some macOS do.

Each call is removed from Python's modules, then all of them. These simulations are no proof that
Windows works; they find a call without a fallback, a file of bytes opened as text, and a file that
is still open when it is renamed or removed.
"""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import zarr

import dicomseries as dcs
from dicomseries import cli, operating_system
from dicomseries.api.view import look
from dicomseries.cli import app as cli_app
from dicomseries.errors import TargetError
from dicomseries.sinks import DirectorySink, folder_lock
from dicomseries.sources import scratch_copy
from dicomseries.sources.arguments import diffusion_gradients
from dicomseries.viewing.planes import Planes
from systems import not_on_windows

SHAPE = (5, 18, 21)
ARRAY = np.random.default_rng(11).integers(-1000, 2000, SHAPE).astype("int16")
OPTIONS: dict[str, Any] = {"kind": "CT", "spacing": (0.7, 0.9, 2.5), "workers": 2}
FCNTL = operating_system.optional_module("fcntl")
BINARY = 1 << 40
"""A simulated O_BINARY, which no call of this system has."""

Patch = pytest.MonkeyPatch
Opened = Callable[..., int]


class NoAdvice(mmap.mmap):
    """A mapping without madvise."""

    @property
    def madvise(self) -> Any:
        raise AttributeError


class FakeMsvcrt:
    """The locks of Windows, made of those of this system."""

    LK_NBLCK = 2

    @staticmethod
    def locking(handle: int, _: int, __: int) -> None:
        try:
            FCNTL.flock(handle, FCNTL.LOCK_EX | FCNTL.LOCK_NB)
        except BlockingIOError as error:
            raise PermissionError(errno.EACCES, "Permission denied") from error


def remove(*names: str) -> Callable[[Patch], None]:
    def removed(patch: Patch) -> None:
        for name in names:
            patch.delattr(os, name, raising=False)

    return removed


def remove_advice(patch: Patch) -> None:
    patch.setattr(mmap, "mmap", NoAdvice)
    patch.delattr(mmap, "MADV_DONTNEED", raising=False)


def remove_fcntl(patch: Patch) -> None:
    patch.setitem(sys.modules, "fcntl", None)
    patch.setattr(folder_lock, "_FCNTL", None)
    patch.setattr(folder_lock, "_MSVCRT", None)


def lock_files(patch: Patch) -> None:
    remove_fcntl(patch)
    patch.setattr(folder_lock, "_MSVCRT", FakeMsvcrt)


def remove_trees_by_path(patch: Patch) -> None:
    """Let `shutil.rmtree` do what it does on Windows."""
    patch.setattr(shutil, "_use_fd_functions", False, raising=False)
    if hasattr(shutil, "_rmtree_impl"):  # from Python 3.14 on
        patch.setattr(shutil, "_rmtree_impl", shutil._rmtree_unsafe)


def remove_nonblock(patch: Patch) -> None:
    remove("O_NONBLOCK")(patch)
    remove_trees_by_path(patch)


def close_folders(patch: Patch) -> None:
    lock_files(patch)
    open_ = os.open

    def opened(path: Any, flags: int, *arguments: Any, **others: Any) -> int:
        is_unnamed_file = flags & getattr(os, "O_TMPFILE", 0)
        if not is_unnamed_file and others.get("dir_fd") is None and Path(path).is_dir():
            raise PermissionError(errno.EACCES, "Permission denied", path)
        return open_(path, flags, *arguments, **others)

    patch.setattr(os, "open", opened)
    remove_trees_by_path(patch)


def translate_text(patch: Patch) -> None:
    """Reject what the package opens without O_BINARY."""
    open_ = os.open

    def opened(path: Any, flags: int, *arguments: Any, **others: Any) -> int:
        caller = sys._getframe(1).f_globals["__name__"]
        is_ours = caller.startswith("dicomseries") and not Path(path).is_dir()
        assert flags & BINARY or not is_ours, f"{caller} opens {path} as text"
        return open_(path, flags & ~BINARY, *arguments, **others)

    patch.setattr(os, "O_BINARY", BINARY, raising=False)
    patch.setattr(operating_system, "_AS_BYTES", BINARY)
    patch.setattr(os, "open", opened)


def hold_open_files(patch: Patch) -> None:
    """Reject to rename or remove files that this process has open or mapped."""
    if not Path("/proc/self/fd").is_dir():
        pytest.skip("this system does not list the files that are open")
    # Folders can be open here, and are not on Windows.
    close_folders(patch)

    def guarded(name: str) -> Callable[..., None]:
        call = getattr(os, name)

        def checked(path: Any, *others: Any, **options: Any) -> None:
            targets = others if name in {"rename", "replace"} else ()
            for each in (path, *targets):
                held = [
                    file for file in files_in_use() if is_within(file, str(Path(each).absolute()))
                ]
                if held:
                    raise PermissionError(errno.EACCES, f"{name} of the open file {held[0]}")
            call(path, *others, **options)

        return checked

    for name in ("rename", "replace", "unlink", "remove", "rmdir"):
        patch.setattr(os, name, guarded(name))


def files_in_use() -> set[str]:
    files = set()
    for handle in Path("/proc/self/fd").iterdir():
        try:
            files.add(str(handle.readlink()))
        except FileNotFoundError:
            continue  # the one of the listing itself
    with open("/proc/self/maps", encoding="utf-8") as lines:  # noqa: PTH123 - Path is patched
        return files | {line.split(maxsplit=5)[-1].strip() for line in lines}


def is_within(file: str, path: str) -> bool:
    return file == path or file.startswith(path + os.sep)


def remove_proc(patch: Patch) -> None:
    open_ = Path.open

    def opened(path: Path, *arguments: Any, **options: Any) -> Any:
        if path.is_relative_to("/proc"):
            raise FileNotFoundError(errno.ENOENT, "No such file or directory", str(path))
        return open_(path, *arguments, **options)

    patch.setattr(Path, "open", opened)


def remove_signals(patch: Patch) -> None:
    for name in ("SIGHUP", "SIGKILL"):
        patch.delattr(signal, name, raising=False)


REMOVED: dict[str, Callable[[Patch], None]] = {
    "preadv": remove("preadv"),
    "pread": remove("pread", "preadv"),
    "pwrite": remove("pwrite", "pwritev"),
    "writev": remove("writev"),
    "O_NONBLOCK": remove_nonblock,
    "O_BINARY": translate_text,
    "posix_fallocate": remove("posix_fallocate", "posix_fadvise"),
    "sched_getaffinity": remove("sched_getaffinity", "process_cpu_count"),
    "users": remove("chown", "getuid", "geteuid", "umask", "fork", "kill", "killpg"),
    "sysconf": remove("sysconf", "sysconf_names", "uname"),
    "madvise": remove_advice,
    "proc": remove_proc,
    "signals": remove_signals,
    "fcntl": remove_fcntl,
    "folders": close_folders,
    "open files": hold_open_files,
}


def remove_all(patch: Patch) -> None:
    for name, removed in REMOVED.items():
        if name != "fcntl":  # the lock of a file takes its place
            removed(patch)


@pytest.fixture(params=[*REMOVED, "all"])
def lacking(request: pytest.FixtureRequest) -> Iterator[str]:
    with Patch.context() as patch:
        (REMOVED | {"all": remove_all})[request.param](patch)
        yield request.param


def test_the_whole_way_needs_no_call_that_a_system_may_lack(
    lacking: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    out, array = tmp_path / "out", ARRAY * 0.001
    receipt = dcs.write(array, out, **OPTIONS)
    assert receipt.verified
    volume = dcs.read(out)
    assert np.abs(volume.array - array).max() <= receipt.max_error
    with pytest.raises(TargetError, match="overwrite"):
        dcs.write(ARRAY, out, **OPTIONS)
    dcs.write(ARRAY, out, overwrite=True, **OPTIONS)

    lazy = dcs.read(out, lazy=True)
    assert np.array_equal(lazy.array[1:3], ARRAY[1:3])
    assert np.array_equal(dcs.read(out, slices=slice(1, 4)).array, ARRAY[1:4])
    assert [series.kind for series in dcs.scan(tmp_path).series] == ["CT"]
    assert dcs.tags(out)["Modality"] == "CT"
    assert dcs.check(out, against=ARRAY, validators=False).errors == ()
    assert "<!doctype html>" in look(out).html()
    planes = Planes(lazy)
    assert np.array_equal(planes.read(1, 7), ARRAY[:, 7])
    planes.close()

    dcs.write(lazy.array, tmp_path / "rle", compression=dcs.Rle(), **OPTIONS)
    assert np.array_equal(dcs.read(tmp_path / "rle").array, ARRAY)
    lazy.derive(ARRAY // 2, description="Half").write(tmp_path / "half")
    assert cli.main(["check", str(tmp_path / "half")]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["half", "out", "rle"]
    capsys.readouterr()


def test_inputs_and_exports_need_no_call_that_a_system_may_lack(lacking: str, tmp_path: Path):
    dcs.write(ARRAY, tmp_path / "series", verify=False, **OPTIONS)
    volume = dcs.read(tmp_path / "series")
    for name in ("a.npy", "a.npz", "a.nrrd", "a.mha", "a.zarr", "a.nii.gz"):
        path = tmp_path / name
        volume.save(path)
        volume.save(path, overwrite=True)
        geometry = {"spacing": OPTIONS["spacing"]} if name.startswith("a.n") else {}
        geometry = {} if name.endswith((".nrrd", ".mha", ".nii.gz")) else geometry
        opened = dcs.open_volume(path, **geometry)
        assert np.array_equal(opened.slabs.read(1, 4), ARRAY[1:4])
        del opened
    memmap = np.load(tmp_path / "a.npy", mmap_mode="r")
    slabs = dcs.open_volume(memmap, spacing=(1, 1, 1)).slabs
    assert np.array_equal(slabs.read(2, 3), ARRAY[2:3])
    deep = zarr.create_array({}, shape=SHAPE, chunks=(5, 9, 21), dtype="int16")
    deep[:] = ARRAY
    copy = scratch_copy(dcs.open_volume(deep, spacing=(1, 1, 1)).slabs, slices=SHAPE[0])
    assert np.array_equal(copy.read(1, 3), ARRAY[1:3])
    image = nibabel.load(tmp_path / "a.nii.gz")
    assert image.shape == SHAPE[::-1]


def test_a_killed_write_is_resumed_where_calls_are_lacking(lacking: str, tmp_path: Path):
    leave_unfinished(tmp_path / "out")
    assert len(list(tmp_path.glob(".out.partial-*.json"))) == 1
    dcs.write(ARRAY, tmp_path / "out", resume=True, **OPTIONS)
    assert np.array_equal(dcs.read(tmp_path / "out").array, ARRAY)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def leave_unfinished(out: Path) -> None:
    """Leave what a killed write leaves: its files and their record, and no lock."""

    put, written = DirectorySink.put, []

    def put_three(sink: DirectorySink, name: str, chunks: Any) -> Path:
        if len(written) == 3:
            raise KeyboardInterrupt
        written.append(name)
        return put(sink, name, chunks)

    with Patch.context() as patch:
        patch.setattr(DirectorySink, "put", put_three)
        patch.setattr(DirectorySink, "abort", DirectorySink._unlock)
        with pytest.raises(KeyboardInterrupt):
            dcs.write(ARRAY, out, **OPTIONS)


@pytest.mark.parametrize("locks", [lambda _: None, lock_files], ids=["folders", "files"])
def test_leftovers_are_removed_and_a_living_write_is_not_touched(
    locks: Callable[[Patch], None], tmp_path: Path, monkeypatch: Patch
):
    locks(monkeypatch)
    leave_unfinished(tmp_path / "out")
    with DirectorySink(tmp_path / "out", record="living") as living:
        assert len(list(tmp_path.glob(".out.partial-????????"))) == 1
        with pytest.raises(TargetError, match="goes on"):
            dcs.write(ARRAY, tmp_path / "out", resume=True, **OPTIONS)
        dcs.write(ARRAY, tmp_path / "out", **OPTIONS)
        assert len(list(tmp_path.glob(".out.partial-????????"))) == 1
        living.put("1.dcm", [b"ab"])
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_lock_of_a_file_is_waited_for_and_not_taken_twice(tmp_path: Path, monkeypatch: Patch):
    lock_files(monkeypatch)
    held: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        for _ in range(20):
            lock = folder_lock.lock_folder(tmp_path, tmp_path / ".lock", is_waiting=True)
            assert lock is not None
            held.append(number)
            most.append(len(held))
            held.remove(number)
            os.close(lock.handle)  # the file stays: it is not removed while others have it open

    monkeypatch.setattr(folder_lock, "_PAUSE_S", 0.0)
    run_in_threads(work)
    assert most == [1] * 80
    lock = folder_lock.lock_folder(tmp_path, tmp_path / ".lock")
    assert folder_lock.lock_folder(tmp_path, tmp_path / ".lock") is None
    lock.release()
    assert list(tmp_path.iterdir()) == []


def run_in_threads(work: Callable[[int], None]) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))


def test_texts_of_windows_editors_are_read(tmp_path: Path):
    (tmp_path / "m.json").write_bytes(b'\xef\xbb\xbf{\r\n"PatientID": "42"}\r\n')
    (tmp_path / "m.toml").write_bytes(b'\xef\xbb\xbfPatientID = "42"\r\n')
    for name in ("m.json", "m.toml"):
        metadata = tmp_path / name
        dcs.write(ARRAY, tmp_path / "out", overwrite=True, metadata=metadata, **OPTIONS)
        assert dcs.tags(tmp_path / "out")["PatientID"] == "42"
    (tmp_path / "a.bval").write_bytes(b"\xef\xbb\xbf0 1000\r\n")
    assert diffusion_gradients._rows(tmp_path / "a.bval") == [[0, 1000]]
    header = b"NRRD0004\ntype: short\ndimension: 3\nsizes: 21 18 5\nspacings: 1 1 2\n"
    header = (header + b"encoding: raw\nendian: little\n\n").replace(b"\n", b"\r\n")
    (tmp_path / "a.nrrd").write_bytes(header + ARRAY.tobytes())
    assert np.array_equal(dcs.open_volume(tmp_path / "a.nrrd").slabs.read(0, 5), ARRAY)


@pytest.mark.parametrize("lost", [[], ["preadv"], ["preadv", "pread", "pwrite"]])
def test_threads_that_share_a_file_read_and_write_at_their_own_offsets(
    lost: list[str], tmp_path: Path, monkeypatch: Patch
):
    remove(*lost)(monkeypatch)
    content = np.arange(1 << 16, dtype="uint16").view("uint8")
    path = tmp_path / "numbers"
    path.write_bytes(bytes(len(content)))
    file = operating_system.open_file(path, os.O_RDWR)
    wrong: list[int] = []

    def work(first: int) -> None:
        for start in range(first * 512, len(content), 4 * 512):
            part = content[start : start + 512]
            operating_system.write_at(file, part.data, start)
            view = bytearray(512)
            operating_system.fill_from(file, memoryview(view), start)
            if view != part.tobytes() != operating_system.read_at(file, 512, start):
                wrong.append(start)

    run_in_threads(work)
    os.close(file)
    assert wrong == []
    assert path.read_bytes() == content.tobytes()


def test_the_end_of_a_file_ends_a_read(tmp_path: Path, lacking: str):
    (tmp_path / "short").write_bytes(b"abc")
    file = operating_system.open_file(tmp_path / "short")
    view = bytearray(5)
    assert operating_system.fill_from(file, memoryview(view), 1) == 2
    assert bytes(view) == b"bc\0\0\0"
    assert operating_system.read_at(file, 5, 2) == b"c"
    os.close(file)


def test_reads_and_writes_larger_than_one_call_are_complete(tmp_path: Path, monkeypatch: Patch):
    monkeypatch.setattr(operating_system, "_WIDEST", 7)
    file = operating_system.create_file(tmp_path / "a")
    operating_system.write_buffers(file, [b"", bytes(range(30)), memoryview(b"end")])
    operating_system.write_at(file, memoryview(b"0123456789"), 33)
    os.close(file)
    file = operating_system.open_file(tmp_path / "a")
    view = bytearray(43)
    assert operating_system.fill_from(file, memoryview(view), 0) == 43
    os.close(file)
    assert bytes(view) == bytes(range(30)) + b"end0123456789"


def test_a_rename_waits_for_a_scanner_that_holds_a_file(tmp_path: Path, monkeypatch: Patch):
    monkeypatch.setattr(operating_system, "_RENAME_WAITS_S", (0.0, 0.0))
    rename, refusals = os.rename, [PermissionError(errno.EACCES, "in use")] * 2

    def held(*names: Any) -> None:
        if refusals:
            raise refusals.pop()
        rename(*names)

    monkeypatch.setattr(os, "rename", held)
    dcs.write(ARRAY, tmp_path / "out", **OPTIONS)
    assert refusals == []
    refusals += [PermissionError(errno.EACCES, "in use")] * 3
    with pytest.raises(dcs.DicomSeriesError, match="in use"):
        dcs.write(ARRAY, tmp_path / "other", **OPTIONS)
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_that_a_viewer_has_open_is_named_as_the_reason(tmp_path: Path, monkeypatch: Patch):
    def refuse(*_: Any) -> None:
        error = PermissionError(errno.EACCES, "The process cannot access the file")
        error.winerror = 32  # type: ignore[attr-defined, unused-ignore]
        raise error

    monkeypatch.setattr(os, "rename", refuse)
    with pytest.raises(dcs.DicomSeriesError, match="Close the programs that have its files open"):
        dcs.write(ARRAY, tmp_path / "out", **OPTIONS)
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_that_is_closed_is_no_error_on_windows_either(
    monkeypatch: Patch, capsys: pytest.CaptureFixture[str]
):
    def closed(*_: Any, **__: Any) -> None:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(cli_app.app, "make_context", closed)
    assert cli.main(["--version"]) == 4
    monkeypatch.setattr(operating_system, "_IS_WINDOWS", True)
    capsys.readouterr()
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().err == ""


@not_on_windows("a name with such characters is a path there")
def test_a_drive_is_no_url_and_no_part_of_a_file(tmp_path: Path, monkeypatch: Patch):
    monkeypatch.chdir(tmp_path)
    name = "C:\\scans\\a.npz"
    np.savez(name, ct=ARRAY)
    slabs = dcs.open_volume(f"{name}::ct", spacing=(1, 1, 1)).slabs
    assert np.array_equal(slabs.read(0, 2), ARRAY[:2])
    dcs.write(f"{name}::ct", "D:\\out", **OPTIONS)
    assert np.array_equal(dcs.read("D:\\out").array, ARRAY)


def test_macos_empties_the_cache_of_the_drive(tmp_path: Path, monkeypatch: Patch):
    calls: list[str] = []

    class Fcntl:
        F_FULLFSYNC = 51

        @staticmethod
        def fcntl(_: int, command: int) -> None:
            calls.append(f"fcntl {command}")
            if len(calls) > 1:
                raise OSError(errno.ENOTSUP, "not supported")

    monkeypatch.setitem(sys.modules, "fcntl", Fcntl)
    monkeypatch.setattr(os, "fsync", lambda _: calls.append("fsync"))
    with operating_system.io.FileIO(tmp_path / "a", "w") as file:
        operating_system.make_durable(file.fileno())
        operating_system.make_durable(file.fileno())
    assert calls == ["fcntl 51", "fcntl 51", "fsync"]


FRESH = """
import os, sys
import numpy, pydicom  # they may use what they like
for name in ("preadv", "pread", "pwrite", "writev", "O_NONBLOCK", "sched_getaffinity", "chown",
             "posix_fallocate", "process_cpu_count", "sysconf", "fork", "getuid", "kill"):
    if hasattr(os, name):
        delattr(os, name)
for name in ("fcntl", "resource", "pwd", "grp", "termios"):
    sys.modules[name] = None
import dicomseries as dcs
array = numpy.arange(60, dtype="int16").reshape(3, 4, 5)
dcs.write(array, sys.argv[1], kind="CT", spacing=(1, 1, 2), metadata={"PatientID": "ü"})
assert (dcs.read(sys.argv[1]).array == array).all()
"""


def test_a_program_that_never_had_them_writes_and_reads_without_a_warning(tmp_path: Path):
    # -X warn_default_encoding: texts of ours are UTF-8, not what a country's Windows takes.
    command = [sys.executable, "-X", "warn_default_encoding", "-W", "error::EncodingWarning"]
    subprocess.run(
        [*command, "-c", FRESH, str(tmp_path / "out")],
        check=True,
        env={**os.environ, "PYTHONPATH": str(Path(dcs.__file__).parents[1])},
    )
