"""Exit codes of errors, by class and by code."""

from __future__ import annotations

from enum import IntEnum

from dicomseries import errors

__all__ = ["CommandLineError", "Exit", "exit_of"]


class CommandLineError(errors.DicomSeriesError):
    """The command line is wrong, such as an unknown option."""


class Exit(IntEnum):
    """Exit code of the process."""

    DONE = 0
    FINDINGS = 1
    USAGE = 2
    REJECTED = 3
    FAILED = 4
    INTERRUPTED = 130


_BY_CODE: dict[str, Exit] = {
    # ReadError: the file is broken; other codes reject a series that can be read.
    "file-damaged": Exit.FAILED,
    "file-truncated": Exit.FAILED,
    "file-unreadable": Exit.FAILED,
    "pixels-short": Exit.FAILED,
    "rescale-unusable": Exit.FAILED,
    # TargetError: the target is free, but the system rejects it.
    "target-not-writable": Exit.FAILED,
    "target-not-readable": Exit.FAILED,
    "disk-full": Exit.FAILED,
}

_BY_CLASS: tuple[tuple[type[BaseException], Exit], ...] = (
    (CommandLineError, Exit.USAGE),
    (errors.GeometryError, Exit.REJECTED),
    (errors.ValuesError, Exit.REJECTED),
    (errors.MetadataError, Exit.REJECTED),
    (errors.KindError, Exit.REJECTED),
    (errors.OptionError, Exit.REJECTED),
    (errors.SourceError, Exit.REJECTED),
    (errors.MissingPackageError, Exit.REJECTED),
    (errors.TargetError, Exit.REJECTED),
    (errors.ReadError, Exit.REJECTED),
    (KeyboardInterrupt, Exit.INTERRUPTED),
)
"""Classes not listed (WriteError, VerificationError, OSError, anything unforeseen) are failures."""


def exit_of(error: BaseException) -> Exit:
    """Return the exit code for `error`.

    Examples
    --------
    >>> texts = dict(where="scans", given="no file", expected="a series", remedy="Look elsewhere.")
    >>> int(exit_of(errors.ReadError(code="no-series", **texts)))
    3
    >>> int(exit_of(errors.ReadError(code="file-truncated", **texts)))
    4
    >>> int(exit_of(OSError("disk on fire")))
    4
    """
    if isinstance(error, errors.ReadError | errors.TargetError) and error.code in _BY_CODE:
        return _BY_CODE[error.code]
    for kind, code in _BY_CLASS:
        if isinstance(error, kind):
            return code
    return Exit.FAILED
