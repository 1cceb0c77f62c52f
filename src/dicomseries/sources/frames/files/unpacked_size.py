"""Upper limits of the size of unpacked data.

A file that claims more is damaged, and rejected before it is read.
"""

from __future__ import annotations

from dicomseries.errors import SourceError

__all__ = ["check_packing", "is_large"]

_MOST_GAIN = {
    "none": 2,
    "packbits": 64,
    "deflate": 1032,
    "lzw": 4096,
}
"""Bytes that one byte can expand to. Colours without compression may share samples, two for one;
two bytes of PackBits repeat one byte 128 times; two bits of Deflate repeat 258 bytes (RFC 1951
section 3.2.5); a code of LZW in TIFF, of nine bits or more, stands for at most 4096 bytes."""

_LARGE_PIECE_BYTES = 256 << 20
_MOST_GAIN_OF_LARGE = 4096
"""Other compressions know no limit: pieces above 256 MiB from less than a 4096th of it are taken
for damaged, as the frames of DICOM files are."""


def is_large(piece_bytes: int) -> bool:
    """Return whether a piece takes more than 256 MiB.

    Examples
    --------
    >>> is_large(1 << 20), is_large(1 << 29)
    (False, True)
    """
    return piece_bytes > _LARGE_PIECE_BYTES


def check_packing(
    compression: str,
    *,
    where: str,
    packed_bytes: int,
    unpacked_bytes: int,
    piece_bytes: int | None = None,
) -> None:
    """Reject stored bytes too few for their header's voxels.

    Parameters
    ----------
    compression : str
        "none", "packbits", "deflate", "lzw", or any other.
    where : str
        The source, for the error.
    packed_bytes, unpacked_bytes : int
        Bytes in the file, and of the voxels they are to hold.
    piece_bytes : int, optional
        Bytes in memory at once; all by default.

    Raises
    ------
    SourceError
        If it is so (code "file-truncated").

    Examples
    --------
    >>> check_packing("deflate", where="a.nii.gz", packed_bytes=1_000, unpacked_bytes=1_000_000)
    >>> check_packing("deflate", where="a.nii.gz", packed_bytes=1_000, unpacked_bytes=1_100_000)
    Traceback (most recent call last):
    ...
    dicomseries.errors.SourceError: a.nii.gz: expected at least 1066 bytes for the size in its...
    """
    gain = _MOST_GAIN.get(compression)
    if gain is None:
        piece = unpacked_bytes if piece_bytes is None else piece_bytes
        if not is_large(piece):
            return
        gain = _MOST_GAIN_OF_LARGE
    if unpacked_bytes <= gain * packed_bytes:
        return
    raise SourceError(
        code="file-truncated",
        where=where,
        given=f"{packed_bytes} bytes of compressed voxels",
        expected=f"at least {-(-unpacked_bytes // gain)} bytes for the size in its header",
        remedy="Copy or download the file again; it was cut short, or its header is wrong.",
    )
