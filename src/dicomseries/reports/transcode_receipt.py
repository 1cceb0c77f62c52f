"""The receipt of `transcode`."""

from __future__ import annotations

from typing import Any

from dicomseries.errors import counted
from dicomseries.lazy_dataclass import dataclass
from dicomseries.short_repr import record_repr, short_lines

__all__ = ["KeptFile", "TranscodeReceipt"]

_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class KeptFile:
    """A file that was copied as it is.

    Parameters
    ----------
    name : str
        Name in the target.
    reason : str
        Why its pixels were not encoded anew.

    Examples
    --------
    >>> KeptFile(name="dose.dcm", reason="32 bits allocated").reason
    '32 bits allocated'
    """

    name: str
    reason: str

    def __repr__(self) -> str:
        return record_repr(self)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TranscodeReceipt:
    """The result of `transcode`.

    Parameters
    ----------
    out : str
        Folder, archive or URL of the files, without secrets.
    files : int
        Files there.
    encoded : int
        Files whose transfer syntax changed.
    frames : int
        Frames that were encoded anew, decoded by a second decoder and found equal.
    bytes_before, bytes_after : int
        Of all files.
    seconds : float
        Of the call.
    kept : tuple of KeptFile
        Files that the transfer syntax cannot hold, with the reason.
    skipped : int
        Files that are not DICOM.
    converted : int
        Frames that changed between single and multi-frame files, read again and found equal.
    is_lossy : bool
        Whether `near` or `ratio` allowed a loss.
    largest_error, mean_error : float
        Differences of stored values from the source, measured with two decoders.
    advice : tuple of str
        Sentences about what changed.

    Examples
    --------
    >>> receipt = TranscodeReceipt(out="out", files=3, encoded=3, frames=3, bytes_before=300,
    ...     bytes_after=100, seconds=0.5)
    >>> receipt.ratio, receipt.summary
    (3.0, '3 files in out, 3 of them encoded anew: 3.00 to 1; 3 frames equal after decoding')
    """

    out: str
    files: int
    encoded: int
    frames: int
    bytes_before: int
    bytes_after: int
    seconds: float
    kept: tuple[KeptFile, ...] = ()
    skipped: int = 0
    converted: int = 0
    is_lossy: bool = False
    largest_error: float = 0.0
    mean_error: float = 0.0
    advice: tuple[str, ...] = ()

    @property
    def ratio(self) -> float:
        """Bytes before for each byte after."""
        return self.bytes_before / max(self.bytes_after, 1)

    @property
    def summary(self) -> str:
        """What was done, in one line."""
        text = f"{counted(self.files, 'file')} in {self.out}"
        if self.converted:
            text += f", {counted(self.converted, 'frame')} converted and compared"
        elif not self.encoded:
            text += ", all of them copied"
        if not self.encoded:
            return text
        text += f", {self.encoded} of them encoded anew: {self.ratio:.2f} to 1"
        if self.is_lossy:
            text += f"; with loss: error {self.largest_error:g} at most, {self.mean_error:.3g} on"
            text += " average, in stored values"
        elif self.frames:
            text += f"; {counted(self.frames, 'frame')} equal after decoding"
        return text

    def to_dict(self) -> dict[str, Any]:
        """Return its fields, of JSON's types."""
        return {
            "out": self.out,
            "files": self.files,
            "encoded": self.encoded,
            "frames": self.frames,
            "bytes_before": self.bytes_before,
            "bytes_after": self.bytes_after,
            "ratio": self.ratio,
            "seconds": self.seconds,
            "kept": [{"name": file.name, "reason": file.reason} for file in self.kept],
            "skipped": self.skipped,
            "converted": self.converted,
            "is_lossy": self.is_lossy,
            "largest_error": self.largest_error,
            "mean_error": self.mean_error,
            "advice": list(self.advice),
        }

    @property
    def lines(self) -> list[str]:
        """The text that is printed."""
        lines = [self.summary]
        for file in self.kept[:_SHOWN]:
            lines.append(f"kept as it is: {file.name}: {file.reason}")
        if len(self.kept) > _SHOWN:
            lines.append(f"kept as they are: {counted(len(self.kept) - _SHOWN, 'more file')}")
        if self.skipped:
            lines.append(f"{counted(self.skipped, 'file')} skipped: not DICOM")
        return [*lines, *self.advice]

    def __str__(self) -> str:
        return "\n".join(self.lines)

    def __repr__(self) -> str:
        return short_lines(self.lines)
