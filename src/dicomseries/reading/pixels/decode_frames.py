"""Compressed and converted frames, decoded by imagecodecs or pydicom."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import DicomSeriesError, ReadError
from dicomseries.reading import read_errors
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels import imagecodecs_decoder
from dicomseries.reading.pixels.decodable_syntaxes import DECODABLE_SYNTAXES, UNSAFE_PLUGINS
from dicomseries.reading.pixels.jpeg_headers import VariantError
from dicomseries.reading.pixels.native_bytes import read_native_bytes
from dicomseries.reading.pixels.pixel_format import (
    check_pixels,
    frame_shape,
    is_compressed,
    pixel_bytes,
)
from dicomseries.standard.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
)

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["check_first_frame", "decode_frames", "decoders_of"]

_JPEG = frozenset(uid for uid, each in DECODABLE_SYNTAXES.items() if each.codec == "jpeg8")

_Decode = Callable[[Instance, int, int], npt.NDArray[Any]]


def check_first_frame(instance: Instance) -> None:
    """Compare the first stream header of a compressed file with Rows and Columns.

    Done before memory is allocated for all frames.

    Raises
    ------
    ReadError
        If nothing decodes the transfer syntax, or the stream states another size or is damaged.
    """
    if instance.transfer_syntax not in DECODABLE_SYNTAXES:
        raise read_errors.syntax_not_read(instance.path, instance.transfer_syntax)
    check_pixels(instance)
    try:
        imagecodecs_decoder.check_frames(instance, 0, 1)
    except VariantError as error:
        raise _not_decodable(instance, [error]) from error
    except Exception as error:
        raise _not_decodable(instance, [_StreamError(_reason(error))]) from error


def decode_frames(
    instance: Instance, start: int, stop: int, *, prefer_pydicom: bool = False
) -> npt.NDArray[Any]:
    """Return the frames [start, stop), decoded by imagecodecs or pydicom.

    Parameters
    ----------
    instance : Instance
        File with pixels.
    start, stop : int
        Frames, counted from 0.
    prefer_pydicom : bool
        Ask pydicom first, for pixels that imagecodecs has encoded.

    Raises
    ------
    ReadError
        If the frames cannot be decoded.
    MissingPackageError
        If no decoder for them is installed.
    """

    def by_plugins(instance: Instance, start: int, stop: int) -> npt.NDArray[Any]:
        return _decode_with_pydicom(instance, start, stop, is_trusted=prefer_pydicom)

    decoders: list[_Decode] = [by_plugins]
    if imagecodecs_decoder.can_decode(instance):
        decoders.insert(1 if prefer_pydicom else 0, imagecodecs_decoder.decode)
    failures: list[Exception] = []
    for decode in decoders:
        try:
            frames = decode(instance, start, stop)
            _check_shape(instance, frames, stop - start)
        except ReadError:
            raise
        except Exception as error:  # noqa: BLE001 - a plug-in raises anything for damaged streams
            failures.append(error)
            if decode is imagecodecs_decoder.decode and _is_final(instance, error):
                break
        else:
            return np.ascontiguousarray(frames, dtype=frames.dtype.newbyteorder("="))
    raise _not_decodable(instance, failures) from failures[0]


def _is_final(instance: Instance, error: Exception) -> bool:
    """Return whether no plug-in of pydicom is asked after imagecodecs.

    Some fill a truncated stream with grey in silence; for JPEG all use the same library.
    """
    return isinstance(error, ValueError) or instance.transfer_syntax in _JPEG


def _not_decodable(instance: Instance, failures: list[Exception]) -> DicomSeriesError:
    """Return the error for frames that no decoder accepts."""
    syntax = DECODABLE_SYNTAXES.get(instance.transfer_syntax)
    if syntax is None and is_compressed(instance):
        return read_errors.syntax_not_read(instance.path, instance.transfer_syntax)
    for error in failures:
        if isinstance(error, VariantError):
            return read_errors.variant_not_read(instance.path, str(error))
    if imagecodecs_decoder.lacks_imagecodecs(instance.transfer_syntax):
        assert syntax is not None  # noqa: S101 - imagecodecs decodes syntaxes of the table
        if not any(isinstance(error, _StreamError) for error in failures):
            return read_errors.decoder_missing(instance.path, syntax.name)
    reasons = "; ".join(dict.fromkeys(map(_reason, failures[:1] if syntax else failures)))
    return read_errors.damaged(instance.path, f"pixels that cannot be decoded: {reasons}")


class _StreamError(ValueError):
    """A stream that contradicts the header of its file."""


def _reason(error: Exception) -> str:
    """Return an error in one line, with what each plug-in of pydicom said."""
    first, *others = (line.strip() for line in str(error).splitlines() or [type(error).__name__])
    if first.endswith(":") and others:
        return "; ".join(filter(None, others))
    return first


def _decode_with_pydicom(
    instance: Instance, start: int, stop: int, *, is_trusted: bool
) -> npt.NDArray[Any]:
    """Return frames decoded by the first plug-in of pydicom that accepts them."""
    if not is_compressed(instance):
        return _pydicom_frames(instance, start, stop, "")
    try:
        imagecodecs_decoder.check_frames(instance, start, stop)
    except VariantError:
        raise
    except ValueError as error:
        raise _StreamError(*error.args) from error
    reasons = []
    plugins = _safe_plugins(instance.transfer_syntax)
    if is_trusted:
        plugins += _plugins(instance.transfer_syntax)
    for plugin in dict.fromkeys(plugins):
        try:
            return _pydicom_frames(instance, start, stop, plugin)
        except Exception as error:  # noqa: BLE001 - a plug-in raises anything for damaged streams
            reasons.append(_reason(error))
    raise RuntimeError("; ".join(reasons) or "no plug-in of pydicom for it is installed")


def _pydicom_frames(instance: Instance, start: int, stop: int, plugin: str) -> npt.NDArray[Any]:
    is_deflated = instance.transfer_syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
    # Packed bits of a frame may begin inside a byte, which pydicom's iterator does not support.
    has_packed_bits = instance.number("BitsAllocated") == 1
    from pydicom.pixels.utils import iter_pixels, pixel_array  # noqa: PLC0415 - slow to import

    if instance.frames == 1:
        return pixel_array(_pydicom_dataset(instance), decoding_plugin=plugin)[np.newaxis]
    if is_deflated or has_packed_bits or not instance.family.has_preamble:
        frames = pixel_array(_pydicom_dataset(instance), decoding_plugin=plugin)
        return frames[start:stop]
    selected = iter_pixels(instance.path, indices=range(start, stop), decoding_plugin=plugin)
    return np.stack([frame.copy() for frame in selected])


def _pydicom_dataset(instance: Instance) -> Dataset:
    if instance.transfer_syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        return _inflated_dataset(instance)
    from pydicom import dcmread  # noqa: PLC0415 - slow to import
    from pydicom.uid import UID  # noqa: PLC0415

    dataset = dcmread(instance.path, force=True)
    dataset.file_meta.TransferSyntaxUID = UID(instance.transfer_syntax)
    return dataset


def _inflated_dataset(instance: Instance) -> Dataset:
    """Return a dataset with inflated pixels.

    Pydicom inflates without a size limit.
    """
    from pydicom.uid import UID  # noqa: PLC0415 - slow to import

    assert instance.pixels is not None  # noqa: S101 - checked by the caller
    content = bytearray(pixel_bytes(instance))
    read_native_bytes(instance, 0, memoryview(content))
    dataset = instance.dataset()
    dataset.add_new(instance.pixels.tag, instance.pixels.vr, bytes(content))
    dataset.file_meta.TransferSyntaxUID = UID(EXPLICIT_VR_LITTLE_ENDIAN)
    return dataset


def _check_shape(instance: Instance, frames: npt.NDArray[Any], count: int) -> None:
    expected = (count, *frame_shape(instance))
    if frames.shape != expected:
        message = f"an array of {frames.shape}; the header says {expected}"
        raise ValueError(message)


def decoders_of(uid: str) -> tuple[str, ...]:
    """Return the names of installed decoders of a compressed transfer syntax.

    "imagecodecs", or "dicomseries" if no package is needed, before pydicom's plug-ins.

    Examples
    --------
    >>> decoders_of("1.2.840.10008.1.2.8.1")[0]
    'dicomseries'
    """
    syntax = DECODABLE_SYNTAXES.get(uid)
    if syntax is None:
        return ()
    names = [] if syntax.codec else ["dicomseries"]
    if imagecodecs_decoder.decoder_of(uid) is not None:
        names.append("imagecodecs")
    return (*names, *map(syntax.with_limit, _safe_plugins(uid)))


def _safe_plugins(uid: str) -> list[str]:
    """Return the installed plug-ins of pydicom that survive damaged streams."""
    return [plugin for plugin in _plugins(uid) if plugin not in UNSAFE_PLUGINS]


def _plugins(uid: str) -> tuple[str, ...]:
    from pydicom.pixels.decoders.base import get_decoder  # noqa: PLC0415 - slow to import

    try:
        return tuple(get_decoder(uid).available_plugins)
    except Exception:  # noqa: BLE001 - a broken plug-in, or an unknown syntax
        return ()
