"""Promises of sources and sinks, as tests to inherit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from dicomseries.geometry import Grid
from dicomseries.sinks import Sink, stored_path
from dicomseries.sources import FrameReader, Volume

__all__ = ["SinkContract", "SourceContract"]

_GRID = Grid(
    shape=(9, 4, 5),
    spacing_mm=(0.5, 0.75, 2.5),
    origin_lps=(-30.25, 12.5, 101.125),
    direction_lps=(0.6, 0.8, 0.0, -0.8, 0.6, 0.0, 0.0, 0.0, 1.0),
)
_THREADS = 8


class SourceContract(ABC):
    """Promises of a source; subclass it as ``class TestMine``.

    Implement `open`. pytest then runs every promise, for each of `dtypes`: shape and dtype are
    those of what is read; every voxel has its value and its point in space; slabs put together are
    the whole; any bounds may be asked for; several threads may read at once.

    Attributes
    ----------
    dtypes : tuple of str
        The numbers the source can hold.
    tolerance_mm : float
        How far a corner may be from where it was put, e.g. 1e-4 for a format that keeps float32.
    volumes : int
        Length of axis t; above 1, the array that `open` gets has four axes (volumes, slices, rows,
        columns).

    Examples
    --------
    >>> import dicomseries
    >>> class TestNumpy(SourceContract):
    ...     def open(self, array, grid, folder):
    ...         return dicomseries.open_volume(
    ...             array, spacing=grid.spacing_mm, origin=grid.origin_lps,
    ...             direction=grid.direction_lps)
    >>> TestNumpy().test_several_threads_may_read_at_once("int16", None)
    """

    dtypes: tuple[str, ...] = ("uint8", "int16", "float32")
    tolerance_mm: float = 1e-9
    volumes: int = 1

    @abstractmethod
    def open(self, array: npt.NDArray[Any], grid: Grid, folder: Path) -> Volume:
        """Store an array and return the volume over it.

        Parameters
        ----------
        array : ndarray, shape (slices, rows, columns) or (volumes, slices, rows, columns)
            One of `dtypes`.
        grid : Grid
            Oblique, with unequal sides and spacings; to be given as arguments where the source
            cannot keep it.
        folder : Path
            Empty and writable.
        """

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Run each promise for each of `dtypes`; called by pytest."""
        if "dtype" in metafunc.fixturenames:
            metafunc.parametrize("dtype", self.dtypes)

    def test_shape_and_dtype_are_those_of_what_is_read(self, dtype: str, tmp_path: Path) -> None:
        """`shape`, `dtype` and `depth` are known before reading."""
        array, volume = self._opened(dtype, tmp_path)
        slabs = volume.slabs
        assert isinstance(slabs, FrameReader)
        assert tuple(slabs.shape) == array.shape
        assert slabs.dtype.kind == array.dtype.kind
        assert slabs.dtype.itemsize == array.dtype.itemsize
        assert 1 <= slabs.depth <= array.shape[0]
        part = slabs.read(2, 5)
        assert isinstance(part, np.ndarray)
        assert (part.shape, part.dtype) == ((3, *array.shape[1:]), slabs.dtype)

    def test_every_voxel_has_its_value_and_its_point(self, dtype: str, tmp_path: Path) -> None:
        """Nothing is flipped, transposed, scaled or moved."""
        array, volume = self._opened(dtype, tmp_path)
        np.testing.assert_array_equal(volume.array.reshape(array.shape), array)
        np.testing.assert_allclose(
            volume.grid.corners(), _GRID.corners(), rtol=0, atol=self.tolerance_mm
        )

    def test_volumes_follow_each_other(self, dtype: str, tmp_path: Path) -> None:
        """An axis t is an axis of volumes."""
        array, volume = self._opened(dtype, tmp_path)
        assert volume.volumes == (self.volumes if self.volumes > 1 else None)
        assert volume.slices == _GRID.shape[0]
        for index in range(self.volumes):
            frames = array[index * volume.slices : (index + 1) * volume.slices]
            np.testing.assert_array_equal(volume.at(index).array, frames)

    def test_slabs_put_together_are_the_whole(self, dtype: str, tmp_path: Path) -> None:
        """Slabs of any depth give the same array."""
        array, volume = self._opened(dtype, tmp_path)
        count = array.shape[0]
        for depth in (1, 2, 4, volume.slabs.depth, count):
            parts = []
            for start in range(0, count, depth):
                parts.append(volume.slabs.read(start, min(start + depth, count)))
            np.testing.assert_array_equal(np.concatenate(parts), array)

    def test_any_bounds_may_be_read(self, dtype: str, tmp_path: Path) -> None:
        """In any order, empty, and past the end."""
        array, volume = self._opened(dtype, tmp_path)
        count = array.shape[0]
        for start in range(count, -1, -1):
            for stop in range(start, count + 2):
                np.testing.assert_array_equal(volume.slabs.read(start, stop), array[start:stop])

    def test_several_threads_may_read_at_once(self, dtype: str, tmp_path: Path) -> None:
        """Each gets the slices it asked for."""
        array, volume = self._opened(dtype, tmp_path)
        starts = [*range(array.shape[0] - 1)] * 10

        def is_right(start: int) -> bool:
            return bool(
                np.array_equal(volume.slabs.read(start, start + 2), array[start : start + 2])
            )

        with ThreadPoolExecutor(_THREADS) as pool:
            assert all(pool.map(is_right, starts))

    def _opened(self, dtype: str, folder: Path) -> tuple[npt.NDArray[Any], Volume]:
        """Return the frames and the volume over them."""
        shape = (self.volumes, *_GRID.shape)
        array = (np.arange(np.prod(shape)).reshape(shape) * 7 % 251).astype(dtype)
        opened = self.open(array.copy() if self.volumes > 1 else array[0].copy(), _GRID, folder)
        return array.reshape(-1, *_GRID.shape[1:]), opened


