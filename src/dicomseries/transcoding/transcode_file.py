"""One part 10 file in another transfer syntax, every other element kept."""

from __future__ import annotations

import hashlib
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dicomseries.codecs import Codec, codec_of
from dicomseries.errors import OptionError, ReadError, VerificationError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.part10 import element_head, encapsulated_frames, encode_element
from dicomseries.reading import (
    BIG,
    EXPLICIT,
    IMPLICIT,
    Encoding,
    IncompleteError,
    Instance,
    ParseError,
    element_at,
    head_at,
    is_compressed,
    read_frames,
    read_instance,
)
from dicomseries.standard.transfer_syntaxes import (
    BY_UID,
    DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN,
    EXPLICIT_VR_BIG_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
)
from dicomseries.transcoding.data_sets import ElementSpan, element_spans, joined, recoded
from dicomseries.transcoding.frame_samples import (
    check_codec,
    colour_after,
    is_kept_as_ybr,
    samples_of,
)

__all__ = ["TranscodedFile", "as_file", "transcoded"]

Frame = npt.NDArray[Any]

_PIXELS = 0x7FE00010
_EXTENDED_OFFSETS = (0x7FE00001, 0x7FE00002)
_PHOTOMETRIC, _PLANAR = 0x00280004, 0x00280006
_META_GROUP = b"\2\0"
_SYNTAX = 0x00020010
_PREAMBLE = 132


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TranscodedFile:
    """A file in its new transfer syntax.

    Parameters
    ----------
    content : bytes
        The part 10 file.
    transfer_syntax_uid : str
        The new one.
    frames : int
        Frames that were encoded anew, decoded again by a second decoder and compared; 0 if the
        pixels were copied.
    is_encoded : bool
        False if the file had the transfer syntax already.
    samples : int
        Stored values that changed with loss; 0 without.
    largest_error, mean_error : float
        Their differences from the source.
    """

    content: bytes
    transfer_syntax_uid: str
    frames: int
    is_encoded: bool = True
    samples: int = 0
    largest_error: float = 0.0
    mean_error: float = 0.0

    def __repr__(self) -> str:
        return f"TranscodedFile({len(self.content):,} bytes)"


def transcoded(content: bytes | Path, transfer_syntax_uid: str) -> TranscodedFile:
    """Return a part 10 file in another transfer syntax, without loss.

    Elements other than the pixels keep their bytes where the encoding stays, and their values
    where it changes (implicit to explicit VR, big to little endian, deflated).

    Parameters
    ----------
    content : bytes or Path
        The file.
    transfer_syntax_uid : str
        Explicit or Implicit VR Little Endian, or a lossless one that is written.

    Returns
    -------
    TranscodedFile
        Its frames were decoded by another decoder and are equal bit by bit.

    Raises
    ------
    OptionError
        If files of that transfer syntax are not written.
    ValuesError
        If it cannot hold the pixels without loss.
    ReadError
        If the file or its pixels are damaged.
    VerificationError
        If the decoded frames differ.
    MissingPackageError
        If a decoder or codec is not installed.

    Notes
    -----
    PS3.5 section 8.2 and annex A; PS3.10 section 7.1.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> file = Path(get_testdata_file("CT_small.dcm"))
    >>> transcoded(file, "1.2.840.10008.1.2.5").frames
    1
    """
    with as_file(content) as path:
        instance = read_instance(path)
        is_as_stated = instance.family.has_preamble and not instance.family.faults
        if instance.transfer_syntax == transfer_syntax_uid and is_as_stated:
            return _unchanged(path, transfer_syntax_uid)
        codec = _codec(transfer_syntax_uid)
        if codec is not None:
            check_codec(instance, codec)
        data = path.read_bytes()
        try:
            meta, body = _split(data)
            file = _file(instance, meta, body, transfer_syntax_uid, codec)
        except (ParseError, zlib.error) as error:
            given = str(error)
            if isinstance(error, IncompleteError):
                given = "an element that ends after the last byte"
            raise ReadError(
                code="file-damaged",
                where=instance.name,
                given=given,
                expected="complete elements up to the end of the file",
                remedy="Export the file again.",
            ) from None
    return file


