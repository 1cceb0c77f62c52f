"""Encoders of the package imagecodecs."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.errors import WriteError, missing_package

__all__ = ["check_available", "run"]


def check_available(name: str) -> None:
    """Reject a codec that is not installed.

    Parameters
    ----------
    name : str
        Name of the codec in imagecodecs, such as ``"jpegls"``.

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
    r"""Return an array encoded by imagecodecs.

    Other threads run meanwhile.

    Parameters
    ----------
    name : str
        Name of the codec in imagecodecs.
    array : ndarray
        Frame in the form that the encoder takes.
    **options
        Options of the encoder.

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
