"""Planes of a volume across any axis, with bounded memory."""

from __future__ import annotations

import errno
import tempfile
import threading
from collections import OrderedDict
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import DicomSeriesError
from dicomseries.operating_system import fill_from, write_at
from dicomseries.sources import Volume

__all__ = ["WIRE_DTYPES", "Planes", "wire_dtype"]

_SIDE = 16
"""Rows and columns of a brick: as many neighbouring planes are read together, as they are shown
one after the other."""
_CHUNK_BYTES = 8 << 20
"""Bytes of the volume in memory while the scratch file is made."""
_CACHE_BYTES = 64 << 20
_SCRATCH_BYTES = 4 << 30
"""Size of scratch files on disk; the oldest are removed first, the last one never."""
_COARSE_BYTES = 24 << 20
"""Size of the slices for coarse planes; smaller volumes have none, as they are read as fast."""

WIRE_DTYPES = ("<i1", "<u1", "<i2", "<u2", "<i4", "<u4", "<f4", "<f8")


def wire_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the little-endian dtype of voxels for JavaScript.

    Examples
    --------
    >>> wire_dtype(np.dtype(">i2")).str, wire_dtype(np.dtype("int64")).str
    ('<i2', '<f8')
    """
    little = dtype.newbyteorder("<")
    return little if little in map(np.dtype, WIRE_DTYPES) else np.dtype("<f8")


class Planes:
    """The planes of a volume across each of its axes.

    Slices are read from the source. For rows and columns the volume is written once to a scratch
    file without a name, in bricks of all slices, 16 rows and 16 columns; one read then gives 16
    neighbouring planes. Until it is complete, `read_quickly` returns planes of a few slices.

    Parameters
    ----------
    volume : Volume
        Shape ([volumes, ]slices, rows, columns[, 3]); read a few slices at a time.

    Examples
    --------
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.sources import array_frames
    >>> array = np.arange(24, dtype="int16").reshape(2, 3, 4)
    >>> grid = Grid(shape=(2, 3, 4), spacing_mm=(1, 1, 1))
    >>> planes = Planes(Volume(slabs=array_frames(array), grid=grid))
    >>> planes.read(2, 3).tolist()
    [[3, 7, 11], [15, 19, 23]]
    >>> planes.close()
    """

    def __init__(self, volume: Volume) -> None:
        self._volume = volume
        self._dtype = wire_dtype(volume.slabs.dtype)
        self._lock = threading.Lock()
        self._making = threading.Lock()  # held while a scratch file is being made
        self._maker: threading.Thread | None = None
        self._is_closed = False
        self._error: Exception | None = None
        self._coarse: tuple[int, npt.NDArray[np.intp], npt.NDArray[Any]] | None = None
        self._bricks: OrderedDict[int, IO[bytes]] = OrderedDict()
        self._slabs: OrderedDict[tuple[int, int, int], npt.NDArray[Any]] = OrderedDict()

    def read(self, axis: int, index: int, volume: int = 0) -> npt.NDArray[Any]:
        """Return a plane, little-endian, of the other two axes.

        Colours are the last axis.

        Parameters
        ----------
        axis : {0, 1, 2}
            Across slices, rows or columns.
        index : int
            Along that axis.
        volume : int
            Of several.

        Raises
        ------
        IndexError
            If there is no such plane.
        OSError
            If the voxels cannot be read, or the scratch file cannot be written.
        """
        self._check(axis, index, volume)
        if axis == 0:
            frame = volume * self._volume.slices + index
            return np.asarray(self._volume.slabs.read(frame, frame + 1)[0]).astype(
                self._dtype, copy=False
            )
        while (plane := self._across(axis, index, volume)) is None:
            self._make_bricks(volume)
        return plane

    def read_quickly(self, axis: int, index: int, volume: int = 0) -> tuple[npt.NDArray[Any], bool]:
        """Return a plane without waiting, and whether it is exact.

        Until the scratch file is complete, planes across rows and columns are coarse: a few slices,
        each repeated for those next to it.

        Raises
        ------
        IndexError, OSError
            As `read`.
        """
        self._check(axis, index, volume)
        is_small = self._volume.slices * self._slice_bytes <= _COARSE_BYTES
        if axis == 0 or is_small:
            return self.read(axis, index, volume), True
        plane = self._across(axis, index, volume)
        if plane is not None:
            return plane, True
        with self._lock:
            error, self._error = self._error, None
            if error is not None:
                raise error
            if self._maker is None:
                self._maker = threading.Thread(
                    target=self._make_in_background, args=(volume,), daemon=True
                )
                self._maker.start()
        return self._coarse_plane(axis, index, volume), False

    def close(self) -> None:
        """Close the scratch files."""
        self._is_closed = True
        with self._making, self._lock:
            while self._bricks:
                self._bricks.popitem()[1].close()
            self._slabs.clear()

    def _check(self, axis: int, index: int, volume: int) -> None:
        is_plane = 0 <= axis < 3 and 0 <= index < self._volume.grid.shape[axis]
        if not is_plane or not 0 <= volume < (self._volume.volumes or 1):
            message = f"no plane {index} across axis {axis} of volume {volume}"
            raise IndexError(message)

    def _coarse_plane(self, axis: int, index: int, volume: int) -> npt.NDArray[Any]:
        with self._lock:
            if self._coarse is None or self._coarse[0] != volume:
                self._coarse = (volume, *self._coarse_slices(volume))
            _, nearest, slices = self._coarse
        plane: npt.NDArray[Any] = slices.take(index, axis)
        return plane[nearest]

    def _coarse_slices(self, volume: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[Any]]:
        """Return a few slices, and the nearest for each slice."""
        slices = self._volume.slices
        count = max(_COARSE_BYTES // self._slice_bytes, 1)
        nearest = np.arange(slices) * count // slices
        chosen = []
        for number in range(count):
            middle = (2 * number + 1) * slices // (2 * count)
            chosen.append(self.read(0, middle, volume))
        return nearest, np.stack(chosen)

    def _make_in_background(self, volume: int) -> None:
        try:
            self._make_bricks(volume)
        except (DicomSeriesError, OSError) as error:
            self._error = error
        finally:
            with self._lock:
                self._maker = None

    def _across(self, axis: int, index: int, volume: int) -> npt.NDArray[Any] | None:
        """Return a plane from the scratch file; None without it."""
        with self._lock:
            if volume not in self._bricks:
                return None
            self._bricks.move_to_end(volume)
            self._coarse = None
            width = self._volume.grid.shape[3 - axis]
            return self._slab(axis, index // _SIDE, volume)[index % _SIDE, :, :width]

    def _slab(self, axis: int, block: int, volume: int) -> npt.NDArray[Any]:
        """Return 16 neighbouring planes, padded to complete bricks."""
        key = (axis, block, volume)
        if key not in self._slabs:
            down, across = self._counts
            numbers = range(block, down * across, across)
            if axis == 1:
                numbers = range(block * across, (block + 1) * across)
            brick = np.empty(self._brick_shape, self._dtype)
            slices, *colours = brick.shape[:1] + brick.shape[3:]
            slab = np.empty((_SIDE, slices, len(numbers) * _SIDE, *colours), self._dtype)
            for place, number in enumerate(numbers):
                file = self._bricks[volume].fileno()
                fill_from(file, brick.data.cast("B"), number * self._brick_bytes)
                slab[:, :, place * _SIDE : (place + 1) * _SIDE] = np.moveaxis(brick, axis, 0)
            self._slabs[key] = slab
            cached = sum(planes.nbytes for planes in self._slabs.values())
            while len(self._slabs) > 2 and cached > _CACHE_BYTES:
                cached -= self._slabs.popitem(last=False)[1].nbytes
        self._slabs.move_to_end(key)
        return self._slabs[key]

    @property
    def _counts(self) -> tuple[int, int]:
        """Bricks down and across a slice."""
        _, rows, columns = self._volume.grid.shape
        return -(-rows // _SIDE), -(-columns // _SIDE)

    @property
    def _brick_shape(self) -> tuple[int, ...]:
        return (self._volume.slices, _SIDE, _SIDE, *self._volume.slabs.shape[3:])

    @property
    def _brick_bytes(self) -> int:
        return int(np.prod(self._brick_shape)) * self._dtype.itemsize

    @property
    def _slice_bytes(self) -> int:
        return int(np.prod(self._volume.slabs.shape[1:])) * self._dtype.itemsize

    def _make_bricks(self, volume: int) -> None:
        """Write the scratch file of a volume, unless it exists."""
        with self._making:
            if volume in self._bricks:
                return
            file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - closed with the planes
            try:
                self._write_bricks(file, volume)
            except BaseException:
                file.close()
                raise
            size = self._brick_bytes * self._counts[0] * self._counts[1]
            with self._lock:
                self._bricks[volume] = file
                while len(self._bricks) > max(_SCRATCH_BYTES // size, 1):
                    self._bricks.popitem(last=False)[1].close()

    def _write_bricks(self, file: IO[bytes], volume: int) -> None:
        slabs, slices = self._volume.slabs, self._volume.slices
        down, across = self._counts
        colours = slabs.shape[3:]
        slice_shape = (down * _SIDE, across * _SIDE, *colours)
        slice_bytes = int(np.prod(slice_shape)) * self._dtype.itemsize
        step = max(_CHUNK_BYTES // slice_bytes, 1)
        for start in range(0, slices, step):
            if self._is_closed:
                raise OSError(errno.ECANCELED, "the planes are closed")
            stop = min(start + step, slices)
            padded = np.zeros((stop - start, *slice_shape), self._dtype)
            stored = slabs.read(volume * slices + start, volume * slices + stop)
            padded[:, : stored.shape[1], : stored.shape[2]] = stored
            parts = padded.reshape(stop - start, down, _SIDE, across, _SIDE, *colours)
            bricks = np.ascontiguousarray(np.moveaxis(parts, (1, 3), (0, 1)))
            within = start * self._brick_bytes // slices
            for number, brick in enumerate(bricks.reshape(down * across, -1)):
                offset = number * self._brick_bytes + within
                write_at(file.fileno(), brick.view(np.uint8).data, offset)
