"""One part 10 file with its pixels compressed with loss, as a derived image."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dicomseries.codecs import LOSSY_SYNTAXES, Codec, LossySyntax, lossy_stream
from dicomseries.errors import ValuesError, VerificationError
from dicomseries.lazy_dataclass import dataclass
from dicomseries.part10 import encapsulated_frames
from dicomseries.reading import Instance, read_frames, read_instance
from dicomseries.standard.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from dicomseries.transcoding.frame_samples import check_codec
from dicomseries.transcoding.transcode_file import TranscodedFile, as_file, transcoded
from dicomseries.uids import make_uid

__all__ = ["Loss", "lossy_file"]

Frame = npt.NDArray[Any]
_LABELS = frozenset({"SEG", "RTDOSE", "PMAP"})
_DESCRIPTION = 1024
"""Longest DerivationDescription (ST)."""
_MOST_OVER = 1.02
"""How much larger than asked for a file may be: its frames differ."""
_PIXEL_DATA = "PixelData"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """The loss that a user allows.

    Parameters
    ----------
    codec : Codec
        `JpegLs` with `near`, `Jpeg2000` or `Htj2k` with `ratio`.
    near : int or None
        Largest difference of a stored number.
    ratio : float or None
        Bytes of the uncompressed pixels for each byte.

    Examples
    --------
    >>> from dicomseries.codecs import JpegLs
    >>> Loss(codec=JpegLs(), near=2).words
    'JPEG-LS, no stored value changed by more than 2'
    """

    codec: Codec
    near: int | None = None
    ratio: float | None = None

    @property
    def syntax(self) -> LossySyntax:
        """Its transfer syntax."""
        return LOSSY_SYNTAXES[self.codec.word]

    @property
    def words(self) -> str:
        """What the file says of it."""
        if self.near is not None:
            return f"JPEG-LS, no stored value changed by more than {self.near}"
        return f"{self.codec.word.upper()}, {self.ratio:g} to 1"


def lossy_file(path: Path, loss: Loss) -> TranscodedFile:
    """Return a file with its pixels compressed with loss.

    It is a derived image: new SOPInstanceUID and SeriesInstanceUID, ImageType DERIVED, and the
    attributes of the compression. Bits Stored is Bits Allocated, as in the streams.

    Parameters
    ----------
    path : Path
        A file of 8 or 16 bits, without functional groups.
    loss : Loss
        What is allowed.

    Returns
    -------
    TranscodedFile
        With the largest and the mean error, as two decoders measured them.

    Raises
    ------
    ValuesError
        If the pixels cannot be compressed so, with the reason.
    VerificationError
        If a value is farther off than `near`.

    Notes
    -----
    PS3.3 sections C.7.6.1.1.2, C.7.6.1.1.4 and C.7.6.1.1.5; PS3.4 section B.

    Examples
    --------
    >>> from pydicom.data import get_testdata_file
    >>> from dicomseries.codecs import JpegLs
    >>> file = lossy_file(Path(get_testdata_file("CT_small.dcm")), Loss(codec=JpegLs(), near=3))
    >>> file.largest_error
    3.0
    """
    from pydicom import dcmread, dcmwrite  # noqa: PLC0415 - slow to import
    from pydicom.uid import UID  # noqa: PLC0415 - as above

    instance = read_instance(path)
    _check(instance, loss)
    content = transcoded(path, EXPLICIT_VR_LITTLE_ENDIAN).content
    with as_file(content) as native_path:
        native = read_instance(native_path)
        frames = [read_frames(native, index, index + 1)[0] for index in range(native.frames)]
    streams = []
    for frame in frames:
        contiguous = np.ascontiguousarray(frame)
        stream = lossy_stream(loss.codec.word, contiguous, near=loss.near, ratio=loss.ratio)
        streams.append(stream)
    ratio = sum(frame.nbytes for frame in frames) / sum(map(len, streams))
    if loss.ratio is not None and ratio * _MOST_OVER < loss.ratio:
        raise _not_encodable(instance, f"pixels that become {ratio:.3g} times smaller at most")
    dataset = dcmread(BytesIO(content))
    _describe(dataset, loss, ratio)
    del dataset.PixelData
    dataset.file_meta.TransferSyntaxUID = UID(loss.syntax.uid)
    buffer = BytesIO()
    dcmwrite(buffer, dataset, enforce_file_format=True)
    written = buffer.getvalue() + encapsulated_frames(streams)
    largest, total = _errors(instance, written, frames, loss)
    count = sum(frame.size for frame in frames)
    return TranscodedFile(
        content=written,
        transfer_syntax_uid=loss.syntax.uid,
        frames=len(frames),
        samples=count,
        largest_error=largest,
        mean_error=total / max(count, 1),
    )


def _check(instance: Instance, loss: Loss) -> None:
    check_codec(instance, loss.codec)
    reason = ""
    if instance.text("Modality") in _LABELS or "PALETTE" in instance.text(
        "PhotometricInterpretation"
    ):
        reason = "labels or measured numbers that a loss would make wrong"
    elif instance.raw("PerFrameFunctionalGroupsSequence"):
        reason = 'functional groups; `to="classic"` gives files that can be compressed with loss'
    if reason:
        raise _not_encodable(instance, reason)


def _not_encodable(instance: Instance, reason: str) -> ValuesError:
    return ValuesError(
        code="pixels-not-encodable",
        where=instance.name,
        given=reason,
        expected="an image that can be compressed with this loss",
        remedy="Leave `near=` and `ratio=` out for no loss.",
    )


def _describe(dataset: Any, loss: Loss, ratio: float) -> None:
    """State the compression and the source (PS3.3 section C.7.6.1.1.5)."""
    from pydicom import Dataset  # noqa: PLC0415 - slow to import

    source = Dataset()
    source.ReferencedSOPClassUID = dataset.SOPClassUID
    source.ReferencedSOPInstanceUID = dataset.SOPInstanceUID
    source.PurposeOfReferenceCodeSequence = [_code("121320", "Uncompressed predecessor")]
    dataset.SourceImageSequence = [*dataset.get("SourceImageSequence", []), source]
    codes = list(dataset.get("DerivationCodeSequence", []))
    dataset.DerivationCodeSequence = [*codes, _code("113040", "Lossy Compression")]
    before = str(dataset.get("DerivationDescription") or "")
    text = f"{before}; lossy: {loss.words}" if before else f"Lossy: {loss.words}"
    dataset.DerivationDescription = text[:_DESCRIPTION]
    values = list(map(str, dataset.get("ImageType") or ["DERIVED", "PRIMARY"]))
    dataset.ImageType = ["DERIVED", *values[1:]]
    dataset.LossyImageCompression = "01"
    ratios = [*_listed(dataset.get("LossyImageCompressionRatio")), f"{ratio:.4g}"]
    methods = [*_listed(dataset.get("LossyImageCompressionMethod")), loss.syntax.method]
    dataset.LossyImageCompressionRatio, dataset.LossyImageCompressionMethod = ratios, methods
    words = f"{dataset.SOPInstanceUID} {loss.words}".encode()
    dataset.SOPInstanceUID = make_uid(hashlib.sha256(words).digest(), "lossy instance")
    words = f"{dataset.SeriesInstanceUID} {loss.words}".encode()
    dataset.SeriesInstanceUID = make_uid(hashlib.sha256(words).digest(), "lossy series")
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.BitsStored = dataset.BitsAllocated
    dataset.HighBit = dataset.BitsAllocated - 1
    if dataset.SamplesPerPixel > 1:
        dataset.PhotometricInterpretation, dataset.PlanarConfiguration = loss.syntax.colour, 0
    for keyword in ("SmallestImagePixelValue", "LargestImagePixelValue"):
        if keyword in dataset:
            delattr(dataset, keyword)


def _listed(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return [value] if isinstance(value, (str, float, int)) else list(value)


def _code(value: str, meaning: str) -> Any:
    from pydicom import Dataset  # noqa: PLC0415 - slow to import

    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item


def _errors(
    instance: Instance, content: bytes, frames: list[Frame], loss: Loss
) -> tuple[float, float]:
    """Return the largest error, and the sum of all; of two decoders, the larger ones."""
    largest, totals = 0.0, [0.0, 0.0]
    with as_file(content) as path:
        written = read_instance(path)
        for index, expected in enumerate(frames):
            for decoder, is_second in enumerate((False, True)):
                decoded = read_frames(written, index, index + 1, prefer_pydicom=is_second)[0]
                difference = np.abs(decoded.astype(np.int64) - expected)
                largest = max(largest, float(difference.max(initial=0)))
                totals[decoder] += float(difference.sum())
    if loss.near is not None and largest > loss.near:
        raise VerificationError(
            code="frames-differ",
            where=instance.name,
            given=f"a stored value that is {largest:g} off",
            expected=f"at most {loss.near}, as `near=` says",
            remedy="Leave `near=` out for no loss, and report this.",
        )
    return largest, max(totals)
