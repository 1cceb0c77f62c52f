"""Codecs: one frame → encoded bytes, without loss unless a user states it.

Each codec is a class with ``check`` and ``encode`` in a module of its name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from dicomseries.codecs.htj2k import Htj2k
from dicomseries.codecs.jpeg_2000 import Jpeg2000
from dicomseries.codecs.jpeg_ls import JpegLs
from dicomseries.codecs.jpeg_xl import JpegXl
from dicomseries.codecs.rle import Rle
from dicomseries.errors import OptionError
from dicomseries.lazy_exports import export_lazily
from dicomseries.standard.transfer_syntaxes import TRANSFER_SYNTAXES, TransferSyntax

if TYPE_CHECKING:
    from dicomseries.codecs.lossy_streams import LOSSY_SYNTAXES, LossySyntax, lossy_stream

__all__ = [
    "CODECS",
    "LOSSY_SYNTAXES",
    "Codec",
    "CompressionWord",
    "Htj2k",
    "Jpeg2000",
    "JpegLs",
    "JpegXl",
    "LossySyntax",
    "Rle",
    "codec_of",
    "lossy_stream",
    "parse_compression",
    "syntax_of",
]

export_lazily(
    __name__,
    {"dicomseries.codecs.lossy_streams": ("LOSSY_SYNTAXES", "LossySyntax", "lossy_stream")},
)

Codec: TypeAlias = Rle | JpegLs | Jpeg2000 | Htj2k | JpegXl
"""Codecs of `compression=`; it also takes their words and None."""

CompressionWord: TypeAlias = Literal["none", "rle", "jpegls", "j2k", "htj2k", "jxl"]
"""Words of `compression=`."""

CODECS = (Rle(), JpegLs(), Jpeg2000(), Htj2k(), JpegXl())
_SYNTAXES = {syntax.word: syntax for syntax in TRANSFER_SYNTAXES}


def parse_compression(compression: Any) -> Codec | None:
    """Return the codec of ``compression=``; None for none.

    Parameters
    ----------
    compression : codec, str or None
        ``"none"``, ``"rle"``, ``"jpegls"``, ``"j2k"``, ``"htj2k"`` or ``"jxl"`` in any case; or a
        codec.

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
    word = compression
    if isinstance(compression, str):
        word = compression.strip().casefold()
    if word in {None, "none"}:
        return None
    for codec in CODECS:
        if word in {codec, codec.word}:
            codec.check()
            return codec
    raise OptionError(
        code="compression-unknown",
        where="compression",
        given=repr(compression),
        expected=f"one of {', '.join(_SYNTAXES)}",
        remedy="Pass one of these words; all of them are lossless.",
    )


def codec_of(transfer_syntax_uid: str) -> Codec | None:
    """Return the codec of a transfer syntax; None without one.

    Examples
    --------
    >>> codec_of("1.2.840.10008.1.2.5")
    Rle()
    """
    return next((codec for codec in CODECS if syntax_of(codec).uid == transfer_syntax_uid), None)


def syntax_of(codec: Codec | None) -> TransferSyntax:
    """Return the transfer syntax of a codec's files.

    Examples
    --------
    >>> syntax_of(None).uid
    '1.2.840.10008.1.2.1'
    """
    return _SYNTAXES["none" if codec is None else codec.word]
