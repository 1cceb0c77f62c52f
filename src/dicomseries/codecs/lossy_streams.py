"""Frames with loss: JPEG-LS near-lossless, and JPEG 2000 to a ratio.

`compression=` alone is always lossless; these streams are made only where a user states the loss.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy.typing as npt

from dicomseries.codecs.imagecodecs_encoder import run
from dicomseries.codecs.jpeg_ls import without_spiff
from dicomseries.lazy_dataclass import dataclass

__all__ = ["LOSSY_SYNTAXES", "LossySyntax", "lossy_stream"]

_STEPS = 10
_ROOM, _HEADERS = 5, 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class LossySyntax:
    """A transfer syntax with loss.

    Parameters
    ----------
    uid, name : str
        PS3.6 table A-1.
    method : str
        LossyImageCompressionMethod (PS3.3 section C.7.6.1.1.5.1).
    colour : str
        Photometric interpretation of three samples.
    """

    uid: str
    name: str
    method: str
    colour: str


LOSSY_SYNTAXES: Mapping[str, LossySyntax] = MappingProxyType(
    {
        "jpegls": LossySyntax(
            uid="1.2.840.10008.1.2.4.81",
            name="JPEG-LS Lossy (Near-Lossless) Image Compression",
            method="ISO_14495_1",
            colour="RGB",
        ),
        "j2k": LossySyntax(
            uid="1.2.840.10008.1.2.4.91",
            name="JPEG 2000 Image Compression",
            method="ISO_15444_1",
            colour="YBR_ICT",
        ),
        "htj2k": LossySyntax(
            uid="1.2.840.10008.1.2.4.203",
            name="High-Throughput JPEG 2000 Image Compression",
            method="ISO_15444_15",
            colour="YBR_ICT",
        ),
    }
)
"""Word of `compression=` → its transfer syntax with loss."""


def lossy_stream(
    word: str, frame: npt.NDArray[Any], *, near: int | None, ratio: float | None
) -> bytes:
    """Return one frame encoded with loss.

    Parameters
    ----------
    word : {"jpegls", "j2k", "htj2k"}
        The codec.
    frame : ndarray
        Shape (rows, columns[, 3]); uint8, uint16 or int16.
    near : int or None
        Of JPEG-LS: no number changes by more.
    ratio : float or None
        Of the others: the stream is at most the frame's bytes / ratio, if any stream is so small.

    Examples
    --------
    >>> import numpy as np
    >>> frame = np.arange(64 * 64, dtype=np.uint16).reshape(64, 64)
    >>> len(lossy_stream("j2k", frame, near=None, ratio=10)) <= 819
    True
    """
    if word == "jpegls":
        words = frame.view(f"u{frame.dtype.itemsize}")
        room = _ROOM * words.nbytes + _HEADERS
        return without_spiff(run("jpegls", words, level=near, out=room))
    largest = int(frame.nbytes / (ratio or 1))
    if word == "j2k":
        return _largest_below(largest, lambda step: _jpeg_2000(frame, step))
    return _largest_below(largest, lambda step: _htj2k(frame, step))


def _jpeg_2000(frame: npt.NDArray[Any], step: float) -> bytes:
    decibels = 20 + 110 * step
    options = {"codecformat": "j2k", "reversible": False, "mct": True, "numthreads": 1}
    return run("jpeg2k", frame, level=decibels, **options)


def _htj2k(frame: npt.NDArray[Any], step: float) -> bytes:
    quantization = math.pow(10, -1 - 5 * step)
    is_colour = frame.ndim > 2
    return run("htj2k", frame, level=quantization, reversible=False, rgb=is_colour, planar=False)


def _largest_below(size: int, encoded: Callable[[float], bytes]) -> bytes:
    """Return the best stream of at most `size` bytes, by bisection; else the smallest."""
    best = encoded(1.0)
    if len(best) <= size:
        return best
    low, high = 0.0, 1.0
    best = encoded(low)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        stream = encoded(middle)
        if len(stream) <= size:
            best, low = stream, middle
        else:
            high = middle
    return best
