"""The one door to imagecodecs: an array in, the bytes of a stream out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import WriteError, missing_package

__all__ = ["check_available", "run"]


def check_available(name: str) -> None:
    """Refuse a codec that is not installed, before anything is read.

    Parameters
    ----------
    name : str
        Of imagecodecs' functions, such as ``"jpegls"``.

    Raises
    ------
    MissingPackageError
        If imagecodecs is not installed, or was built without the codec.

    Examples
    --------
    >>> check_available("jpegls")
    """
    if not getattr(_imagecodecs(), name.upper()).available:
        raise missing_package(extra="codecs", where=f"`compression={name!r}`")


def run(name: str, array: npt.NDArray[Any], **options: Any) -> bytes:
    r"""Return what the encoder `name` makes of an array; other threads run meanwhile.

    Parameters
    ----------
    name : str
        Of imagecodecs' functions.
    array : ndarray
        As the function wants it.
    **options
        Of the function.

    Raises
    ------
    WriteError
        If the encoder fails.

    Examples
    --------
    >>> run("packbits", np.zeros((1, 4), np.uint8))
    b'\xfd\x00'
    """
    try:
        return bytes(getattr(_imagecodecs(), f"{name}_encode")(array, **options))
    except (RuntimeError, ValueError) as error:
        raise WriteError(
            code="frame-not-encoded",
            where=f"`compression={name!r}`",
            given=str(error) or type(error).__name__,
            expected=f"a frame of {array.dtype.name} {np.shape(array)} that imagecodecs can encode",
            remedy="Write the series with another `compression=`, or without one, and report this.",
        ) from error


def _imagecodecs() -> Any:
    try:
        import imagecodecs  # noqa: PLC0415 - large and optional: imported when used
    except ImportError as error:
        raise missing_package(extra="codecs", where="compression") from error
    return imagecodecs
