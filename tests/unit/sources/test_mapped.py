"""Mapped and unpacked files: little memory, any slab from any thread, failures reported."""

from __future__ import annotations

import gc
import gzip
import subprocess
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from dicomseries.errors import SourceError
from dicomseries.sources import open_volume
from dicomseries.sources.frames.files import file_window, mapped_files
from dicomseries.sources.frames.files.gzip_stream import open_gzip
from dicomseries.sources.frames.files.unpacked_stream import unpack, unpack_once

ARRAY = np.arange(40 * 30 * 20, dtype="<i4").reshape(40, 30, 20)


class Recorder:
    """A stream that says how far it was read and whether it was closed."""

    def __init__(self, content, block=1 << 20):
        self.content, self.block, self.place, self.closed = content, block, 0, False

    def read(self, size, /):
        part = self.content[self.place : self.place + min(size, self.block)]
        self.place += len(part)
        return part

    def readinto(self, view, /):
        part = self.read(len(view))
        view[: len(part)] = part
        return len(part)

    def close(self):
        self.closed = True


@pytest.fixture(params=["isal", "gzip"])
def inflater(request, monkeypatch):
    """Inflate with ISA-L, or as if it were not installed."""
    if request.param == "isal":
        return pytest.importorskip("isal.igzip").IGzipFile
    monkeypatch.setitem(sys.modules, "isal", None)
    return gzip.GzipFile


def test_gzip_files_of_several_parts_are_read_whole(tmp_path, inflater):
    content = ARRAY.tobytes()
    middle = len(content) // 3
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(content[:middle]) + gzip.compress(content[middle:]) + bytes(7))
    stream = open_gzip(path)
    assert isinstance(getattr(stream, "_stream", stream), inflater)
    view = memoryview(bytearray(len(content) + 5))
    done = stream.readinto(view[:100])
    for block in iter(lambda: stream.read(5000), b""):
        view[done : done + len(block)] = block
        done += len(block)
    assert view[:done] == content
    assert stream.readinto(view[:100]) == 0
    stream.close()


def test_a_stream_is_read_only_as_far_as_a_slab_needs_and_then_let_go():
    stream = Recorder(ARRAY.tobytes(), block=1000)
    mapped = unpack(stream, "<i4", ARRAY.shape, where="a")
    assert stream.place == 0
    mapped.window.take(mapped.array[3:5])
    assert 5 * 2400 <= stream.place < 5 * 2400 + 1000
    np.testing.assert_array_equal(mapped.array[3:5], ARRAY[3:5])
    mapped.window.take(mapped.array)
    assert stream.closed
    np.testing.assert_array_equal(mapped.array, ARRAY)


def test_a_stream_that_is_no_longer_wanted_is_closed():
    stream = Recorder(ARRAY.tobytes())
    mapped = unpack(stream, "<i4", ARRAY.shape, where="a")
    mapped.window.take(mapped.array[:1])
    del mapped
    gc.collect()
    assert stream.closed


def test_a_stream_that_is_read_once_keeps_nothing_and_begins_again_for_earlier_parts():
    streams = []

    def opened():
        streams.append(Recorder(b"head" + ARRAY.tobytes(), block=1000))
        return streams[-1]

    form = {"where": "a", "skip": 4}
    mapped = unpack_once(opened, "<i4", ARRAY.shape, **form)
    assert streams == []
    for part in (slice(2, 5), slice(9, 10), slice(10, 40)):
        np.testing.assert_array_equal(mapped.window.take(mapped.array[part]), ARRAY[part])
    assert len(streams) == 1
    assert streams[0].closed
    crossed = mapped.array[:, 3:8, ::-2]
    np.testing.assert_array_equal(mapped.window.take(crossed), ARRAY[:, 3:8, ::-2])
    assert len(streams) == 2
    assert not mapped.array.any(), "no number is kept"


