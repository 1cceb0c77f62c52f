"""Frame headers and application markers of JPEG streams.

ISO/IEC 10918-1 annex B.
"""

from __future__ import annotations

import struct

from dicomseries.lazy_dataclass import dataclass

__all__ = [
    "END_OF_IMAGE",
    "JpegHeader",
    "VariantError",
    "check_scans",
    "has_end",
    "jpeg_header",
]

END_OF_IMAGE = b"\xff\xd9"
_TAIL_BYTES = 64
"""The end marker is searched in the last bytes: some files have padding other than 0 behind it."""
_MOST_SCANS = 1000
"""A progressive image has a few dozen scans; thousands of empty ones only take time."""

_LONE_MARKERS = frozenset({0x01, *range(0xD0, 0xD9)})
"""TEM, RSTn and SOI have no length (ISO/IEC 10918-1 table B.1)."""
_JPEG_LS = 0xF7
_FRAME_MARKERS = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC} | {_JPEG_LS})
"""Start of frame: SOF0 to SOF15 without DHT, JPG and DAC; and SOF55 of JPEG-LS."""

_LOSSLESS = 0xC3
_DECODABLE = frozenset({0xC0, 0xC1, 0xC2, _LOSSLESS, _JPEG_LS})
_PROCESSES = {
    0xC5: "differential sequential",
    0xC6: "differential progressive",
    0xC7: "differential lossless",
    0xC9: "extended sequential, arithmetic coding",
    0xCA: "progressive, arithmetic coding",
    0xCB: "lossless, arithmetic coding",
    0xCD: "differential sequential, arithmetic coding",
    0xCE: "differential progressive, arithmetic coding",
    0xCF: "differential lossless, arithmetic coding",
}
"""Processes that no decoder here has, by their frame marker."""


class VariantError(ValueError):
    """A sound stream in a form that no decoder here has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JpegHeader:
    """What a JPEG stream states before its pixels.

    Parameters
    ----------
    process : int
        Second byte of the frame marker: 0xC0 is baseline, 0xC3 lossless.
    precision : int
        Bits of a sample.
    rows, columns : int
        Size; rows may be 0 if a later marker states them.
    components : bytes
        Identifier of each component.
    adobe_transform : int or None
        Of the Adobe marker APP14: 0 for RGB, 1 for YCbCr; None without the marker.
    is_jfif : bool
        Whether there is a JFIF marker, which means YCbCr.
    """

    process: int
    precision: int
    rows: int
    columns: int
    components: bytes
    adobe_transform: int | None = None
    is_jfif: bool = False

    @property
    def is_lossless(self) -> bool:
        """Whether samples are predicted, not transformed."""
        return self.process == _LOSSLESS

    def check_process(self) -> None:
        """Check that decoders have this process.

        Raises
        ------
        VariantError
            If they have not.
        """
        if self.process in _DECODABLE:
            return
        name = _PROCESSES[self.process]
        message = f"a JPEG stream of the process {name} (SOF{self.process - 0xC0})"
        raise VariantError(message)


def jpeg_header(stream: bytes) -> JpegHeader:
    """Return the header of a JPEG or JPEG-LS stream.

    Raises
    ------
    ValueError
        If it is damaged.
    struct.error, IndexError
        If the stream ends inside it.

    Examples
    --------
    >>> head = jpeg_header(bytes.fromhex("ffd8fff7000b100003000401011100"))
    >>> head.precision, head.rows, head.columns, len(head.components)
    (16, 3, 4, 1)
    """
    if stream[:2] != b"\xff\xd8":
        message = "a stream that is not JPEG"
        raise ValueError(message)
    adobe_transform, is_jfif = None, False
    marker, position = _marker_at(stream, 2)
    while marker not in _FRAME_MARKERS:
        (length,) = struct.unpack_from(">H", stream, position)
        content = stream[position + 2 : position + length]
        if marker == 0xE0 and content.startswith(b"JFIF"):
            is_jfif = True
        if marker == 0xEE and content.startswith(b"Adobe") and len(content) >= 12:
            adobe_transform = content[11]
        marker, position = _marker_at(stream, position + max(length, 2))
    precision, rows, columns, samples = struct.unpack_from(">BHHB", stream, position + 2)
    identifiers = stream[position + 8 : position + 8 + 3 * samples : 3]
    return JpegHeader(
        process=marker,
        precision=precision,
        rows=rows,
        columns=columns,
        components=identifiers.ljust(samples, b"\0"),
        adobe_transform=adobe_transform,
        is_jfif=is_jfif,
    )


def _marker_at(stream: bytes, position: int) -> tuple[int, int]:
    """Return the next marker that has a length, and the position of that length."""
    while True:
        if stream[position] != 0xFF:
            message = f"a stream without a marker at byte {position}, before its frame header"
            raise ValueError(message)
        marker = stream[position + 1]
        if marker == 0xFF:  # a fill byte before a marker
            position += 1
            continue
        if marker not in _LONE_MARKERS:
            return marker, position + 2
        position += 2


def has_end(stream: bytes) -> bool:
    """Return True if a JPEG, JPEG-LS or JPEG 2000 stream has its end marker."""
    return END_OF_IMAGE in stream[-_TAIL_BYTES:]


def check_scans(stream: bytes) -> None:
    """Check that a progressive stream has no thousands of scans.

    Raises
    ------
    ValueError
        If it has.
    """
    if stream.count(b"\xff\xda") > _MOST_SCANS:
        message = f"a JPEG stream of more than {_MOST_SCANS} scans"
        raise ValueError(message)
