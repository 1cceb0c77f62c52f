"""Compressed and converted frames, decoded by imagecodecs or pydicom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import MissingPackageError, ReadError
from dicomseries.reading import read_errors
from dicomseries.reading.parse.instance import Instance
from dicomseries.reading.pixels import imagecodecs_decoder
from dicomseries.reading.pixels.native_bytes import read_native_bytes
from dicomseries.reading.pixels.pixel_format import (
    check_pixels,
    frame_shape,
    is_compressed,
    pixel_bytes,
    stored_dtype,
)
from dicomseries.standard.transfer_syntaxes import (
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
)

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["check_first_frame", "decode_frames"]


def check_first_frame(instance: Instance) -> None:
    """Compare the first stream header with Rows and Columns.

    Done before memory is allocated for all frames.

    Raises
    ------
    ReadError
        If the stream states another size, or is damaged.
    """
    if not is_compressed(instance):
        return
    check_pixels(instance)
    try:
        imagecodecs_decoder.check_frames(instance, 0, 1, stored_dtype(instance).itemsize)
    except Exception as error:
        raise _not_decodable(instance, error) from error


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
    missing = _missing_package(instance)
    try:
        frames = None
        if imagecodecs_decoder.can_decode(instance) and (missing or not prefer_pydicom):
            decode = imagecodecs_decoder.decode if missing else imagecodecs_decoder.decode_plain
            frames = decode(instance, start, stop, stored_dtype(instance))
        if frames is None:
            frames = _decode_with_pydicom(instance, start, stop)
        _check_shape(instance, frames, stop - start)
    except ReadError:
        raise
    except Exception as error:
        raise missing or _not_decodable(instance, error) from error
    return np.ascontiguousarray(frames, dtype=frames.dtype.newbyteorder("="))


def _missing_package(instance: Instance) -> MissingPackageError | None:
    """Return the error to raise if pydicom has no decoder.

    None if it has one.
    """
    from pydicom.pixels.decoders.base import get_decoder  # noqa: PLC0415 - slow to import
    from pydicom.uid import UID  # noqa: PLC0415

    syntax = instance.transfer_syntax
    packages = ["imagecodecs"] if imagecodecs_decoder.lacks_imagecodecs(syntax) else []
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        return read_errors.decoder_missing(instance.path, UID(syntax).name, packages)
    if decoder.is_available:
        return None
    packages += map(_pip_packages, decoder.missing_dependencies)
    return read_errors.decoder_missing(instance.path, decoder.UID.name, packages)


def _pip_packages(missing: str) -> str:
    """Return the packages to install, from pydicom's text.

    Examples
    --------
    >>> _pip_packages("gdcm - requires gdcm>=3.0.10")
    'python-gdcm'
    >>> _pip_packages("pylibjpeg - requires pylibjpeg>=2.0 and pylibjpeg-libjpeg>=2.1")
    'pylibjpeg pylibjpeg-libjpeg'
    """
    requirements = missing.partition(" requires ")[2].replace(" and ", " ").replace(",", " ")
    names = [requirement.partition(">=")[0] for requirement in requirements.split()]
    return " ".join("python-gdcm" if name == "gdcm" else name for name in names)


def _decode_with_pydicom(instance: Instance, start: int, stop: int) -> npt.NDArray[Any]:
    if is_compressed(instance):
        imagecodecs_decoder.check_frames(instance, start, stop, stored_dtype(instance).itemsize)
    is_deflated = instance.transfer_syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
    # Packed bits of a frame may begin inside a byte, which pydicom's iterator does not support.
    has_packed_bits = instance.number("BitsAllocated") == 1
    if instance.frames == 1:
        image: npt.NDArray[Any] = _pydicom_dataset(instance).pixel_array
        return image[np.newaxis]
    if is_deflated or has_packed_bits or not instance.family.has_preamble:
        frames: npt.NDArray[Any] = _pydicom_dataset(instance).pixel_array[start:stop]
        return frames
    from pydicom.pixels.utils import iter_pixels  # noqa: PLC0415 - slow to import

    selected = iter_pixels(instance.path, indices=range(start, stop))
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


def _not_decodable(instance: Instance, error: Exception) -> ReadError:
    reason = str(error).partition("\n")[0]
    return read_errors.damaged(instance.path, f"pixels that cannot be decoded: {reason}")
