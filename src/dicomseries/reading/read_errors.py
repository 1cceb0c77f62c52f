"""Errors of reading, each with its remedy."""

from __future__ import annotations

import os

from dicomseries.errors import MissingPackageError, ReadError, install_remedy

__all__ = [
    "damaged",
    "decoder_missing",
    "no_pixels",
    "no_size",
    "not_dicom",
    "syntax_not_read",
    "truncated",
    "unreadable",
    "variant_not_read",
]

_Path = str | os.PathLike[str]


def not_dicom(path: _Path) -> ReadError:
    """Return the error for a file that is not DICOM."""
    return ReadError(
        code="not-dicom",
        where=os.fspath(path),
        given="a file without DICM at byte 128 and without elements of group 2 or 8 at its start",
        expected="a DICOM file (PS3.10 section 7.1)",
        remedy="Give a DICOM file, or the folder of a series.",
    )


def damaged(path: _Path, reason: object) -> ReadError:
    """Return the error for a damaged file."""
    return ReadError(
        code="file-damaged",
        where=os.fspath(path),
        given=reason,
        expected="elements in the encoding given by TransferSyntaxUID (PS3.5 section 7)",
        remedy="Copy or export the file again; it is damaged, or its transfer syntax is wrong.",
    )


def truncated(path: _Path, *, has: int, needs: int) -> ReadError:
    """Return the error for a file that ends too early."""
    return ReadError(
        code="file-truncated",
        where=os.fspath(path),
        given=f"{has} bytes",
        expected=f"at least {needs} bytes",
        remedy="Copy or export the file again: its end is missing.",
    )


def unreadable(path: _Path, error: OSError) -> ReadError:
    """Return the error for a file that cannot be opened."""
    return ReadError(
        code="file-unreadable",
        where=os.fspath(path),
        given=error.strerror or str(error),
        expected="a file that can be opened and read",
        remedy="Check the path and its permissions.",
    )


def no_pixels(path: _Path, given: str) -> ReadError:
    """Return the error for an instance without usable pixels."""
    return ReadError(
        code="no-pixels",
        where=os.fspath(path),
        given=given,
        expected="Pixel Data with 1 or 3 samples of 1, 8, 16 or 32 bits, or floating point pixels",
        remedy="Choose an image series: reports, structures and raw data have no pixels.",
    )


def no_size(path: _Path, rows: int, columns: int) -> ReadError:
    """Return the error for an image without a size."""
    return ReadError(
        code="size-missing",
        where=os.fspath(path),
        given=f"Rows {rows}, Columns {columns}",
        expected="Rows and Columns of at least 1 (PS3.3 section C.7.6.3)",
        remedy="Export the image again: its header lacks the size.",
    )


def decoder_missing(path: _Path, syntax: str) -> MissingPackageError:
    """Return the error for a compression without an installed decoder.

    Parameters
    ----------
    path : path-like
        The file.
    syntax : str
        Name of its transfer syntax.
    """
    return MissingPackageError(
        code="package-missing",
        where=os.fspath(path),
        given="it is not installed",
        expected=f"a decoder of {syntax}",
        remedy=install_remedy(["imagecodecs"], extra="codecs"),
    )


_VIDEOS = "1.2.840.10008.1.2.4.10"
_VIDEO_REMEDY = (
    "Extract the video with gdcmraw or dcmtk, decode it with ffmpeg, and write the frames as a "
    "multi-frame secondary capture."
)
_NATIVE_REMEDY = (
    "Export the series again without compression (Explicit VR Little Endian), or convert it with "
    "the software that wrote it."
)


def syntax_not_read(path: _Path, uid: str) -> ReadError:
    """Return the error for a transfer syntax that nothing here decodes.

    Parameters
    ----------
    path : path-like
        The file.
    uid : str
        Its transfer syntax.
    """
    from pydicom.uid import UID  # noqa: PLC0415 - slow to import

    name = UID(uid).name
    is_video = (uid.startswith(_VIDEOS) and "Video" in name) or "MPEG" in name
    return ReadError(
        code="transfer-syntax-not-read",
        where=os.fspath(path),
        given=f"pixels in {name}" + ("" if name == uid else f" ({uid})"),
        expected="a transfer syntax of `dicomseries doctor`",
        remedy=_VIDEO_REMEDY if is_video else _NATIVE_REMEDY,
    )


def variant_not_read(path: _Path, variant: str) -> ReadError:
    """Return the error for a form of a compression that no decoder here has.

    Parameters
    ----------
    path : path-like
        The file, which is not damaged.
    variant : str
        The form.
    """
    return ReadError(
        code="compression-variant-not-read",
        where=os.fspath(path),
        given=variant,
        expected="a form that imagecodecs decodes: for JPEG a sequential, progressive or lossless "
        "process with Huffman coding, for colours 8 bits or RGB",
        remedy=_NATIVE_REMEDY,
    )
