"""Voxels → planes along any axis of the array, with bounded memory: across the slices from a scratch file of bricks."""

from __future__ import annotations

import errno
import os
import tempfile
import threading
from collections import OrderedDict
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import DicomSeriesError
from dicomseries.sources import Volume

__all__ = ["WIRE_DTYPES", "Planes", "wire_dtype"]

_SIDE = 16
"""Rows and columns of a brick: so many neighbouring planes are read together, since they are looked at together."""
_CHUNK_BYTES = 8 << 20
"""How much of the volume is in memory while the scratch file is made."""
_CACHE_BYTES = 64 << 20
_SCRATCH_BYTES = 4 << 30
"""Volumes whose bricks are kept on disk; the oldest go first. The last one is always kept."""
_COARSE_BYTES = 24 << 20
"""The slices of which coarse planes are made; volumes up to this size have none, since they are read as fast."""

WIRE_DTYPES = ("<i1", "<u1", "<i2", "<u2", "<i4", "<u4", "<f4", "<f8")


def wire_dtype(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the little-endian dtype in which voxels go to the page: one that JavaScript has an array of.

    Examples
    --------
    >>> wire_dtype(np.dtype(">i2")).str, wire_dtype(np.dtype("int64")).str
    ('<i2', '<f8')
    """
    little = dtype.newbyteorder("<")
    is_known = any(little == np.dtype(known) for known in WIRE_DTYPES)
    return little if is_known else np.dtype("<f8")


class Planes:
    """The planes of a volume across each of its axes.

    Slices are read from the source. For rows and columns the volume is written once to a scratch file that has no name,
    in bricks of all slices, 16 rows and 16 columns; one read then gives 16 neighbouring planes. Until it is there,
    `soon` gives planes made of a few slices.

    Parameters
    ----------
    volume : Volume
        Shape ([volumes, ]slices, rows, columns[, 3]); read a few slices at a time.

    Examples
    --------
    >>> from dicomseries.geometry import Grid
    >>> from dicomseries.sources import array_frames
    >>> array = np.arange(24, dtype="int16").reshape(2, 3, 4)
    >>> planes = Planes(Volume(slabs=array_frames(array), grid=Grid(shape=(2, 3, 4), spacing_mm=(1, 1, 1))))
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
        self._fault: Exception | None = None
        self._coarse: tuple[int, npt.NDArray[np.intp], npt.NDArray[Any]] | None = None
        self._bricks: OrderedDict[int, IO[bytes]] = OrderedDict()
        self._slabs: OrderedDict[tuple[int, int, int], npt.NDArray[Any]] = OrderedDict()

    def read(self, axis: int, index: int, volume: int = 0) -> npt.NDArray[Any]:
        """Return a plane, shape (of the other two axes[, 3]), little-endian.

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

    def soon(self, axis: int, index: int, volume: int = 0) -> tuple[npt.NDArray[Any], bool]:
        """Return a plane without a wait for the scratch file, and whether it is the one that `read` gives.

        Where it is not, each slice stands for those near to it; the scratch file is being made meanwhile.

        Raises
        ------
        IndexError, OSError
            As `read`.
        """
        self._check(axis, index, volume)
        is_small = self._volume.slices * self._slice_bytes <= _COARSE_BYTES
        plane = (
            self.read(axis, index, volume)
            if axis == 0 or is_small
            else self._across(axis, index, volume)
        )
        if plane is not None:
            return plane, True
        with self._lock:
            fault, self._fault = self._fault, None
            if fault is not None:
                raise fault
            if self._maker is None:
                self._maker = threading.Thread(
                    target=self._make_behind, args=(volume,), daemon=True
                )
                self._maker.start()
        return self._coarse_plane(axis, index, volume), False

    def close(self) -> None:
        """Let go of the scratch files."""
        self._is_closed = True
        with self._making, self._lock:
            while self._bricks:
                self._bricks.popitem()[1].close()
            self._slabs.clear()

    def _check(self, axis: int, index: int, volume: int) -> None:
        sizes = self._volume.grid.shape
        if not (
            0 <= axis < 3 and 0 <= index < sizes[axis] and 0 <= volume < (self._volume.volumes or 1)
        ):
            message = f"no plane {index} across axis {axis} of volume {volume}"
            raise IndexError(message)

    def _coarse_plane(self, axis: int, index: int, volume: int) -> npt.NDArray[Any]:
        with self._lock:
            if self._coarse is None or self._coarse[0] != volume:
                self._coarse = (volume, *self._some_slices(volume))
            _, nearest, found = self._coarse
        plane: npt.NDArray[Any] = found.take(index, axis)
        return plane[nearest]

    def _some_slices(self, volume: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[Any]]:
        """Return for each slice which of a few stands for it, and those."""
        slices = self._volume.slices
        count = max(_COARSE_BYTES // self._slice_bytes, 1)
        nearest = np.arange(slices) * count // slices
        middles = [(2 * at + 1) * slices // (2 * count) for at in range(count)]
        found = np.stack([self.read(0, middle, volume) for middle in middles])
        return nearest, found

    def _make_behind(self, volume: int) -> None:
        try:
            self._make_bricks(volume)
        except (DicomSeriesError, OSError) as fault:
            self._fault = fault
        finally:
            with self._lock:
                self._maker = None

    def _across(self, axis: int, index: int, volume: int) -> npt.NDArray[Any] | None:
        """Return a plane from the scratch file; None if there is none."""
        with self._lock:
            if volume not in self._bricks:
                return None
            self._bricks.move_to_end(volume)
            self._coarse = None
            return self._slab(axis, index // _SIDE, volume)[
                index % _SIDE, :, : self._volume.grid.shape[3 - axis]
            ]

    def _slab(self, axis: int, block: int, volume: int) -> npt.NDArray[Any]:
        """Return 16 neighbouring planes, shape (16, slices, rows or columns in whole bricks[, 3])."""
        key = (axis, block, volume)
        if key not in self._slabs:
            down, across = self._counts
            numbers = (
                range(block * across, (block + 1) * across)
                if axis == 1
                else range(block, down * across, across)
            )
            brick = np.empty(self._brick_shape, self._dtype)
            slices, *colours = brick.shape[:1] + brick.shape[3:]
            slab = np.empty((_SIDE, slices, len(numbers) * _SIDE, *colours), self._dtype)
            for place, number in enumerate(numbers):
                os.preadv(
                    self._bricks[volume].fileno(),
                    [brick.data.cast("B")],
                    number * self._brick_bytes,
                )
                slab[:, :, place * _SIDE : (place + 1) * _SIDE] = np.moveaxis(brick, axis, 0)
            self._slabs[key] = slab
            while (
                len(self._slabs) > 2
                and sum(one.nbytes for one in self._slabs.values()) > _CACHE_BYTES
            ):
                self._slabs.popitem(last=False)
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
        """Write the scratch file of a volume, unless it is there."""
        with self._making:
            if volume in self._bricks:
                return
            file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - it lives as long as the planes
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
            found = slabs.read(volume * slices + start, volume * slices + stop)
            padded[:, : found.shape[1], : found.shape[2]] = found
            parts = padded.reshape(stop - start, down, _SIDE, across, _SIDE, *colours)
            bricks = np.ascontiguousarray(np.moveaxis(parts, (1, 3), (0, 1)))
            within = start * self._brick_bytes // slices
            for number, brick in enumerate(bricks.reshape(down * across, -1)):
                _write_at(
                    file.fileno(), brick.view(np.uint8).data, number * self._brick_bytes + within
                )


def _write_at(descriptor: int, content: memoryview, offset: int) -> None:
    while content:
        written = os.pwrite(descriptor, content, offset)
        content, offset = content[written:], offset + written
