"""Compressed transfer syntaxes that are read, and their decoders."""

from __future__ import annotations

from dicomseries.lazy_dataclass import dataclass

__all__ = ["DECODABLE_SYNTAXES", "UNSAFE_PLUGINS", "DecodableSyntax"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodableSyntax:
    """A compressed transfer syntax that is read.

    Parameters
    ----------
    uid, name : str
        PS3.6 table A-1.
    codec : str
        Decoder of imagecodecs; "" if none is needed.
    only_8_bit : tuple of str
        Plug-ins of pydicom that reject samples of more than 8 bits.
    """

    uid: str
    name: str
    codec: str
    only_8_bit: tuple[str, ...] = ()

    def with_limit(self, plugin: str) -> str:
        """Return a plug-in's name with its limit.

        Examples
        --------
        >>> DECODABLE_SYNTAXES["1.2.840.10008.1.2.4.51"].with_limit("pillow")
        'pillow (8 bits)'
        """
        return f"{plugin} (8 bits)" if plugin in self.only_8_bit else plugin


UNSAFE_PLUGINS = frozenset({"gdcm"})
"""Plug-ins of pydicom that are asked for streams of ours only.

GDCM ends the process when a stream is damaged (C++ exceptions that nothing catches).
"""

_JPEG = "1.2.840.10008.1.2.4."

_SYNTAXES = (
    DecodableSyntax(uid="1.2.840.10008.1.2.5", name="RLE Lossless", codec="dicomrle"),
    DecodableSyntax(uid=f"{_JPEG}50", name="JPEG Baseline (Process 1)", codec="jpeg8"),
    DecodableSyntax(
        uid=f"{_JPEG}51",
        name="JPEG Extended (Process 2 & 4)",
        codec="jpeg8",
        only_8_bit=("pillow",),
    ),
    DecodableSyntax(
        uid=f"{_JPEG}53",
        name="JPEG Spectral Selection, Non-Hierarchical (Process 6 & 8) (Retired)",
        codec="jpeg8",
    ),
    DecodableSyntax(
        uid=f"{_JPEG}55",
        name="JPEG Full Progression, Non-Hierarchical (Process 10 & 12) (Retired)",
        codec="jpeg8",
    ),
    DecodableSyntax(
        uid=f"{_JPEG}57", name="JPEG Lossless, Non-Hierarchical (Process 14)", codec="jpeg8"
    ),
    DecodableSyntax(
        uid=f"{_JPEG}70",
        name="JPEG Lossless, First-Order Prediction (Process 14, Selection Value 1)",
        codec="jpeg8",
    ),
    DecodableSyntax(uid=f"{_JPEG}80", name="JPEG-LS Lossless Image Compression", codec="jpegls"),
    DecodableSyntax(
        uid=f"{_JPEG}81", name="JPEG-LS Lossy (Near-Lossless) Image Compression", codec="jpegls"
    ),
    DecodableSyntax(
        uid=f"{_JPEG}90", name="JPEG 2000 Image Compression (Lossless Only)", codec="jpeg2k"
    ),
    DecodableSyntax(uid=f"{_JPEG}91", name="JPEG 2000 Image Compression", codec="jpeg2k"),
    # Not by the decoder `htj2k`, OpenJPH: its errors are lost in imagecodecs, which then returns
    # memory that was never filled; and values beyond the range of a lossy image wrap to 0.
    DecodableSyntax(
        uid=f"{_JPEG}201",
        name="High-Throughput JPEG 2000 Image Compression (Lossless Only)",
        codec="jpeg2k",
    ),
    DecodableSyntax(
        uid=f"{_JPEG}202",
        name="High-Throughput JPEG 2000 with RPCL Options Image Compression (Lossless Only)",
        codec="jpeg2k",
    ),
    DecodableSyntax(
        uid=f"{_JPEG}203", name="High-Throughput JPEG 2000 Image Compression", codec="jpeg2k"
    ),
    DecodableSyntax(uid=f"{_JPEG}110", name="JPEG XL Lossless", codec="jpegxl"),
    DecodableSyntax(uid=f"{_JPEG}111", name="JPEG XL JPEG Recompression", codec="jpegxl"),
    DecodableSyntax(uid=f"{_JPEG}112", name="JPEG XL", codec="jpegxl"),
    DecodableSyntax(uid="1.2.840.10008.1.2.8.1", name="Deflated Image Frame Compression", codec=""),
)

DECODABLE_SYNTAXES = {syntax.uid: syntax for syntax in _SYNTAXES}
"""By UID, in the order of the documentation."""
