"""Stored samples of frames, and the form in which a codec takes them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.codecs import Codec, syntax_of
from dicomseries.errors import ValuesError
from dicomseries.reading import Instance, is_compressed, read_frames

__all__ = ["check_codec", "colour_after", "is_kept_as_ybr", "samples_of"]

_COLOUR_SAMPLES, _COLOUR_BITS = 3, 8
_PIXEL_DATA = 0x7FE00010
_KEPT_COLOURS = frozenset({"YBR_FULL"})
"""Colours that lossless streams without a colour transform keep as they are."""
_WITHOUT_TRANSFORM = frozenset({"1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.80"})
"""RLE and JPEG-LS Lossless."""
_CODEC_BITS = frozenset({8, 16})


def is_kept_as_ybr(instance: Instance) -> bool:
    """Return whether samples of YBR_FULL are stored as such, without loss."""
    is_lossless = instance.transfer_syntax in _WITHOUT_TRANSFORM or not is_compressed(instance)
    return instance.text("PhotometricInterpretation") in _KEPT_COLOURS and is_lossless


def samples_of(instance: Instance, index: int) -> npt.NDArray[Any]:
    """Return the stored samples of a frame; shape (rows, columns[, samples]).

    Colours are RGB, or YBR_FULL where the file stores them without loss.
    """
    if is_kept_as_ybr(instance):
        from pydicom import dcmread  # noqa: PLC0415 - for few files
        from pydicom.pixels.decoders.base import get_decoder  # noqa: PLC0415

        dataset = dcmread(instance.path)
        frame, _ = get_decoder(instance.transfer_syntax).as_array(dataset, index=index, raw=True)
        return np.asarray(frame)
    return np.asarray(read_frames(instance, index, index + 1)[0])


def colour_after(instance: Instance, codec: Codec | None) -> str:
    """Return PhotometricInterpretation of the samples in the new transfer syntax."""
    photometric = instance.text("PhotometricInterpretation")
    if instance.samples == 1:
        return photometric
    if is_kept_as_ybr(instance):
        return photometric
    return syntax_of(codec).colour


def check_codec(instance: Instance, codec: Codec) -> None:
    """Reject pixels that the codec cannot hold without loss.

    Raises
    ------
    ValuesError
        With the reason.
    """
    syntax = syntax_of(codec)
    reason = _obstacle(instance) or _colour_obstacle(instance, syntax.uid)
    if not reason and syntax.is_unsigned and instance.number("PixelRepresentation"):
        reason = "signed numbers"
    if reason:
        raise ValuesError(
            code="pixels-not-encodable",
            where=instance.name,
            given=reason,
            expected=f"pixels that {syntax.name} holds without loss",
            remedy="Choose another `compression=`, or leave this file as it is.",
        )


def _obstacle(instance: Instance) -> str:
    """Return why no codec takes the pixels, or nothing."""
    bits = instance.number("BitsAllocated")
    if instance.pixels is None or instance.pixels.tag != _PIXEL_DATA:
        return "floats, or no pixels"
    if bits not in _CODEC_BITS:
        return f"{bits} bits allocated"
    if _has_overlay_in_pixels(instance):
        return "an overlay in the unused bits of the pixels"
    return ""


def _colour_obstacle(instance: Instance, syntax: str) -> str:
    if instance.samples == 1:
        return ""
    if instance.samples != _COLOUR_SAMPLES or instance.number("BitsAllocated") != _COLOUR_BITS:
        return f"{instance.samples} samples of {instance.number('BitsAllocated')} bits"
    if is_kept_as_ybr(instance) and syntax not in _WITHOUT_TRANSFORM:
        return "colours in YBR_FULL"
    return ""


def _has_overlay_in_pixels(instance: Instance) -> bool:
    """Return whether an OverlayBitPosition is not 0 (retired; PS3.5 section 8.1.2)."""
    for tag, element in instance.items():
        is_position = 0x6000 <= tag >> 16 <= 0x601E and tag & 0xFFFF == 0x0102
        if is_position and element.raw.strip(b"\0"):
            return True
    return False
