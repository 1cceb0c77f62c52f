"""One frame → encoded bytes, every bit kept; each codec is one small file with a class of ``check`` and ``encode``."""

from __future__ import annotations

from typing import Any, TypeAlias

from dicomseries.codecs.htj2k import Htj2k
from dicomseries.codecs.jpeg_2000 import Jpeg2000
from dicomseries.codecs.jpeg_ls import JpegLs
from dicomseries.codecs.jpeg_xl import JpegXl
from dicomseries.codecs.rle import Rle
from dicomseries.errors import OptionError
from dicomseries.standard.transfer_syntaxes import TRANSFER_SYNTAXES, TransferSyntax

__all__ = [
    "CODECS",
    "Codec",
    "Htj2k",
    "Jpeg2000",
    "JpegLs",
    "JpegXl",
    "Rle",
    "codec_of",
    "parse_compression",
    "syntax_of",
]

Codec: TypeAlias = Rle | JpegLs | Jpeg2000 | Htj2k | JpegXl
"""What `compression=` takes, besides None and their words."""

CODECS = (Rle(), JpegLs(), Jpeg2000(), Htj2k(), JpegXl())
_SYNTAXES = {one.word: one for one in TRANSFER_SYNTAXES}


def parse_compression(given: Any) -> Codec | None:
    """Return the codec that is asked for; None for none.

    Parameters
    ----------
    given : codec, str or None
        ``"none"``, ``"rle"``, ``"jpegls"``, ``"j2k"``, ``"htj2k"`` or ``"jxl"`` in any case; or a codec itself.

    Raises
    ------
    OptionError
        If it is none of these.
    MissingPackageError
        If the codec is not installed.

    Examples
    --------
    >>> parse_compression("JpegLS"), parse_compression("none")
    (JpegLs(), None)
    """
    word = given.strip().casefold() if isinstance(given, str) else given
    if word in {None, "none"}:
        return None
    found = next((codec for codec in CODECS if word in {codec, codec.word}), None)
    if found is None:
        raise OptionError(
            code="compression-unknown",
            where="compression",
            given=repr(given),
            expected=f"one of {', '.join(_SYNTAXES)}",
            remedy="Pass one of these words; all of them are lossless.",
        )
    found.check()
    return found


def codec_of(transfer_syntax_uid: str) -> Codec | None:
    """Return what encodes the frames of a transfer syntax that `syntax_of` has named; None for those that stay.

    Examples
    --------
    >>> codec_of("1.2.840.10008.1.2.5")
    Rle()
    """
    return next((codec for codec in CODECS if syntax_of(codec).uid == transfer_syntax_uid), None)


def syntax_of(codec: Codec | None) -> TransferSyntax:
    """Return the transfer syntax of files that the codec has encoded.

    Examples
    --------
    >>> syntax_of(None).uid
    '1.2.840.10008.1.2.1'
    """
    return _SYNTAXES["none" if codec is None else codec.word]
