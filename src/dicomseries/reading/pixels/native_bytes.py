"""Bytes of uncompressed pixels, read at an offset."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.operating_system import fill_from, open_file
from dicomseries.reading import read_errors
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels.pixel_format import FORMAT_TAGS, check_pixels
from dicomseries.standard.transfer_syntaxes import DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN

__all__ = ["bytes_of", "read_native_bytes", "read_plain_frames", "read_same_format"]


def bytes_of(array: npt.NDArray[Any]) -> memoryview:
    """Return the memory of a C-contiguous array as bytes."""
    return array.reshape(-1).view(np.uint8).data


def read_plain_frames(instance: Instance, array: npt.NDArray[Any], start: int = 0) -> None:
    """Read plain frames into an array without a copy.

    Parameters
    ----------
    instance : Instance
        File with plain pixels (`is_plain`).
    array : ndarray, shape (frames, rows, columns) or (frames, rows, columns, 3)
        C-contiguous, in the dtype of the file.
    start : int
        First frame, counted from 0.

    Raises
    ------
    ReadError
        If the file ends too early or cannot be read.
    """
    frame_bytes = array.dtype.itemsize * instance.rows * instance.columns * instance.samples
    read_native_bytes(instance, start * frame_bytes, bytes_of(array))


def read_native_bytes(instance: Instance, start: int, view: memoryview) -> None:
    """Fill `view` with uncompressed pixel bytes from offset `start`.

    Raises
    ------
    ReadError
        If the file ends too early or cannot be read.
    """
    _read_at(instance, check_pixels(instance) + start, view)


def read_same_format(instance: Instance, start: int, view: memoryview, *, like: Instance) -> bool:
    """Fill `view` if the pixel format is that of `like`.

    Returns
    -------
    bool
        False if the pixel format must be checked first; nothing is read then.

    Raises
    ------
    ReadError
        As `read_native_bytes`.
    """
    pixels = instance.pixels
    if pixels is None or pixels.length is None or pixels.length < start + len(view):
        return False
    if like.pixels is None or pixels.tag != like.pixels.tag:
        return False
    if not instance.shares(FORMAT_TAGS, like):
        return False
    _read_at(instance, pixels.offset + start, view)
    return True


def _read_at(instance: Instance, offset: int, view: memoryview) -> None:
    if instance.transfer_syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        from dicomseries.reading.parse.deflated import fill_inflated  # noqa: PLC0415 - rare

        fill_inflated(instance.path, offset, view)
        return
    try:
        file = open_file(instance.path)
        try:
            done = fill_from(file, view, offset)
        finally:
            os.close(file)
    except OSError as error:
        raise read_errors.unreadable(instance.path, error) from error
    if done != len(view):
        raise read_errors.truncated(instance.path, has=instance.file_size, needs=offset + len(view))