def _codec(uid: str) -> Codec | None:
    if uid == IMPLICIT_VR_LITTLE_ENDIAN:
        return None
    if uid not in BY_UID:
        raise OptionError(
            code="transfer-syntax-not-written",
            where="transfer_syntax_uid",
            given=uid,
            expected=", ".join([IMPLICIT_VR_LITTLE_ENDIAN, *BY_UID]),
            remedy="Choose one of these.",
        )
    codec = codec_of(uid)
    if codec is not None:
        codec.check()
    return codec


@contextmanager
def as_file(content: bytes | Path) -> Iterator[Path]:
    """Give a path; bytes are put into a private file."""
    if isinstance(content, Path):
        yield content
        return
    with tempfile.TemporaryDirectory(prefix="dicomseries-") as folder:
        path = Path(folder, "instance.dcm")
        path.write_bytes(content)
        yield path


def _unchanged(path: Path, uid: str) -> TranscodedFile:
    return TranscodedFile(
        content=path.read_bytes(), transfer_syntax_uid=uid, frames=0, is_encoded=False
    )


def _split(data: bytes) -> tuple[dict[int, bytes], bytes]:
    """Return the elements of the file meta information, and the data set."""
    meta: dict[int, bytes] = {}
    position = _PREAMBLE if data[128:_PREAMBLE] == b"DICM" else 0
    # Some files have implicit VR here, against PS3.10 section 7.1; their elements are not kept.
    encoding = EXPLICIT if data[position + 4 : position + 6].isupper() else IMPLICIT
    while data[position : position + 2] == _META_GROUP:
        tag, vr, value, length = head_at(data, position, encoding)
        start = position
        _, position = element_at(data, vr, value, length, encoding)
        if encoding == EXPLICIT:
            meta[tag] = data[start:position]
    return meta, data[position:]


def _file(
    instance: Instance, meta: dict[int, bytes], body: bytes, uid: str, codec: Codec | None
) -> TranscodedFile:
    encoding = _encoding(instance)
    if instance.transfer_syntax == DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN:
        body = zlib.decompress(body, -zlib.MAX_WBITS)
    implicit = uid == IMPLICIT_VR_LITTLE_ENDIAN
    is_same = encoding == (IMPLICIT if implicit else EXPLICIT)
    is_signed = bool(instance.number("PixelRepresentation"))
    keeps_pixels = codec is None and _are_pixels_kept(instance)

    def bytes_of(span: ElementSpan) -> bytes:
        if is_same:
            return body[span.start : span.stop]
        return recoded(
            span.tag, span.element, encoding.order, implicit=implicit, is_signed=is_signed
        )

    parts: dict[int, bytes] = {}
    for span in element_spans(body, encoding):
        is_group_length = not span.tag & 0xFFFF and not (is_same and keeps_pixels)
        is_replaced = not keeps_pixels and span.tag in (_PIXELS, *_EXTENDED_OFFSETS)
        if not is_group_length and not is_replaced:
            parts[span.tag] = bytes_of(span)
    frames: list[_FrameDigest] = []
    if not keeps_pixels:
        parts |= _pixel_elements(instance, frames, codec, implicit=implicit)
    header = _meta_bytes(instance, meta, uid)
    content = header + joined(parts)
    _verify(instance, content, frames)
    return TranscodedFile(content=content, transfer_syntax_uid=uid, frames=len(frames))


def _are_pixels_kept(instance: Instance) -> bool:
    """Return whether native pixels need no decoding; wide numbers of big endian do."""
    is_wide = instance.number("BitsAllocated") > 16
    return not is_compressed(instance) and not (instance.byte_order == ">" and is_wide)


def _encoding(instance: Instance) -> Encoding:
    if instance.is_implicit:
        return IMPLICIT
    return BIG if instance.transfer_syntax == EXPLICIT_VR_BIG_ENDIAN else EXPLICIT