@pytest.mark.usefixtures("inflater")
@pytest.mark.parametrize("is_read_once", [True, False])
@pytest.mark.parametrize("fault", ["short", "check sum", "block", "no gzip"])
def test_damage_of_a_stream_is_reported(tmp_path, fault, is_read_once):
    packed = bytearray(gzip.compress(ARRAY.tobytes()))
    if fault == "short":
        packed = packed[: len(packed) // 2]
    elif fault == "check sum":
        packed[-6] ^= 1
    elif fault == "block":
        packed[10] = 7  # a type of block that does not exist
    else:
        packed[:2] = b"xx"
    path = tmp_path / "a.gz"
    path.write_bytes(packed)
    if is_read_once:
        mapped = unpack_once(partial(open_gzip, path), "<i4", ARRAY.shape, where="a.gz")
    else:
        mapped = unpack(open_gzip(path), "<i4", ARRAY.shape, where="a.gz")
    with pytest.raises(SourceError, match=r"a\.gz"):
        mapped.window.take(mapped.array)


def test_threads_may_ask_for_any_slab_in_any_order(tmp_path):
    (tmp_path / "a.nrrd").write_bytes(
        b"NRRD0004\ntype: int\ndimension: 3\nsizes: 20 30 40\nspacings: 1 1 2\n"
        b"endian: little\nencoding: gzip\n\n" + gzip.compress(ARRAY.tobytes())
    )
    slabs = open_volume(tmp_path / "a.nrrd").slabs
    wrong = []

    def read(numbers):
        wrong.extend(n for n in numbers if not np.array_equal(slabs.read(n, n + 1)[0], ARRAY[n]))

    orders = [range(40), range(39, -1, -1), range(0, 40, 2), range(1, 40, 2)]
    threads = [threading.Thread(target=read, args=(order,)) for order in orders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_folder_for_temporary_files_that_is_full_is_named(monkeypatch):
    class Full:
        def truncate(self, _):
            raise OSError(28, "No space left on device")

        def close(self):
            pass

    monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: Full())
    stream = Recorder(ARRAY.tobytes())
    with pytest.raises(SourceError, match=r"No space left.*TMPDIR"):
        unpack(stream, "<i4", ARRAY.shape, where="a")
    assert stream.closed


MEMORY = """
import gzip, sys
from pathlib import Path
import numpy as np
from dicomseries.sources import open_volume

def resident():
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmHWM"].split()[0]) / 1024

source = sys.argv[1]
before = resident()
slabs = open_volume(source, spacing=(1, 1, 1)).slabs
total = 0
for start in range(0, slabs.shape[0], 8):
    total += int(slabs.read(start, start + 8).max())
print(resident() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="tells memory as Linux does")
@pytest.mark.parametrize("name", ["a.npy", "a.mha", "a.nrrd"])
def test_reading_a_long_file_slab_by_slab_takes_little_memory(tmp_path, name):
    array = np.zeros((256, 512, 512), "int16")  # 128 MiB
    path = tmp_path / name
    header = (
        b"type: short\ndimension: 3\nsizes: 512 512 256\nspacings: 1 1 1\n"
        b"endian: little\nencoding: gzip\n\n"
    )
    if name == "a.npy":
        np.save(path, array)
    elif name == "a.mha":
        path.write_bytes(
            b"NDims = 3\nDimSize = 512 512 256\nElementType = MET_SHORT\nElementDataFile = LOCAL\n"
            + array.tobytes()
        )
    else:
        path.write_bytes(b"NRRD0004\n" + header + gzip.compress(array.tobytes(), 1))
    run = subprocess.run(
        [sys.executable, "-c", MEMORY, path], capture_output=True, encoding="utf-8", check=True
    )
    assert float(run.stdout) < 64  # MiB


@pytest.mark.parametrize("shape", [(70, 6, 5), (3, 40, 6, 5), (40, 6, 5, 3)])
@pytest.mark.parametrize("compressed", [False, True])
def test_slices_that_are_strewn_over_a_file_are_those_of_the_array(
    tmp_path, monkeypatch, shape, compressed
):
    monkeypatch.setattr(mapped_files, "_MOST_IN_MEMORY", 1)
    monkeypatch.setattr(file_window, "_LARGEST", 1)
    monkeypatch.setattr(file_window, "_BLOCK", 300)
    array = np.asfortranarray(np.arange(np.prod(shape)).reshape(shape).astype("int16"))
    path = tmp_path / ("a.npz" if compressed else "a.npy")
    (np.savez_compressed if compressed else np.save)(path, array)
    axes = {3: "zyx", 4: "zyxc" if shape[-1] == 3 else "tzyx"}[len(shape)]
    volume = open_volume(path, spacing=(1, 1, 2), axes=axes)
    frames = (
        array.reshape(-1, *array.shape[1:])
        if axes != "tzyx"
        else array.reshape(-1, *array.shape[2:])
    )
    for start, stop in ((5, 9), (0, 1), (len(frames) - 2, len(frames)), (0, len(frames))):
        assert np.array_equal(volume.slabs.read(start, stop), frames[start:stop])
