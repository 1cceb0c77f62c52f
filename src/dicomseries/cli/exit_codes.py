"""Which exit code an error has: a table by class, and by code where one class has two outcomes."""

from __future__ import annotations

from enum import IntEnum

from dicomseries import errors

__all__ = ["CommandLineError", "Exit", "exit_of"]


class CommandLineError(errors.DicomSeriesError):
    """The command line itself is wrong: an option that does not exist, a word that is no number."""


class Exit(IntEnum):
    """What the shell sees."""

    DONE = 0
    FINDINGS = 1
    USAGE = 2
    REFUSED = 3
    FAILED = 4
    INTERRUPTED = 130


_BY_CODE: dict[str, Exit] = {
    # ReadError: not a series that was refused for what it is, but a file that is broken.
    "file-damaged": Exit.FAILED,
    "file-truncated": Exit.FAILED,
    "file-unreadable": Exit.FAILED,
    "pixels-short": Exit.FAILED,
    "rescale-unusable": Exit.FAILED,
    # TargetError: the place is free, but the system refuses it.
    "target-not-writable": Exit.FAILED,
    "target-not-readable": Exit.FAILED,
    "disk-full": Exit.FAILED,
}

_BY_CLASS: tuple[tuple[type[BaseException], Exit], ...] = (
    (CommandLineError, Exit.USAGE),
    (errors.GeometryError, Exit.REFUSED),
    (errors.ValuesError, Exit.REFUSED),
    (errors.MetadataError, Exit.REFUSED),
    (errors.KindError, Exit.REFUSED),
    (errors.OptionError, Exit.REFUSED),
    (errors.SourceError, Exit.REFUSED),
    (errors.MissingPackageError, Exit.REFUSED),
    (errors.TargetError, Exit.REFUSED),
    (errors.ReadError, Exit.REFUSED),
    (KeyboardInterrupt, Exit.INTERRUPTED),
)
"""Classes not listed (WriteError, VerificationError, OSError, anything unforeseen) are failures."""


def exit_of(error: BaseException) -> Exit:
    """Return the exit code for `error`.

    Examples
    --------
    >>> parts = dict(code="no-series", where="scans", given="no file", expected="a series", remedy="Look elsewhere.")
    >>> int(exit_of(errors.ReadError(**parts))), int(exit_of(errors.ReadError(**parts | {"code": "file-truncated"})))
    (3, 4)
    >>> int(exit_of(OSError("disk on fire")))
    4
    """
    if isinstance(error, errors.ReadError | errors.TargetError) and error.code in _BY_CODE:
        return _BY_CODE[error.code]
    return next((code for kind, code in _BY_CLASS if isinstance(error, kind)), Exit.FAILED)