def _pixel_elements(
    instance: Instance, digests: list[_FrameDigest], codec: Codec | None, *, implicit: bool
) -> dict[int, bytes]:
    """Return the pixels and the attributes that describe their new form.

    Frames are decoded one by one; `digests` takes what is needed to compare them.
    """
    elements = {}
    if instance.samples > 1:
        colour = colour_after(instance, codec)
        elements[_PHOTOMETRIC] = _element(_PHOTOMETRIC, "CS", (colour,), implicit=implicit)
        elements[_PLANAR] = _element(_PLANAR, "US", (0,), implicit=implicit)
    bits = instance.number("BitsAllocated")
    encoded: list[bytes] = []
    for index in range(instance.frames):
        frame = samples_of(instance, index)
        digests.append(_FrameDigest.of(frame))
        if codec is not None:
            encoded.append(codec.encode(np.ascontiguousarray(frame)))
        else:
            encoded.append(frame.astype(bool).tobytes() if bits == 1 else _little_endian(frame))
    if codec is not None:
        elements[_PIXELS] = encapsulated_frames(encoded)
        return elements
    values = b"".join(encoded)
    if bits == 1:  # eight pixels in a byte, the first one lowest (PS3.5 section 8.1.1)
        values = np.packbits(np.frombuffer(values, np.uint8), bitorder="little").tobytes()
    vr = "OW" if bits > 8 or implicit else "OB"
    values += b"\0" * (len(values) % 2)
    elements[_PIXELS] = _raw_element(_PIXELS, vr, values, implicit=implicit)
    return elements


class _FrameDigest(NamedTuple):
    """A frame that was encoded, so that it can be compared without being kept."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    digest: bytes

    @classmethod
    def of(cls, frame: Frame) -> _FrameDigest:
        """Return the digest of a frame."""
        digest = hashlib.sha256(_little_endian(frame)).digest()
        return cls(frame.shape, frame.dtype, digest)

    def is_of(self, frame: Frame) -> bool:
        """Return whether a frame has the same shape and numbers."""
        same_type = frame.astype(self.dtype, copy=False)
        return bool(np.array_equal(same_type, frame)) and self == _FrameDigest.of(same_type)


def _element(tag: int, vr: str, values: tuple[Any, ...], *, implicit: bool) -> bytes:
    explicit = encode_element(tag, vr, values)
    if not implicit:
        return explicit
    return _raw_element(tag, vr, explicit[8:], implicit=True)


def _raw_element(tag: int, vr: str, content: bytes, *, implicit: bool) -> bytes:
    if implicit:
        return struct.pack("<HHI", *divmod(tag, 1 << 16), len(content)) + content
    return element_head(tag, vr.encode(), len(content)) + content


def _little_endian(frame: Frame) -> bytes:
    return frame.astype(frame.dtype.newbyteorder("<"), copy=False).tobytes()


def _meta_bytes(instance: Instance, meta: dict[int, bytes], uid: str) -> bytes:
    """Return preamble and file meta information with the new transfer syntax."""
    elements = dict(meta)
    elements.pop(0x00020000, None)
    if not elements:
        elements[0x00020001] = encode_element(0x00020001, "OB", (b"\0\1",))
        elements[0x00020002] = encode_element(0x00020002, "UI", (instance.text("SOPClassUID"),))
        uid_of_instance = instance.text("SOPInstanceUID")
        elements[0x00020003] = encode_element(0x00020003, "UI", (uid_of_instance,))
    elements[_SYNTAX] = encode_element(_SYNTAX, "UI", (uid,))
    content = joined(elements)
    length = encode_element(0x00020000, "UL", (len(content),))
    return bytes(128) + b"DICM" + length + content


def _verify(instance: Instance, content: bytes, frames: list[_FrameDigest]) -> None:
    """Read the new file; decode encoded frames by another decoder, and compare."""
    with as_file(content) as path:
        written = read_instance(path)
        for index, expected in enumerate(frames):
            if is_kept_as_ybr(written):
                decoded = samples_of(written, index)
            else:
                decoded = read_frames(written, index, index + 1, prefer_pydicom=True)[0]
            if not expected.is_of(decoded):
                raise VerificationError(
                    code="frames-differ",
                    where=instance.name,
                    given=f"frame {index} differs after {written.transfer_syntax}",
                    expected="the same numbers from a second decoder",
                    remedy="Choose another `compression=`, and report this.",
                )
