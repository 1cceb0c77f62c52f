"""Colour spaces of decoded frames.

PS3.3 section C.7.6.3.1.2.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.reading.pixels.jpeg_headers import JpegHeader, VariantError

__all__ = ["is_ybr", "jpeg_is_ybr", "rgb_of_ybr"]

_YBR = frozenset({"YBR_FULL", "YBR_FULL_422"})
_RGB_IDENTIFIERS = frozenset({b"RGB", b"rgb"})


def is_ybr(photometric: str) -> bool:
    """Return True if decoded samples are luminance and colour differences.

    The decoders of JPEG 2000 undo YBR_RCT and YBR_ICT themselves.
    """
    return photometric in _YBR


def jpeg_is_ybr(header: JpegHeader, photometric: str) -> bool:
    """Return True if a JPEG stream of three components is YCbCr.

    The markers of the stream come before PhotometricInterpretation, which is wrong in many files
    after they were compressed.

    Examples
    --------
    >>> plain = dict(process=0xC0, precision=8, rows=1, columns=1, components=b"123")
    >>> jpeg_is_ybr(JpegHeader(**plain), "RGB")
    False
    >>> jpeg_is_ybr(JpegHeader(**plain, is_jfif=True), "RGB")
    True
    """
    if header.components in _RGB_IDENTIFIERS:
        return False
    if header.adobe_transform is not None:
        return header.adobe_transform == 1
    return header.is_jfif or is_ybr(photometric)


def rgb_of_ybr(frame: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Return a frame of YBR_FULL as RGB, with the rounding of pydicom.

    Raises
    ------
    VariantError
        If the samples are not unsigned ones of 8 bits.
    """
    if frame.dtype != np.uint8:
        message = f"YBR_FULL with samples of {frame.dtype.name}"
        raise VariantError(message)
    from pydicom.pixels.processing import convert_color_space  # noqa: PLC0415 - slow to import

    converted: npt.NDArray[np.uint8] = convert_color_space(frame, "YBR_FULL", "RGB")
    return converted