class SinkContract(ABC):
    """Promises of a sink; subclass it as ``class TestMine``.

    Implement `open` and `shown`. pytest then runs every promise: nothing is seen before the commit,
    everything whole after it; an abort leaves nothing, however often it is called; files may be put
    from several threads.

    Examples
    --------
    >>> import tempfile
    >>> from dicomseries.sinks import DirectorySink
    >>> class TestDirectory(SinkContract):
    ...     def open(self, place):
    ...         return DirectorySink(place / "series")
    ...     def shown(self, place):
    ...         return {path.name: path.read_bytes() for path in (place / "series").glob("*")}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     TestDirectory().test_an_abort_leaves_nothing(Path(folder))
    """

    @abstractmethod
    def open(self, place: Path) -> Sink:
        """Return a new sink.

        Parameters
        ----------
        place : Path
            An empty folder of the test's own; a sink that is not a file system may keep its own
            place.
        """

    @abstractmethod
    def shown(self, place: Path) -> Mapping[str, bytes]:
        """Return name → content of the visible files."""

    def left(self, place: Path) -> list[str]:
        """Return all names at the place, hidden ones too."""
        return sorted(str(path.relative_to(place)) for path in place.rglob("*"))

    def test_nothing_is_seen_before_the_commit_and_everything_after(self, tmp_path: Path) -> None:
        """Whole or nothing."""
        sink = self.open(tmp_path)
        for name, chunks in _FILES.items():
            sink.put(name, chunks)
            assert dict(self.shown(tmp_path)) == {}
        sink.commit()
        assert dict(self.shown(tmp_path)) == _WHOLE

    def test_a_file_can_be_read_back_where_put_says(self, tmp_path: Path) -> None:
        """The writer verifies there before it commits."""
        sink = self.open(tmp_path)
        for name, chunks in _FILES.items():
            with stored_path(sink.put(name, chunks)) as path:
                assert path is None or path.read_bytes() == _WHOLE[name]
        sink.abort()

    def test_files_may_be_put_from_several_threads(self, tmp_path: Path) -> None:
        """Each arrives under its own name."""
        sink = self.open(tmp_path)
        contents = {}
        for number in range(64):
            contents[f"{number:04d}.dcm"] = bytes([number]) * (number * 97 + 1)
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(lambda name: sink.put(name, [contents[name]]), contents))
        sink.commit()
        assert dict(self.shown(tmp_path)) == contents

    def test_an_abort_leaves_nothing(self, tmp_path: Path) -> None:
        """At the start, in the middle, and twice."""
        for count in range(len(_FILES) + 1):
            sink = self.open(tmp_path)
            for name in list(_FILES)[:count]:
                sink.put(name, _FILES[name])
            sink.abort()
            sink.abort()
            assert dict(self.shown(tmp_path)) == {}
            assert self.left(tmp_path) == []

    def test_an_abort_after_the_commit_changes_nothing(self, tmp_path: Path) -> None:
        """So it may be in a finally clause."""
        sink = self.open(tmp_path)
        for name, chunks in _FILES.items():
            sink.put(name, chunks)
        sink.commit()
        before = self.left(tmp_path)
        sink.abort()
        assert dict(self.shown(tmp_path)) == _WHOLE
        assert self.left(tmp_path) == before


_FILES: dict[str, list[bytes | memoryview]] = {
    "0001.dcm": [b"header", np.arange(600, dtype="<u2").reshape(20, 30).data, b"", b"end"],
    "0002.dcm": [memoryview(b"one piece")],
    "0003.dcm": [b"many", *[bytes([number]) for number in range(200)] * 4],
}
"""Files in pieces as the writer hands them over: bytes, views of arrays, nothing, more pieces than
one call takes."""

_WHOLE = {name: b"".join(map(bytes, chunks)) for name, chunks in _FILES.items()}
